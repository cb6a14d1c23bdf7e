//! Requests whose signature is wrong: one is noise of the internet, many in a row are a wrong app secret, and the platform
//! will stop calling (meta.md 2.2). When an admin should hear of it; no more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::model::{ChannelId, Timestamp};

/// Wrong ones in a row that are worth an alarm.
const MANY: u32 = 10;
/// An admin is not told more often (CH-24).
const ALARM_EVERY: Duration = Duration::from_secs(1800);

#[derive(Default)]
pub(super) struct Strangers {
    seen: Mutex<HashMap<ChannelId, Row>>,
}

#[derive(Default)]
struct Row {
    wrong: u32,
    alarmed_at: Option<Timestamp>,
}

impl Strangers {
    /// Notes a wrong signature; true: it is time to tell an admin.
    pub(super) fn wrong(&self, channel: &ChannelId, now: Timestamp) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let row = seen.entry(channel.clone()).or_default();
        row.wrong = row.wrong.saturating_add(1);
        let is_time = row
            .alarmed_at
            .is_none_or(|at| now.since(at) >= ALARM_EVERY || now < at);
        let is_due = row.wrong >= MANY && is_time;
        if is_due {
            row.wrong = 0;
            row.alarmed_at = Some(now);
        }
        is_due
    }

    /// A right one: the secret is ours.
    pub(super) fn right(&self, channel: &ChannelId) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = seen.get_mut(channel) {
            row.wrong = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarms(strangers: &Strangers, wrong: u32, now: Timestamp) -> usize {
        let channel = ChannelId::from("acme-page");
        (0..wrong)
            .filter(|_| strangers.wrong(&channel, now))
            .count()
    }

    #[test]
    fn many_wrong_signatures_in_a_row_are_told_once_in_half_an_hour() {
        let strangers = Strangers::default();
        let noon = Timestamp(1_795_190_400_000);
        assert_eq!(alarms(&strangers, 9, noon), 0);
        assert_eq!(alarms(&strangers, 91, noon), 1);
        assert_eq!(alarms(&strangers, 100, noon.plus(ALARM_EVERY)), 1);
    }

    #[test]
    fn a_right_one_between_them_shows_that_the_secret_is_ours() {
        let strangers = Strangers::default();
        for _ in 0..50 {
            assert_eq!(alarms(&strangers, 9, Timestamp(0)), 0);
            strangers.right(&"acme-page".into());
        }
    }
}
