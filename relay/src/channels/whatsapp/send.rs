//! One reply, once (whatsapp.md 3). It carries our label, which comes back with every status: what is unclear is cleared up
//! by those.

use serde_json::{Value, json};

use shared::model::PlatformId;

use crate::channels::{Outbound, Receipt, SendError, Signal, label, wire};

use super::{CallError, Graph};

pub(super) async fn send(graph: &Graph, reply: &Outbound) -> Result<Receipt, SendError> {
    let path = format!("{}/messages", graph.account());
    let answer = graph.post(&path, &[], &body(reply)).await;
    receipt_of(&answer.map_err(CallError::for_send)?)
}

/// Marks the visitor's message as read, and shows that we are writing if we are: there is no sign of writing without the
/// other (whatsapp.md 3). It fades by itself.
pub(super) async fn signal(
    graph: &Graph,
    last: Option<&PlatformId>,
    signal: Signal,
) -> Result<(), SendError> {
    let Some(body) = last.and_then(|last| sign(last, signal)) else {
        return Ok(());
    };
    let path = format!("{}/messages", graph.account());
    let done = graph.post(&path, &[], &body).await;
    done.map(drop).map_err(CallError::for_send)
}

/// Returns the body of a sign; none: it cannot be shown.
pub(super) fn sign(last: &PlatformId, signal: Signal) -> Option<Value> {
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": last });
    match signal {
        Signal::Seen => {}
        Signal::TypingOn => body["typing_indicator"] = json!({ "type": "text" }),
        Signal::TypingOff => return None,
    }
    Some(body)
}

/// Reads a yes, which means *accepted*. Without an id nobody knows what it was a yes to.
pub(super) fn receipt_of(answer: &Value) -> Result<Receipt, SendError> {
    let message = answer.get("messages").and_then(|messages| messages.get(0));
    match message.and_then(|message| wire::platform_id(message.get("id"))) {
        Some(platform_id) => Ok(Receipt {
            platform_id: Some(platform_id),
        }),
        None => Err(SendError::Unclear {
            cause: "WhatsApp said yes without a message id".to_owned(),
        }),
    }
}

/// Returns the body of a call.
pub(super) fn body(reply: &Outbound) -> Value {
    let mut body = about(reply);
    body["type"] = "text".into();
    body["text"] = json!({ "body": reply.text, "preview_url": false });
    body
}

/// Returns what is said of every reply, whatever it carries.
pub(super) fn about(reply: &Outbound) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "biz_opaque_callback_data": label::of(reply.delivery),
    });
    let place = if is_number(&reply.visitor) {
        "to"
    } else {
        "recipient"
    };
    body[place] = json!(reply.visitor);
    if let Some(quoted) = &reply.quotes {
        body["context"] = json!({ "message_id": quoted });
    }
    body
}

/// A phone number; everybody else is called by the id of the business.
fn is_number(visitor: &PlatformId) -> bool {
    visitor.as_str().bytes().all(|byte| byte.is_ascii_digit())
}
