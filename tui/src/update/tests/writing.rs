//! Replies, notes, drafts and templates.

use shared::chat::timeline::Entry;
use shared::chat::{DeskCommand, Event, Refusal};
use shared::model::{MessageId, Seq, Timestamp};
use shared::protocol::{ClientFrame, ServerFrame};

use super::{commands, desk, offline, replies};
use crate::app::fixture::{NOW, message, written};
use crate::effect::Effect;
use crate::input::Input;
use crate::keymap::Zone;

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
fn a_long_reply_is_split_after_a_question() {
    let mut desk = desk();
    desk.press("r");
    desk.write(&"word ".repeat(30));
    assert!(replies(&desk.press("enter")).is_empty());
    assert!(desk.app.popup.is_some());
    let parts = replies(&desk.press("enter"));
    assert_eq!(parts.len(), 2);
    assert!(parts[0].starts_with("(1/2) word"), "{parts:?}");
    assert!(parts[1].starts_with("(2/2) word"), "{parts:?}");
}

#[test]
fn a_long_reply_can_be_trimmed_and_is_looked_at_before_it_leaves() {
    let mut desk = desk();
    desk.press("r");
    desk.write(&"word ".repeat(30));
    desk.press("enter");
    assert!(replies(&desk.press("2")).is_empty());
    assert_eq!(desk.app.composer.text(), "word ".repeat(20).trim_end());
    assert_eq!(replies(&desk.press("enter")).len(), 1);
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
    desk.write("a note");
    let effects = desk.press("escape 1");
    assert!(effects.contains(&Effect::SaveDrafts));
    assert!(desk.app.composer.is_empty());
    desk.press("2");
    assert_eq!(desk.app.composer.text(), "half");
    desk.press("p");
    assert_eq!(desk.app.composer.text(), "a note");
    assert!(desk.app.is_note);
}

#[test]
fn what_was_begun_as_a_note_never_leaves_as_a_reply() {
    let mut desk = desk();
    desk.press("r");
    desk.write("tt");
    desk.press("escape p");
    desk.write("secret");
    desk.press("escape r");
    assert_eq!(desk.app.composer.text(), "tt");
    assert_eq!(replies(&desk.press("enter")), ["tt"]);
    desk.press("escape p");
    assert_eq!(desk.app.composer.text(), "secret");
}

#[test]
fn undo_brings_neither_the_note_nor_another_chats_text_into_a_reply() {
    let mut desk = desk();
    desk.press("p");
    desk.write("secret");
    desk.press("escape r ctrl+z");
    assert_eq!(desk.app.composer.text(), "");
    desk.press("escape p ctrl+u escape r");
    desk.write("for Olga");
    desk.press("escape 1 r ctrl+z");
    assert_eq!(desk.app.open, Some(shared::model::ChatId(2)));
    assert_eq!(desk.app.composer.text(), "");
}

#[test]
fn a_note_that_was_sent_leaves_the_reply_begun_before_unsent() {
    let mut desk = desk();
    desk.press("r");
    desk.write("half");
    desk.press("escape p");
    desk.write("secret");
    let asked = commands(&desk.press("enter"));
    assert!(matches!(&asked[0].2, DeskCommand::Note { text, .. } if text == "secret"));
    assert_eq!(desk.app.composer.text(), "half");
    assert!(!desk.app.is_note);
    assert!(replies(&desk.press("enter")).is_empty());
    assert_eq!(replies(&desk.press("enter")), ["half"]);
}

#[test]
fn both_texts_come_back_after_a_restart() {
    let mut before = desk();
    before.press("r");
    before.write("half");
    before.press("escape p");
    before.write("secret");
    crate::update::leave(&mut before.app, NOW);
    let mut after = desk();
    after.app.drafts = before.app.drafts.clone();
    after.press("1 2 r");
    assert_eq!(after.app.composer.text(), "half");
    after.press("escape p");
    assert_eq!(after.app.composer.text(), "secret");
}

#[test]
fn an_emptied_reply_leaves_the_note_with_the_relay() {
    let mut desk = desk();
    desk.press("p");
    desk.write("secret");
    desk.press("escape r");
    desk.write("half");
    desk.press("escape p escape r");
    let effects = desk.press("ctrl+u escape p");
    let told: Vec<(String, bool)> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(ClientFrame::SaveDraft { draft, .. }) => {
                Some((draft.text.clone(), draft.is_note))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, [(String::new(), false), ("secret".to_owned(), true)]);
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

#[test]
fn the_visitors_words_are_copied() {
    let mut desk = desk();
    let effects = desk.press("y");
    assert!(effects.contains(&Effect::Copy("Хорошо, жду".to_owned())));
}

#[test]
fn words_typed_as_commands_can_be_put_into_the_reply() {
    let mut desk = desk();
    desk.write("wdeq");
    desk.press("enter");
    assert_eq!(desk.app.composer.text(), "wdeq");
    let mut desk = self::desk();
    desk.press("j j k j k j enter");
    assert!(desk.app.composer.is_empty());
}

#[test]
fn up_in_an_empty_composer_brings_the_last_reply_back() {
    let mut desk = desk();
    desk.press("r arrowup");
    assert_eq!(desk.app.composer.text(), "Здравствуйте! Проверяю.");
}

#[test]
fn a_reply_is_never_shown_twice() {
    let mut desk = desk();
    desk.press("r");
    desk.write("only once");
    desk.press("enter");
    let width = 80;
    let before = crate::view::conversation_rows(&desk.app, width);
    desk.happen(1, written(79, "kate", NOW, "only once"));
    assert_eq!(crate::view::conversation_rows(&desk.app, width), before);
}

#[test]
fn a_reply_quotes_the_message_that_was_chosen() {
    let mut desk = desk();
    desk.press("h 1");
    assert_eq!(desk.app.zone, Zone::Composer);
    desk.write("Yes");
    let asked = commands(&desk.press("enter"));
    let DeskCommand::Reply(draft) = &asked[0].2 else {
        panic!("a reply: {asked:?}");
    };
    let newest = desk.app.book.story(asked[0].1).and_then(|story| {
        story
            .timeline
            .entries()
            .iter()
            .rev()
            .find_map(|entry| match entry {
                Entry::Message(message) => Some(message.message.id),
                Entry::Event(_) => None,
            })
    });
    assert_eq!(draft.quotes, newest);
    assert!(newest.is_some());
    assert_eq!(desk.app.quoting, None);
}

#[test]
fn a_quotation_stays_with_its_draft_and_comes_back_with_a_refused_reply() {
    let mut desk = desk();
    desk.press("h 1");
    desk.write("Yes");
    let quoting = desk.app.quoting;
    assert!(quoting.is_some());
    desk.press("escape 1");
    assert_eq!(desk.app.quoting, None);
    desk.press("2 r");
    assert_eq!(desk.app.quoting, quoting);
    let id = commands(&desk.press("enter"))[0].0.clone();
    let refusal = Refusal::VisitorBlocked;
    desk.hear(ServerFrame::Refused {
        id,
        sentence: refusal.sentence(),
        hint: String::new(),
        refusal,
    });
    assert_eq!(desk.app.quoting, quoting);
    desk.press("escape h");
    desk.press("0");
    assert_eq!(desk.app.quoting, None);
}
