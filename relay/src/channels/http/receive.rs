//! A verified body to inbound events: one event, or `{"events": […]}` with several.

use serde_json::Value;

use shared::model::{PlatformId, Timestamp};

use crate::channels::{Answer, Received};

use super::events;

/// Translates a body. Never fails: what is not understood is said, and kept raw by the caller.
pub(super) fn translate(body: &[u8], account: &PlatformId, received_at: Timestamp) -> Received {
    let mut received = Received {
        answer: Answer {
            body: "OK".to_owned(),
        },
        inbound: vec![],
        unread: vec![],
        ignored: vec![],
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(body @ Value::Object(_)) => match body.get("events") {
            Some(Value::Array(list)) if list.is_empty() => received.note_ignored("no events"),
            Some(Value::Array(list)) => {
                for event in list {
                    events::take(event, account, received_at, &mut received);
                }
            }
            Some(_) => received.note_unread("events is no list"),
            None => events::take(&body, account, received_at, &mut received),
        },
        Ok(_) => received.note_unread("the body is no object"),
        Err(_) => received.note_unread("the body is not JSON"),
    }
    received
}
