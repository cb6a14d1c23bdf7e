//! What a message says and carries (whatsapp.md 2, "message types"): of the visitor, and of the company's own phone.

use serde_json::Value;

use shared::model::{
    Attachment, AttachmentKind, EntryPoint, Notice, NoticeKind, PlatformId, Timestamp,
};

use crate::channels::{Happening, Quote, wire};

/// Returns the key under which a message comes in.
pub(super) fn key(platform_id: &PlatformId) -> String {
    format!("msg:{platform_id}")
}

/// Translates what a visitor sent; none: it cannot be told what it is about.
pub(super) fn translate(message: &Value, at: Timestamp) -> Option<(String, Happening)> {
    let platform_id = wire::platform_id(message.get("id"))?;
    let told = match kind_of(message) {
        "reaction" => {
            let what = reaction(message.get("reaction")?)?;
            (format!("react:{platform_id}"), what)
        }
        "edit" => {
            let what = edit(message.get("edit")?, at)?;
            (format!("edit:{platform_id}"), what)
        }
        "revoke" => {
            let of = wire::at(message, &["revoke", "original_message_id"]);
            let platform_id = wire::platform_id(of)?;
            (
                format!("del:{platform_id}"),
                Happening::Delete { platform_id },
            )
        }
        "system" => {
            let words = wire::line(wire::at(message, &["system", "body"]))
                .or_else(|| wire::line(wire::at(message, &["system", "type"])))
                .unwrap_or_else(|| "[system]".to_owned());
            (format!("system:{platform_id}"), remark(words))
        }
        "request_welcome" => {
            let what = remark("opened the chat".to_owned());
            (format!("welcome:{platform_id}"), what)
        }
        _ => (key(&platform_id), written(message, platform_id)),
    };
    Some(told)
}

/// Translates what the company wrote on its own phone.
pub(super) fn echo(message: &Value) -> Option<(String, Happening)> {
    let platform_id = wire::platform_id(message.get("id"))?;
    let (text, attachments) = said(message);
    let what = Happening::Echo {
        platform_id: platform_id.clone(),
        text,
        attachments,
        application: None,
        delivery: None,
    };
    Some((key(&platform_id), what))
}

/// Returns the number that a person has from now on, where they tell that it changed.
pub(super) fn new_number(message: &Value) -> Option<PlatformId> {
    wire::platform_id(wire::at(message, &["system", "wa_id"]))
}

fn kind_of(message: &Value) -> &str {
    let kind = message.get("type").and_then(Value::as_str);
    kind.unwrap_or_default()
}

fn written(message: &Value, platform_id: PlatformId) -> Happening {
    let (text, attachments) = said(message);
    Happening::Message {
        platform_id,
        text,
        attachments,
        quotes: wire::platform_id(wire::at(message, &["context", "id"])).map(Quote::Message),
        entry: message.get("referral").and_then(entry_point),
        standby: false,
    }
}

/// An emoji that is empty or missing was taken away.
fn reaction(reaction: &Value) -> Option<Happening> {
    Some(Happening::Reaction {
        platform_id: wire::platform_id(reaction.get("message_id"))?,
        emoji: wire::line(reaction.get("emoji")),
    })
}

/// Edits have no number: the seconds of their time rise with each.
fn edit(edit: &Value, at: Timestamp) -> Option<Happening> {
    let (text, attachments) = said(edit.get("message")?);
    let kind = attachments.first().map(|attachment| &attachment.kind);
    let text = match (text.is_empty(), kind) {
        (true, Some(_)) => format!("[{}]", kind_name(edit)),
        (true, None) | (false, _) => text,
    };
    Some(Happening::Edit {
        platform_id: wire::platform_id(edit.get("original_message_id"))?,
        text,
        edit: u32::try_from(at.0.max(0) / 1000).unwrap_or(u32::MAX),
    })
}

fn kind_name(edit: &Value) -> String {
    wire::line(wire::at(edit, &["message", "type"])).unwrap_or_else(|| "message".to_owned())
}

fn remark(text: String) -> Happening {
    let kind = NoticeKind::Other;
    Happening::Remark {
        notice: Notice { kind, text },
    }
}

