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
    if let Some(sizes) = message.get("photo").and_then(Value::as_array)
        && !is_there("live_photo")
    {
        // The largest stands last.
        let largest = sizes.last().unwrap_or(&Value::Null);
        attachments.push(file(AttachmentKind::Photo, None, largest));
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
    ("live_photo", |value| {
        file(AttachmentKind::Photo, None, value)
    }),
    ("document", |value| {
        file(AttachmentKind::Document, file_name(value), value)
    }),
    ("animation", |value| {
        file(AttachmentKind::Video, file_name(value), value)
    }),
    ("video", |value| {
        file(AttachmentKind::Video, file_name(value), value)
    }),
    ("video_note", |value| {
        file(AttachmentKind::Video, None, value)
    }),
    ("voice", |value| file(AttachmentKind::Audio, None, value)),
    ("audio", |value| {
        file(AttachmentKind::Audio, song(value), value)
    }),
    ("sticker", |value| {
        let emoji = wire::line(value.get("emoji"));
        file(AttachmentKind::Sticker, emoji, value)
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
        title,
        ..Attachment::of(kind)
    }
}

/// Something that can be fetched by its `file_id`.
fn file(kind: AttachmentKind, title: Option<String>, file: &Value) -> Attachment {
    let handle = wire::id(file.get("file_id"));
    Attachment {
        title,
        file: wire::file(handle, file.get("file_size"), file.get("duration")),
        ..Attachment::of(kind)
    }
}

fn file_name(file: &Value) -> Option<String> {
    wire::line(file.get("file_name"))
}

fn song(audio: &Value) -> Option<String> {
    let performer = wire::line(audio.get("performer"));
    let title = wire::line(audio.get("title"));
    let both = match (performer, title) {
        (Some(performer), Some(title)) => Some(format!("{performer} - {title}")),
        (one, other) => one.or(other),
    };
    both.or_else(|| file_name(audio))
}

fn contact(contact: &Value) -> Option<String> {
    wire::joined(contact, &["first_name", "last_name", "phone_number"])
}

fn place(location: &Value) -> Option<String> {
    wire::place(location.get("latitude"), location.get("longitude"))
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
