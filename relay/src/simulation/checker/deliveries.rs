//! Replies: at most once, in order, to an end, and as their rows say.

use std::time::Duration;

use shared::chat::{Event, Stored};
use shared::model::{FailureReason, MessageId, Timestamp};

use crate::store::{Delivery, DeliveryStage, LONGEST_WAIT};

use super::{Clause, Ledger};

/// For a reply to come to its end, once there is peace.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

impl Ledger<'_> {
    pub(super) fn delivery(&mut self, delivery: &Delivery) {
        let message = delivery.body.message;
        let events: Vec<_> = self.events_of(delivery.chat);
        let about = |event: &&&Stored| message_of(&event.event) == Some(message);
        let fates: Vec<_> = events.iter().filter(about).map(|s| &s.event).collect();
        let count = |wanted: fn(&Event) -> bool| fates.iter().filter(|e| wanted(e)).count();
        let retries = count(|event| matches!(event, Event::ReplyRetried { .. }));
        let is_doubted = count(|event| matches!(event, Event::ReplyUnconfirmed { .. })) > 0;
        let arrived = self.arrived(delivery);
        let ended_at = self.evidence.ended_at;
        let id = delivery.id;

        let allowed = if is_doubted { 1 + retries } else { 1 };
        self.expect(arrived <= allowed, Clause::AtMostOnce, || {
            format!("{id} arrived {arrived} times: {delivery:?} {fates:?}")
        });
        let is_given_up = matches!(
            fates.last(),
            Some(Event::ReplyFailed {
                reason: FailureReason::GivenUp,
                ..
            })
        );
        let (is_true, is_ended) = match delivery.state {
            DeliveryStage::Sent => (arrived >= 1, true),
            DeliveryStage::Failed => (arrived == 0 || is_doubted || is_given_up, true),
            DeliveryStage::Withdrawn => (arrived == 0, true),
            DeliveryStage::Unconfirmed => (true, true),
            DeliveryStage::Due => {
                let waits = delivery.not_before.plus(SETTLED_WITHIN) > ended_at;
                (
                    true,
                    waits && delivery.not_before < ended_at.plus(LONGEST_WAIT),
                )
            }
            DeliveryStage::Sending => {
                let begun = delivery.started_at.unwrap_or(Timestamp(0));
                (true, begun.plus(SETTLED_WITHIN) > ended_at)
            }
        };
        self.expect(is_true, Clause::StateIsTrue, || {
            format!(
                "{id} is {:?} and arrived {arrived} times: {fates:?}",
                delivery.state
            )
        });
        self.expect(is_ended, Clause::NeverStuck, || {
            format!("{id} is still on its way: {delivery:?} {fates:?}")
        });
        let told = fates
            .iter()
            .fold(DeliveryStage::Due, |_, event| told_by(event));
        let on_its_way = matches!(delivery.state, DeliveryStage::Due | DeliveryStage::Sending);
        let agrees = told == delivery.state || (told == DeliveryStage::Due && on_its_way);
        self.expect(agrees, Clause::Replays, || {
            format!(
                "{id} is {:?} and was told to be {told:?}: {fates:?}",
                delivery.state
            )
        });
    }

    fn arrived(&self, delivery: &Delivery) -> usize {
        let arrivals = self.evidence.arrivals.iter();
        arrivals.filter(|one| one.delivery == delivery.id).count()
    }

    pub(super) fn order(&mut self) {
        for chat in &self.evidence.chats {
            let events = self.events_of(chat.id);
            let is_disturbed = |message: MessageId| {
                events.iter().any(|stored| match &stored.event {
                    Event::ReplyRetried { message: other, .. }
                    | Event::ReplyUnconfirmed { message: other } => *other == message,
                    _ => false,
                })
            };
            let written = events.iter().filter_map(|stored| match &stored.event {
                Event::ReplyWritten {
                    message, delivery, ..
                } if !is_disturbed(message.id) => Some(*delivery),
                _ => None,
            });
            let places: Vec<_> = written
                .filter_map(|delivery| {
                    let mut arrivals = self.evidence.arrivals.iter();
                    arrivals.position(|arrival| arrival.delivery == delivery)
                })
                .collect();
            self.expect(places.is_sorted(), Clause::InOrder, || {
                format!("replies of {} arrived as {places:?}", chat.id)
            });
        }
    }
}

/// Which reply an event is about, if it says what became of it.
fn message_of(event: &Event) -> Option<MessageId> {
    match event {
        Event::ReplySent { message, .. }
        | Event::ReplyFailed { message, .. }
        | Event::ReplyUnconfirmed { message }
        | Event::ReplyRetried { message, .. }
        | Event::ReplyWithdrawn { message, .. } => Some(*message),
        _ => None,
    }
}

fn told_by(event: &Event) -> DeliveryStage {
    match event {
        Event::ReplySent { .. } => DeliveryStage::Sent,
        Event::ReplyFailed { .. } => DeliveryStage::Failed,
        Event::ReplyUnconfirmed { .. } => DeliveryStage::Unconfirmed,
        Event::ReplyWithdrawn { .. } => DeliveryStage::Withdrawn,
        _ => DeliveryStage::Due,
    }
}
