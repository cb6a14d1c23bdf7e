//! The only reader of the time, and the only maker of ids and chance. Tests bring their own.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use shared::model::Timestamp;

/// Tells the time, and makes what must not be foreseen: tests that shall repeat exactly bring both.
pub trait Clock: Send + Sync {
    /// Returns now.
    fn now(&self) -> Timestamp;

    /// Returns 63 random bits, never 0.
    fn chance(&self) -> i64 {
        random_i64()
    }

    /// Returns a new id: it rises with time, and two relays do not make the same (`storage.md` 2).
    fn new_id(&self, at: Timestamp) -> i64 {
        id_of(at, self.chance())
    }
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn new_id(&self, at: Timestamp) -> i64 {
        new_id(at)
    }
}

/// A clock that stands where it is put.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Returns a clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves it, forwards or back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Milliseconds of 2025-01-01: ids count from here, so that 41 bits last until 2094.
const ID_EPOCH: i64 = 1_735_689_600_000;
/// Bits of chance in an id.
const CHANCE_BITS: u32 = 22;

/// The last id this process made.
static LAST_ID: AtomicI64 = AtomicI64::new(0);

/// Returns a new id of the machine's chance, where no [`Clock`] is at hand: it rises with every call, and two relays do not
/// make the same (`storage.md` 2).
///
/// Chance alone is not enough: at 20 ids a millisecond two are alike every few seconds, and a clock set back to before the
/// epoch leaves nothing but chance.
pub fn new_id(now: Timestamp) -> i64 {
    let id = id_of(now, random_i64());
    let later = |last: i64| Some(id.max(last.saturating_add(1)));
    let last = LAST_ID.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    let (Ok(last) | Err(last)) = last;
    id.max(last.saturating_add(1))
}

fn id_of(at: Timestamp, chance: i64) -> i64 {
    first_id_at(at) | (chance & ((1 << CHANCE_BITS) - 1))
}

/// Returns the smallest id that is made at a moment: whatever is below it is older.
pub fn first_id_at(moment: Timestamp) -> i64 {
    let millis = moment.0.saturating_sub(ID_EPOCH).clamp(0, (1 << 41) - 1);
    millis << CHANCE_BITS
}

/// Returns 63 random bits, never 0: a mark of a commit, a part of a name.
pub fn random_i64() -> i64 {
    let mut bytes = [0; 8];
    fill_random(&mut bytes);
    (i64::from_le_bytes(bytes) & i64::MAX).max(1)
}

/// Fills a buffer with chance fit for secrets.
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ids_are_alike_however_many_are_made_in_a_moment() {
        for now in [Timestamp(1_800_000_000_000), Timestamp(0)] {
            let ids: Vec<_> = (0..100_000).map(|_| new_id(now)).collect();
            assert!(ids.is_sorted_by(|one, next| one < next), "at {now:?}");
        }
    }
}
