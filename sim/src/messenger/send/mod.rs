//! The Send API: `POST /{page-id}/messages` and `message_attachments` (Meta: *Send API Reference*). `checks` refuses,
//! this acts.

mod checks;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::calls::Call;
use super::errors::GraphError;
use super::graph::{EchoTiming, Site};
use super::http::Effect;
use super::ledger::{SenderAction, SentMessage};
use super::state::{State, Stored};
use super::thread;
use super::wire::Event;
use crate::clock::millis;
use crate::form::FormFile;

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

/// Bytes of a file that comes in a form.
const MOST: usize = 25 * 1_000_000;

impl Message {
    /// Lets its attachment be the file of the form, kept at an address of Meta's.
    fn carry(&mut self, file: &FormFile) -> Result<(), GraphError> {
        if file.bytes.len() > MOST {
            return Err(GraphError::named("attachment_size"));
        }
        let attachment = self.attachment.as_mut();
        let payload = attachment.and_then(|attachment| attachment.get_mut("payload"));
        let Some(payload) = payload else {
            return Err(GraphError::named("attachment_upload"));
        };
        let name: String = url::form_urlencoded::byte_serialize(file.name.as_bytes()).collect();
        payload["url"] = format!("https://cdn.fbsbx.com/v/{}/{name}", file.bytes.len()).into();
        Ok(())
    }
}

/// Accepts a message or a sender action, or says why not.
pub(super) fn accept(
    site: &Site,
    state: &mut State,
    page_id: &str,
    call: &Call,
) -> Result<Effect, GraphError> {
    let mut request: SendRequest =
        serde_json::from_value(Value::Object(call.parameters.clone()))
            .map_err(|fault| GraphError::parameter(format!("(#100) Invalid parameter: {fault}")))?;
    if let (Some(message), Some(file)) = (&mut request.message, &call.file) {
        message.carry(file)?;
    }
    let psid = call
        .recipient_id()
        .ok_or_else(|| GraphError::parameter("(#100) The parameter recipient is required"))?;
    checks::check_tag(state, page_id, &request)?;
    let now = site.clock.now_ms();
    match (&request.message, &request.sender_action) {
        (Some(_), Some(_)) => Err(GraphError::named("message_and_action")),
        (None, None) => Err(GraphError::parameter(
            "(#100) param message must be non-empty.",
        )),
        (Some(message), None) => {
            let attachments = checks::check_message(state, message)?;
            checks::check_thread(state, page_id, &psid, &request, now)?;
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
            checks::check_thread(state, page_id, &psid, &request, now)?;
            checks::check_action(state, page_id, &psid, action, request.payload.as_ref())?;
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
