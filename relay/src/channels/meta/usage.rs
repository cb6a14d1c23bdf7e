//! How much of what Meta allows is used up, from the headers of its answers (meta.md 11): slow down at 80 %, and wait as
//! long as it says.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;

/// From here on calls are spaced.
const BUSY: u64 = 80;
/// From here on more.
const FULL: u64 = 100;
/// What a header says holds so long.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// What one answer told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// The highest of all shares, in percent.
    pub(super) percent: u64,
    /// Until access is regained, if it is lost.
    pub(super) wait: Option<Duration>,
}

impl Usage {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let read = |name: &str| -> Option<Value> {
            serde_json::from_str(headers.get(name)?.to_str().ok()?).ok()
        };
        let app = read("x-app-usage");
        let business = read("x-business-use-case-usage");
        let cases: Vec<&Value> = business
            .as_ref()
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|cases| cases.values())
            .filter_map(Value::as_array)
            .flatten()
            .collect();
        let shares = ["call_count", "total_cputime", "total_time"];
        let percent = app
            .iter()
            .chain(cases.iter().copied())
            .flat_map(|usage| shares.map(|share| usage.get(share).and_then(Value::as_u64)))
            .flatten()
            .max();
        let minutes = cases
            .iter()
            .filter_map(|case| case.get("estimated_time_to_regain_access")?.as_u64())
            .max()
            .filter(|minutes| *minutes > 0);
        Self {
            percent: percent.unwrap_or(0),
            wait: minutes.map(|minutes| Duration::from_secs(minutes.min(24 * 60) * 60)),
        }
    }

    /// How long the next call waits.
    fn pause(self) -> Duration {
        match self.percent {
            FULL.. => Duration::from_secs(5),
            BUSY.. => Duration::from_secs(1),
            0.. => Duration::ZERO,
        }
    }
}

/// What the last answer told, for the calls after it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Mutex<Option<(Instant, Usage)>>,
}

impl Pace {
    pub(super) fn note(&self, usage: Usage) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), usage));
    }

    /// Waits where Meta is nearly used up.
    pub(super) async fn keep(&self) {
        let pause = self.pause();
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    fn pause(&self) -> Duration {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last {
            Some((at, usage)) if at.elapsed() < GOOD_FOR => usage.pause(),
            Some(_) | None => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(name: &'static str, value: &str) -> Usage {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        Usage::of(&headers)
    }

    #[test]
    fn the_highest_share_of_either_header_counts() {
        let app = r#"{"call_count":28,"total_cputime":81,"total_time":25}"#;
        assert_eq!(usage("x-app-usage", app).percent, 81);
        let business =
            r#"{"104820093344556":[{"type":"messenger","call_count":100,"total_cputime":20,
            "total_time":15,"estimated_time_to_regain_access":7}]}"#
                .replace('\n', "");
        let found = usage("x-business-use-case-usage", &business);
        assert_eq!(found.percent, 100);
        assert_eq!(found.wait, Some(Duration::from_secs(420)));
        assert_eq!(usage("x-app-usage", "nonsense"), Usage::default());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_spaced_from_eighty_percent_on_and_only_while_that_is_news() {
        let pace = Pace::default();
        let of = |percent| Usage {
            percent,
            wait: None,
        };
        pace.note(of(79));
        assert_eq!(pace.pause(), Duration::ZERO);
        pace.note(of(80));
        assert_eq!(pace.pause(), Duration::from_secs(1));
        pace.note(of(100));
        assert_eq!(pace.pause(), Duration::from_secs(5));
        tokio::time::advance(GOOD_FOR).await;
        assert_eq!(pace.pause(), Duration::ZERO);
    }
}
