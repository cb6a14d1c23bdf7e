//! A verified body to inbound events: the envelope (whatsapp.md 2). Several numbers may be in one body; which channel each
//! belongs to is not decided here.

use serde_json::{Map, Value};

use shared::model::{PlatformId, Timestamp};

use crate::channels::wire;
use crate::channels::{Answer, Happening, Inbound, Received};

use super::errors;
use super::messages;
use super::people::{People, Person};
use super::statuses;

/// What Meta is answered; it looks at the status only.
const ANSWER: &str = "EVENT_RECEIVED";
/// What is subscribed to, and what an application in the company's own phone writes.
const FIELDS: [&str; 2] = ["messages", "smb_message_echoes"];
/// What a change of these may hold.
const LISTS: [&str; 4] = ["messages", "message_echoes", "statuses", "errors"];

/// Translates a body. Never fails: what is not understood is said, and kept raw by the caller.
pub(super) fn translate(body: &[u8], received_at: Timestamp) -> Received {
    let mut received = Received {
        answer: Answer {
            body: ANSWER.to_owned(),
        },
        inbound: vec![],
        unread: vec![],
        ignored: vec![],
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(root)) => take_root(&root, received_at, &mut received),
        Ok(_) => received.note_unread("the body is no object"),
        Err(_) => received.note_unread("the body is not JSON"),
    }
    received
}

fn take_root(root: &Map<String, Value>, received_at: Timestamp, received: &mut Received) {
    if root.get("object").and_then(Value::as_str) != Some("whatsapp_business_account") {
        received.note_unread("the object is not a WhatsApp account");
        return;
    }
    let entries = wire::list(root, "entry");
    if entries.is_empty() {
        received.note_unread("there is no list of entries");
    }
    for entry in entries {
        let changes = entry.get("changes").and_then(Value::as_array);
        match changes.filter(|changes| !changes.is_empty()) {
            Some(changes) => changes
                .iter()
                .for_each(|change| take_change(change, received_at, received)),
            None => received.note_unread("an entry has no list of changes"),
        }
    }
}

fn take_change(change: &Value, received_at: Timestamp, received: &mut Received) {
    let Some(field) = wire::line(change.get("field")) else {
        received.note_unread("a change has no field");
        return;
    };
    if !FIELDS.contains(&field.as_str()) {
        received.note_ignored(format!("change of {field}"));
        return;
    }
    let Some(value) = change.get("value").and_then(Value::as_object) else {
        received.note_unread("a change has no value");
        return;
    };
    let account = value
        .get("metadata")
        .and_then(|metadata| wire::platform_id(metadata.get("phone_number_id")));
    let Some(account) = account else {
        received.note_unread("a change does not say which number it is about");
        return;
    };
    let change = Change {
        account,
        people: People::of(wire::list(value, "contacts")),
        value,
        received_at,
    };
    for name in LISTS {
        if value.get(name).is_some_and(|list| !list.is_array()) {
            received.note_unread(format!("{name} is no list"));
        }
    }
    if LISTS.iter().all(|name| wire::list(value, name).is_empty()) {
        received.note_unread("a change with nothing in it");
    }
    change.take(received);
}

/// What one number was told at once.
struct Change<'a> {
    account: PlatformId,
    people: People<'a>,
    value: &'a Map<String, Value>,
    received_at: Timestamp,
}

impl Change<'_> {
    fn take(&self, received: &mut Received) {
        for message in wire::list(self.value, "messages") {
            self.message(message, received);
        }
        for message in wire::list(self.value, "message_echoes") {
            self.echo(message, received);
        }
        for status in wire::list(self.value, "statuses") {
            self.status(status, received);
        }
        let errors = wire::list(self.value, "errors");
        let is_alone = LISTS[..3]
            .iter()
            .all(|name| wire::list(self.value, name).is_empty());
        for error in errors {
            self.error(error, is_alone, received);
        }
    }

    fn message(&self, message: &Value, received: &mut Received) {
        if message.get("group_id").is_some() {
            received.note_ignored("a message in a group");
            return;
        }
        let named = self
            .people
            .person(message.get("from"), message.get("from_user_id"));
        let Some(person) = self.visitor(named) else {
            received.note_unread("a message of nobody");
            return;
        };
        let at = self.time_of(message);
        let Some((key, what)) = messages::translate(message, at) else {
            received.note_unread("a message is not understood");
            return;
        };
        let moved = messages::new_number(message).filter(|number| number != &person.visitor);
        for name in person.other.iter().chain(&moved).cloned() {
            let key = format!("also:{}:{name}", person.visitor);
            received
                .inbound
                .push(self.inbound(&person, key, at, Happening::AlsoCalled(name)));
        }
        received.inbound.push(self.inbound(&person, key, at, what));
        if let Some(profile) = &person.profile {
            let key = person.profile_key(at);
            let what = Happening::Profile(profile.clone());
            received.inbound.push(self.inbound(&person, key, at, what));
        }
    }

    /// The company wrote on its own phone.
    fn echo(&self, message: &Value, received: &mut Received) {
        let named = self
            .people
            .person(message.get("to"), message.get("to_user_id"));
        let Some(person) = self.visitor(named) else {
            received.note_unread("a message to nobody");
            return;
        };
        match messages::echo(message) {
            Some((key, what)) => {
                let at = self.time_of(message);
                received.inbound.push(self.inbound(&person, key, at, what));
            }
            None => received.note_unread("a message from the company's phone is not understood"),
        }
    }

    fn status(&self, status: &Value, received: &mut Received) {
        let named = self
            .people
            .person(status.get("recipient_id"), status.get("recipient_user_id"));
        let Some(person) = self.visitor(named) else {
            received.note_unread("a status about nobody");
            return;
        };
        let at = self.time_of(status);
        match statuses::translate(status) {
            Some(told) if told.is_empty() => {
                received.note_ignored("sent by another application");
            }
            Some(told) => {
                let told = told.into_iter();
                let inbound = told.map(|(key, what)| self.inbound(&person, key, at, what));
                received.inbound.extend(inbound);
            }
            None => received.note_unread("a status is not understood"),
        }
    }

    /// An error that stands alone is about the account; beside a message it is about that.
    fn error(&self, error: &Value, is_alone: bool, received: &mut Received) {
        let Some(error) = errors::told(error) else {
            received.note_unread("an error is not understood");
            return;
        };
        if !is_alone {
            received.note_unread(format!("with error {}: {}", error.code, error.words));
            return;
        }
        received.inbound.push(Inbound {
            account: self.account.clone(),
            visitor: PlatformId(String::new()),
            key: format!("alarm:{}:{}", error.code, self.received_at.0),
            at: self.received_at,
            what: Happening::Alarm {
                text: format!("WhatsApp reports error {}: {}", error.code, error.words),
            },
        });
    }

    fn visitor(&self, person: Option<Person>) -> Option<Person> {
        person.filter(|person| person.visitor != self.account)
    }

    fn time_of(&self, value: &Value) -> Timestamp {
        wire::time(value.get("timestamp")).unwrap_or(self.received_at)
    }

    fn inbound(&self, person: &Person, key: String, at: Timestamp, what: Happening) -> Inbound {
        Inbound {
            account: self.account.clone(),
            visitor: person.visitor.clone(),
            key,
            at,
            what,
        }
    }
}
