//! The sim's own clock: real time, ahead or behind by as much as a test wants, and moved forward by it. The only reader of
//! the time in this crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Real time plus an offset; clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
    last_stamp_ms: Arc<AtomicU64>,
}

impl Clock {
    /// Returns a clock that is slow by this much: to it, others' clocks are ahead.
    pub fn behind(by: Duration) -> Self {
        let clock = Self::default();
        clock.offset_ms.store(-signed(by), Ordering::Relaxed);
        clock
    }

    /// Returns a clock that is fast by this much.
    pub fn ahead(by: Duration) -> Self {
        let clock = Self::default();
        clock.advance(by);
        clock
    }

    /// Returns the present moment in milliseconds since 1970, offset included.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reader of the time in this crate"
    )]
    pub fn now_ms(&self) -> u64 {
        let real = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        millis(real).saturating_add_signed(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Returns a moment never given out before, so that messages written in one millisecond keep their order.
    pub fn stamp_ms(&self) -> u64 {
        let now = self.now_ms();
        let previous =
            self.last_stamp_ms
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                    Some(now.max(last + 1))
                });
        let (Ok(last) | Err(last)) = previous;
        now.max(last + 1)
    }

    /// Moves the clock forward; it never goes back.
    pub fn advance(&self, by: Duration) {
        self.offset_ms.fetch_add(signed(by), Ordering::Relaxed);
    }
}

/// Returns whole milliseconds, capped instead of wrapped.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn signed(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Renders the Conversations API form `2026-11-20T15:55:48+0000`: whole seconds, an offset without a colon.
pub(crate) fn graph_time(at_ms: u64) -> String {
    i64::try_from(at_ms)
        .ok()
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S+0000")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graph_times_have_an_offset_without_a_colon() {
        assert_eq!(graph_time(1_795_190_148_123), "2026-11-20T15:55:48+0000");
    }

    #[test]
    fn clocks_can_be_apart() {
        let hour = Duration::from_hours(1);
        let (slow, right, fast) = (Clock::behind(hour), Clock::default(), Clock::ahead(hour));
        assert!(slow.now_ms() + millis(hour) <= right.now_ms() + 60_000);
        assert!(right.now_ms() + millis(hour) <= fast.now_ms() + 60_000);
        slow.advance(2 * hour);
        assert!(slow.now_ms() > right.now_ms());
    }

    #[test]
    fn stamps_never_repeat_and_advance_moves_every_clone() {
        let clock = Clock::default();
        let first = clock.stamp_ms();
        let second = clock.stamp_ms();
        assert!(second > first);
        clock.clone().advance(Duration::from_hours(1));
        assert!(clock.now_ms() >= first + 3_600_000);
    }
}
