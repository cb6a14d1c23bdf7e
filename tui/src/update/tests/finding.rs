//! Earlier chats, links, sessions, own templates.

use shared::chat::DeskCommand;
use shared::model::{
    ChatId, Language as Code, OperatorId, Template, TemplateId, TemplateScope, Timestamp,
};
use shared::protocol::{ChatPage, ClientFrame, ServerFrame, SessionRow};

use super::{commands, desk};
use crate::app::fixture::{NOW, ago, opened, received};
use crate::effect::Effect;
use crate::keymap::Action;

/// The frames among effects.
fn frames(effects: &[Effect]) -> Vec<&ClientFrame> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(frame) => Some(frame),
            _ => None,
        })
        .collect()
}

#[test]
fn the_earlier_chat_of_a_visitor_stands_above_the_beginning() {
    let mut desk = desk();
    desk.happen(9, opened(1, "Olga Smirnova"));
    desk.happen(9, received(91, ago(9_000), "An old question"));
    let asked = desk.press("pageup");
    let request = frames(&asked).into_iter().find_map(|frame| match frame {
        ClientFrame::LoadVisitor { request, .. } => Some(*request),
        _ => None,
    });
    let chats = [1, 9].map(|id| desk.app.book.get(ChatId(id)).cloned().unwrap());
    let page = ChatPage {
        chats: chats.to_vec(),
        has_more: false,
        next: None,
    };
    desk.hear(ServerFrame::Chats {
        request: request.expect("the visitor's chats are asked for"),
        page,
    });
    desk.press("pageup");
    assert_eq!(desk.app.told(), [ChatId(1), ChatId(9)]);
    let screen = crate::view::tests::shown(&desk.app);
    assert!(screen.contains("An old question"), "{screen}");
}

#[test]
fn a_link_is_copied_where_there_is_no_browser_and_opened_where_there_is() {
    let mut desk = desk();
    let text = "see https://shop.acme.example/o/4512 or javascript:alert(1)";
    desk.happen(1, received(15, NOW, text));
    let address = "https://shop.acme.example/o/4512".to_owned();
    desk.press("o");
    assert_eq!(
        crate::update::visible(&desk.app, desk.app.popup.as_ref().unwrap()).len(),
        1
    );
    assert!(desk.press("1").contains(&Effect::Copy(address.clone())));
    desk.app.has_browser = true;
    assert!(desk.press("o 1").contains(&Effect::Open(address)));
}

#[test]
fn a_session_is_ended_from_the_list() {
    let mut desk = desk();
    desk.act(Action::Sessions);
    let row = SessionRow {
        session: "s7".to_owned(),
        operator: OperatorId::from("kate"),
        created_at: ago(60),
        expires_at: Timestamp(NOW.0 + 1),
        used_at: ago(5),
        address: "192.0.2.7".to_owned(),
        is_this: false,
    };
    desk.hear(ServerFrame::Sessions {
        request: 1,
        sessions: vec![row],
    });
    let effects = desk.press("1");
    let ended = frames(&effects)
        .into_iter()
        .any(|frame| matches!(frame, ClientFrame::EndSession { session, .. } if session == "s7"));
    assert!(ended, "{effects:?}");
}

#[test]
fn a_template_is_saved_under_its_section_and_title_and_written_anew_in_its_place() {
    let mut desk = desk();
    desk.press("r");
    desk.write("We refund within five days.");
    desk.act(Action::SaveTemplate);
    desk.write("Refunds / Five days");
    let effects = desk.press("enter");
    let (id, template) = saved(&effects);
    assert_eq!(id, None);
    assert_eq!(template.section.as_deref(), Some("Refunds"));
    assert_eq!(template.title.as_deref(), Some("Five days"));
    assert_eq!(template.text, "We refund within five days.");

    let kept = Template {
        id: Some(TemplateId(3)),
        scope: TemplateScope::Personal {
            operator: OperatorId::from("kate"),
        },
        language: Code::from("en"),
        section: template.section,
        title: template.title,
        text: template.text,
        key: None,
        code: None,
    };
    desk.hear(ServerFrame::TemplateSaved {
        request: 0,
        template: kept,
    });
    desk.press("ctrl+u");
    desk.act(Action::OwnTemplates);
    desk.press("1");
    assert_eq!(desk.app.composer.text(), "We refund within five days.");
    desk.act(Action::SaveTemplate);
    let (id, template) = saved(&desk.press("enter"));
    assert_eq!(id, Some(TemplateId(3)));
    assert_eq!(template.title.as_deref(), Some("Five days"));
}

fn saved(effects: &[Effect]) -> (Option<TemplateId>, shared::protocol::TemplateDraft) {
    frames(effects)
        .into_iter()
        .find_map(|frame| match frame {
            ClientFrame::SaveTemplate { id, template, .. } => Some((*id, template.clone())),
            _ => None,
        })
        .expect("a template is saved")
}

#[test]
fn a_block_can_have_a_length_of_ones_own() {
    let mut desk = desk();
    desk.press("b 1 tab 3 6");
    let asked = commands(&desk.press("enter"));
    let DeskCommand::Block { for_seconds, .. } = asked[0].2 else {
        panic!("a block: {asked:?}");
    };
    assert_eq!(for_seconds, Some(36 * 3_600));
}
