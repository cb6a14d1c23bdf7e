//! A message, as a call brings it and as the history shows it: both have one form (ok.md 3, 6).

use serde_json::Value;

use shared::model::{Attachment, AttachmentKind, PlatformId, Timestamp};

use crate::channels::wire;
use crate::channels::{Happening, Inbound, PastMessage, Quote};

use super::{GROUP, attachments};

/// Returns the key under which a message comes in.
pub(super) fn key(platform_id: &PlatformId) -> String {
    format!("msg:{platform_id}")
}

/// Returns whose chat something is about.
pub(super) fn visitor(value: &Value) -> Option<PlatformId> {
    let chat = wire::platform_id(wire::at(value, &["recipient", "chat_id"]))?;
    (!chat.as_str().starts_with(GROUP)).then_some(chat)
}

/// Returns when it happened.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    wire::time(value.get("timestamp"))
}

/// Translates a message of the visitor, or of our side. Without a time of its own it is of no use to a history; to a call it
/// happens when it comes.
pub(super) fn translate(value: &Value, account: &PlatformId, at: Timestamp) -> Option<Inbound> {
    let platform_id = id_of(value)?;
    let message = value.get("message")?;
    let (text, attachments) = (text_of(value), attachments::translate(message));
    let key = key(&platform_id);
    let what = if is_ours(value) {
        Happening::Echo {
            platform_id,
            text,
            attachments,
            application: None,
            delivery: None,
        }
    } else {
        let quotes = wire::platform_id(message.get("reply_to")).map(Quote::Message);
        let is_nothing = text.is_empty() && attachments.is_empty();
        Happening::Message {
            platform_id,
            text: shared_number(message, &text).unwrap_or(text),
            attachments: if is_nothing {
                vec![Attachment::of(AttachmentKind::Other("message".to_owned()))]
            } else {
                attachments
            },
            quotes,
            entry: None,
            standby: false,
        }
    };
    Some(Inbound {
        account: account.clone(),
        visitor: visitor(value)?,
        key,
        at,
        what,
    })
}

/// Reads a message of a history.
pub(super) fn past(value: &Value) -> Option<PastMessage> {
    Some(PastMessage {
        platform_id: id_of(value)?,
        is_ours: is_ours(value),
        sent_at: time(value)?,
        text: text_of(value),
    })
}

/// Moderators and our own calls write in the group's name (ok.md 6).
fn is_ours(value: &Value) -> bool {
    wire::id(wire::at(value, &["sender", "user_id"])).is_some_and(|id| id.starts_with(GROUP))
}

fn id_of(value: &Value) -> Option<PlatformId> {
    wire::platform_id(wire::at(value, &["message", "mid"]))
}

fn text_of(value: &Value) -> String {
    wire::message_text(wire::at(value, &["message", "text"])).unwrap_or_default()
}

/// Returns the number of a card that is all there is, as if it had been written: it answers what was asked for.
fn shared_number(message: &Value, text: &str) -> Option<String> {
    match attachments::list(message) {
        [card] if text.is_empty() && attachments::is_card(card) => {
            wire::phone(wire::at(card, &["payload", "phone"]))
        }
        _ => None,
    }
}
