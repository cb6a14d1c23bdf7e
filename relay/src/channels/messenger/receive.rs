//! A verified body to inbound events: the envelope (meta.md 3). Several Pages may be in one body; which channel each belongs
//! to is not decided here.

use serde_json::{Map, Value};

use shared::model::Timestamp;

use crate::channels::{Answer, Received};

use super::events::{Event, translate_event};
use crate::channels::wire;

/// What Meta is answered; it looks at the status only.
const ANSWER: &str = "EVENT_RECEIVED";
/// What an entry may hold.
const LISTS: [&str; 3] = ["messaging", "standby", "changes"];
/// What it holds when Meta sends no values.
const NAMES_ONLY: &str = "changed_fields";
/// What makes an entry one that is understood.
const KNOWN: [&str; 4] = ["messaging", "standby", "changes", NAMES_ONLY];

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
        Ok(_) => received.note_unread("the body is no object"),
        Err(_) => received.note_unread("the body is not JSON"),
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
            received.note_ignored("an object that is no chat");
            return;
        }
        Some(_) | None => {
            received.note_unread("the object is not a page");
            return;
        }
    }
    match root.get("entry") {
        Some(Value::Array(entries)) => take_entries(entries, received_at, app_id, received),
        Some(_) | None => received.note_unread("there is no list of entries"),
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
            None => received.note_unread("an entry is no object"),
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
        received.note_unread("an entry has no id");
        return;
    };
    let is_bare = entry
        .keys()
        .all(|name| matches!(name.as_str(), "id" | "time"));
    if !is_bare && !entry.keys().any(|name| KNOWN.contains(&name.as_str())) {
        received.note_unread("an entry of no known kind");
    }
    for name in LISTS {
        if entry.get(name).is_some_and(|value| !value.is_array()) {
            received.note_unread(format!("{name} is no list"));
        }
    }
    let entry_time = wire::time(entry.get("time"));
    for (name, standby) in [("messaging", false), ("standby", true)] {
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
        received.note_ignored(format!("change of {field}"));
    }
    if entry.contains_key(NAMES_ONLY) {
        // Include-values is switched off at Meta: nothing usable comes.
        received.note_unread("only names of fields came: switch on \"include values\" at Meta");
    }
}
