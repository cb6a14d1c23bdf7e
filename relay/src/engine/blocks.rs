//! The blocks in force, in memory, so that intake can drop before anything else happens (BL-02). The truth is in the
//! store; this follows it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::model::{Timestamp, VisitorId};

use crate::store::{BlockChange, BlockEntry};

/// Who is silenced, until when, and how many messages that has dropped since the count was last written.
#[derive(Debug, Default)]
pub struct Blocks {
    blocks: Mutex<HashMap<VisitorId, Silence>>,
}

#[derive(Debug, Clone, Copy)]
struct Silence {
    until: Option<Timestamp>,
    dropped: u64,
}

impl Blocks {
    pub(super) fn of(entries: Vec<BlockEntry>) -> Self {
        let blocks = entries.into_iter().map(|entry| {
            (
                entry.visitor,
                Silence {
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

    pub(super) fn apply(&self, visitor: VisitorId, change: &BlockChange) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            BlockChange::Set { until, .. } => {
                let dropped = blocks.get(&visitor).map_or(0, |silence| silence.dropped);
                blocks.insert(
                    visitor,
                    Silence {
                        until: *until,
                        dropped,
                    },
                );
            }
            BlockChange::Lift => {
                blocks.remove(&visitor);
            }
        }
    }

    /// Counts a message of a silenced visitor; false: the visitor may speak.
    pub fn drop_one(&self, visitor: VisitorId, now: Timestamp) -> bool {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        match blocks.get_mut(&visitor) {
            Some(silence) if silence.until.is_none_or(|until| now < until) => {
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
        blocks.apply(VisitorId(1), &set);
        assert!(blocks.drop_one(VisitorId(1), Timestamp(99)));
        assert!(
            !blocks.drop_one(VisitorId(1), Timestamp(100)),
            "its time is over"
        );
        assert!(!blocks.drop_one(VisitorId(2), Timestamp(0)));
        assert_eq!(blocks.take_counts(), [(VisitorId(1), 1)]);
        assert_eq!(blocks.take_counts(), []);
        blocks.apply(VisitorId(1), &BlockChange::Lift);
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
}
