//! When the next timer of a chat is due, from its state alone, and what is due then. Never sleeps.

use crate::model::{Policy, Timestamp};

use super::{Chat, Context, Event, Stage};

impl Chat {
    /// Returns the moment at which [`super::RelayCommand::Tick`] next has something to do.
    pub fn deadline(&self, policy: &Policy) -> Option<Timestamp> {
        [
            self.block_ends(),
            self.grace_ends(policy),
            self.window_notice_at(policy),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due; overdue timers fire once, in one go.
    pub(super) fn tick(&self, context: &Context<'_>) -> Vec<Event> {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= context.now);
        let mut events = vec![];
        if is_due(self.block_ends()) {
            events.push(Event::Unblocked { by: None });
        }
        if is_due(self.window_notice_at(context.policy)) {
            events.push(Event::WindowClosed);
        }
        if is_due(self.grace_ends(context.policy)) {
            events.push(Event::Finished);
        }
        events
    }

    /// BL-04. Also in a chat that is closed for good: the log of the block is there.
    fn block_ends(&self) -> Option<Timestamp> {
        self.block.as_ref()?.until
    }

    /// TM-11. Replies that may still leave hold the chat open.
    fn grace_ends(&self, policy: &Policy) -> Option<Timestamp> {
        let Stage::ClosedByOperator { .. } = self.stage else {
            return None;
        };
        if self.has_replies_under_way() {
            return None;
        }
        Some(self.closed_at?.plus(policy.timeouts.close_final.duration()))
    }

    /// OUT-06: told once for each window, in chats that are open.
    fn window_notice_at(&self, policy: &Policy) -> Option<Timestamp> {
        if !self.is_open() {
            return None;
        }
        let ends = match (self.window_ends(policy)?, self.human_window_ends(policy)) {
            (plain, Some(human)) => plain.max(human),
            (plain, None) => plain,
        };
        Some(ends).filter(|ends| self.window_told_at.is_none_or(|told| told < *ends))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::*;
    use super::super::{DeskCommand, Event};

    #[test]
    fn the_end_of_the_reply_window_is_told_once() {
        let mut desk = waiting();
        let ends = desk.chat.window_ends(&desk.policy).unwrap();
        assert_eq!(desk.chat.deadline(&desk.policy), Some(ends));
        desk.now = ends;
        assert_eq!(desk.tick(), vec![Event::WindowClosed]);
        assert_eq!(desk.chat.deadline(&desk.policy), None);
        desk.visitor_writes("still there?");
        assert!(
            desk.chat.deadline(&desk.policy).is_some(),
            "a new window has a new end"
        );
    }

    #[test]
    fn a_message_that_comes_after_its_window_ended_does_not_have_the_end_told_again() {
        let mut desk = waiting();
        let ends = desk.chat.window_ends(&desk.policy).unwrap();
        desk.now = ends.plus(Duration::from_secs(3600));
        assert_eq!(desk.tick(), vec![Event::WindowClosed]);
        let late = desk.chat.window_from.unwrap().plus(Duration::from_secs(60));
        desk.visitor_writes_at("late", late);
        assert_eq!(desk.chat.window_from, Some(late));
        assert_eq!(desk.chat.deadline(&desk.policy), None);
    }

    #[test]
    fn the_earliest_timer_comes_first() {
        let mut desk = held_by("anna");
        let block = DeskCommand::Block {
            for_seconds: Some(60),
            reason: "spam".into(),
            close: true,
        };
        desk.by("anna", block).unwrap();
        assert_eq!(
            desk.chat.deadline(&desk.policy),
            Some(desk.now.plus(Duration::from_secs(60)))
        );
    }

    #[test]
    fn overdue_timers_fire_together_after_a_long_stop() {
        let mut desk = held_by("anna");
        let block = DeskCommand::Block {
            for_seconds: Some(60),
            reason: "spam".into(),
            close: true,
        };
        desk.by("anna", block).unwrap();
        desk.now = desk.now.plus(Duration::from_secs(30 * 86_400));
        assert_eq!(
            desk.tick(),
            vec![Event::Unblocked { by: None }, Event::Finished]
        );
        assert_eq!(desk.tick(), vec![]);
    }
}
