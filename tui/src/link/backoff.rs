//! How long to wait before the next try (desk rule 7.3): half a second doubling to 15, any part of it, so that a hundred
//! desks do not come back to a restarted relay in one moment. Pure: time and chance are arguments.

use std::time::Duration;

/// The longest wait after the first failure.
const FIRST: Duration = Duration::from_millis(500);

/// The longest wait at all.
const LONGEST: Duration = Duration::from_secs(15);

/// A connection that held so long was a good one: the next failure is a first one again.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// Counts failures in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Returns the number of the try that comes now, from 1.
    pub(super) fn attempt(self) -> u32 {
        self.failures.saturating_add(1)
    }

    /// Notes that a connection failed after it worked for `healthy_for`, and returns the wait before the next try: the
    /// part `chance / u64::MAX` of the longest wait now.
    pub(super) fn fail(&mut self, healthy_for: Duration, chance: u64) -> Duration {
        if healthy_for >= HEALTHY_AFTER {
            self.failures = 0;
        }
        let longest = longest_wait(self.failures);
        self.failures = self.failures.saturating_add(1);
        let nanos = longest.as_nanos() * u128::from(chance) / u128::from(u64::MAX);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

fn longest_wait(failures: u32) -> Duration {
    let doubled = 2_u32.checked_pow(failures).unwrap_or(u32::MAX);
    FIRST.saturating_mul(doubled).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_wait_doubles_up_to_15_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..8)
            .map(|_| backoff.fail(Duration::ZERO, u64::MAX).as_millis())
            .collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    }

    #[test]
    fn half_a_minute_of_health_begins_anew_and_less_does_not() {
        let mut backoff = Backoff::default();
        for _ in 0..5 {
            backoff.fail(Duration::ZERO, 0);
        }
        let after = |mut backoff: Backoff, healthy_for| backoff.fail(healthy_for, u64::MAX);
        assert_eq!(after(backoff, HEALTHY_AFTER), FIRST);
        let short = HEALTHY_AFTER.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(after(backoff, short), LONGEST);
    }

    proptest! {
        #[test]
        fn every_wait_is_a_part_of_the_longest(failures: u32, chance: u64) {
            let mut backoff = Backoff { failures };
            let wait = backoff.fail(Duration::ZERO, chance);
            prop_assert!(wait <= longest_wait(failures));
            prop_assert!(longest_wait(failures) <= LONGEST);
        }

        #[test]
        fn more_chance_never_waits_shorter(failures in 0..40_u32, one: u64, other: u64) {
            let wait = |chance| Backoff { failures }.fail(Duration::ZERO, chance);
            prop_assert!(wait(one.min(other)) <= wait(one.max(other)));
        }
    }
}
