//! The ledger: what everybody saw, held against what was promised (`reliability.md` 2.0). Knows nothing of how the relay
//! keeps its promises.

mod deliveries;
mod desks;
mod inbound;

use std::collections::BTreeMap;
use std::time::Duration;

use shared::chat::{Chat, Event, Stored, TransferTarget};
use shared::model::{ChatId, OperatorId, Policy, Seq, Timestamp, Version};

use crate::store::Delivery;

use super::desk::DeskEvidence;
use super::faults::Fault;
use super::platform::{Arrival, Filed};

/// For a timer to fire.
const FIRED_WITHIN: Duration = Duration::from_secs(20);

/// What everybody saw.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    pub(super) policy: Policy,
    pub(super) ended_at: Timestamp,
    pub(super) has_timers: bool,
    pub(super) events: Vec<Stored>,
    /// The right time at which each of them was there.
    pub(super) seen_at: Vec<Timestamp>,
    pub(super) chats: Vec<Chat>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) filed: Vec<Filed>,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) desks: Vec<DeskEvidence>,
    pub(super) faults: Vec<(Duration, Fault)>,
}

/// What was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Clause {
    /// (a) What was answered with yes is stored.
    Stored,
    /// (b) One message per platform id.
    Once,
    /// (c) A desk sees what happens, in order, once …
    DeskSees,
    /// … and nothing that it may not.
    DeskMay,
    /// (d) A reply is delivered at most once.
    AtMostOnce,
    /// (d) It is where its state says.
    StateIsTrue,
    /// (d) It comes to an end.
    NeverStuck,
    /// (e) Replies of a chat arrive in the order written.
    InOrder,
    /// (f) Rows are what the events add up to.
    Replays,
    /// (g) Numbers have no holes.
    NoHoles,
    /// (h) A command is done once, or refused and not done.
    CommandOnce,
    /// At most one owner, and only the owner's replies.
    OneOwner,
    /// Timers fire.
    TimersFire,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) clause: Clause,
    pub(super) what: String,
}

/// Returns every promise that was broken.
pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut ledger = Ledger {
        evidence,
        found: vec![],
    };
    ledger.numbers();
    ledger.rows();
    ledger.owners();
    ledger.inbound();
    for delivery in &evidence.deliveries {
        ledger.delivery(delivery);
    }
    ledger.order();
    for desk in &evidence.desks {
        ledger.desk(desk);
        ledger.commands(desk);
    }
    ledger.timers();
    ledger.found
}

struct Ledger<'a> {
    evidence: &'a Evidence,
    found: Vec<Violation>,
}

impl<'a> Ledger<'a> {
    fn expect(&mut self, holds: bool, clause: Clause, what: impl FnOnce() -> String) {
        if !holds {
            let what = what();
            self.found.push(Violation { clause, what });
        }
    }

    fn numbers(&mut self) {
        let mut last: BTreeMap<ChatId, (Version, Timestamp)> = BTreeMap::new();
        let mut next = Seq(1);
        for stored in &self.evidence.events {
            let (version, at) = last
                .insert(stored.chat, (stored.version, stored.at))
                .unwrap_or((Version(0), Timestamp(i64::MIN)));
            let follows = stored.seq == next && stored.version == version.plus(1);
            self.expect(follows && stored.at >= at, Clause::NoHoles, || {
                format!("{} of {} does not follow", stored.seq, stored.chat)
            });
            next = stored.seq.next();
        }
    }

    fn rows(&mut self) {
        for chat in &self.evidence.chats {
            let events = self.events_of(chat.id);
            let replayed = Chat::replay(chat.id, events);
            self.expect(replayed.as_ref() == Some(chat), Clause::Replays, || {
                format!(
                    "the row of {} is another: {chat:?}, not {replayed:?}",
                    chat.id
                )
            });
        }
    }

    fn events_of(&self, chat: ChatId) -> Vec<&'a Stored> {
        let events = self.evidence.events.iter();
        events.filter(|stored| stored.chat == chat).collect()
    }

    fn owners(&mut self) {
        let mut owners: BTreeMap<ChatId, OperatorId> = BTreeMap::new();
        for stored in &self.evidence.events {
            let owner = owners.get(&stored.chat).cloned();
            let now = match &stored.event {
                Event::Claimed { by, from } => {
                    self.expect(*from == owner, Clause::OneOwner, || {
                        format!("{by} took {} of {owner:?} from {from:?}", stored.chat)
                    });
                    Some(by.clone())
                }
                Event::Reopened { owner, .. } => owner.clone(),
                Event::Transferred { to, .. } => match to {
                    TransferTarget::Operator { operator } => Some(operator.clone()),
                    TransferTarget::Department { .. } | TransferTarget::Queue => None,
                },
                Event::Released { .. } | Event::Finished => None,
                Event::ReplyWritten { by, .. } => {
                    self.expect(owner.as_ref() == Some(by), Clause::OneOwner, || {
                        format!("{by} answered in {} of {owner:?}", stored.chat)
                    });
                    owner
                }
                _ => owner,
            };
            match now {
                Some(owner) => owners.insert(stored.chat, owner),
                None => owners.remove(&stored.chat),
            };
        }
    }

    fn timers(&mut self) {
        if !self.evidence.has_timers {
            return;
        }
        for chat in &self.evidence.chats {
            let due = chat.deadline(&self.evidence.policy);
            let is_overdue = due.is_some_and(|due| due.plus(FIRED_WITHIN) < self.evidence.ended_at);
            self.expect(!is_overdue, Clause::TimersFire, || {
                format!("{} was due at {due:?}", chat.id)
            });
        }
    }
}
