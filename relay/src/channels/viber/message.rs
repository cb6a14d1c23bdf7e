//! What a message says and carries (viber.md 3).

use serde_json::Value;

use shared::model::{Attachment, AttachmentKind, PlatformId};

use crate::channels::wire;
use crate::channels::{Happening, Profile};

/// Returns the key under which a message comes in.
pub(super) fn key(platform_id: &PlatformId) -> String {
    format!("msg:{platform_id}")
}

/// Translates a message.
pub(super) fn translate(message: &Value, platform_id: PlatformId) -> Happening {
    let text = wire::message_text(message.get("text")).unwrap_or_default();
    Happening::Message {
        attachments: attachment(message, text.is_empty()).into_iter().collect(),
        text: shared_number(message).unwrap_or(text),
        platform_id,
        quotes: None,
        entry: None,
        standby: false,
    }
}

/// Returns the number of a contact as if it had been written: it answers what was asked for.
fn shared_number(message: &Value) -> Option<String> {
    wire::phone(wire::at(message, &["contact", "phone_number"]))
}

fn attachment(message: &Value, is_silent: bool) -> Option<Attachment> {
    let media = wire::address(message.get("media"));
    let name = || wire::line(message.get("file_name"));
    let kind = wire::line(message.get("type")).unwrap_or_default();
    let (kind, title) = match kind.as_str() {
        "text" if !is_silent => return None,
        "picture" => (AttachmentKind::Photo, name()),
        "video" => (AttachmentKind::Video, name()),
        "file" => (AttachmentKind::Document, name()),
        "sticker" => (AttachmentKind::Sticker, None),
        "contact" => (AttachmentKind::Contact, contact(message)),
        "location" => (AttachmentKind::Location, place(message)),
        "url" => (AttachmentKind::Link, None),
        "" => (AttachmentKind::Other("message".to_owned()), None),
        _ => (AttachmentKind::Other(kind), None),
    };
    Some(Attachment {
        kind,
        url: media,
        title,
        file: wire::file(None, message.get("size"), message.get("duration")),
    })
}

fn contact(message: &Value) -> Option<String> {
    wire::joined(message.get("contact")?, &["name", "phone_number"])
}

fn place(message: &Value) -> Option<String> {
    let location = message.get("location")?;
    let place = wire::place(location.get("lat"), location.get("lon"))?;
    Some(wire::line(location.get("address")).unwrap_or(place))
}

/// Returns what is told of a person.
pub(super) fn profile_of(user: Option<&Value>) -> Option<Profile> {
    let user = user?;
    let profile = Profile {
        name: wire::line(user.get("name")),
        first_name: None,
        photo_url: wire::address(user.get("avatar")),
    };
    (profile != Profile::default()).then_some(profile)
}
