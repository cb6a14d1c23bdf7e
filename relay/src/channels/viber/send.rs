//! One reply, once (viber.md 4). There is no key of ours that Viber would remember: what is unclear stays so.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use shared::model::{AttachmentKind, FailureReason, KeptFile};

use crate::files::OutboundFile;

use crate::channels::wire;
use crate::channels::{Outbound, Receipt, SendError};

use super::api::{Api, CallError};

/// On the button that sends one's own number.
const SHARE_NUMBER: &str = "📱";
/// From which version on clients know that button.
const KNOWS_SHARING: u32 = 3;

pub(super) async fn send(api: &Api, sender: &str, reply: &Outbound) -> Result<Receipt, SendError> {
    let sent = api.call("send_message", &body(sender, reply)).await;
    receipt_of(&sent.map_err(CallError::for_send)?)
}

/// Sends a file by its address: Viber takes no uploads, and fetches it (viber.md 4).
pub(super) async fn send_file(
    api: &Api,
    sender: &str,
    reply: &Outbound,
    file: &OutboundFile,
) -> Result<Receipt, SendError> {
    let Some(link) = &file.link else {
        let text =
            "Viber fetches files from us, and does not know where we are: set relay.public_url";
        let text = text.to_owned();
        return Err(SendError::Refused(FailureReason::Refused { text }));
    };
    let body = file_body(
        sender,
        reply,
        &file.kind,
        &file.file.file,
        link.expose_secret(),
    );
    let sent = api.call("send_message", &body).await;
    receipt_of(&sent.map_err(CallError::for_send)?)
}

/// Returns the body of a call that names a file.
pub(super) fn file_body(
    sender: &str,
    reply: &Outbound,
    kind: &AttachmentKind,
    file: &KeptFile,
    link: &str,
) -> Value {
    let mut body = json!({
        "receiver": reply.visitor,
        "min_api_version": 1,
        "sender": { "name": sender },
        "media": link,
    });
    match kind {
        AttachmentKind::Photo => {
            body["type"] = "picture".into();
            body["text"] = "".into();
        }
        AttachmentKind::Video => {
            body["type"] = "video".into();
            body["size"] = file.size.into();
        }
        AttachmentKind::Audio
        | AttachmentKind::Document
        | AttachmentKind::Sticker
        | AttachmentKind::Location
        | AttachmentKind::Contact
        | AttachmentKind::Link
        | AttachmentKind::Share
        | AttachmentKind::Product
        | AttachmentKind::Appointment
        | AttachmentKind::Template
        | AttachmentKind::Other(_) => {
            body["type"] = "file".into();
            body["size"] = file.size.into();
            body["file_name"] = file.name.clone().into();
        }
    }
    body
}

/// Reads a yes. Without a token nobody knows what it was a yes to.
pub(super) fn receipt_of(answer: &Value) -> Result<Receipt, SendError> {
    match wire::platform_id(answer.get("message_token")) {
        Some(platform_id) => Ok(Receipt {
            platform_id: Some(platform_id),
        }),
        None => Err(SendError::Unclear {
            cause: "Viber said yes without a message".to_owned(),
        }),
    }
}

/// Returns the body of a call.
pub(super) fn body(sender: &str, reply: &Outbound) -> Value {
    let mut body = json!({
        "receiver": reply.visitor,
        "min_api_version": 1,
        "sender": { "name": sender },
        "type": "text",
        "text": reply.text,
    });
    if reply.asks.phone {
        body["min_api_version"] = KNOWS_SHARING.into();
        body["keyboard"] = json!({
            "Type": "keyboard",
            "DefaultHeight": false,
            "Buttons": [{
                "Columns": 6, "Rows": 1, "ActionType": "share-phone", "ActionBody": "phone",
                "Text": SHARE_NUMBER,
            }],
        });
    }
    body
}
