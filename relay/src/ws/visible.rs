//! What one operator gets to see of one event: pure, from the chat's sight before and after it (invariant 7).

use shared::chat::Sight;
use shared::chat::rights::sees;
use shared::model::{Operator, Policy};

/// What a desk is sent for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visible {
    /// The event itself.
    Event,
    /// The whole chat: it came into sight.
    Shown,
    /// That the chat is gone: it went out of sight.
    Hidden,
    /// Nothing.
    Nothing,
}

/// `before` is none for a chat that begins with this event.
pub(super) fn visible(
    operator: &Operator,
    before: Option<&Sight>,
    after: &Sight,
    policy: &Policy,
) -> Visible {
    let saw = before.is_some_and(|before| sees(operator, before, policy));
    let has_begun = before.is_some();
    match (saw, sees(operator, after, policy)) {
        (true, true) => Visible::Event,
        (false, true) if !has_begun => Visible::Event,
        (false, true) => Visible::Shown,
        (true, false) => Visible::Hidden,
        (false, false) if planted!("wrong_desk") => Visible::Event,
        (false, false) => Visible::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn policy(hide_others: bool) -> Policy {
        let text = include_str!("../engine/policy_of_tests.json");
        let policy: Policy = serde_json::from_str(text).unwrap();
        Policy {
            hide_others,
            ..policy
        }
    }

    fn sight() -> impl Strategy<Value = Sight> {
        let owner = prop_oneof![Just(None), Just(Some("anna")), Just(Some("boris"))];
        let department = prop_oneof![Just(None), Just(Some("sales")), Just(Some("billing"))];
        let reserved_for = prop_oneof![3 => Just(None), 1 => Just(Some("boris"))];
        (owner, department, reserved_for).prop_map(|(owner, department, reserved_for)| Sight {
            channel: "acme-page".into(),
            owner: owner.map(Into::into),
            department: department.map(Into::into),
            reserved_for: reserved_for.map(Into::into),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        #[test]
        fn a_desk_that_is_told_what_is_visible_holds_what_its_operator_may_see(
            steps in prop::collection::vec((0..6usize, sight()), 1..80),
            who in prop_oneof![Just("anna"), Just("boris"), Just("sofia")],
            hide_others in any::<bool>(),
        ) {
            let policy = policy(hide_others);
            let operator = policy.find_operator(&who.into()).unwrap().clone();
            let mut now: BTreeMap<usize, Sight> = BTreeMap::new();
            let mut held: BTreeSet<usize> = BTreeSet::new();
            for (chat, after) in steps {
                let before = now.insert(chat, after.clone());
                match visible(&operator, before.as_ref(), &after, &policy) {
                    Visible::Event => {
                        prop_assert!(before.is_none() || held.contains(&chat), "an event of a chat it does not hold");
                        held.insert(chat);
                    }
                    Visible::Shown => prop_assert!(held.insert(chat), "shown although it is held"),
                    Visible::Hidden => prop_assert!(held.remove(&chat), "hidden although it is not held"),
                    Visible::Nothing => {}
                }
                let may_see: BTreeSet<_> = now
                    .iter()
                    .filter(|(_, sight)| sees(&operator, sight, &policy))
                    .map(|(chat, _)| *chat)
                    .collect();
                prop_assert_eq!(&held, &may_see);
            }
        }
    }
}
