//! What a message says (telegram.md 4): its name, its text, what it answers, how its writer came.

use serde_json::Value;

use shared::model::{Attachment, AttachmentKind, EntryPoint, PlatformId};
use shared::text;

use crate::channels::wire;
use crate::channels::{Happening, Profile, Quote};

use super::attachments;

/// Beside what a message is.
const ENVELOPE: [&str; 38] = [
    "message_id",
    "from",
    "chat",
    "date",
    "edit_date",
    "text",
    "entities",
    "caption",
    "caption_entities",
    "reply_to_message",
    "quote",
    "external_reply",
    "reply_to_story",
    "forward_origin",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_signature",
    "forward_sender_name",
    "forward_date",
    "is_automatic_forward",
    "via_bot",
    "has_media_spoiler",
    "show_caption_above_media",
    "has_protected_content",
    "effect_id",
    "link_preview_options",
    "is_from_offline",
    "is_topic_message",
    "message_thread_id",
    "paid_star_count",
    "author_signature",
    "reply_markup",
    "media_group_id",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "business_connection_id",
];
/// A message that is only this is about the chat itself: no line.
const SERVICE: [&str; 30] = [
    "new_chat_members",
    "new_chat_member",
    "new_chat_participant",
    "left_chat_member",
    "left_chat_participant",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
    "write_access_allowed",
    "connected_website",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "video_chat_scheduled",
    "video_chat_started",
    "video_chat_ended",
    "video_chat_participants_invited",
];
/// What begins a talk, with what the link to the bot carried.
const START: &str = "/start ";
/// Links that hide behind words.
const HIDDEN_LINK: &str = "text_link";

/// Returns the name of a message: its number is one within a chat only.
pub(super) fn id_of(message: &Value) -> Option<PlatformId> {
    let chat = wire::id(wire::at(message, &["chat", "id"]))?;
    let number = wire::id(message.get("message_id"))?;
    Some(PlatformId(format!("{chat}:{number}")))
}

/// Returns the number of a message within its chat.
pub(super) fn number_of(platform_id: &PlatformId) -> Option<i64> {
    platform_id.as_str().rsplit_once(':')?.1.parse().ok()
}

/// Returns the key under which a message comes in.
pub(super) fn key(platform_id: &PlatformId) -> String {
    format!("msg:{platform_id}")
}

/// Whether a message says nothing but that something became of the chat.
pub(super) fn is_about_the_chat(message: &Value) -> bool {
    let mut names = contents(message).peekable();
    names.peek().is_some()
        && names.all(|name| SERVICE.contains(&name))
        && text_of(message).is_empty()
}

/// Returns the names of what is in a message, beside the usual.
fn contents(message: &Value) -> impl Iterator<Item = &str> {
    let names = message
        .as_object()
        .into_iter()
        .flat_map(|names| names.keys());
    names
        .map(String::as_str)
        .filter(|name| !ENVELOPE.contains(name))
}

/// Translates a message.
pub(super) fn translate(message: &Value, platform_id: PlatformId) -> Happening {
    let text = own_number(message).unwrap_or_else(|| text_of(message));
    let mut attachments = attachments::translate(message);
    if text.is_empty() && attachments.is_empty() {
        let name = contents(message).next().unwrap_or("message");
        attachments.push(attachments::unknown(name));
    }
    attachments.extend(hidden_links(message));
    attachments.extend(forwarded_from(message));
    Happening::Message {
        entry: entry_of(&text),
        platform_id,
        text,
        attachments,
        quotes: quote_of(message),
        standby: false,
    }
}

/// Returns the text, or what stands under a picture.
pub(super) fn text_of(message: &Value) -> String {
    let text = wire::message_text(message.get("text"));
    text.or_else(|| wire::message_text(message.get("caption")))
        .unwrap_or_default()
}

