//! What follows from keys and frames.

use shared::chat::{DeskCommand, Event, Refusal, TransferTarget};
use shared::model::{ChatId, CommandId, MessageId, Seq, Timestamp};
use shared::protocol::{ClientFrame, ServerFrame};

use crate::app::book::Section;
use crate::app::fixture::{Desk, NOW, message, opened, received, written};
use crate::app::next_deadline;
use crate::effect::Effect;
use crate::input::{Input, LinkState};
use crate::keymap::Zone;
use crate::language::Language;

fn desk() -> Desk {
    Desk::new(Language::En, 120, 40)
}

/// The commands among effects, with their ids.
fn commands(effects: &[Effect]) -> Vec<(CommandId, ChatId, DeskCommand)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(ClientFrame::Command { id, chat, command })
                if *command != DeskCommand::MarkRead =>
            {
                Some((id.clone(), *chat, command.clone()))
            }
            _ => None,
        })
        .collect()
}

fn replies(effects: &[Effect]) -> Vec<String> {
    commands(effects)
        .into_iter()
        .filter_map(|(_, _, command)| match command {
            DeskCommand::Reply(draft) => Some(draft.text),
            _ => None,
        })
        .collect()
}

fn offline() -> Input {
    Input::Link(LinkState::Offline {
        attempt: 1,
        next_try_at: Timestamp(NOW.0 + 5_000),
    })
}

#[test]
fn the_desk_begins_with_the_own_chat_that_waits() {
    let desk = desk();
    assert_eq!(desk.app.open, Some(ChatId(1)));
    assert_eq!(desk.app.section, Section::Mine);
    let queue: Vec<i64> = desk
        .app
        .book
        .list(Section::Queue, &desk.app.me)
        .iter()
        .map(|chat| chat.id.0)
        .collect();
    assert_eq!(queue, [2, 3]);
}

#[test]
fn an_event_with_a_gap_loads_the_chat() {
    let mut desk = desk();
    desk.teller.tell(3, NOW, Event::WindowClosed);
    let late = desk.teller.tell(3, NOW, received(33, NOW, "again"));
    let effects = desk.hear(ServerFrame::Event(late));
    assert!(effects.contains(&Effect::Send(ClientFrame::LoadChat { chat: ChatId(3) })));
    assert_eq!(
        desk.app.resume_point().map(|point| point.seq),
        Some(Seq(20))
    );
}

#[test]
fn an_event_that_is_known_changes_nothing() {
    let mut desk = desk();
    let old = desk.stories.get(&ChatId(3)).expect("chat 3")[0].clone();
    desk.hear(ServerFrame::Event(old));
    assert_eq!(
        desk.app.book.get(ChatId(3)).map(|chat| chat.unread),
        Some(1)
    );
}

#[test]
fn claiming_takes_the_oldest_and_begins_a_reply() {
    let mut desk = desk();
    let effects = desk.press("c");
    let asked = commands(&effects);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1, ChatId(2));
    assert_eq!(asked[0].2, DeskCommand::Claim { take_over: false });
    assert_eq!(desk.app.zone, Zone::Composer);
}

#[test]
fn a_russian_letter_claims_too() {
    let mut desk = desk();
    assert_eq!(commands(&desk.press("с")).len(), 1);
}

#[test]
fn a_reply_is_sent_and_the_composer_is_empty() {
    let mut desk = desk();
    desk.press("r");
    desk.write("Готово");
    let effects = desk.press("enter");
    assert_eq!(replies(&effects), ["Готово"]);
    assert!(desk.app.composer.is_empty());
    assert_eq!(desk.app.zone, Zone::Composer);
}

#[test]
fn a_refused_reply_comes_back_into_the_composer() {
    let mut desk = desk();
    desk.press("r");
    desk.write("Hello");
    let effects = desk.press("enter");
    let id = commands(&effects)[0].0.clone();
    let refusal = Refusal::VisitorBlocked;
    desk.hear(ServerFrame::Refused {
        id,
        sentence: refusal.sentence(),
        hint: String::new(),
        refusal,
    });
    assert_eq!(desk.app.composer.text(), "Hello");
    assert!(
        desk.app
            .said
            .as_ref()
            .is_some_and(|(text, _)| text.contains("blocked"))
    );
}

#[test]
fn commands_without_an_answer_are_sent_again_under_their_ids() {
    let mut desk = desk();
    desk.press("r");
    desk.write("one");
    let first = commands(&desk.press("enter"));
    desk.put(offline());
    desk.write("two");
    assert!(commands(&desk.press("enter")).is_empty());
    let again = commands(&desk.connect());
    assert_eq!(again.len(), 2);
    assert_eq!(again[0], first[0]);
    assert_eq!(replies_of(&again), ["one", "two"]);
}

