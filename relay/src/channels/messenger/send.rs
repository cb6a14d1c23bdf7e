//! The Send API (meta.md 8): one reply, once. The error says what is known; nothing is tried twice here but what surely
//! was not sent because another application held the thread.

use reqwest::multipart::Form;
use serde_json::{Value, json};

use shared::model::{AttachmentKind, ContactAsk, FailureReason, PlatformId};

use crate::channels::{Outbound, Receipt, SendError, Signal, label};
use crate::files::OutboundFile;

use super::errors::Class;
use super::{CallError, Graph};
use crate::channels::wire;

pub(super) async fn send(graph: &Graph, reply: &Outbound) -> Result<Receipt, SendError> {
    match try_send(graph, reply, reply.human_agent).await {
        Err(SendError::Refused(FailureReason::ThreadControlled)) => {
            if !take_thread(graph, &reply.visitor).await {
                return Err(SendError::Refused(FailureReason::ThreadControlled));
            }
            try_send(graph, reply, reply.human_agent).await
        }
        other => other,
    }
}

async fn try_send(
    graph: &Graph,
    reply: &Outbound,
    human_agent: bool,
) -> Result<Receipt, SendError> {
    let path = format!("{}/messages", graph.account());
    let body = body(reply, human_agent && graph.human_agent());
    let answer = graph.post(&path, &[], &body).await.map_err(|error| {
        if matches!(&error, CallError::No(no) if no.class() == Class::Tag) {
            graph.stop_tagging();
        }
        error.for_send()
    })?;
    receipt_of(&answer)
}

/// Sends a file by its bytes (meta.md 8.3).
pub(super) async fn send_file(
    graph: &Graph,
    reply: &Outbound,
    file: &OutboundFile,
) -> Result<Receipt, SendError> {
    let path = format!("{}/messages", graph.account());
    let mut form = Form::new();
    let human_agent = reply.human_agent && graph.human_agent();
    for (name, value) in fields_of_file(reply, &file.kind, human_agent) {
        form = form.text(name, value);
    }
    let form = form.part("filedata", file.part().await?);
    let answer = graph.upload(&path, form).await;
    receipt_of(&answer.map_err(CallError::for_send)?)
}

/// Returns the fields of a form beside the bytes.
pub(super) fn fields_of_file(
    reply: &Outbound,
    kind: &AttachmentKind,
    human_agent: bool,
) -> Vec<(&'static str, String)> {
    let kind = match kind {
        AttachmentKind::Photo => "image",
        AttachmentKind::Audio => "audio",
        AttachmentKind::Video => "video",
        AttachmentKind::Document
        | AttachmentKind::Sticker
        | AttachmentKind::Location
        | AttachmentKind::Contact
        | AttachmentKind::Link
        | AttachmentKind::Share
        | AttachmentKind::Product
        | AttachmentKind::Appointment
        | AttachmentKind::Template
        | AttachmentKind::Other(_) => "file",
    };
    let message = json!({
        "attachment": { "type": kind, "payload": {} },
        "metadata": label::of(reply.delivery),
    });
    let mut fields = vec![
        ("recipient", json!({ "id": reply.visitor }).to_string()),
        ("message", message.to_string()),
    ];
    if human_agent {
        fields.push(("messaging_type", "MESSAGE_TAG".to_owned()));
        fields.push(("tag", "HUMAN_AGENT".to_owned()));
    } else {
        fields.push(("messaging_type", "RESPONSE".to_owned()));
    }
    fields
}

/// Reads a yes. Without a message id nobody knows what it was a yes to.
pub(super) fn receipt_of(answer: &Value) -> Result<Receipt, SendError> {
    match wire::platform_id(answer.get("message_id")) {
        Some(platform_id) => Ok(Receipt {
            platform_id: Some(platform_id),
        }),
        None => Err(SendError::Unclear {
            cause: "Meta said yes without a message id".to_owned(),
        }),
    }
}

/// Returns the body of a call.
pub(super) fn body(reply: &Outbound, human_agent: bool) -> Value {
    let mut message = json!({ "text": reply.text, "metadata": label::of(reply.delivery) });
    if !reply.asks.is_empty() {
        message["quick_replies"] = quick_replies(reply.asks);
    }
    let mut body = json!({
        "recipient": { "id": reply.visitor },
        "messaging_type": "RESPONSE",
        "message": message,
    });
    if human_agent {
        body["messaging_type"] = "MESSAGE_TAG".into();
        body["tag"] = "HUMAN_AGENT".into();
    }
    if let Some(quoted) = &reply.quotes {
        body["reply_to"] = json!({ "mid": quoted });
    }
    body
}

fn quick_replies(asks: ContactAsk) -> Value {
    let kinds = [
        (asks.phone, "user_phone_number"),
        (asks.email, "user_email"),
    ];
    kinds
        .into_iter()
        .filter(|(asked, _)| *asked)
        .map(|(_, kind)| json!({ "content_type": kind }))
        .collect()
}

/// Asks for the right to answer; every such call may fail (meta.md 13).
async fn take_thread(graph: &Graph, visitor: &PlatformId) -> bool {
    let body = thread_body(visitor);
    for call in ["take_thread_control", "request_thread_control"] {
        let path = format!("{}/{call}", graph.account());
        match graph.post(&path, &[], &body).await {
            Ok(answer) if is_success(&answer) => return true,
            Ok(_) => {}
            Err(error) => tracing::info!(call, error = ?error, "the thread was not given to us"),
        }
    }
    false
}

pub(super) fn thread_body(visitor: &PlatformId) -> Value {
    json!({ "recipient": { "id": visitor }, "metadata": "an operator answers" })
}

/// `{"success": true}`, or the same as text.
pub(super) fn is_success(answer: &Value) -> bool {
    match answer.get("success") {
        Some(Value::Bool(success)) => *success,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

pub(super) async fn signal(
    graph: &Graph,
    visitor: &PlatformId,
    signal: Signal,
) -> Result<(), SendError> {
    let path = format!("{}/messages", graph.account());
    graph
        .post(&path, &[], &signal_body(visitor, signal))
        .await
        .map_err(CallError::for_send)?;
    Ok(())
}

pub(super) fn signal_body(visitor: &PlatformId, signal: Signal) -> Value {
    let action = match signal {
        Signal::TypingOn => "typing_on",
        Signal::TypingOff => "typing_off",
        Signal::Seen => "mark_seen",
    };
    json!({ "recipient": { "id": visitor }, "sender_action": action })
}
