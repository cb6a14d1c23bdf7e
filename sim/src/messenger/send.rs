//! The Send API: `POST /{page-id}/messages` and `message_attachments` (`meta.md` 8 and 9), checks first, then effects.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::calls::{Call, id_text};
use super::errors::GraphError;
use super::graph::{EchoTiming, Site};
use super::http::Effect;
use super::ledger::{SenderAction, SentMessage};
use super::state::{Conversation, State, Stored};
use super::thread::{self, ThreadOwner};
use super::wire::Event;
use crate::clock::millis;

/// The standard window (`meta.md` 9).
const WINDOW: Duration = Duration::from_hours(24);
/// The window of the `HUMAN_AGENT` tag.
const HUMAN_AGENT_WINDOW: Duration = Duration::from_hours(7 * 24);
const MAX_TEXT_UNITS: usize = 2000;
const MAX_METADATA: usize = 999;
const MAX_QUICK_REPLIES: usize = 13;
const MAX_TITLE: usize = 20;
const MAX_PAYLOAD: usize = 1000;

#[derive(Deserialize)]
struct SendRequest {
    messaging_type: Option<String>,
    tag: Option<String>,
    message: Option<Message>,
    sender_action: Option<String>,
    payload: Option<Value>,
    reply_to: Option<ReplyTo>,
    thread_control: Option<Value>,
}

#[derive(Deserialize)]
struct ReplyTo {
    mid: String,
}

#[derive(Deserialize)]
struct Message {
    text: Option<String>,
    attachment: Option<Value>,
    #[serde(default)]
    attachments: Vec<Value>,
    sticker_id: Option<Value>,
    #[serde(default)]
    quick_replies: Vec<Value>,
    metadata: Option<String>,
}

/// Accepts a message or a sender action, or says why not.
pub(super) fn accept(
    site: &Site,
    state: &mut State,
    page_id: &str,
    call: &Call,
) -> Result<Effect, GraphError> {
    let request: SendRequest = serde_json::from_value(Value::Object(call.parameters.clone()))
        .map_err(|fault| GraphError::parameter(format!("(#100) Invalid parameter: {fault}")))?;
    let psid = call
        .recipient_id()
        .ok_or_else(|| GraphError::parameter("(#100) The parameter recipient is required"))?;
    check_tag(state, page_id, &request)?;
    let now = site.clock.now_ms();
    match (&request.message, &request.sender_action) {
        (Some(_), Some(_)) => Err(GraphError::named("message_and_action")),
        (None, None) => Err(GraphError::parameter(
            "(#100) param message must be non-empty.",
        )),
        (Some(message), None) => {
            let attachments = check_message(state, message)?;
            check_thread(state, page_id, &psid, &request, now)?;
            Ok(send(
                site,
                state,
                page_id,
                &psid,
                &request,
                message,
                attachments,
            ))
        }
        (None, Some(action)) => {
            check_thread(state, page_id, &psid, &request, now)?;
            check_action(state, page_id, &psid, action, request.payload.as_ref())?;
            state.ledger.record_action(SenderAction {
                page_id: page_id.to_owned(),
                psid: psid.clone(),
                action: action.clone(),
                payload: request.payload.clone(),
                at_ms: now,
            });
            Ok(Effect::from(json!({ "recipient_id": psid })))
        }
    }
}