/// Text and attachments; what has neither is shown by its kind.
fn said(message: &Value) -> (String, Vec<Attachment>) {
    let kind = kind_of(message);
    let body = message.get(kind).unwrap_or(&Value::Null);
    let mut text = wire::message_text(body.get("caption")).unwrap_or_default();
    let mut attachments = match kind {
        "image" => vec![media(AttachmentKind::Photo, body)],
        "video" => vec![media(AttachmentKind::Video, body)],
        "audio" => vec![media(AttachmentKind::Audio, body)],
        "sticker" => vec![media(AttachmentKind::Sticker, body)],
        "document" => vec![media(AttachmentKind::Document, body)],
        "location" => vec![location(body)],
        "contacts" => contacts(body),
        "order" => vec![order(body)],
        "unsupported" => wire::line(body.get("type"))
            .map(|kind| Attachment::of(AttachmentKind::Other(kind)))
            .into_iter()
            .collect(),
        _ => vec![],
    };
    let words = match kind {
        "text" => wire::message_text(body.get("body")),
        "button" | "order" => wire::message_text(body.get("text")),
        "interactive" => chosen(body),
        _ => None,
    };
    text = words.unwrap_or(text);
    if text.is_empty() && attachments.is_empty() {
        let kind = wire::line(message.get("type")).unwrap_or_else(|| "message".to_owned());
        attachments.push(Attachment::of(AttachmentKind::Other(kind)));
    }
    (text, attachments)
}

/// A file, by its id: the address beside it opens with our token only, and for minutes (whatsapp.md 3).
fn media(kind: AttachmentKind, body: &Value) -> Attachment {
    Attachment {
        title: wire::line(body.get("filename")),
        file: wire::file(wire::id(body.get("id")), body.get("file_size"), None),
        ..Attachment::of(kind)
    }
}

fn titled(kind: AttachmentKind, title: Option<String>) -> Attachment {
    Attachment {
        title,
        ..Attachment::of(kind)
    }
}

fn location(place: &Value) -> Attachment {
    let parts = ["name", "address"];
    let parts: Vec<_> = parts
        .iter()
        .filter_map(|part| wire::line(place.get(part)))
        .collect();
    let coordinates = || {
        let latitude = place.get("latitude")?.as_f64()?;
        let longitude = place.get("longitude")?.as_f64()?;
        Some(format!("{latitude:.5}, {longitude:.5}"))
    };
    let title = if parts.is_empty() {
        coordinates()
    } else {
        Some(parts.join(", "))
    };
    Attachment {
        url: wire::address(place.get("url")),
        ..titled(AttachmentKind::Location, title)
    }
}

fn contacts(cards: &Value) -> Vec<Attachment> {
    let cards = cards.as_array().map_or(&[][..], Vec::as_slice);
    let one = |card: &Value| {
        let name = wire::line(wire::at(card, &["name", "formatted_name"]));
        let phones = card.get("phones").and_then(Value::as_array);
        let phones = phones.into_iter().flatten();
        let phones = phones.filter_map(|phone| wire::line(phone.get("phone")));
        let parts: Vec<_> = name.into_iter().chain(phones).collect();
        let title = (!parts.is_empty()).then(|| parts.join(" "));
        titled(AttachmentKind::Contact, title)
    };
    cards.iter().take(20).map(one).collect()
}

fn order(order: &Value) -> Attachment {
    let items = order.get("product_items").and_then(Value::as_array);
    let items: Vec<_> = items
        .into_iter()
        .flatten()
        .take(20)
        .filter_map(|item| {
            let name = wire::line(item.get("product_retailer_id"))?;
            let quantity = wire::line(item.get("quantity")).unwrap_or_else(|| "1".to_owned());
            Some(format!("{quantity} × {name}"))
        })
        .collect();
    let title = (!items.is_empty()).then(|| items.join(", "));
    titled(AttachmentKind::Other("order".to_owned()), title)
}

/// What was chosen of a list or of buttons, as the visitor saw it; or what a form says of itself.
fn chosen(interactive: &Value) -> Option<String> {
    let reply = ["button_reply", "list_reply"]
        .iter()
        .find_map(|name| interactive.get(name));
    if let Some(reply) = reply {
        let lines = ["title", "description"];
        let lines = lines.iter().filter_map(|name| wire::line(reply.get(name)));
        let lines: Vec<_> = lines.collect();
        return (!lines.is_empty()).then(|| lines.join("\n"));
    }
    let form = interactive.get("nfm_reply")?;
    let lines = ["body", "response_json"];
    let lines = lines.iter().filter_map(|name| wire::line(form.get(name)));
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn entry_point(referral: &Value) -> Option<EntryPoint> {
    let entry = EntryPoint {
        source: wire::line(referral.get("source_type")),
        reference: wire::line(referral.get("source_id")),
        title: wire::line(referral.get("headline")),
    };
    (entry != EntryPoint::default()).then_some(entry)
}
