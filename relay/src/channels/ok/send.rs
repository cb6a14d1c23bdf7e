//! One reply, once (ok.md 4). There is no key of ours that Odnoklassniki would remember: what is unclear is looked up in the
//! history.

use serde_json::{Value, json};

use shared::model::PlatformId;

use crate::channels::wire;
use crate::channels::{Outbound, Receipt, SendError, Signal};

use super::api::{Api, CallError};
use super::chats;

/// On the button that sends one's own number.
const SHARE_NUMBER: &str = "📱";
/// A no without a number, so often of one reply, is one for good.
const FEW_TRIES: u32 = 4;

pub(super) async fn send(api: &Api, reply: &Outbound) -> Result<Receipt, SendError> {
    let sent = post(api, reply, &body(reply)).await;
    named(api, reply, &sent.map_err(CallError::for_send)?).await
}

/// Sends a body to the visitor.
pub(super) async fn post(api: &Api, reply: &Outbound, body: &Value) -> Result<Value, CallError> {
    let path = ["me", "messages", reply.visitor.as_str()];
    api.post(&path, body).await
}

/// Reads an answer, and finds out what the message is called if it does not say so.
pub(super) async fn named(
    api: &Api,
    reply: &Outbound,
    answer: &Value,
) -> Result<Receipt, SendError> {
    let receipt = receipt_of(answer)?;
    if receipt.platform_id.is_some() {
        return Ok(receipt);
    }
    // It was sent, under a name that the answer may leave out (ok.md 8). Who does not learn it takes the reply for a
    // moderator's when catching up.
    let platform_id = match chats::history(api, &reply.visitor).await {
        Ok(history) => chats::newest_saying(&history, &reply.text),
        Err(error) => {
            tracing::info!(%error, "a reply was sent, and its name is not known");
            None
        }
    };
    Ok(Receipt { platform_id })
}

pub(super) async fn signal(
    api: &Api,
    visitor: &PlatformId,
    signal: Signal,
) -> Result<(), SendError> {
    let action = match signal {
        Signal::TypingOn => "typing_on",
        Signal::Seen => "mark_seen",
        // It ends by itself.
        Signal::TypingOff => return Ok(()),
    };
    let body = json!({ "recipient": { "chat_id": visitor }, "sender_action": action });
    let path = ["me", "messages", visitor.as_str()];
    let done = api.post(&path, &body).await;
    done.map(drop).map_err(CallError::for_send)
}

/// Reads an answer that is no error; a yes may come without the message's name, or with either of two (ok.md 4, 8).
pub(super) fn receipt_of(answer: &Value) -> Result<Receipt, SendError> {
    let yes = Value::Bool(true);
    match answer.get("success") {
        None | Some(Value::Bool(true)) => {}
        Some(Value::Array(each)) if matches!(each.as_slice(), [one] if *one == yes) => {}
        Some(Value::Bool(false)) => {
            return Err(SendError::NotSent {
                cause: "Odnoklassniki says no without a reason".to_owned(),
                tries: Some(FEW_TRIES),
            });
        }
        Some(_) => {
            return Err(SendError::Unclear {
                cause: "Odnoklassniki says neither yes nor no".to_owned(),
            });
        }
    }
    let names = ["message_id", "mid"];
    let mut found = names
        .iter()
        .filter_map(|name| wire::platform_id(answer.get(name)));
    Ok(Receipt {
        platform_id: found.next(),
    })
}

/// Returns the body of a call.
pub(super) fn body(reply: &Outbound) -> Value {
    let mut message = json!({ "text": reply.text });
    if let Some(quoted) = &reply.quotes {
        message["reply_to"] = quoted.as_str().into();
    }
    if reply.asks.phone {
        let button =
            json!({ "type": "REQUEST_CONTACT", "text": SHARE_NUMBER, "intent": "DEFAULT" });
        let keyboard = json!({ "buttons": [[button]] });
        message["attachments"] =
            json!([{ "type": "INLINE_KEYBOARD", "payload": { "keyboard": keyboard } }]);
    }
    json!({ "recipient": { "chat_id": reply.visitor }, "message": message })
}
