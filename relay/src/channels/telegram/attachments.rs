//! What a message carries (telegram.md 4): one line each on the desk, unknown ones by their name.

use serde_json::Value;

use shared::model::{Attachment, AttachmentKind};

use crate::channels::wire;

/// Some kinds come with an older one that says the same.
const SAID_TWICE: [(&str, &str); 3] = [
    ("animation", "document"),
    ("venue", "location"),
    ("live_photo", "photo"),
];
/// Not for a support desk, and shown by their names.
const BY_NAME: [&str; 8] = [
    "story",
    "checklist",
    "game",
    "paid_media",
    "invoice",
    "rich_message",
    "giveaway",
    "gift",
];

pub(super) fn translate(message: &Value) -> Vec<Attachment> {
    let is_there = |name: &str| message.get(name).is_some_and(Value::is_object);
    let mut attachments = vec![];
    if message.get("photo").is_some_and(Value::is_array) && !is_there("live_photo") {
        attachments.push(of(AttachmentKind::Photo, None));
    }
    for (name, translate) in KINDS {
        let said_better = SAID_TWICE
            .iter()
            .any(|(better, older)| *older == name && is_there(better));
        if let Some(value) = message.get(name).filter(|value| value.is_object())
            && !said_better
        {
            attachments.push(translate(value));
        }
    }
    for name in BY_NAME {
        if let Some(value) = message.get(name) {
            let title = wire::line(value.get("title"));
            attachments.push(of(AttachmentKind::Other(name.to_owned()), title));
        }
    }
    attachments
}

/// Something that nobody knows yet.
pub(super) fn unknown(name: &str) -> Attachment {
    let name = wire::line(Some(&name.into())).unwrap_or_default();
    of(AttachmentKind::Other(name), None)
}

type Kind = (&'static str, fn(&Value) -> Attachment);

const KINDS: [Kind; 13] = [
    ("live_photo", |_| of(AttachmentKind::Photo, None)),
    ("document", |value| {
        of(AttachmentKind::Document, file_name(value))
    }),
    ("animation", |value| {
        of(AttachmentKind::Video, file_name(value))
    }),
    ("video", |value| {
        let title = file_name(value).or_else(|| length(value));
        of(AttachmentKind::Video, title)
    }),
    ("video_note", |value| {
        of(AttachmentKind::Video, length(value))
    }),
    ("voice", |value| of(AttachmentKind::Audio, length(value))),
    ("audio", |value| of(AttachmentKind::Audio, song(value))),
    ("sticker", |value| {
        of(AttachmentKind::Sticker, wire::line(value.get("emoji")))
    }),
    ("contact", |value| {
        of(AttachmentKind::Contact, contact(value))
    }),
    ("location", |value| {
        of(AttachmentKind::Location, place(value))
    }),
    ("venue", |value| of(AttachmentKind::Location, venue(value))),
    ("dice", |value| {
        of(AttachmentKind::Other("dice".to_owned()), dice(value))
    }),
    ("poll", |value| {
        let question = wire::line(value.get("question"));
        of(AttachmentKind::Other("poll".to_owned()), question)
    }),
];

fn of(kind: AttachmentKind, title: Option<String>) -> Attachment {
    Attachment {
        kind,
        url: None,
        title,
    }
}

fn file_name(file: &Value) -> Option<String> {
    wire::line(file.get("file_name"))
}

/// How long it plays: `1:05`.
fn length(file: &Value) -> Option<String> {
    let seconds = file.get("duration")?.as_u64()?;
    Some(format!("{}:{:02}", seconds / 60, seconds % 60))
}

fn song(audio: &Value) -> Option<String> {
    let performer = wire::line(audio.get("performer"));
    let title = wire::line(audio.get("title"));
    let both = match (performer, title) {
        (Some(performer), Some(title)) => Some(format!("{performer} - {title}")),
        (one, other) => one.or(other),
    };
    both.or_else(|| file_name(audio)).or_else(|| length(audio))
}

fn contact(contact: &Value) -> Option<String> {
    let parts = ["first_name", "last_name", "phone_number"];
    let parts: Vec<_> = parts
        .iter()
        .filter_map(|part| wire::line(contact.get(part)))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn place(location: &Value) -> Option<String> {
    let latitude = location.get("latitude")?.as_f64()?;
    let longitude = location.get("longitude")?.as_f64()?;
    Some(format!("{latitude:.5}, {longitude:.5}"))
}

fn venue(venue: &Value) -> Option<String> {
    let parts: Vec<_> = ["title", "address"]
        .iter()
        .filter_map(|part| wire::line(venue.get(part)))
        .collect();
    if parts.is_empty() {
        return place(venue.get("location")?);
    }
    Some(parts.join(", "))
}

fn dice(dice: &Value) -> Option<String> {
    let emoji = wire::line(dice.get("emoji"))?;
    let value = dice.get("value")?.as_i64()?;
    Some(format!("{emoji} {value}"))
}
