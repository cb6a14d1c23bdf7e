//! Taking a chat over, and having one taken.

use shared::chat::{DeskCommand, Event, Refusal};
use shared::model::{ChatId, Role};
use shared::protocol::ServerFrame;

use super::{commands, desk, replies};
use crate::app::fixture::{Desk, policy};
use crate::effect::Effect;
use crate::keymap::Zone;

fn desk_of(role: Role) -> Desk {
    let mut desk = desk();
    let mut policy = policy();
    policy.operators[0].role = role;
    desk.hear(ServerFrame::Policy {
        policy: Box::new(policy),
    });
    desk
}

const TAKE: DeskCommand = DeskCommand::Claim { take_over: true };

#[test]
fn taking_over_has_a_key_and_asks_once() {
    let mut desk = desk_of(Role::Supervisor);
    desk.press("3");
    assert!(commands(&desk.press("d")).is_empty());
    let asked = commands(&desk.press("enter"));
    assert_eq!(asked[0].2, TAKE);
    assert_eq!(desk.app.zone, Zone::Composer);
    let mut operator = desk_of(Role::Operator);
    operator.press("3");
    assert!(commands(&operator.press("d enter")).is_empty());
}

#[test]
fn a_reply_that_another_owner_stops_offers_to_take_over_and_keeps_the_text() {
    for (role, is_offered) in [(Role::Supervisor, true), (Role::Operator, false)] {
        let mut desk = desk_of(role);
        desk.press("r");
        desk.write("Here is the answer");
        let asked = commands(&desk.press("enter"));
        desk.hear(ServerFrame::Refused {
            id: asked[0].0.clone(),
            refusal: Refusal::Owned { by: "ivan".into() },
            sentence: String::new(),
            hint: String::new(),
        });
        assert_eq!(desk.app.composer.text(), "Here is the answer");
        assert_eq!(desk.app.popup.is_some(), is_offered, "{role:?}");
        let (said, _) = desk.app.said.clone().expect("who owns it");
        assert!(said.contains("Ivan"), "{said}");
        if is_offered {
            assert_eq!(commands(&desk.press("enter"))[0].2, TAKE);
            assert_eq!(desk.app.composer.text(), "Here is the answer");
        }
    }
}

#[test]
fn a_reply_typed_while_a_colleague_took_the_chat_is_one_key_from_taking_it_back() {
    let mut desk = desk_of(Role::Supervisor);
    desk.press("r");
    desk.write("Nearly there");
    desk.happen(
        1,
        Event::Claimed {
            by: "lina".into(),
            from: Some("kate".into()),
        },
    );
    assert!(replies(&desk.press("enter")).is_empty());
    assert_eq!(commands(&desk.press("enter"))[0].2, TAKE);
    assert_eq!(desk.app.composer.text(), "Nearly there");
}

#[test]
fn who_loses_a_chat_hears_and_reads_who_took_it() {
    let mut desk = desk();
    let effects = desk.happen(
        1,
        Event::Claimed {
            by: "lina".into(),
            from: Some("kate".into()),
        },
    );
    assert!(effects.contains(&Effect::Bell));
    let (said, _) = desk.app.said.clone().expect("words");
    assert!(said.contains("Li Na") && said.contains("Olga"), "{said}");
}

#[test]
fn who_may_no_longer_see_an_own_chat_is_told() {
    let mut desk = desk();
    let effects = desk.hear(ServerFrame::ChatHidden {
        chat: ChatId(1),
        at: shared::model::Seq(1),
    });
    assert!(effects.contains(&Effect::Bell));
    let (said, _) = desk.app.said.clone().expect("words");
    assert!(said.contains("Olga"), "{said}");
}
