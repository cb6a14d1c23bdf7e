//! A verified body to inbound events: the envelope (meta.md 3). Several Pages may be in one body; which channel each belongs
//! to is not decided here.

use serde_json::{Map, Value};

use shared::model::Timestamp;

use crate::channels::{Answer, Received};

use super::events::{Event, translate_event};
use super::wire;

/// What Meta is answered; it looks at the status only.
const ANSWER: &str = "EVENT_RECEIVED";

/// Translates a body. Never fails: what is not understood is said, and kept raw by the caller.
pub(super) fn translate(body: &[u8], received_at: Timestamp, app_id: Option<&str>) -> Received {
    let mut received = Received {
        answer: Answer {
            body: ANSWER.to_owned(),
        },
        inbound: vec![],
        unread: vec![],
        ignored: vec![],
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(root)) => take_root(&root, received_at, app_id, &mut received),
        Ok(Value::Array(entries)) => take_entries(&entries, received_at, app_id, &mut received),
        Ok(_) => received.unread.push("the body is no object".to_owned()),
        Err(_) => received.unread.push("the body is not JSON".to_owned()),
    }
    received
}

fn take_root(
    root: &Map<String, Value>,
    received_at: Timestamp,
    app_id: Option<&str>,
    received: &mut Received,
) {
    match root.get("object").and_then(Value::as_str) {
        Some("page") => {}
        Some("permissions" | "user" | "application") => {
            received
                .ignored
                .push("an object that is no chat".to_owned());
            return;
        }
        Some(_) | None => {
            received.unread.push("the object is not a page".to_owned());
            return;
        }
    }
    match root.get("entry") {
        Some(Value::Array(entries)) => take_entries(entries, received_at, app_id, received),
        Some(_) | None => received
            .unread
            .push("there is no list of entries".to_owned()),
    }
}

fn take_entries(
    entries: &[Value],
    received_at: Timestamp,
    app_id: Option<&str>,
    received: &mut Received,
) {
    for entry in entries {
        match entry.as_object() {
            Some(entry) => take_entry(entry, received_at, app_id, received),
            None => received.unread.push("an entry is no object".to_owned()),
        }
    }
}

fn take_entry(
    entry: &Map<String, Value>,
    received_at: Timestamp,
    app_id: Option<&str>,
    received: &mut Received,
) {
    let Some(account) = wire::platform_id(entry.get("id")) else {
        received.unread.push("an entry has no id".to_owned());
        return;
    };
    let entry_time = wire::time(entry.get("time"));
    for (name, standby) in [("messaging", false), ("standby", true)] {
        match entry.get(name) {
            Some(Value::Array(_)) | None => {}
            Some(_) => received.unread.push(format!("{name} is no list")),
        }
        for event in wire::list(entry, name) {
            let at = wire::time(event.get("timestamp"))
                .or(entry_time)
                .unwrap_or(received_at);
            translate_event(
                &Event {
                    account: &account,
                    value: event,
                    at,
                    standby,
                    app_id,
                },
                received,
            );
        }
    }
    for change in wire::list(entry, "changes") {
        let field = wire::line(change.get("field")).unwrap_or_else(|| "unnamed".to_owned());
        received.ignored.push(format!("change of {field}"));
    }
    if entry.contains_key("changed_fields") {
        // Include-values is switched off at Meta: nothing usable comes.
        received
            .unread
            .push("only names of fields came: switch on \"include values\" at Meta".to_owned());
    }
}