/// Returns the number of a visitor who shared their own, as if they had written it: it answers what was asked for. Anybody
/// may pass the card of somebody else on (telegram.md 5).
fn own_number(message: &Value) -> Option<String> {
    let contact = message.get("contact")?;
    let owner = wire::id(contact.get("user_id"))?;
    if wire::id(wire::at(message, &["from", "id"]))? != owner {
        return None;
    }
    wire::phone(contact.get("phone_number"))
}

fn quote_of(message: &Value) -> Option<Quote> {
    let replied = message.get("reply_to_message").and_then(id_of);
    let elsewhere = ["external_reply", "reply_to_story"];
    let is_elsewhere = elsewhere.iter().any(|name| message.get(name).is_some());
    replied
        .map(Quote::Message)
        .or_else(|| is_elsewhere.then_some(Quote::Other))
}

fn entry_of(text: &str) -> Option<EntryPoint> {
    let reference = text.strip_prefix(START)?.trim();
    (!reference.is_empty()).then(|| EntryPoint {
        source: Some("t.me".to_owned()),
        reference: Some(text::one_line(reference, 64)),
        title: None,
    })
}

/// Links behind words, which the words do not show. Places count UTF-16 units, and may lie outside the text.
fn hidden_links(message: &Value) -> Vec<Attachment> {
    let list = |name: &str| {
        let entities = message.get(name).and_then(Value::as_array);
        entities.map_or(&[][..], Vec::as_slice)
    };
    let text = message.get("text").or_else(|| message.get("caption"));
    let units: Vec<u16> = text
        .and_then(Value::as_str)
        .unwrap_or_default()
        .encode_utf16()
        .collect();
    let entities = list("entities").iter().chain(list("caption_entities"));
    entities
        .filter(|entity| entity.get("type").and_then(Value::as_str) == Some(HIDDEN_LINK))
        .filter_map(|entity| {
            let place = |name| usize::try_from(entity.get(name)?.as_u64()?).ok();
            let begin = place("offset")?.min(units.len());
            let end = begin.saturating_add(place("length")?).min(units.len());
            let words = String::from_utf16_lossy(units.get(begin..end)?);
            Some(Attachment {
                url: Some(wire::address(entity.get("url"))?),
                title: wire::line(Some(&words.into())),
                ..Attachment::of(AttachmentKind::Link)
            })
        })
        .collect()
}

/// Who wrote first what was passed on.
fn forwarded_from(message: &Value) -> Option<Attachment> {
    let origin = message.get("forward_origin")?;
    let places: [&[&str]; 5] = [
        &["sender_user", "first_name"],
        &["sender_user_name"],
        &["sender_chat", "title"],
        &["chat", "title"],
        &["type"],
    ];
    let name = places
        .iter()
        .find_map(|place| wire::line(wire::at(origin, place)));
    Some(Attachment {
        title: name.map(|name| format!("↪ {name}")),
        ..Attachment::of(AttachmentKind::Share)
    })
}

/// Returns what a pressed button says, if its message is there.
pub(super) fn title_of_button(query: &Value) -> Option<String> {
    let data = query.get("data")?;
    let rows = wire::at(query, &["message", "reply_markup", "inline_keyboard"])?;
    let buttons = rows.as_array()?.iter().filter_map(Value::as_array);
    buttons
        .flatten()
        .find(|button| button.get("callback_data") == Some(data))
        .and_then(|button| wire::line(button.get("text")))
}

/// Returns what a chat tells of the person in it. Their picture has no address that could be shown.
pub(super) fn profile_of(chat: &Value) -> Option<Profile> {
    let first_name = wire::line(chat.get("first_name"));
    let last_name = wire::line(chat.get("last_name"));
    let both = match (&first_name, last_name) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (first, last) => first.clone().or(last),
    };
    let name = both.or_else(|| wire::line(chat.get("username")));
    name.is_some().then_some(Profile {
        name,
        first_name,
        photo_url: None,
    })
}
