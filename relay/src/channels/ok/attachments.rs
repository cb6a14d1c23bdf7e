//! What a message carries (ok.md 3): one line each on the desk, unknown ones by their name.

use serde_json::Value;

use shared::model::{Attachment, AttachmentKind};

use crate::channels::wire;

/// Buttons under a message: ours, and no line.
const KEYBOARD: &str = "INLINE_KEYBOARD";
const CARD: &str = "CONTACT";

pub(super) fn translate(message: &Value) -> Vec<Attachment> {
    let shown = list(message)
        .iter()
        .filter(|attachment| kind_of(attachment) != KEYBOARD);
    shown.map(attachment).collect()
}

/// Returns the attachments as they came: a list, or a single one.
pub(super) fn list(message: &Value) -> &[Value] {
    match (message.get("attachments"), message.get("attachment")) {
        (Some(Value::Array(list)), _) => list,
        (Some(single @ Value::Object(_)), _) | (_, Some(single @ Value::Object(_))) => {
            std::slice::from_ref(single)
        }
        (_, Some(Value::Array(list))) => list,
        (_, _) => &[],
    }
}

/// Whether it is somebody's card.
pub(super) fn is_card(attachment: &Value) -> bool {
    kind_of(attachment) == CARD
}

fn kind_of(attachment: &Value) -> String {
    wire::line(attachment.get("type")).unwrap_or_default()
}

fn attachment(attachment: &Value) -> Attachment {
    let payload = attachment.get("payload").unwrap_or(&Value::Null);
    let name = kind_of(attachment);
    let named = || wire::line(payload.get("name"));
    let (kind, title) = match name.as_str() {
        "IMAGE" => (AttachmentKind::Photo, named()),
        "VIDEO" => (AttachmentKind::Video, named()),
        "AUDIO" => (AttachmentKind::Audio, named()),
        "FILE" => (AttachmentKind::Document, named()),
        "STICKER" => (AttachmentKind::Sticker, None),
        "SHARE" => (AttachmentKind::Link, named()),
        CARD => (
            AttachmentKind::Contact,
            wire::joined(payload, &["name", "phone"]),
        ),
        "LOCATION" => (
            AttachmentKind::Location,
            wire::place(payload.get("latitude"), payload.get("longitude")),
        ),
        "CALL" => (AttachmentKind::Other("call".to_owned()), call(payload)),
        "" => (AttachmentKind::Other("attachment".to_owned()), named()),
        _ => (AttachmentKind::Other(name.to_lowercase()), named()),
    };
    let file = kind.is_file().then(|| {
        let (size, seconds) = (payload.get("size"), payload.get("duration"));
        wire::file(None, size, seconds)
    });
    Attachment {
        kind,
        url: wire::address(payload.get("url")),
        title,
        file: file.flatten(),
    }
}

/// What became of a call: `audio, missed`.
fn call(payload: &Value) -> Option<String> {
    let parts = ["type", "hangupType"]
        .iter()
        .filter_map(|part| wire::line(payload.get(part)));
    let parts: Vec<_> = parts.map(|part| part.to_lowercase()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
