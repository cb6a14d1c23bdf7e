//! What a message carries (vk.md 5.1): one line each on the desk, unknown ones by their name.

use serde_json::Value;

use shared::model::{Attachment, AttachmentKind};

use crate::channels::wire;

use super::message;

/// Letters of sizes, the largest last: old photos tell no numbers.
const LETTERS: [&str; 6] = ["s", "m", "x", "y", "z", "w"];
/// Messages passed on within messages passed on: no deeper.
const DEEPEST: usize = 3;

pub(super) fn translate(message: &Value) -> Vec<Attachment> {
    let mut attachments = of(message);
    attachments.extend(message.get("geo").filter(|geo| geo.is_object()).map(place));
    passed_on(message, DEEPEST, &mut attachments);
    if let Some(action) = wire::line(wire::at(message, &["action", "type"])) {
        attachments.push(Attachment::of(AttachmentKind::Other(action)));
    }
    attachments
}

fn of(message: &Value) -> Vec<Attachment> {
    let list = message.get("attachments").and_then(Value::as_array);
    list.into_iter().flatten().map(one).collect()
}

/// Messages of others that came along: who wrote, what, and what was with it.
fn passed_on(message: &Value, deep: usize, attachments: &mut Vec<Attachment>) {
    let list = message.get("fwd_messages").and_then(Value::as_array);
    for passed in list.into_iter().flatten().take(20) {
        let text = message::text_of(passed);
        let title = wire::line(Some(&text.into())).unwrap_or_default();
        attachments.push(Attachment {
            title: Some(format!("↪ {title}").trim_end().to_owned()),
            ..Attachment::of(AttachmentKind::Share)
        });
        attachments.extend(of(passed));
        if deep > 0 {
            passed_on(passed, deep - 1, attachments);
        }
    }
}

fn one(attachment: &Value) -> Attachment {
    let kind = wire::line(attachment.get("type")).unwrap_or_else(|| "attachment".to_owned());
    let value = attachment.get(&kind).unwrap_or(&Value::Null);
    let title = || wire::line(value.get("title"));
    match kind.as_str() {
        "photo" => Attachment {
            url: photo(value),
            ..Attachment::of(AttachmentKind::Photo)
        },
        "doc" => Attachment {
            url: wire::address(value.get("url")),
            title: title(),
            file: wire::file(None, value.get("size"), None),
            ..Attachment::of(AttachmentKind::Document)
        },
        "audio_message" => Attachment {
            url: wire::address(value.get("link_mp3"))
                .or_else(|| wire::address(value.get("link_ogg"))),
            title: wire::line(value.get("transcript")),
            file: wire::file(None, None, value.get("duration")),
            ..Attachment::of(AttachmentKind::Audio)
        },
        "sticker" => Attachment {
            url: largest(value.get("images")),
            ..Attachment::of(AttachmentKind::Sticker)
        },
        "graffiti" => Attachment {
            url: wire::address(value.get("url")),
            ..Attachment::of(AttachmentKind::Photo)
        },
        // There is no file of a video: a page shows it.
        "video" => page(value, "video", &["owner_id", "id"], title()),
        "wall" => page(
            value,
            "wall",
            &["to_id", "id"],
            wire::line(value.get("text")),
        ),
        "wall_reply" => page(
            value,
            "wall",
            &["owner_id", "post_id"],
            wire::line(value.get("text")),
        ),
        "link" => Attachment {
            url: wire::address(value.get("url")),
            title: title(),
            ..Attachment::of(AttachmentKind::Link)
        },
        "market" => Attachment {
            title: product(value),
            ..Attachment::of(AttachmentKind::Product)
        },
        "audio" => Attachment {
            title: song(value),
            ..Attachment::of(AttachmentKind::Other("audio".to_owned()))
        },
        _ => Attachment {
            title: title(),
            ..Attachment::of(AttachmentKind::Other(kind))
        },
    }
}

fn photo(photo: &Value) -> Option<String> {
    wire::address(wire::at(photo, &["orig_photo", "url"])).or_else(|| largest(photo.get("sizes")))
}

/// Returns the address of the largest of some pictures.
fn largest(sizes: Option<&Value>) -> Option<String> {
    let area = |size: &Value| {
        let side = |name| size.get(name).and_then(Value::as_u64).unwrap_or(0);
        side("width").saturating_mul(side("height"))
    };
    let letter = |size: &Value| {
        let letter = size.get("type").and_then(Value::as_str).unwrap_or_default();
        LETTERS.iter().position(|known| *known == letter)
    };
    let largest = sizes?
        .as_array()?
        .iter()
        .max_by_key(|size| (area(size), letter(size)))?;
    wire::address(largest.get("url"))
}

/// Something that a page of VK shows.
fn page(value: &Value, kind: &str, ids: &[&str; 2], title: Option<String>) -> Attachment {
    let [owner, id] = ids.map(|id| message::whole(value.get(id)));
    let owner = owner.or_else(|| message::whole(value.get("owner_id")));
    Attachment {
        url: owner
            .zip(id)
            .map(|(owner, id)| format!("https://vk.com/{kind}{owner}_{id}")),
        title,
        ..Attachment::of(AttachmentKind::Share)
    }
}

fn product(market: &Value) -> Option<String> {
    let title = wire::line(market.get("title"));
    let price = wire::line(wire::at(market, &["price", "text"]));
    match (title, price) {
        (Some(title), Some(price)) => Some(format!("{title}, {price}")),
        (one, other) => one.or(other),
    }
}

fn song(audio: &Value) -> Option<String> {
    let artist = wire::line(audio.get("artist"));
    let title = wire::line(audio.get("title"));
    match (artist, title) {
        (Some(artist), Some(title)) => Some(format!("{artist} - {title}")),
        (one, other) => one.or(other),
    }
}

fn place(geo: &Value) -> Attachment {
    let side = |name| wire::at(geo, &["coordinates", name]).and_then(Value::as_f64);
    let point = side("latitude").zip(side("longitude"));
    let named = wire::line(wire::at(geo, &["place", "title"]));
    Attachment {
        title: named.or_else(|| {
            point.map(|(latitude, longitude)| format!("{latitude:.5}, {longitude:.5}"))
        }),
        ..Attachment::of(AttachmentKind::Location)
    }
}
