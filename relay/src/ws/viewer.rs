//! Who looks: one operator under one policy. A desk keeps the one it was shown its chats by, until it is shown them anew.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use shared::chat::rights::{Right, has, sees};
use shared::chat::{Chat, Outlook, Sight};
use shared::model::{Operator, OperatorId, Policy, TemplateScope};

/// See the module.
pub(super) struct Viewer {
    pub(super) operator: Operator,
    pub(super) policy: Arc<Policy>,
}

impl Viewer {
    /// Finds an operator in a policy; none: they are not in it any more.
    pub(super) fn find(id: &OperatorId, policy: Arc<Policy>) -> Option<Self> {
        let operator = policy.find_operator(id)?.clone();
        Some(Self { operator, policy })
    }

    /// Returns a name for what their sight depends on: the same in every run of the relay, as desks bring it back.
    pub(super) fn outlook(&self) -> String {
        let outlook = Outlook::of(&self.operator, &self.policy);
        let text = serde_json::to_vec(&outlook).unwrap_or_default();
        let digest = Sha256::digest(&text);
        crate::hex::hex(digest.get(..8).unwrap_or_default())
    }

    pub(super) fn sees(&self, chat: &Chat) -> bool {
        sees(&self.operator, &Sight::of(chat), &self.policy)
    }

    /// Whether they read what visitors have taken back or changed (IN-09).
    pub(super) fn reads_originals(&self) -> bool {
        has(self.operator.role, Right::SeeOriginals)
    }

    /// Returns the policy as they may know it: without templates of departments they are not in (T-01).
    pub(super) fn policy_shown(&self) -> Box<Policy> {
        let mut policy = self.policy.as_ref().clone();
        policy
            .templates
            .retain(|template| may_use(&self.operator, &template.scope));
        Box::new(policy)
    }
}

/// Whether an operator may insert a template of that scope (T-01).
pub(super) fn may_use(operator: &Operator, scope: &TemplateScope) -> bool {
    match scope {
        TemplateScope::Global => true,
        TemplateScope::Department { department } => operator.departments.contains(department),
        TemplateScope::Personal { operator: owner } => *owner == operator.id,
    }
}

#[cfg(test)]
mod tests {
    use shared::model::Role;

    use super::*;

    fn policy() -> Policy {
        serde_json::from_str(include_str!("../engine/policy_of_tests.json")).unwrap()
    }

    fn outlook(policy: &Policy) -> String {
        Viewer::find(&"anna".into(), Arc::new(policy.clone()))
            .unwrap()
            .outlook()
    }

    #[test]
    fn whatever_changes_what_is_seen_changes_the_name_of_the_outlook() {
        type Change = fn(&mut Policy);
        let changes: [(&str, Change); 4] = [
            ("role", |policy| policy.operators[0].role = Role::Admin),
            ("departments", |policy| {
                policy.operators[0].departments.push("another".into());
            }),
            ("hide_others", |policy| {
                policy.hide_others = !policy.hide_others;
            }),
            ("active", |policy| policy.channels[0].active = false),
        ];
        let before = policy();
        assert_eq!(before.operators[0].id, "anna".into());
        for (what, change) in changes {
            let mut after = before.clone();
            change(&mut after);
            assert_ne!(outlook(&after), outlook(&before), "{what}");
        }
    }

    #[test]
    fn two_operators_have_different_outlooks() {
        let policy = Arc::new(policy());
        let of = |id: &str| Viewer::find(&id.into(), Arc::clone(&policy)).unwrap();
        assert_ne!(of("anna").outlook(), of("boris").outlook());
    }

    #[test]
    fn what_changes_nothing_that_is_seen_leaves_the_outlook_as_it_is() {
        let before = policy();
        let mut after = before.clone();
        after.operators[0].name = "Anna, renamed".into();
        after.operators[0].departments.reverse();
        after.templates.clear();
        after.company.name = "Another".into();
        assert_eq!(outlook(&after), outlook(&before));
    }
}
