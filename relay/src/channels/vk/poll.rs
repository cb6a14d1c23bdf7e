//! Bots Long Poll (vk.md 12). The place moves on only when everything is on disk.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use shared::model::{PlatformId, Timestamp};

use crate::channels::calls::Failed;
use crate::channels::wire;
use crate::channels::{PollError, Polled};
use crate::clock::{Clock as _, SystemClock};

use super::api::{Api, CallError};
use super::{history, receive};

/// Seconds that VK waits for something to happen.
const WAITS: &str = "25";
/// For a whole call.
const WITHIN: Duration = Duration::from_secs(35);

/// Where to ask, for as long as the key is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    url: String,
    key: String,
}

pub(super) async fn poll(
    api: &Api,
    account: &PlatformId,
    known: &Mutex<Option<Server>>,
    after: Option<&str>,
) -> Result<Polled, PollError> {
    let kept = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let is_new = kept.is_none() || after.is_none();
    let (server, place) = match (kept, after) {
        (Some(server), Some(after)) => (server, after.to_owned()),
        (_, after) => {
            let (server, now) = find_server(api, account).await?;
            *known.lock().unwrap_or_else(PoisonError::into_inner) = Some(server.clone());
            (server, after.map_or(now, str::to_owned))
        }
    };
    let query = [
        ("act", "a_check"),
        ("key", server.key.as_str()),
        ("ts", &place),
        ("wait", WAITS),
    ];
    let answer = api.wait(&server.url, &query, WITHIN).await;
    let answer = answer.map_err(|failed| {
        // It may have moved.
        *known.lock().unwrap_or_else(PoisonError::into_inner) = None;
        later(failed)
    })?;
    match read(&answer, account, SystemClock.now()) {
        Said::Updates(mut polled) => {
            for (_, received) in &mut polled.updates {
                history::complete(api, account, received).await;
            }
            Ok(polled)
        }
        Said::NewKey => {
            *known.lock().unwrap_or_else(PoisonError::into_inner) = None;
            if is_new {
                return Err(useless("VK does not take the key that it has just given"));
            }
            Ok(Polled {
                updates: vec![],
                bookmark: Some(place),
                has_gap: false,
            })
        }
        Said::Lost => {
            let (server, now) = find_server(api, account).await?;
            if now == place {
                return Err(useless("VK does not take the place that it has just given"));
            }
            *known.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
            Ok(Polled {
                updates: vec![],
                bookmark: Some(now),
                has_gap: true,
            })
        }
    }
}

/// What an answer says.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// This happened.
    Updates(Polled),
    /// The key has run out; the place is still good.
    NewKey,
    /// Key and place are gone, and what happened between with them.
    Lost,
}

/// Reads an answer.
pub(super) fn read(answer: &Value, account: &PlatformId, now: Timestamp) -> Said {
    let place = wire::id(answer.get("ts"));
    match answer.get("failed").and_then(Value::as_i64) {
        Some(2) => Said::NewKey,
        Some(1) if place.is_some() => Said::Updates(Polled {
            updates: vec![],
            bookmark: place,
            has_gap: true,
        }),
        Some(_) => Said::Lost,
        None => {
            let updates = answer.get("updates").and_then(Value::as_array);
            let updates = updates.into_iter().flatten();
            Said::Updates(Polled {
                updates: updates
                    .map(|update| receive::update(update, account, now))
                    .collect(),
                bookmark: place,
                has_gap: false,
            })
        }
    }
}

async fn find_server(api: &Api, account: &PlatformId) -> Result<(Server, String), PollError> {
    let asked = [("group_id", account.as_str())];
    let answer = api.call("groups.getLongPollServer", &asked).await;
    let answer = answer.map_err(|error| match error {
        CallError::Failed(failed) => later(failed),
        CallError::No(no) => no.for_poll(),
    })?;
    server_of(&answer).ok_or_else(|| PollError::Later {
        cause: "VK does not say where to ask".to_owned(),
        wait: None,
    })
}

/// Returns where to ask, and the place where events are now.
pub(super) fn server_of(answer: &Value) -> Option<(Server, String)> {
    let server = Server {
        url: wire::address(answer.get("server"))?,
        key: wire::id(answer.get("key"))?,
    };
    Some((server, wire::id(answer.get("ts"))?))
}

/// What VK says helps nobody: asked again after a while, not at once.
fn useless(cause: &str) -> PollError {
    let cause = cause.to_owned();
    PollError::Later { cause, wait: None }
}

fn later(failed: Failed) -> PollError {
    let (Failed::NotSent(cause) | Failed::Unclear(cause)) = failed;
    PollError::Later { cause, wait: None }
}
