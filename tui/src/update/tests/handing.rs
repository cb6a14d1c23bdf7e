//! Who gets a chat, who lost it, who is silenced.

use shared::chat::{DeskCommand, Event, Refusal, TransferTarget};
use shared::model::{ChatId, OperatorId, Presence, Timestamp};
use shared::protocol::{Goodbye, GoodbyeCode, ServerFrame};

use super::{commands, desk, offline};
use crate::app::fixture::{Desk, NOW, received, written};
use crate::input::{Input, LinkState};
use crate::keymap::{Action, Zone};
use crate::language::Language;
use crate::update::visible;
use crate::view::tests::shown;

fn rows(desk: &Desk) -> Vec<String> {
    let popup = desk.app.popup.as_ref().expect("a popup");
    visible(&desk.app, popup)
        .into_iter()
        .map(|item| item.label)
        .collect()
}

fn said(desk: &Desk) -> String {
    desk.app
        .said
        .clone()
        .map(|(text, _)| text)
        .unwrap_or_default()
}

#[test]
fn whoever_can_answer_soonest_stands_first_and_the_queue_last() {
    let mut desk = desk();
    desk.press("t");
    assert_eq!(rows(&desk)[..3], ["Ivan", "Billing", "Li Na"]);
    desk.press("escape");
    desk.hear(ServerFrame::Online {
        operator: "ivan".into(),
        is_online: false,
    });
    desk.press("t");
    assert_eq!(rows(&desk)[0], "Billing");
    assert_eq!(rows(&desk).len(), 4);
}

#[test]
fn letters_find_a_target_by_its_name_alone() {
    let mut desk = desk();
    desk.press("t");
    desk.write("ma");
    assert_eq!(rows(&desk), Vec::<String>::new());
    desk.press("escape t");
    desk.write("ivan");
    assert_eq!(rows(&desk), ["Ivan"]);
}

#[test]
fn a_transfer_is_told_with_its_target_in_place_of_what_was_said_before() {
    let mut desk = desk();
    desk.press("t");
    let screen = shown(&desk.app);
    assert!(
        screen.contains("u undoes it for 10 s") && screen.contains("0-9 pick"),
        "{screen}"
    );
    desk.press("arrowdown tab");
    assert!(shown(&desk.app).contains("to Billing"));
    let asked = commands(&desk.press("enter"));
    desk.hear(ServerFrame::Accepted {
        id: asked[0].0.clone(),
        seq: Some(shared::model::Seq(99)),
    });
    assert_eq!(said(&desk), "Transferred to Billing (u undoes)");
    let undone = commands(&desk.press("u"));
    assert_eq!(undone[0].2, DeskCommand::Claim { take_over: false });
}

#[test]
fn what_a_colleague_was_given_is_not_offered_to_be_undone_to_those_who_may_not() {
    let mut desk = desk();
    desk.press("c escape t");
    let asked = commands(&desk.press("1"));
    assert!(matches!(
        asked[0].2,
        DeskCommand::Transfer {
            to: TransferTarget::Operator { .. },
            ..
        }
    ));
    assert_eq!(desk.app.undo, None);
}

#[test]
fn what_others_must_know_at_once_is_off_without_a_connection() {
    let mut desk = desk();
    desk.put(offline());
    for key in ["t", "x", "c", "b"] {
        assert!(commands(&desk.press(key)).is_empty());
        assert!(desk.app.popup.is_none(), "{key}");
        assert_eq!(said(&desk), "offline", "{key}");
        assert_eq!(desk.app.zone, Zone::Command);
    }
    assert!(!shown(&desk.app).contains("r reply"), "words stand there");
    desk.now = Timestamp(NOW.0 + 6_000);
    desk.put(Input::Due);
    let hints = shown(&desk.app);
    assert!(
        !hints.contains("t transfer") && hints.contains("r reply"),
        "{hints}"
    );
}

#[test]
fn a_desk_that_was_turned_away_sends_nothing_more() {
    let mut desk = desk();
    desk.press("r");
    desk.write("kept");
    desk.hear(ServerFrame::Goodbye(Goodbye {
        code: GoodbyeCode::Removed,
        sentence: "kate is not in the config".to_owned(),
    }));
    desk.put(Input::Link(LinkState::Refused {
        sentence: "kate is not in the config".to_owned(),
    }));
    assert!(commands(&desk.press("enter")).is_empty());
    assert_eq!(desk.app.unsent(), 0);
    assert_eq!(desk.app.composer.text(), "kept");
    desk.press("escape c");
    assert_eq!(desk.app.zone, Zone::Command);
    assert_eq!(desk.app.unsent(), 0);
}

