//! Random sequences of commands against the invariants 2, 3, 4, 5 and 7 of the architecture, and the rights as tables.
//!
//! `DESKWIRE_SEQUENCES=10000000 cargo test -p shared --release properties` is the long campaign.

mod bugs;
mod invariants;
mod steps;

use super::rights::{Right, has, sees};
use super::testing::{Rules, TestDesk, unborn};
use super::{Chat, Event, Sight};

use invariants::{check, shrink};
use steps::{Step, perform, sequence};

/// Sequences tried on every commit …
const SEQUENCES: u64 = 20_000;
/// … each of so many steps …
const STEPS: usize = 100;
/// … and how many of the same are tried where every one is written down or replayed.
const FEWER: u64 = 500;

#[expect(
    clippy::disallowed_methods,
    reason = "the long campaign asks for more sequences"
)]
fn sequences() -> u64 {
    let asked = std::env::var("DESKWIRE_SEQUENCES").ok();
    asked.map_or(SEQUENCES, |text| text.parse().expect("a number"))
}

#[test]
fn random_commands_never_break_an_invariant() {
    let rules = Rules::default();
    let mut events = 0;
    for seed in 0..sequences() {
        let steps = sequence(seed, STEPS);
        match check(&steps, rules) {
            Ok(count) => events += count,
            Err(broken) => {
                let steps = shrink(steps, broken, rules);
                panic!("seed {seed} breaks {:?} by {steps:#?}", broken.invariant);
            }
        }
    }
    assert!(
        events as u64 > sequences() * STEPS as u64 / 4,
        "most steps led to something: {events}"
    );
}

#[test]
fn every_invariant_has_wrong_rules_that_the_watching_finds() {
    for (invariant, rules) in bugs::all() {
        let found = (0..FEWER).find_map(|seed| {
            let broken = check(&sequence(seed, STEPS), rules).err()?;
            Some((seed, broken))
        });
        let (seed, broken) = found.unwrap_or_else(|| panic!("nobody noticed {invariant:?}"));
        assert_eq!(broken.invariant, invariant, "seed {seed}");
        let fewest = shrink(sequence(seed, STEPS), broken, rules);
        assert!(
            fewest.len() < STEPS / 2,
            "{invariant:?} takes {}",
            fewest.len()
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_steps() {
    let text = |seed| format!("{:?}", sequence(seed, STEPS));
    assert_eq!(text(7), text(7));
    assert_ne!(text(7), text(8));
}

fn after(steps: &[Step]) -> TestDesk {
    let mut desk = unborn();
    for step in steps {
        perform(&mut desk, step);
    }
    desk
}

#[test]
fn an_emptied_log_adds_up_to_the_chat_that_was_told_to_forget() {
    for seed in 0..FEWER {
        let mut desk = after(&sequence(seed, STEPS));
        let mut forgetful = desk.chat.clone();
        forgetful.apply_unstored(&Event::Redacted, desk.now);
        for stored in &mut desk.log {
            stored.event = stored.event.redacted();
        }
        let mut replayed = Chat::replay(desk.chat.id, &desk.log).expect("something happened");
        replayed.apply_unstored(&Event::Redacted, desk.now);
        assert_eq!(replayed, forgetful, "seed {seed}");
    }
}

#[test]
fn what_does_not_move_a_chat_leaves_its_sight_and_stage() {
    let mut moved = 0;
    for seed in 0..FEWER {
        let desk = after(&sequence(seed, STEPS));
        let mut chat = Chat::unborn(desk.chat.id);
        for stored in &desk.log {
            let before = (Sight::of(&chat), chat.stage.clone());
            chat.apply(stored);
            let after = (Sight::of(&chat), chat.stage.clone());
            moved += u32::from(before != after);
            let is_told = stored.event.moves_chat();
            assert!(is_told || before == after, "seed {seed}: {stored:?}");
        }
    }
    assert!(moved > 0, "some were moved");
}

#[test]
fn a_chat_survives_being_written_down() {
    for seed in 0..FEWER {
        let desk = after(&sequence(seed, STEPS));
        let text = serde_json::to_string(&desk.chat).unwrap();
        assert_eq!(
            serde_json::from_str::<Chat>(&text).unwrap(),
            desk.chat,
            "seed {seed}"
        );
        for stored in &desk.log {
            let text = serde_json::to_string(stored).unwrap();
            let read: super::Stored = serde_json::from_str(&text).unwrap();
            assert_eq!(read, *stored, "seed {seed}");
        }
    }
}

#[test]
fn a_higher_role_never_sees_less_and_never_may_less() {
    use crate::model::Role;
    for right in super::rights::ALL_RIGHTS {
        assert!(
            !has(Role::Operator, right) || has(Role::Supervisor, right),
            "{right:?}"
        );
        assert!(
            !has(Role::Supervisor, right) || has(Role::Admin, right),
            "{right:?}"
        );
    }
    assert!(
        has(Role::Operator, Right::Block),
        "operators may block (BL-03)"
    );
}

#[test]
fn the_rights_hide_what_they_should() {
    let mut policy = super::testing::policy();
    let sight = |owner: Option<&str>, department: Option<&str>, reserved: Option<&str>| Sight {
        channel: "acme-page".into(),
        owner: owner.map(Into::into),
        department: department.map(Into::into),
        reserved_for: reserved.map(Into::into),
    };
    let check = |policy: &crate::model::Policy, who: &str, sight: &Sight| {
        sees(policy.find_operator(&who.into()).unwrap(), sight, policy)
    };
    // who, owner, department, reserved for, hide_others → seen
    let table = [
        ("anna", None, None, None, false, true),
        ("anna", None, Some("sales"), None, false, true),
        ("anna", None, Some("billing"), None, false, false),
        ("sofia", None, Some("billing"), None, false, true),
        ("anna", Some("boris"), None, None, false, true),
        ("anna", Some("boris"), None, None, true, false),
        ("sofia", Some("boris"), None, None, true, true),
        ("anna", Some("anna"), Some("billing"), None, true, true),
        ("anna", None, None, Some("boris"), false, false),
        ("boris", None, None, Some("boris"), false, true),
    ];
    for (who, owner, department, reserved, hide, seen) in table {
        policy.hide_others = hide;
        assert_eq!(
            check(&policy, who, &sight(owner, department, reserved)),
            seen,
            "{who} {owner:?} {department:?}"
        );
    }
    policy.channels[0].active = false;
    assert!(
        !check(&policy, "sofia", &sight(None, None, None)),
        "a switched-off channel is seen by nobody (CH-12)"
    );
}
