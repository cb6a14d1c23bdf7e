//! Ending and beginning again (1a, TM-11, CAT-03).

use super::rights::Asker;
use super::{Chat, Context, Event, Refusal, Stage};

impl Chat {
    /// Closes softly; at once for good when the grace time is off.
    pub(super) fn close(
        &self,
        asker: &Asker<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        match self.stage {
            Stage::Closed => return Err(Refusal::Finished),
            Stage::ClosedByOperator { .. } => return Ok(vec![]),
            Stage::Queue | Stage::Chatting { .. } => {}
        }
        self.require_managing(asker)?;
        if context.policy.categories.required && self.category.is_none() {
            return Err(Refusal::CategoryRequired);
        }
        Ok(self.closing(asker, context))
    }

    /// Begins again; whoever does it owns the chat.
    pub(super) fn reopen(&self, asker: &Asker<'_>) -> Result<Vec<Event>, Refusal> {
        match self.stage {
            Stage::ClosedByOperator { .. } => Ok(vec![Event::Reopened {
                by: Some(asker.id()),
                owner: Some(asker.id()),
            }]),
            Stage::Queue | Stage::Chatting { .. } => Err(Refusal::NotClosed),
            Stage::Closed => Err(Refusal::Finished),
        }
    }

    fn closing(&self, asker: &Asker<'_>, context: &Context<'_>) -> Vec<Event> {
        let mut events = vec![Event::Closed { by: asker.id() }];
        let has_grace = context.policy.timeouts.close_final.unless_off().is_some();
        if !has_grace && !self.has_replies_under_way() {
            events.push(Event::Finished);
        }
        events
    }

    /// Whether it is closed, and nothing of it is under way.
    pub(super) fn is_left_for_good(&self) -> bool {
        matches!(self.stage, Stage::ClosedByOperator { .. }) && !self.has_replies_under_way()
    }

    /// Whether replies may still leave: such a chat does not become final.
    pub(super) fn has_replies_under_way(&self) -> bool {
        self.outgoing
            .iter()
            .any(|outgoing| outgoing.trouble == super::Trouble::None)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::*;
    use super::super::{DeskCommand, Event, Refusal, Stage};
    use crate::model::OnReturn;

    #[test]
    fn a_closed_chat_reopens_under_its_number_within_the_grace_time() {
        let mut desk = held_by("anna");
        desk.by("anna", DeskCommand::Close).unwrap();
        let number = desk.chat.number;
        desk.visitor_writes("one more thing");
        assert_eq!(desk.chat.number, number);
        assert_eq!(
            desk.chat.stage,
            Stage::Chatting {
                owner: "anna".into()
            },
            "anna has a desk open"
        );
    }

    #[test]
    fn a_visitor_who_returns_waits_in_the_queue_when_the_owner_has_left() {
        let mut desk = held_by("anna");
        desk.by("anna", DeskCommand::Close).unwrap();
        desk.online.clear();
        desk.visitor_writes("one more thing");
        assert_eq!(desk.chat.stage, Stage::Queue);
    }

    #[test]
    fn after_the_grace_time_it_is_final() {
        let mut desk = held_by("anna");
        desk.by("anna", DeskCommand::Close).unwrap();
        assert_eq!(desk.tick(), vec![], "nothing is due yet");
        desk.now = desk.now.plus(Duration::from_secs(86_400));
        assert_eq!(desk.tick(), vec![Event::Finished]);
        assert_eq!(desk.by("anna", DeskCommand::Reopen), Err(Refusal::Finished));
        assert_eq!(desk.try_visitor_writes("hello"), Err(Refusal::Finished));
    }

    #[test]
    fn on_a_channel_of_new_chats_a_closed_one_is_finished_and_not_reopened() {
        let mut desk = held_by("anna");
        desk.policy.channels[0].on_return = OnReturn::New;
        desk.by("anna", DeskCommand::Close).unwrap();
        assert_eq!(desk.try_visitor_writes("hello"), Err(Refusal::Closed));
        assert_eq!(desk.finish(), vec![Event::Finished]);
        assert_eq!(desk.finish(), vec![], "once");
    }

    #[test]
    fn on_a_channel_of_lasting_chats_a_finished_one_goes_on_under_its_number() {
        let mut desk = held_by("anna");
        desk.policy.channels[0].on_return = OnReturn::Resume;
        desk.policy.timeouts.close_final = crate::model::Seconds(0);
        desk.by("anna", DeskCommand::Close).unwrap();
        assert_eq!(desk.chat.stage, Stage::Closed);
        let number = desk.chat.number;
        desk.visitor_writes("me again");
        assert_eq!(desk.chat.number, number);
        assert_eq!(desk.chat.owner(), Some(&"anna".into()), "she is here");
        assert!(desk.chat.waiting_since.is_some());
    }

    #[test]
    fn without_a_grace_time_closing_is_final_at_once() {
        let mut desk = held_by("anna");
        desk.policy.timeouts.close_final = crate::model::Seconds(0);
        desk.by("anna", DeskCommand::Close).unwrap();
        assert_eq!(desk.chat.stage, Stage::Closed);
    }

    #[test]
    fn a_required_category_stops_the_close() {
        let mut desk = held_by("anna");
        desk.policy.categories.required = true;
        assert_eq!(
            desk.by("anna", DeskCommand::Close),
            Err(Refusal::CategoryRequired)
        );
    }

    #[test]
    fn only_the_owner_or_a_supervisor_closes_a_claimed_chat() {
        let mut desk = held_by("anna");
        assert_eq!(
            desk.by("boris", DeskCommand::Close),
            Err(Refusal::Owned { by: "anna".into() })
        );
        desk.by("sofia", DeskCommand::Close).unwrap();
        desk.by("boris", DeskCommand::Reopen).unwrap();
        assert_eq!(desk.chat.owner(), Some(&"boris".into()));
    }
}
