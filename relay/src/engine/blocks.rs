//! The blocks in force, in memory, so that intake can drop before anything else happens (BL-02). The truth is in the
//! store; this follows it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::model::{ChatId, Timestamp, VisitorId};

use crate::store::{BlockChange, BlockEntry};

/// Who is silenced, until when, and how many messages that has dropped since the count was last written.
#[derive(Debug, Default)]
pub struct Blocks {
    blocks: Mutex<HashMap<VisitorId, Silence>>,
}

#[derive(Debug, Clone, Copy)]
struct Silence {
    chat: ChatId,
    until: Option<Timestamp>,
    dropped: u64,
}

impl Silence {
    fn is_on(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Blocks {
    pub(super) fn of(entries: Vec<BlockEntry>) -> Self {
        let blocks = entries.into_iter().map(|entry| {
            (
                entry.visitor,
                Silence {
                    chat: entry.chat,
                    until: entry.until,
                    dropped: 0,
                },
            )
        });
        Self {
            blocks: Mutex::new(blocks.collect()),
        }
    }

    /// Begins anew from what the store says: another relay may have set or lifted some.
    pub(super) fn replace(&self, entries: Vec<BlockEntry>) {
        let fresh = Self::of(entries).blocks.into_inner();
        let mut fresh = fresh.unwrap_or_else(PoisonError::into_inner);
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        for (visitor, silence) in &mut fresh {
            silence.dropped = blocks.get(visitor).map_or(0, |known| known.dropped);
        }
        *blocks = fresh;
    }

    /// A visitor has one block, of the chat it was set in last: what ends in another chat is an older one.
    pub(super) fn apply(&self, visitor: VisitorId, chat: ChatId, change: &BlockChange) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            BlockChange::Set { until, .. } => {
                let dropped = blocks.get(&visitor).map_or(0, |silence| silence.dropped);
                blocks.insert(
                    visitor,
                    Silence {
                        chat,
                        until: *until,
                        dropped,
                    },
                );
            }
            BlockChange::Lift => {
                if blocks
                    .get(&visitor)
                    .is_some_and(|silence| silence.chat == chat)
                {
                    blocks.remove(&visitor);
                }
            }
        }
    }

    /// Whether a visitor may not speak.
    pub fn is_silenced(&self, visitor: VisitorId, now: Timestamp) -> bool {
        let blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks
            .get(&visitor)
            .is_some_and(|silence| silence.is_on(now))
    }

    /// Counts a message of a silenced visitor; false: the visitor may speak.
    pub fn drop_one(&self, visitor: VisitorId, now: Timestamp) -> bool {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        match blocks.get_mut(&visitor) {
            Some(silence) if silence.is_on(now) => {
                silence.dropped += 1;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Returns the counts that have grown, and begins them anew; for writing them down.
    pub fn take_counts(&self) -> Vec<(VisitorId, u64)> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let grown = blocks.iter_mut().filter(|(_, silence)| silence.dropped > 0);
        grown
            .map(|(visitor, silence)| (*visitor, std::mem::take(&mut silence.dropped)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model::ChatId;

    #[test]
    fn a_block_drops_and_counts_until_it_ends() {
        let blocks = Blocks::default();
        let set = BlockChange::Set {
            by: "anna".into(),
            until: Some(Timestamp(100)),
            reason: "spam".into(),
        };
        blocks.apply(VisitorId(1), ChatId(1), &set);
        assert!(blocks.drop_one(VisitorId(1), Timestamp(99)));
        assert!(
            !blocks.drop_one(VisitorId(1), Timestamp(100)),
            "its time is over"
        );
        assert!(!blocks.drop_one(VisitorId(2), Timestamp(0)));
        assert_eq!(blocks.take_counts(), [(VisitorId(1), 1)]);
        assert_eq!(blocks.take_counts(), []);
        blocks.apply(VisitorId(1), ChatId(1), &BlockChange::Lift);
        assert!(!blocks.drop_one(VisitorId(1), Timestamp(0)));
    }

    #[test]
    fn blocks_that_another_relay_set_or_lifted_are_taken_over_and_counts_stay() {
        let entry = |visitor| BlockEntry {
            visitor: VisitorId(visitor),
            channel: "acme-page".into(),
            platform_id: "1".into(),
            visitor_name: String::new(),
            chat: ChatId(1),
            by: "anna".into(),
            at: Timestamp(0),
            until: None,
            reason: "spam".into(),
            dropped: 0,
        };
        let blocks = Blocks::of(vec![entry(1), entry(2)]);
        assert!(blocks.drop_one(VisitorId(2), Timestamp(0)));
        blocks.replace(vec![entry(2), entry(3)]);
        assert!(
            !blocks.drop_one(VisitorId(1), Timestamp(0)),
            "lifted elsewhere"
        );
        assert!(blocks.drop_one(VisitorId(3), Timestamp(0)), "set elsewhere");
        let mut counts = blocks.take_counts();
        counts.sort();
        assert_eq!(counts, [(VisitorId(2), 1), (VisitorId(3), 1)]);
    }

    #[test]
    fn a_block_that_ends_in_an_older_chat_does_not_lift_the_newer_one() {
        let blocks = Blocks::default();
        let set = |until| BlockChange::Set {
            by: "anna".into(),
            until,
            reason: "spam".into(),
        };
        blocks.apply(VisitorId(1), ChatId(1), &set(Some(Timestamp(100))));
        blocks.apply(VisitorId(1), ChatId(2), &set(None));
        blocks.apply(VisitorId(1), ChatId(1), &BlockChange::Lift);
        assert!(blocks.is_silenced(VisitorId(1), Timestamp(100)));
        blocks.apply(VisitorId(1), ChatId(2), &BlockChange::Lift);
        assert!(!blocks.is_silenced(VisitorId(1), Timestamp(100)));
    }
}
