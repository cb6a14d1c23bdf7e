//! What platforms told: all of it there, once, unless a visitor is silenced.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::chat::Event;
use shared::model::{PlatformId, Timestamp};

use crate::channels::Happening;
use crate::store::DeliveryStage;

use super::super::faults::Fault;
use super::{Clause, Ledger};

/// For a webhook to be late and then to be taken.
const TAKEN_WITHIN: Duration = Duration::from_secs(90);
/// A relay knows of the end of another relay's block within this.
const BLOCK_KNOWN_WITHIN: Duration = Duration::from_secs(6);
/// A relay's clock is wrong no longer than this, and what it thinks of a block with it.
const CLOCK_WRONG_FOR: Duration = Duration::from_secs(31);

impl Ledger<'_> {
    pub(super) fn inbound(&mut self) {
        let mut written: BTreeMap<&PlatformId, usize> = BTreeMap::new();
        for stored in &self.evidence.events {
            if let Event::Received { message, .. } | Event::AnsweredOutside { message, .. } =
                &stored.event
                && let Some(platform_id) = &message.platform_id
            {
                *written.entry(platform_id).or_default() += 1;
            }
        }
        let silences = self.silences();
        for filed in &self.evidence.filed {
            let inbound = &filed.inbound;
            if let Happening::Echo {
                delivery: Some(id), ..
            } = inbound.what
                && filed.answered_at.is_some()
            {
                let mut deliveries = self.evidence.deliveries.iter();
                let state = deliveries
                    .find(|delivery| delivery.id == id)
                    .map(|d| d.state);
                let is_sent = state == Some(DeliveryStage::Sent);
                self.expect(is_sent, Clause::StateIsTrue, || {
                    format!("{id} is {state:?} although its echo was taken: {filed:?}")
                });
            }
            let (platform_id, is_new) = match &inbound.what {
                Happening::Message { platform_id, .. } => (platform_id, true),
                Happening::Echo {
                    platform_id,
                    delivery,
                    ..
                } => (platform_id, delivery.is_none()),
                _ => continue,
            };
            let count = written.get(platform_id).copied().unwrap_or(0);
            self.expect(count <= 1, Clause::Once, || {
                format!("{platform_id} is there {count} times")
            });
            self.expect(is_new || count == 0, Clause::Once, || {
                format!("{platform_id} is our own reply, and there as another's")
            });
            let is_silenced = silences.iter().any(|silence| {
                silence.visitor == inbound.visitor
                    && silence.from <= filed.answered_at.unwrap_or(inbound.at)
                    && silence.until >= inbound.at
            });
            let is_owed = is_new && filed.answered_at.is_some() && !is_silenced;
            self.expect(!is_owed || count == 1, Clause::Stored, || {
                format!("{platform_id} was taken and is nowhere: {filed:?}")
            });
            let is_late = inbound.at.plus(TAKEN_WITHIN) < self.evidence.ended_at;
            self.expect(
                filed.answered_at.is_some() || !is_late,
                Clause::NeverStuck,
                || format!("{platform_id} is still not taken"),
            );
        }
    }

    /// When visitors were silenced, as far as any relay may have thought.
    fn silences(&self) -> Vec<Silence> {
        let is_wrong = |(_, fault): &(Duration, Fault)| matches!(fault, Fault::Clock { .. });
        let known_within = if self.evidence.faults.iter().any(is_wrong) {
            CLOCK_WRONG_FOR
        } else {
            BLOCK_KNOWN_WITHIN
        };
        let mut silences: Vec<Silence> = vec![];
        for (stored, seen_at) in self.evidence.events.iter().zip(&self.evidence.seen_at) {
            let mut chats = self.evidence.chats.iter();
            let Some(chat) = chats.find(|chat| chat.id == stored.chat) else {
                continue;
            };
            let visitor = &chat.visitor.platform_id;
            if let Event::Blocked { .. } = stored.event {
                silences.push(Silence {
                    visitor: visitor.clone(),
                    from: *seen_at,
                    until: FOR_EVER,
                });
            }
            if let Event::Unblocked { .. } = stored.event {
                let theirs = silences.iter_mut().filter(|one| one.visitor == *visitor);
                for silence in theirs.filter(|silence| silence.until == FOR_EVER) {
                    silence.until = seen_at.plus(known_within);
                }
            }
        }
        silences
    }
}

const FOR_EVER: Timestamp = Timestamp(i64::MAX);

struct Silence {
    visitor: PlatformId,
    from: Timestamp,
    until: Timestamp,
}
