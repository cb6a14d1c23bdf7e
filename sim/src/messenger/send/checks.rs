//! What the Send API refuses: wrong tags and contents, closed windows, threads that belong to others. Changes nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::calls::id_text;
use super::super::errors::GraphError;
use super::super::state::{Conversation, State};
use super::super::thread::ThreadOwner;
use super::{Message, SendRequest};
use crate::clock::millis;

/// The standard window, from the visitor's last action (Meta: *Send a Message*).
const WINDOW: Duration = Duration::from_hours(24);
/// The window of the `HUMAN_AGENT` tag.
const HUMAN_AGENT_WINDOW: Duration = Duration::from_hours(7 * 24);
const MAX_TEXT_UNITS: usize = 2000;
const MAX_METADATA: usize = 999;
const MAX_QUICK_REPLIES: usize = 13;
const MAX_TITLE: usize = 20;
const MAX_PAYLOAD: usize = 1000;

pub(super) fn check_tag(
    state: &State,
    page_id: &str,
    request: &SendRequest,
) -> Result<(), GraphError> {
    match request.messaging_type.as_deref() {
        None | Some("RESPONSE" | "UPDATE" | "MESSAGE_TAG" | "UTILITY") => {}
        Some(other) => {
            return Err(GraphError::parameter(format!(
                "(#100) Invalid messaging_type: {other}"
            )));
        }
    }
    let is_tagged = request.messaging_type.as_deref() == Some("MESSAGE_TAG");
    match request.tag.as_deref() {
        None if is_tagged => Err(GraphError::parameter(
            "(#100) Param tag is required with MESSAGE_TAG",
        )),
        None => Ok(()),
        Some("HUMAN_AGENT") if state.load_page(page_id)?.options.has_human_agent => Ok(()),
        Some("HUMAN_AGENT") => Err(GraphError::named("permission")),
        Some("ACCOUNT_UPDATE" | "CONFIRMED_EVENT_UPDATE" | "POST_PURCHASE_UPDATE") => {
            Err(GraphError::named("deprecated_tag"))
        }
        Some(other) => Err(GraphError::parameter(format!(
            "(#100) Invalid tag: {other}"
        ))),
    }
}

/// Checks the content; returns its attachments in the webhook's form.
pub(super) fn check_message(state: &State, message: &Message) -> Result<Vec<Value>, GraphError> {
    let attachments = check_attachments(state, message)?;
    let text = message.text.as_deref().unwrap_or_default();
    if text.is_empty() && attachments.is_empty() {
        return Err(GraphError::parameter(
            "(#100) param message must be non-empty.",
        ));
    }
    if !text.is_empty() && !attachments.is_empty() {
        return Err(GraphError::parameter(
            "(#100) Only one of text or attachment may be given",
        ));
    }
    if text.encode_utf16().count() > MAX_TEXT_UNITS {
        return Err(GraphError::named("text_too_long"));
    }
    let metadata = message.metadata.as_deref().unwrap_or_default();
    if metadata.chars().count() > MAX_METADATA {
        return Err(GraphError::parameter(
            "(#100) Length of param message[metadata] must be less than or equal to 1000",
        ));
    }
    check_quick_replies(&message.quick_replies)?;
    Ok(attachments)
}

fn check_attachments(state: &State, message: &Message) -> Result<Vec<Value>, GraphError> {
    let mut attachments = Vec::new();
    for attachment in message.attachment.iter().chain(&message.attachments) {
        let kind = attachment
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !["image", "video", "audio", "file", "template"].contains(&kind) {
            return Err(GraphError::parameter(format!(
                "(#100) Invalid attachment type: {kind}"
            )));
        }
        let payload = attachment.get("payload").cloned().unwrap_or_default();
        match payload.get("attachment_id").and_then(id_text) {
            Some(id) if !state.uploads.contains(&id) => {
                return Err(GraphError::named("attachment_not_owned"));
            }
            None if kind != "template" && payload.get("url").is_none() => {
                return Err(GraphError::named("attachment_upload"));
            }
            Some(_) | None => attachments.push(json!({ "type": kind, "payload": payload })),
        }
    }
    if let Some(sticker_id) = &message.sticker_id {
        attachments.push(json!({ "type": "sticker", "payload": { "sticker_id": sticker_id } }));
    }
    Ok(attachments)
}

fn check_quick_replies(quick_replies: &[Value]) -> Result<(), GraphError> {
    if quick_replies.len() > MAX_QUICK_REPLIES {
        return Err(GraphError::parameter(
            "(#100) Param message[quick_replies] has too many elements.",
        ));
    }
    let length = |reply: &Value, key: &str| {
        reply
            .get(key)
            .and_then(Value::as_str)
            .map_or(0, |text| text.chars().count())
    };
    for reply in quick_replies {
        let is_right = match reply.get("content_type").and_then(Value::as_str) {
            Some("text") => {
                (1..=MAX_TITLE).contains(&length(reply, "title"))
                    && (1..=MAX_PAYLOAD).contains(&length(reply, "payload"))
            }
            Some("user_phone_number" | "user_email") => {
                reply.get("title").is_none() && reply.get("payload").is_none()
            }
            Some(_) | None => false,
        };
        if !is_right {
            return Err(GraphError::parameter(format!(
                "(#100) Invalid quick reply: {reply}"
            )));
        }
    }
    Ok(())
}

/// Checks whether the Page may speak to this visitor now: reachable, ours, inside the window.
pub(super) fn check_thread(
    state: &mut State,
    page_id: &str,
    psid: &str,
    request: &SendRequest,
    now_ms: u64,
) -> Result<(), GraphError> {
    let app_id = state.load_page(page_id)?.options.app_id.clone();
    let conversation = state.load_conversation(page_id, psid)?;
    if conversation.has_blocked_page {
        return Err(GraphError::named("person_unavailable"));
    }
    if matches!(&conversation.owner, ThreadOwner::App(owner) if *owner != app_id) {
        return Err(GraphError::named("thread_controlled"));
    }
    let is_tagged = request.tag.as_deref() == Some("HUMAN_AGENT");
    let window = if is_tagged {
        HUMAN_AGENT_WINDOW
    } else {
        WINDOW
    };
    if is_open(conversation, window, now_ms) {
        Ok(())
    } else {
        Err(GraphError::named("outside_window"))
    }
}

fn is_open(conversation: &Conversation, window: Duration, now_ms: u64) -> bool {
    conversation
        .opened_at_ms
        .is_some_and(|opened| now_ms.saturating_sub(opened) < millis(window))
}

pub(super) fn check_action(
    state: &State,
    page_id: &str,
    psid: &str,
    action: &str,
    payload: Option<&Value>,
) -> Result<(), GraphError> {
    let needs_message = match action {
        "typing_on" | "typing_off" | "mark_seen" => false,
        "react" | "unreact" => true,
        other => {
            return Err(GraphError::parameter(format!(
                "(#100) Invalid sender_action: {other}"
            )));
        }
    };
    let named = |key: &str| {
        payload
            .and_then(|payload| payload.get(key))
            .and_then(Value::as_str)
    };
    let is_known = named("message_id").is_some_and(|mid| {
        let conversation = state.find_conversation(page_id, psid);
        conversation.is_some_and(|conversation| conversation.find_message(mid).is_some())
    });
    let has_reaction = action != "react" || named("reaction").is_some();
    if needs_message && !(is_known && has_reaction) {
        return Err(GraphError::parameter(
            "(#100) Invalid payload of the reaction",
        ));
    }
    Ok(())
}
