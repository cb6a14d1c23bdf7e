//! One reply, once (viber.md 4). There is no key of ours that Viber would remember: what is unclear stays so.

use serde_json::{Value, json};

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