#[test]
fn a_goodbye_is_said_in_the_operators_language() {
    for code in [
        GoodbyeCode::NotLoggedIn,
        GoodbyeCode::WrongProtocol,
        GoodbyeCode::BadFrame,
        GoodbyeCode::TooMuch,
        GoodbyeCode::Stopping,
        GoodbyeCode::TooSlow,
        GoodbyeCode::Removed,
    ] {
        let mut desk = Desk::new(Language::Zh, 120, 40);
        let sentence = "SENTENCE".to_owned();
        desk.hear(ServerFrame::Goodbye(Goodbye {
            code,
            sentence: sentence.clone(),
        }));
        desk.put(Input::Link(LinkState::Refused { sentence }));
        assert!(!said(&desk).contains("goodbye-"), "{}", said(&desk));
        desk.app.said = None;
        assert!(!shown(&desk.app).contains("SENTENCE"), "{code:?}");
    }
}

#[test]
fn a_block_without_a_length_is_refused() {
    let mut desk = desk();
    desk.press("b tab");
    assert!(commands(&desk.press("enter")).is_empty());
    assert!(desk.app.popup.is_some());
    desk.press("3 backspace");
    assert!(commands(&desk.press("enter")).is_empty());
    desk.press("2");
    let asked = commands(&desk.press("enter"));
    assert!(matches!(
        asked[0].2,
        DeskCommand::Block {
            for_seconds: Some(7_200),
            ..
        }
    ));
}

#[test]
fn b_on_a_blocked_visitor_offers_to_lift_the_block() {
    let mut desk = desk();
    let blocked = Event::Blocked {
        by: "kate".into(),
        until: None,
        reason: "spam".to_owned(),
    };
    desk.happen(1, blocked);
    desk.press("b");
    assert!(shown(&desk.app).contains("Enter lifts the block"));
    assert_eq!(commands(&desk.press("enter"))[0].2, DeskCommand::Unblock);
}

#[test]
fn whoever_loses_a_claim_is_told_by_whom_and_keeps_the_words_as_a_note() {
    let mut desk = desk();
    let asked = commands(&desk.press("c"));
    desk.write("Hello");
    let claimed = Event::Claimed {
        by: "ivan".into(),
        from: None,
    };
    desk.happen(2, claimed);
    desk.now = Timestamp(NOW.0 + 3_000);
    let refusal = Refusal::Owned { by: "ivan".into() };
    desk.hear(ServerFrame::Refused {
        id: asked[0].0.clone(),
        sentence: refusal.sentence(),
        hint: String::new(),
        refusal,
    });
    assert!(
        said(&desk).starts_with("Ivan took this chat 3s ago"),
        "{}",
        said(&desk)
    );
    assert!(desk.app.is_note);
    assert_eq!(desk.app.composer.text(), "Hello");
    desk.press("escape r");
    assert_eq!(desk.app.zone, Zone::Command);
}

#[test]
fn a_composer_that_is_read_only_takes_no_text_and_tells_nobody() {
    let mut desk = desk();
    desk.press("r");
    desk.write("half");
    let taken = Event::Claimed {
        by: "ivan".into(),
        from: Some(OperatorId::from("kate")),
    };
    desk.happen(1, taken);
    assert_eq!(desk.app.zone, Zone::Composer);
    let effects = desk.write("more");
    assert!(!effects.iter().any(|effect| matches!(
        effect,
        crate::effect::Effect::Send(shared::protocol::ClientFrame::Presence { .. })
    )));
    desk.put(Input::Paste("pasted".to_owned()));
    assert_eq!(desk.app.composer.text(), "half");
    assert!(said(&desk).contains("Ivan"), "{}", said(&desk));
    assert!(desk.app.off(Action::Templates).is_some());
    assert!(desk.app.off(Action::Send).is_some());
}

#[test]
fn a_colleague_who_has_sent_is_not_writing_any_more() {
    let mut desk = desk();
    desk.press("3");
    assert_eq!(desk.app.open, Some(ChatId(4)));
    desk.hear(ServerFrame::Presence {
        chat: ChatId(4),
        operator: "ivan".into(),
        presence: Presence::Replying,
    });
    assert!(shown(&desk.app).contains("Ivan is writing a reply"));
    desk.happen(4, written(90, "ivan", NOW, "sent"));
    assert!(!shown(&desk.app).contains("is writing"));
    desk.happen(4, received(91, NOW, "thanks"));
}

#[test]
fn asking_for_contacts_takes_a_second_key() {
    let mut desk = desk();
    let policy = desk.app.policy.as_mut().expect("a policy");
    policy.channels[0].abilities.asks_contacts = shared::model::ContactAsk {
        phone: true,
        email: true,
    };
    desk.press("i");
    assert_eq!(said(&desk), "write the text first");
    desk.press("r");
    desk.write("How can we reach you?");
    assert!(commands(&desk.press("escape i")).is_empty());
    let asked = commands(&desk.press("enter"));
    assert!(
        matches!(&asked[0].2, DeskCommand::Reply(draft) if draft.asks.phone && draft.asks.email)
    );
}
