//! How long to wait before trying again: 1 s doubling to 5 min, with jitter (OUT-05). Pure; chance is an argument.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// After so many attempts, about a day of them, a reply is given up (OUT-05).
pub(super) const MOST_ATTEMPTS: u32 = 296;

/// Returns the wait after `attempt` attempts; `chance` is anything random.
pub(super) fn backoff(attempt: u32, chance: i64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let quarter = u64::try_from(whole.as_millis() / 4).unwrap_or(0).max(1);
    let jitter = chance.unsigned_abs() % quarter;
    whole.saturating_sub(Duration::from_millis(quarter)) + Duration::from_millis(jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_attempts_together_take_about_a_day() {
        let waits = (1..MOST_ATTEMPTS).map(|attempt| backoff(attempt, i64::MAX));
        let hours = waits.sum::<Duration>().as_secs_f64() / 3600.0;
        assert!((17.0..=24.0).contains(&hours), "{hours} hours");
    }

    #[test]
    fn waits_double_up_to_five_minutes_and_never_meet() {
        for (attempt, whole) in [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (40, 300)] {
            for chance in [0, 1, 999, i64::MAX] {
                let wait = backoff(attempt, chance);
                let whole = Duration::from_secs(whole);
                assert!(
                    wait <= whole
                        && wait
                            >= (whole * 3 / 4)
                                .checked_sub(Duration::from_millis(1))
                                .unwrap(),
                    "{attempt}: {wait:?}"
                );
            }
        }
        assert_ne!(backoff(5, 1), backoff(5, 2));
    }
}