fn replies_of(asked: &[(CommandId, ChatId, DeskCommand)]) -> Vec<String> {
    asked
        .iter()
        .filter_map(|(_, _, command)| match command {
            DeskCommand::Reply(draft) => Some(draft.text.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn an_unavailable_store_is_asked_again_later() {
    let mut desk = desk();
    let (id, ..) = commands(&desk.press("c"))[0].clone();
    desk.hear(ServerFrame::Unavailable { id: id.clone() });
    assert!(commands(&desk.put(Input::Due)).is_empty());
    desk.now = Timestamp(NOW.0 + 2_000);
    let again = commands(&desk.put(Input::Due));
    assert_eq!(again[0].0, id);
}

#[test]
fn a_long_reply_is_split_after_a_question() {
    let mut desk = desk();
    desk.press("r");
    desk.write(&"word ".repeat(30));
    assert!(replies(&desk.press("enter")).is_empty());
    assert!(desk.app.popup.is_some());
    assert_eq!(replies(&desk.press("enter")).len(), 2);
}

#[test]
fn a_placeholder_left_in_is_not_sent() {
    let mut desk = desk();
    desk.press("r");
    desk.write("Order {order.id}");
    assert!(replies(&desk.press("enter")).is_empty());
    assert_eq!(desk.app.composer.text(), "Order {order.id}");
}

#[test]
fn a_template_is_filled_in_and_inserted() {
    let mut desk = desk();
    desk.press("r \\");
    desk.press("1");
    assert_eq!(desk.app.composer.text(), "Hello Olga, this is Kate.");
    desk.press("ctrl+u f7");
    assert_eq!(desk.app.composer.text(), "Hello Olga, this is Kate.");
}

#[test]
fn tab_takes_the_suggestion() {
    let mut desk = desk();
    desk.press("r");
    desk.write("The ref");
    desk.press("tab");
    assert_eq!(desk.app.composer.text(), "The refund takes 3-5 days.");
    desk.press("ctrl+u");
    desk.write("so refund");
    desk.press("tab");
    assert_eq!(desk.app.composer.text(), "so The refund takes 3-5 days.");
}

#[test]
fn each_chat_keeps_its_draft() {
    let mut desk = desk();
    desk.press("r");
    desk.write("half");
    desk.press("escape p");
    desk.write(" a note");
    let effects = desk.press("escape 1");
    assert!(effects.contains(&Effect::SaveDrafts));
    assert!(desk.app.composer.is_empty());
    desk.press("2");
    assert_eq!(desk.app.composer.text(), "half a note");
    assert!(desk.app.is_note);
}

#[test]
fn a_held_reply_comes_back_with_its_text() {
    let mut desk = desk();
    let held = Event::ReplyWritten {
        by: "kate".into(),
        message: message(77, NOW, "oops"),
        delivery: shared::model::DeliveryId(77),
        asks: shared::model::ContactAsk::default(),
        human_agent: false,
        held_until: Some(Timestamp(NOW.0 + 5_000)),
    };
    desk.happen(1, held);
    desk.press("r");
    let asked = commands(&desk.press("ctrl+z"));
    let message = MessageId(77);
    assert_eq!(asked[0].2, DeskCommand::Withdraw { message });
    desk.hear(ServerFrame::Accepted {
        id: asked[0].0.clone(),
        seq: Some(Seq(99)),
    });
    assert_eq!(desk.app.composer.text(), "oops");
}

#[test]
fn closing_asks_for_the_category_first() {
    let mut desk = desk();
    desk.press("x");
    let asked: Vec<DeskCommand> = commands(&desk.press("1"))
        .into_iter()
        .map(|(_, _, command)| command)
        .collect();
    assert!(matches!(
        asked[0],
        DeskCommand::Categorize { category: Some(_) }
    ));
    assert_eq!(asked[1], DeskCommand::Close);
}

#[test]
fn a_transfer_offers_who_is_here_first_and_zero_is_the_queue() {
    let mut desk = desk();
    desk.press("t");
    let asked = commands(&desk.press("1"));
    assert!(
        matches!(&asked[0].2, DeskCommand::Transfer { to: TransferTarget::Operator { operator }, .. } if operator.as_str() == "ivan")
    );
    desk.press("t");
    let asked = commands(&desk.press("0"));
    assert!(matches!(
        &asked[0].2,
        DeskCommand::Transfer {
            to: TransferTarget::Queue,
            ..
        }
    ));
}

#[test]
fn a_transfer_may_carry_a_word() {
    let mut desk = desk();
    desk.press("t arrowdown arrowdown tab");
    desk.write("look");
    let asked = commands(&desk.press("enter"));
    let expected = DeskCommand::Transfer {
        to: Desk::handed_to_billing(),
        comment: Some("look".to_owned()),
    };
    assert_eq!(asked[0].2, expected);
}

#[test]
fn a_block_takes_reason_length_and_tick() {
    let mut desk = desk();
    desk.press("b 2 arrowright space");
    let asked = commands(&desk.press("enter"));
    let expected = DeskCommand::Block {
        for_seconds: Some(604_800),
        reason: "abuse".to_owned(),
        close: true,
    };
    assert_eq!(asked[0].2, expected);
}

#[test]
fn u_takes_the_last_action_back_for_ten_seconds() {
    let mut desk = desk();
    desk.press("c escape");
    assert_eq!(commands(&desk.press("u"))[0].2, DeskCommand::Release);
    desk.press("c escape");
    desk.now = Timestamp(NOW.0 + 11_000);
    assert!(commands(&desk.press("u")).is_empty());
}

#[test]
fn a_new_waiting_chat_rings_once_a_second_and_changes_the_title() {
    let mut desk = desk();
    let effects = desk.happen(8, opened(8, "New"));
    assert!(effects.contains(&Effect::Bell));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Title(_)))
    );
    let effects = desk.happen(9, opened(9, "Newer"));
    assert!(!effects.contains(&Effect::Bell));
}

#[test]
fn the_selection_follows_the_chat_into_its_list() {
    let mut desk = desk();
    desk.press("c");
    let claimed = Event::Claimed {
        by: "kate".into(),
        from: None,
    };
    desk.happen(2, claimed);
    assert_eq!(desk.app.open, Some(ChatId(2)));
    assert_eq!(desk.app.section, Section::Mine);
}

#[test]
fn alt_and_a_letter_is_a_command_from_the_composer() {
    let mut desk = desk();
    desk.press("r alt+t");
    assert_eq!(desk.app.zone, Zone::Command);
    assert!(desk.app.popup.is_some());
}

#[test]
fn a_number_finds_a_chat() {
    let mut desk = desk();
    desk.press("space");
    desk.write("#500");
    let effects = desk.press("enter");
    let is_asked = effects.iter().any(|effect| {
        matches!(
            effect,
            Effect::Send(ClientFrame::FindChat {
                number: Seq(500),
                ..
            })
        )
    });
    assert!(is_asked);
}

#[test]
fn a_failed_reply_is_tried_again_from_the_menu() {
    let mut desk = desk();
    desk.happen(1, written(78, "kate", NOW, "again please"));
    let reason = shared::model::FailureReason::VisitorUnreachable;
    let message = MessageId(78);
    desk.happen(1, Event::ReplyFailed { message, reason });
    let asked = commands(&desk.press("m 1"));
    assert_eq!(asked[0].2, DeskCommand::Retry { message });
}

#[test]
fn ctrl_c_twice_leaves() {
    let mut desk = desk();
    desk.press("ctrl+c");
    assert!(!desk.app.is_quitting());
    assert!(desk.press("ctrl+c").contains(&Effect::Quit));
    assert!(desk.app.is_quitting());
}

#[test]
fn a_deadline_is_always_ahead() {
    let desk = desk();
    assert!(next_deadline(&desk.app, NOW) > Some(NOW));
}

#[test]
fn pasting_never_runs_commands() {
    let mut desk = desk();
    let effects = desk.put(Input::Paste("cxb\n".to_owned()));
    assert!(commands(&effects).is_empty());
    assert_eq!(desk.app.zone, Zone::Composer);
}

#[test]
fn a_foreign_chat_can_be_read_and_noted_but_not_answered() {
    let mut desk = desk();
    desk.press("3 r");
    assert_eq!(desk.app.zone, Zone::Command);
    desk.press("p");
    desk.write("fyi @lina");
    let asked = commands(&desk.press("enter"));
    assert!(matches!(&asked[0].2, DeskCommand::Note { mentions, .. } if mentions.len() == 1));
}

#[test]
fn words_that_waited_long_are_sent_only_after_a_question() {
    for (key, is_sent) in [("enter", true), ("escape", false)] {
        let mut desk = desk();
        desk.put(offline());
        desk.press("r");
        desk.write("late");
        desk.press("enter");
        desk.now = Timestamp(NOW.0 + 700_000);
        assert!(replies(&desk.connect()).is_empty());
        assert_eq!(!replies(&desk.press(key)).is_empty(), is_sent);
        assert_eq!(desk.app.composer.is_empty(), is_sent);
    }
}

#[test]
fn a_draft_changed_without_a_connection_is_told_afterwards() {
    let mut desk = desk();
    desk.put(offline());
    desk.press("r");
    desk.write("kept");
    desk.now = Timestamp(NOW.0 + 2_000);
    desk.put(Input::Due);
    let effects = desk.connect();
    let is_told = effects.iter().any(|effect| {
        matches!(effect, Effect::Send(ClientFrame::SaveDraft { draft, .. }) if draft.text == "kept")
    });
    assert!(is_told);
}
