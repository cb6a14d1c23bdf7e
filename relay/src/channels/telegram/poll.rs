//! Asking for updates (telegram.md 2.4). What lies below the offset is gone there: it moves only when everything is on disk.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use shared::model::{PlatformId, Timestamp};

use crate::channels::calls::Failed;
use crate::channels::{PollError, Polled};
use crate::clock::{Clock as _, SystemClock};

use super::api::{Api, CallError};
use super::link::UPDATES;
use super::receive;

/// Seconds that Telegram waits for something to happen.
const WAITS: u64 = 25;
/// For a whole call.
const WITHIN: Duration = Duration::from_secs(WAITS + 10);
/// Updates of one answer.
const AT_MOST: u32 = 100;

pub(super) async fn poll(
    api: &Api,
    account: &PlatformId,
    after: Option<&str>,
) -> Result<Polled, PollError> {
    let mut body = json!({ "timeout": WAITS, "limit": AT_MOST, "allowed_updates": UPDATES });
    if let Some(offset) = after.and_then(|after| after.parse::<i64>().ok()) {
        body["offset"] = offset.into();
    }
    let updates = api.call_within(WITHIN, "getUpdates", &body).await;
    let updates = updates.map_err(|error| match error {
        CallError::Failed(Failed::NotSent(cause) | Failed::Unclear(cause)) => {
            PollError::Later { cause, wait: None }
        }
        CallError::No(no) => no.for_poll(),
    })?;
    Ok(polled(&updates, account, SystemClock.now()))
}

/// Translates an answer.
pub(super) fn polled(answer: &Value, account: &PlatformId, now: Timestamp) -> Polled {
    let updates = answer.as_array().map_or(&[][..], Vec::as_slice);
    let last = updates
        .iter()
        .filter_map(|update| update.get("update_id")?.as_i64())
        .max();
    Polled {
        updates: updates
            .iter()
            .map(|update| {
                let received = receive::take(update, account, now);
                (Bytes::from(update.to_string()), received)
            })
            .collect(),
        bookmark: last.map(|last| last.saturating_add(1).to_string()),
        has_gap: false,
    }
}