fn check_tag(state: &State, page_id: &str, request: &SendRequest) -> Result<(), GraphError> {
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
fn check_message(state: &State, message: &Message) -> Result<Vec<Value>, GraphError> {
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
fn check_thread(
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

fn check_action(
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

fn send(
    site: &Site,
    state: &mut State,
    page_id: &str,
    psid: &str,
    request: &SendRequest,
    message: &Message,
    attachments: Vec<Value>,
) -> Effect {
    let at_ms = site.clock.stamp_ms();
    let mid = state.new_mid();
    let reply_to = request.reply_to.as_ref().map(|reply| reply.mid.clone());
    state.conversation_mut(page_id, psid).push(Stored {
        mid: mid.clone(),
        at_ms,
        is_from_page: true,
        text: message.text.clone(),
        attachments: attachments.clone(),
        reply_to: reply_to.clone(),
        is_deleted: false,
    });
    let sent = SentMessage {
        page_id: page_id.to_owned(),
        psid: psid.to_owned(),
        message_id: mid.clone(),
        at_ms,
        text: message.text.clone(),
        attachments,
        metadata: message.metadata.clone(),
        messaging_type: request.messaging_type.clone(),
        tag: request.tag.clone(),
        reply_to,
        quick_replies: message.quick_replies.clone(),
    };
    if let Some(thread_control) = &request.thread_control {
        thread::hand_on_with_message(state, page_id, psid, thread_control);
    }
    let echo = follow_up(state, &sent);
    state.ledger.record_sent(sent);
    Effect {
        answer: json!({ "recipient_id": psid, "message_id": mid }),
        echo,
    }
}

/// Queues echo and receipts as the habits say.
fn follow_up(state: &mut State, sent: &SentMessage) -> Option<tokio::sync::oneshot::Receiver<()>> {
    let (page_id, psid) = (sent.page_id.as_str(), sent.psid.as_str());
    let habits = state.habits;
    let app_id = state
        .find_page(page_id)
        .map(|page| page.options.app_id.clone());
    let echo = echo_event(sent, app_id.as_deref().unwrap_or_default());
    let watched = match habits.echo {
        EchoTiming::Never => None,
        EchoTiming::BeforeAnswer => Some(state.notify_watched(page_id, psid, echo)),
        EchoTiming::After(delay) => {
            state.notify(page_id, psid, echo, delay);
            None
        }
    };
    if let Some(delay) = habits.delivered_after {
        let value = json!({ "mids": [sent.message_id], "watermark": sent.at_ms });
        let event = Event::new(psid, page_id, sent.at_ms + millis(delay), "delivery", value);
        state.notify(page_id, psid, event, delay);
    }
    if let Some(delay) = habits.read_after {
        let value = json!({ "watermark": sent.at_ms });
        let event = Event::new(psid, page_id, sent.at_ms + millis(delay), "read", value);
        state.notify(page_id, psid, event, delay);
    }
    watched
}

fn echo_event(sent: &SentMessage, app_id: &str) -> Event {
    let mut message = Map::from_iter([
        ("mid".to_owned(), json!(sent.message_id)),
        ("is_echo".to_owned(), json!(true)),
        (
            "app_id".to_owned(),
            app_id
                .parse::<u64>()
                .map_or_else(|_| json!(app_id), Value::from),
        ),
    ]);
    let optional = [
        ("text", sent.text.clone().map(Value::from)),
        ("metadata", sent.metadata.clone().map(Value::from)),
        (
            "attachments",
            Some(json!(sent.attachments)).filter(|_| !sent.attachments.is_empty()),
        ),
        (
            "reply_to",
            sent.reply_to.as_ref().map(|mid| json!({ "mid": mid })),
        ),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            message.insert(key.to_owned(), value);
        }
    }
    Event::new(
        &sent.page_id,
        &sent.psid,
        sent.at_ms,
        "message",
        Value::Object(message),
    )
}

/// Answers `POST /{page-id}/message_attachments` by URL.
pub(super) fn upload(state: &mut State, call: &Call) -> Result<Value, GraphError> {
    let attachment = call
        .parameters
        .get("message")
        .and_then(|message| message.get("attachment"));
    let url = attachment.and_then(|attachment| attachment.get("payload")?.get("url"));
    if url.is_none() {
        return Err(GraphError::named("attachment_upload"));
    }
    let id = state.random.digits(16);
    state.uploads.insert(id.clone());
    Ok(json!({ "attachment_id": id }))
}
