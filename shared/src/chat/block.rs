//! Silencing a visitor (BL-01 … BL-05). Dropping what a blocked visitor writes is intake's work; this is the record.

use std::time::Duration;

use crate::text;

use super::rights::Asker;
use super::{Chat, Context, Event, Refusal, Right};

/// Characters of a reason.
const REASON_LIMIT: usize = 500;

impl Chat {
    pub(super) fn block_visitor(
        &self,
        for_seconds: Option<u32>,
        reason: &str,
        close: bool,
        asker: &Asker<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        asker.require(Right::Block)?;
        let reason = text::clean(reason).trim().to_owned();
        if reason.is_empty() {
            return Err(Refusal::ReasonRequired);
        }
        if reason.chars().count() > REASON_LIMIT {
            return Err(Refusal::FieldTooLong {
                limit: REASON_LIMIT,
            });
        }
        let until =
            for_seconds.map(|seconds| context.now.plus(Duration::from_secs(u64::from(seconds))));
        let mut events = vec![Event::Blocked {
            by: asker.id(),
            until,
            reason,
        }];
        if close && self.is_open() {
            events.extend(self.close(asker, context)?);
        }
        Ok(events)
    }

    pub(super) fn unblock(&self, asker: &Asker<'_>) -> Result<Vec<Event>, Refusal> {
        asker.require(Right::Block)?;
        match self.block {
            Some(_) => Ok(vec![Event::Unblocked {
                by: Some(asker.id()),
            }]),
            None => Err(Refusal::NotBlocked),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::*;
    use super::super::{DeskCommand, Event, Refusal, Stage};

    fn block(for_seconds: Option<u32>, reason: &str, close: bool) -> DeskCommand {
        DeskCommand::Block {
            for_seconds,
            reason: reason.into(),
            close,
        }
    }

    #[test]
    fn a_block_needs_a_reason_and_ends_by_itself() {
        let mut desk = held_by("anna");
        assert_eq!(
            desk.by("anna", block(Some(3600), " ", false)),
            Err(Refusal::ReasonRequired)
        );
        desk.by("anna", block(Some(3600), "spam", false)).unwrap();
        assert!(desk.chat.is_blocked(desk.now));
        desk.now = desk.now.plus(Duration::from_secs(3600));
        assert!(!desk.chat.is_blocked(desk.now));
        assert_eq!(desk.tick(), vec![Event::Unblocked { by: None }]);
        assert_eq!(desk.chat.block, None);
    }

    #[test]
    fn a_block_for_ever_stays_until_somebody_lifts_it() {
        let mut desk = held_by("anna");
        desk.by("anna", block(None, "abuse", true)).unwrap();
        assert!(matches!(desk.chat.stage, Stage::ClosedByOperator { .. }));
        desk.now = desk.now.plus(Duration::from_secs(86_400 * 365));
        assert!(desk.chat.is_blocked(desk.now));
        desk.by("boris", DeskCommand::Unblock).unwrap();
        assert_eq!(
            desk.by("boris", DeskCommand::Unblock),
            Err(Refusal::NotBlocked)
        );
    }

    #[test]
    fn a_block_that_closes_asks_for_the_category_like_any_close() {
        let mut desk = held_by("anna");
        desk.policy.categories.required = true;
        assert_eq!(
            desk.by("anna", block(None, "spam", true)),
            Err(Refusal::CategoryRequired)
        );
        assert_eq!(desk.chat.block, None, "both or nothing");
        desk.by("anna", block(None, "spam", false)).unwrap();
        assert!(desk.chat.is_blocked(desk.now), "silencing alone needs none");
    }

    #[test]
    fn a_message_of_a_blocked_visitor_opens_and_changes_nothing() {
        let mut desk = held_by("anna");
        desk.by("anna", block(Some(60), "spam", false)).unwrap();
        assert_eq!(
            desk.try_visitor_writes("hello?"),
            Err(Refusal::VisitorBlocked)
        );
    }
}
