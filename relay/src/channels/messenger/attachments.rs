//! Attachments of messages (meta.md 5): one line each on the desk, unknown ones by their name.

use serde_json::Value;

use shared::model::{Attachment, AttachmentKind};

use crate::channels::wire;

/// The sticker ids of the thumb that the Like button sends.
const THUMBS: [&str; 3] = ["369239263222822", "369239343222814", "369239383222810"];

/// Translates the attachments of a message. One sticker described twice is one (June to August 2026).
pub(super) fn translate(message: &Value) -> Vec<Attachment> {
    let list = message
        .get("attachments")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let has_sticker = list
        .iter()
        .any(|attachment| type_of(attachment) == "sticker");
    let legacy = wire::id(message.get("sticker_id"));
    let mut attachments = vec![];
    for attachment in list {
        let sticker =
            wire::id(wire::at(attachment, &["payload", "sticker_id"])).or_else(|| legacy.clone());
        let is_sticker_image = type_of(attachment) == "image" && sticker.is_some();
        if is_sticker_image && has_sticker {
            continue;
        }
        attachments.push(if is_sticker_image || type_of(attachment) == "sticker" {
            self::sticker(attachment, sticker.as_deref())
        } else {
            one(attachment)
        });
    }
    attachments
}

fn type_of(attachment: &Value) -> &str {
    attachment
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn sticker(attachment: &Value, id: Option<&str>) -> Attachment {
    let is_thumb = id.is_some_and(|id| THUMBS.contains(&id));
    Attachment {
        kind: AttachmentKind::Sticker,
        url: wire::address(wire::at(attachment, &["payload", "url"])),
        title: is_thumb.then(|| "👍".to_owned()),
        file: None,
    }
}

fn one(attachment: &Value) -> Attachment {
    let payload = attachment.get("payload").unwrap_or(&Value::Null);
    let url = wire::address(payload.get("url")).or_else(|| wire::address(attachment.get("url")));
    let title = wire::line(payload.get("title")).or_else(|| wire::line(attachment.get("title")));
    let (kind, title) = match type_of(attachment) {
        "image" => (AttachmentKind::Photo, title),
        "audio" => (AttachmentKind::Audio, title),
        "video" => (AttachmentKind::Video, title),
        "file" => (
            AttachmentKind::Document,
            title.or_else(|| file_name(url.as_deref())),
        ),
        "fallback" => (AttachmentKind::Link, title),
        "reel" | "ig_reel" | "post" | "ig_post" | "share" => (AttachmentKind::Share, title),
        "location" => (AttachmentKind::Location, coordinates(payload).or(title)),
        "template" => template(payload, title),
        "appointment_booking" => (
            AttachmentKind::Appointment,
            wire::line(payload.get("status")),
        ),
        _ => (other(attachment), title),
    };
    Attachment {
        kind,
        url,
        title,
        file: None,
    }
}

fn other(attachment: &Value) -> AttachmentKind {
    AttachmentKind::Other(
        wire::line(attachment.get("type")).unwrap_or_else(|| "attachment".to_owned()),
    )
}

/// The name stands in the path of the address only, percent-encoded.
fn file_name(url: Option<&str>) -> Option<String> {
    let url = url::Url::parse(url?).ok()?;
    let last = url.path_segments()?.next_back()?;
    let decoded = url::form_urlencoded::parse(last.replace('+', "%2B").as_bytes())
        .next()?
        .0
        .into_owned();
    wire::line(Some(&Value::String(decoded)))
}

fn coordinates(payload: &Value) -> Option<String> {
    let latitude = wire::at(payload, &["coordinates", "lat"])?.as_f64()?;
    let longitude = wire::at(payload, &["coordinates", "long"])?.as_f64()?;
    Some(format!("{latitude:.5}, {longitude:.5}"))
}

fn template(payload: &Value, title: Option<String>) -> (AttachmentKind, Option<String>) {
    match wire::at(payload, &["product", "elements"]).and_then(|elements| elements.get(0)) {
        Some(product) => (
            AttachmentKind::Product,
            wire::line(product.get("title")).or(title),
        ),
        None => (
            AttachmentKind::Template,
            wire::line(payload.get("text")).or(title),
        ),
    }
}
