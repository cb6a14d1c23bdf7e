//! Receipts: what reached the visitor, what was read, and what did not arrive after all (OUT-03). Watermarks only rise
//! (meta.md 3.4); *failed* is final (whatsapp.md 2): no receipt undoes it, but an operator may try again.

use crate::model::{FailureReason, MessageId, Timestamp};

use super::{Chat, Event, Receipt, SentReply, Trouble};

impl Chat {
    pub(super) fn delivered(&self, receipt: &Receipt) -> Vec<Event> {
        match self.news(receipt, self.delivered_until) {
            Some(Receipt { messages, until }) => vec![Event::ReplyDelivered { messages, until }],
            None => vec![],
        }
    }

    pub(super) fn read(&self, receipt: &Receipt) -> Vec<Event> {
        match self.news(receipt, self.read_until) {
            Some(Receipt { messages, until }) => vec![Event::ReplyRead { messages, until }],
            None => vec![],
        }
    }

    /// A platform may say long after it took a reply that it could not bring it: then the reply is in trouble again. Said of
    /// one that failed already, it is no news.
    pub(super) fn failed(
        &self,
        message: MessageId,
        sent: Option<&SentReply>,
        reason: &FailureReason,
    ) -> Vec<Event> {
        let sent = match self
            .find_outgoing(message)
            .map(|outgoing| &outgoing.trouble)
        {
            Ok(Trouble::None | Trouble::Unconfirmed) => None,
            Err(_) if self.has_begun() && sent.is_some() => sent.cloned(),
            Ok(Trouble::Failed { .. }) | Err(_) => return vec![],
        };
        vec![Event::ReplyFailed {
            message,
            reason: reason.clone(),
            sent,
        }]
    }

