//! Earlier chats, links, sessions, own templates.

use shared::chat::DeskCommand;
use shared::model::{
    ChatId, Language as Code, OperatorId, Template, TemplateId, TemplateScope, Timestamp,
};
use shared::protocol::{ChatPage, ChatPlace, ClientFrame, ServerFrame, SessionRow};

use super::{commands, desk, frames};
use crate::app::fixture::{NOW, ago, opened, received};
use crate::effect::Effect;
use crate::keymap::Action;

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

#[test]
fn chats_before_the_first_page_of_a_visitors_past_are_asked_for_at_its_end() {
    let mut desk = desk();
    let asked = |effects: &[Effect]| {
        frames(effects).into_iter().find_map(|frame| match frame {
            ClientFrame::LoadVisitor {
                request, before, ..
            } => Some((*request, *before)),
            _ => None,
        })
    };
    let (request, before) = asked(&desk.press("v")).expect("the first page");
    assert_eq!(before, None);
    let chat = desk.app.book.get(ChatId(1)).cloned().unwrap();
    let place = ChatPlace {
        at: chat.last_at,
        chat: chat.id,
    };
    desk.hear(ServerFrame::Chats {
        request,
        page: ChatPage {
            chats: vec![chat],
            has_more: true,
            next: Some(place),
        },
    });
    let rows = crate::update::visible(&desk.app, desk.app.popup.as_ref().unwrap());
    assert_eq!(rows.last().map(|row| &*row.label), Some("earlier ones…"));
    let down = "arrowdown ".repeat(rows.len());
    let (request, before) = asked(&desk.press(&down)).expect("the next page");
    assert_eq!(before, Some(place));
    desk.happen(9, opened(1, "Olga Smirnova"));
    let earlier = desk.app.book.get(ChatId(9)).cloned().unwrap();
    desk.hear(ServerFrame::Chats {
        request,
        page: ChatPage {
            chats: vec![earlier],
            has_more: false,
            next: None,
        },
    });
    let past = &desk.app.fetched.past[&shared::model::VisitorId(1)];
    assert_eq!(past.ids, [ChatId(1), ChatId(9)]);
}

#[test]
fn the_card_leads_to_the_photo_and_the_crm_and_tells_the_channel_and_the_state() {
    let mut desk = desk();
    let mut policy = crate::app::fixture::policy();
    policy.crm_url = Some("https://crm.acme.example/?id={id}".to_owned());
    desk.hear(ServerFrame::Policy {
        policy: Box::new(policy),
    });
    let mut chat = desk.app.book.get(ChatId(1)).cloned().unwrap();
    chat.version = chat.version.plus(1);
    chat.visitor.card.crm_id = Some("7/8 &x".to_owned());
    chat.visitor.card.photo_url = Some("https://photos.example/p1.jpg".to_owned());
    desk.hear(ServerFrame::ChatShown {
        chat: Box::new(chat),
        at: shared::model::Seq(99),
    });
    desk.press("v");
    let rows = crate::update::visible(&desk.app, desk.app.popup.as_ref().unwrap());
    let labels: Vec<&str> = rows.iter().map(|row| &*row.label).collect();
    for expected in [
        "Photo: https://photos.example/p1.jpg",
        "CRM: https://crm.acme.example/?id=7%2F8%20%26x",
        "Channel: Shop (messenger)",
    ] {
        assert!(labels.contains(&expected), "{expected} in {labels:?}");
    }
    assert!(
        labels
            .iter()
            .any(|label| label.starts_with("Status: mine, waiting 14m")),
        "{labels:?}"
    );
    let address = "https://photos.example/p1.jpg".to_owned();
    assert!(desk.press("6").contains(&Effect::Copy(address)));
}

#[test]
fn who_changed_what_on_the_card_stands_in_the_timeline() {
    let mut desk = desk();
    let edited = shared::chat::Event::CardEdited {
        by: "ivan".into(),
        field: shared::model::CardField::Phone,
        value: Some("+7 900 000-00-17".to_owned()),
    };
    desk.happen(1, edited);
    let screen = crate::view::tests::shown(&desk.app);
    let expected = "Ivan changed the card: Phone: +7 900 000-00-17";
    assert!(screen.contains(expected), "{screen}");
}

#[test]
fn the_list_of_blocks_says_who_by_whom_when_until_when_why_and_how_many() {
    let mut desk = desk();
    desk.act(Action::Blocks);
    desk.hear(ServerFrame::Blocks {
        request: 1,
        blocks: vec![shared::protocol::BlockRow {
            chat: ChatId(3),
            visitor_name: "John Carter".to_owned(),
            channel: "shop".into(),
            by: "ivan".into(),
            at: ago(30),
            until: Some(Timestamp(NOW.0 + 3_600_000)),
            reason: "spam".to_owned(),
            dropped: 12,
        }],
    });
    let screen = crate::view::tests::shown(&desk.app);
    for expected in ["John Carter, Ivan 11:30: spam", "until 13:00, 12 dropped"] {
        assert!(screen.contains(expected), "{expected} in\n{screen}");
    }
}

#[test]
fn an_attachment_is_named_with_the_key_that_opens_it() {
    let mut desk = desk();
    let address = "https://cdn.example/a-very-long-address-of-a-photo.jpg?sig=0123456789";
    let mut message = crate::app::fixture::message(16, NOW, "look");
    message.attachments.push(shared::model::Attachment {
        url: Some(address.to_owned()),
        ..shared::model::Attachment::of(shared::model::AttachmentKind::Photo)
    });
    let photo = shared::chat::Event::Received {
        message,
        standby: false,
        late: false,
        contact: None,
    };
    desk.happen(1, photo);
    let screen = crate::view::tests::shown(&desk.app);
    assert!(screen.contains("[photo]  o1 open"), "{screen}");
    assert!(!screen.contains("cdn.example"), "{screen}");
    assert!(
        desk.press("o 1")
            .contains(&Effect::Copy(address.to_owned()))
    );
}
