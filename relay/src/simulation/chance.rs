//! Chance and time of a simulated world: the same seed gives the same of both, everywhere.

use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use shared::model::Timestamp;
use tokio::time::Instant;

use crate::clock::Clock;

/// When every simulated world begins.
pub(super) const NOON: Timestamp = Timestamp(1_795_190_400_000);

/// A repeatable source of chance (splitmix64). Everybody in the world has one of their own, so that one more draw here
/// changes nothing there.
pub(super) struct Chance(AtomicU64);

impl Chance {
    /// Returns the chance of somebody in the world of a seed.
    pub(super) fn of(seed: u64, whose: &str) -> Self {
        let name = whose.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(AtomicU64::new(mix(seed).wrapping_add(name)))
    }

    pub(super) fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        mix(self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step))
    }

    pub(super) fn below(&self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound as u64)).unwrap()
    }

    /// Whether something happens that does so many times in a thousand.
    pub(super) fn is(&self, per_mille: u64) -> bool {
        self.next() % 1000 < per_mille
    }

    /// Returns a time between these, in milliseconds.
    pub(super) fn millis(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(range.start + self.next() % (range.end - range.start))
    }

    pub(super) fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| &from[self.below(from.len())])
    }
}

fn mix(value: u64) -> u64 {
    let mut mixed = value;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A relay's clock: goes with the simulated time, and may be set wrong.
pub(super) struct SimClock {
    started: Instant,
    wrong_by: AtomicI64,
    chance: Chance,
}

impl SimClock {
    pub(super) fn new(started: Instant, chance: Chance) -> Self {
        Self {
            started,
            wrong_by: AtomicI64::new(0),
            chance,
        }
    }

    /// Sets it wrong by so many milliseconds; 0 sets it right.
    pub(super) fn set_wrong(&self, millis: i64) {
        self.wrong_by.store(millis, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let right = NOON.plus(self.started.elapsed());
        Timestamp(right.0 + self.wrong_by.load(Ordering::Relaxed))
    }

    fn chance(&self) -> i64 {
        i64::try_from(self.chance.next() >> 1).unwrap().max(1)
    }
}