    /// Returns what of a receipt is new; none when nothing is. A receipt that names messages is taken as it is: its key
    /// has been seen once only.
    fn news(&self, receipt: &Receipt, known: Option<Timestamp>) -> Option<Receipt> {
        if !self.has_begun() {
            return None;
        }
        let until = receipt
            .until
            .filter(|until| known.is_none_or(|known| *until > known));
        let is_news = until.is_some() || !receipt.messages.is_empty();
        is_news.then(|| Receipt {
            messages: receipt.messages.clone(),
            until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::timeline::{Entry, Timeline};
    use super::super::{
        DeskCommand, Event, PlatformCommand, Receipt, ReplyDraft, SentReply, SettledAs, Trouble,
    };
    use crate::model::{ContactAsk, DeliveryState, FailureReason, MessageId, Timestamp};

    #[test]
    fn a_watermark_only_rises() {
        let mut desk = held_by("anna");
        let read = |until| {
            PlatformCommand::Read(Receipt {
                messages: vec![],
                until: Some(Timestamp(until)),
            })
        };
        assert_eq!(desk.platform(read(200)).unwrap().len(), 1);
        assert_eq!(desk.platform(read(100)).unwrap(), vec![]);
        assert_eq!(desk.platform(read(200)).unwrap(), vec![]);
        assert!(matches!(
            desk.platform(read(300)).unwrap()[..],
            [Event::ReplyRead { .. }]
        ));
        assert_eq!(desk.chat.read_until, Some(Timestamp(300)));
    }

    /// Anna's reply, not answered yet, and what the outbox knows of it.
    fn replied(desk: &mut TestDesk) -> (MessageId, SentReply) {
        let draft = ReplyDraft {
            text: "Yes".into(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(0),
        };
        desk.by("anna", DeskCommand::Reply(draft)).unwrap();
        let outgoing = desk.chat.outgoing.last().unwrap();
        let by = outgoing.by.clone();
        let delivery = outgoing.delivery;
        (outgoing.message, SentReply { delivery, by })
    }

    fn sent(desk: &mut TestDesk, message: MessageId) -> Vec<Event> {
        let begun_at = desk.now;
        let platform_id = Some("wamid.1".into());
        desk.settle(
            message,
            SettledAs::Sent {
                platform_id,
                begun_at,
            },
        )
    }

    fn failed(desk: &mut TestDesk, message: MessageId, sent: Option<SentReply>) -> Vec<Event> {
        desk.platform(PlatformCommand::Failed {
            message,
            sent,
            reason: FailureReason::WindowClosed,
        })
        .unwrap()
    }

    fn shown(desk: &TestDesk, message: MessageId) -> DeliveryState {
        let mut timeline = Timeline::default();
        for stored in &desk.log {
            timeline.push(stored.clone());
        }
        assert!(
            timeline
                .entries()
                .iter()
                .any(|entry| matches!(entry, Entry::Message(_)))
        );
        timeline
            .find_message(message)
            .unwrap()
            .delivery
            .clone()
            .unwrap()
    }

    #[test]
    fn a_reply_that_was_sent_can_fail_and_be_tried_again() {
        let mut desk = held_by("anna");
        let (message, reply) = replied(&mut desk);
        sent(&mut desk, message);
        assert!(desk.chat.outgoing.is_empty());
        assert_eq!(failed(&mut desk, message, Some(reply.clone())).len(), 1);
        let outgoing = desk.chat.find_outgoing(message).unwrap();
        assert_eq!(outgoing.delivery, reply.delivery);
        assert!(matches!(outgoing.trouble, Trouble::Failed { .. }));
        assert_eq!(desk.chat.troubled().count(), 1, "it needs a person");
        assert_eq!(
            failed(&mut desk, message, Some(reply)),
            vec![],
            "said twice, it is no news"
        );
        desk.by("anna", DeskCommand::Retry { message }).unwrap();
        sent(&mut desk, message);
        assert!(desk.chat.outgoing.is_empty());
        assert_eq!(shown(&desk, message), DeliveryState::Sent);
    }

    #[test]
    fn failed_is_final_whatever_receipts_say() {
        let mut desk = held_by("anna");
        let (message, reply) = replied(&mut desk);
        sent(&mut desk, message);
        let receipt = || Receipt {
            messages: vec![message],
            until: None,
        };
        desk.platform(PlatformCommand::Delivered(receipt()))
            .unwrap();
        failed(&mut desk, message, Some(reply));
        desk.platform(PlatformCommand::Read(receipt())).unwrap();
        let reason = FailureReason::WindowClosed;
        assert_eq!(shown(&desk, message), DeliveryState::Failed { reason });
    }

    #[test]
    fn a_failure_that_overtakes_the_answer_to_the_call_stands() {
        let mut desk = held_by("anna");
        let (message, reply) = replied(&mut desk);
        let events = failed(&mut desk, message, Some(reply));
        assert!(
            matches!(events[..], [Event::ReplyFailed { sent: None, .. }]),
            "it was still under way"
        );
        assert_eq!(sent(&mut desk, message), vec![]);
        let reason = FailureReason::WindowClosed;
        assert_eq!(shown(&desk, message), DeliveryState::Failed { reason });
    }

    #[test]
    fn a_failure_of_a_reply_that_nobody_sent_changes_nothing() {
        let mut desk = held_by("anna");
        assert_eq!(failed(&mut desk, MessageId(77), None), vec![]);
        let (_, reply) = replied(&mut desk);
        assert_eq!(failed(&mut unborn(), MessageId(77), Some(reply)), vec![]);
    }

    #[test]
    fn a_reply_that_comes_back_leaves_held_ones_what_they_took() {
        let mut desk = held_by("anna");
        let (message, reply) = replied(&mut desk);
        sent(&mut desk, message);
        desk.visitor_writes("anyone?");
        let waiting_since = desk.chat.waiting_since;
        let held = ReplyDraft {
            text: "a moment".into(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(3000),
        };
        desk.by("anna", DeskCommand::Reply(held)).unwrap();
        failed(&mut desk, message, Some(reply));
        let held = desk.chat.outgoing.last().unwrap().message;
        assert_ne!(held, message);
        desk.by("anna", DeskCommand::Withdraw { message: held })
            .unwrap();
        assert_eq!(desk.chat.waiting_since, waiting_since);
    }
}
