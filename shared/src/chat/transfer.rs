//! Handing a chat over to a colleague, a department or the queue (TR-01, TR-03).

use crate::text;

use super::rights::Asker;
use super::{Chat, Context, Event, Refusal, Right, TransferTarget};

/// Characters of a transfer's comment.
const COMMENT_LIMIT: usize = 2000;

impl Chat {
    pub(super) fn transfer(
        &self,
        to: &TransferTarget,
        comment: Option<&str>,
        asker: &Asker<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        self.require_open()?;
        asker.require(Right::Transfer)?;
        self.require_managing(asker)?;
        match to {
            TransferTarget::Operator { operator }
                if context.policy.find_operator(operator).is_none() =>
            {
                return Err(Refusal::UnknownOperator {
                    operator: operator.clone(),
                });
            }
            TransferTarget::Operator { operator } if self.owner() == Some(operator) => {
                return Err(Refusal::SameTarget);
            }
            TransferTarget::Department { department }
                if context.policy.find_department(department).is_none() =>
            {
                return Err(Refusal::UnknownDepartment {
                    department: department.clone(),
                });
            }
            TransferTarget::Department { department }
                if self.owner().is_none() && self.department.as_ref() == Some(department) =>
            {
                return Err(Refusal::SameTarget);
            }
            TransferTarget::Queue
                if self.owner().is_none()
                    && self.department.is_none()
                    && self.reserved_for.is_none() =>
            {
                return Err(Refusal::SameTarget);
            }
            TransferTarget::Operator { .. }
            | TransferTarget::Department { .. }
            | TransferTarget::Queue => {}
        }
        let comment = comment
            .map(|comment| text::clean(comment).into_owned())
            .filter(|comment| !comment.trim().is_empty());
        if comment
            .as_ref()
            .is_some_and(|comment| comment.chars().count() > COMMENT_LIMIT)
        {
            return Err(Refusal::FieldTooLong {
                limit: COMMENT_LIMIT,
            });
        }
        Ok(vec![Event::Transferred {
            by: asker.id(),
            to: to.clone(),
            comment,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{DeskCommand, Event, Refusal, Stage, TransferTarget};

    fn to_operator(login: &str) -> DeskCommand {
        DeskCommand::Transfer {
            to: TransferTarget::Operator {
                operator: login.into(),
            },
            comment: None,
        }
    }

    fn to_department(id: &str) -> DeskCommand {
        DeskCommand::Transfer {
            to: TransferTarget::Department {
                department: id.into(),
            },
            comment: Some("asks for a refund".into()),
        }
    }

    #[test]
    fn a_colleague_owns_the_chat_at_once() {
        let mut desk = held_by("anna");
        desk.by("anna", to_operator("boris")).unwrap();
        assert_eq!(
            desk.chat.stage,
            Stage::Chatting {
                owner: "boris".into()
            }
        );
    }

    #[test]
    fn a_department_gets_it_into_its_queue_with_the_comment() {
        let mut desk = held_by("anna");
        let events = desk.by("anna", to_department("billing")).unwrap();
        assert!(
            matches!(&events[0], Event::Transferred { comment: Some(comment), .. } if comment == "asks for a refund")
        );
        assert_eq!(desk.chat.stage, Stage::Queue);
        assert_eq!(desk.chat.department, Some("billing".into()));
        assert!(desk.chat.waiting_since.is_some(), "the waiting time stays");
    }

    #[test]
    fn nobody_hands_over_a_chat_of_a_colleague() {
        let mut desk = held_by("anna");
        assert_eq!(
            desk.by("boris", to_operator("boris")),
            Err(Refusal::Owned { by: "anna".into() })
        );
    }

    #[test]
    fn a_target_that_does_not_exist_or_has_it_already_is_refused() {
        let mut desk = held_by("anna");
        assert_eq!(
            desk.by("anna", to_operator("nobody")),
            Err(Refusal::UnknownOperator {
                operator: "nobody".into()
            })
        );
        assert_eq!(
            desk.by("anna", to_operator("anna")),
            Err(Refusal::SameTarget)
        );
        assert_eq!(
            desk.by("anna", to_department("none")),
            Err(Refusal::UnknownDepartment {
                department: "none".into()
            })
        );
    }
}
