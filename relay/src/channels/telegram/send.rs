//! One reply, once (telegram.md 5, 6). There is no key of ours that Telegram would remember: what is unclear stays so.

use reqwest::multipart::Form;
use serde_json::{Value, json};

use shared::model::{AttachmentKind, PlatformId};

use crate::channels::{Outbound, Receipt, SendError, Signal};
use crate::files::OutboundFile;

use super::api::{Api, CallError};
use super::message;

/// On the button that sends one's own number; Telegram draws it into the visitor's keyboard.
const SHARE_NUMBER: &str = "📱";

pub(super) async fn send(api: &Api, reply: &Outbound) -> Result<Receipt, SendError> {
    let sent = api.call_in_turn("sendMessage", &body(reply)).await;
    receipt_of(&sent.map_err(CallError::for_send)?)
}

/// Sends a file as what it is; a photo that Telegram cannot show goes as a file to save (telegram.md 1).
pub(super) async fn send_file(
    api: &Api,
    reply: &Outbound,
    file: &OutboundFile,
) -> Result<Receipt, SendError> {
    let sent = upload(api, reply, file, &file.kind).await?;
    match sent {
        Err(CallError::No(no)) if file.kind == AttachmentKind::Photo && no.is_of_picture() => {
            let sent = upload(api, reply, file, &AttachmentKind::Document).await?;
            receipt_of(&sent.map_err(CallError::for_send)?)
        }
        sent => receipt_of(&sent.map_err(CallError::for_send)?),
    }
}

async fn upload(
    api: &Api,
    reply: &Outbound,
    file: &OutboundFile,
    kind: &AttachmentKind,
) -> Result<Result<Value, CallError>, SendError> {
    let (method, field) = match kind {
        AttachmentKind::Photo => ("sendPhoto", "photo"),
        AttachmentKind::Audio => ("sendAudio", "audio"),
        AttachmentKind::Video => ("sendVideo", "video"),
        AttachmentKind::Document
        | AttachmentKind::Sticker
        | AttachmentKind::Location
        | AttachmentKind::Contact
        | AttachmentKind::Link
        | AttachmentKind::Share
        | AttachmentKind::Product
        | AttachmentKind::Appointment
        | AttachmentKind::Template
        | AttachmentKind::Other(_) => ("sendDocument", "document"),
    };
    let mut form = Form::new().text("chat_id", reply.visitor.0.clone());
    if let Some(number) = reply.quotes.as_ref().and_then(message::number_of) {
        let quoted = json!({ "message_id": number, "allow_sending_without_reply": true });
        form = form.text("reply_parameters", quoted.to_string());
    }
    let form = form.part(field, file.part().await?);
    Ok(api.upload(method, form).await)
}

/// Reads a yes. Without a message id nobody knows what it was a yes to.
pub(super) fn receipt_of(sent: &Value) -> Result<Receipt, SendError> {
    match message::id_of(sent) {
        Some(platform_id) => Ok(Receipt {
            platform_id: Some(platform_id),
        }),
        None => Err(SendError::Unclear {
            cause: "Telegram said yes without a message".to_owned(),
        }),
    }
}

/// Returns the body of a call. The text goes without marks of its own: what the operator wrote is what is read.
pub(super) fn body(reply: &Outbound) -> Value {
    let mut body = json!({
        "chat_id": chat_of(&reply.visitor),
        "text": reply.text,
        "link_preview_options": { "is_disabled": true },
    });
    if let Some(number) = reply.quotes.as_ref().and_then(message::number_of) {
        body["reply_parameters"] =
            json!({ "message_id": number, "allow_sending_without_reply": true });
    }
    if reply.asks.phone {
        body["reply_markup"] = json!({
            "keyboard": [[{ "text": SHARE_NUMBER, "request_contact": true }]],
            "resize_keyboard": true,
            "one_time_keyboard": true,
        });
    }
    body
}

/// Ids of people are numbers; whatever else stands there Telegram refuses.
pub(super) fn chat_of(visitor: &PlatformId) -> Value {
    let id = visitor.as_str();
    id.parse::<i64>().map_or_else(|_| id.into(), Value::from)
}

/// Ends the waiting of a button (telegram.md 5); nothing pops up.
pub(super) async fn acknowledge(api: &Api, press: &str) -> Result<(), SendError> {
    let body = json!({ "callback_query_id": press });
    let done = api.call("answerCallbackQuery", &body).await;
    done.map(drop).map_err(CallError::for_send)
}

pub(super) async fn signal(
    api: &Api,
    visitor: &PlatformId,
    signal: Signal,
) -> Result<(), SendError> {
    match signal {
        Signal::TypingOn => {
            let body = json!({ "chat_id": chat_of(visitor), "action": "typing" });
            let done = api.call_in_turn("sendChatAction", &body).await;
            done.map(drop).map_err(CallError::for_send)
        }
        // The sign goes out by itself, and reading is never shown.
        Signal::TypingOff | Signal::Seen => Ok(()),
    }
}
