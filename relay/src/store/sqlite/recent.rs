//! What is committed and not merged yet, held in memory for every reader: keys taken, names of messages, chats whose row is
//! behind, terms to find, the last events. A crash loses none of it: `recover.rs` makes it anew from what was appended.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sha2::{Digest as _, Sha256};

use shared::chat::{Chat, Stored};
use shared::model::{ChannelId, ChatId, Mark, PlatformId, Seq, Timestamp};

use crate::store::{DueChat, FoundMessage, Query, Terms};

/// Events kept for those who follow: they need no disk.
const FOLLOWED: usize = 4_096;

/// A name the platform gave: unique within its channel.
pub(super) type Name = (ChannelId, PlatformId);

/// Where the history ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) seq: Seq,
    /// Of the last commit.
    pub(super) mark: Mark,
}

/// A chat whose row is behind.
#[derive(Debug, Clone)]
pub(super) struct Hot {
    /// With its number.
    pub(super) chat: Arc<Chat>,
    pub(super) last_seq: Seq,
    pub(super) deadline: Option<Timestamp>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) keys: HashMap<Arc<str>, Seq>,
    pub(super) names: HashMap<Name, FoundMessage>,
    pub(super) chats: HashMap<ChatId, Hot>,
    pub(super) terms: BTreeMap<Seq, (ChatId, Terms)>,
    pub(super) deadlines: Deadlines,
    /// In order and without holes.
    pub(super) events: VecDeque<Stored>,
}

impl State {
    /// Takes in what was committed, in order.
    pub(super) fn follow(&mut self, events: Vec<Stored>) {
        self.events.extend(events);
        let more = self.events.len().saturating_sub(FOLLOWED);
        self.events.drain(..more);
    }

    /// Returns events after `after`, if all of them are here.
    pub(super) fn events_after(&self, after: Seq, limit: usize) -> Option<Vec<Stored>> {
        let first = self.events.front()?.seq;
        let place = usize::try_from(after.0 + 1 - first.0).ok()?;
        Some(
            self.events
                .iter()
                .skip(place)
                .take(limit)
                .cloned()
                .collect(),
        )
    }

    /// Returns unmerged events that hold all terms, newest first, before `before`.
    pub(super) fn search(&self, query: &Query, before: Seq, limit: usize) -> Vec<Seq> {
        let found = self.terms.range(..before).rev();
        let found = found.filter(|(_, (chat, terms))| query.is_met_by(*chat, terms));
        found.map(|(seq, _)| *seq).take(limit).collect()
    }
}

/// When something is due, chat by chat.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    of_chat: HashMap<ChatId, Timestamp>,
    in_order: BTreeSet<(Timestamp, ChatId)>,
}

impl Deadlines {
    pub(super) fn set(&mut self, chat: ChatId, deadline: Option<Timestamp>) {
        let before = match deadline {
            Some(deadline) => self.of_chat.insert(chat, deadline),
            None => self.of_chat.remove(&chat),
        };
        if before == deadline {
            return;
        }
        if let Some(before) = before {
            self.in_order.remove(&(before, chat));
        }
        self.in_order
            .extend(deadline.map(|deadline| (deadline, chat)));
    }

    pub(super) fn due(&self, now: Timestamp, limit: usize) -> Vec<DueChat> {
        let due = self.in_order.iter().take_while(|(at, _)| *at <= now);
        due.take(limit)
            .map(|(deadline, chat)| DueChat {
                chat: *chat,
                deadline: *deadline,
            })
            .collect()
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.in_order.first().map(|(at, _)| *at)
    }
}

/// Shared between the one who writes and those who read. Held for moments only, never across a wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent(Arc<RwLock<State>>);

impl Recent {
    pub(super) fn new(state: State) -> Self {
        Self(Arc::new(RwLock::new(state)))
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the hash a key is found by. Part of the file: never changed.
pub(super) fn hash_of_key(key: &str) -> i64 {
    first_bytes(Sha256::digest(key))
}

/// Returns the hash a message's name is found by. Part of the file: never changed.
pub(super) fn hash_of_name(channel: &ChannelId, platform_id: &PlatformId) -> i64 {
    let digest = Sha256::new()
        .chain_update(channel.as_str())
        .chain_update([0])
        .chain_update(platform_id.as_str());
    first_bytes(digest.finalize())
}

fn first_bytes(digest: impl AsRef<[u8]>) -> i64 {
    let mut bytes = [0; 8];
    for (byte, from) in bytes.iter_mut().zip(digest.as_ref()) {
        *byte = *from;
    }
    i64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_in_order_and_move() {
        let mut deadlines = Deadlines::default();
        deadlines.set(ChatId(1), Some(Timestamp(30)));
        deadlines.set(ChatId(2), Some(Timestamp(20)));
        deadlines.set(ChatId(1), Some(Timestamp(10)));
        deadlines.set(ChatId(2), None);
        deadlines.set(ChatId(3), Some(Timestamp(40)));
        assert_eq!(deadlines.next(), Some(Timestamp(10)));
        let due: Vec<_> = deadlines
            .due(Timestamp(40), 10)
            .iter()
            .map(|due| due.chat)
            .collect();
        assert_eq!(due, [ChatId(1), ChatId(3)]);
        assert!(deadlines.due(Timestamp(9), 10).is_empty());
    }

    #[test]
    fn hashes_of_the_file_stay_what_they_are() {
        assert_eq!(hash_of_key("in:acme-page:m_1"), KEY);
        assert_eq!(hash_of_name(&"acme-page".into(), &"m_1".into()), NAME);
    }

    const KEY: i64 = 94_365_844_085_278_530;
    const NAME: i64 = 558_034_658_820_907_307;
}
