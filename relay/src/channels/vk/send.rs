//! One reply, once (vk.md 7). Its number is the same whenever it is sent: VK sends what it has seen within the hour only once.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use shared::model::{DeliveryId, PlatformId};

use crate::channels::calls::Refusal as _;
use crate::channels::wire;
use crate::channels::{Outbound, Receipt, SendError, Signal};

use super::api::{Api, CallError};
use super::errors::ApiError;
use super::message;

pub(super) async fn send(
    api: &Api,
    reply: &Outbound,
    attached: Option<&str>,
) -> Result<Receipt, SendError> {
    let form = form(reply, attached);
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let answer = api.call("messages.send", &form).await;
    receipt_of(&answer.map_err(CallError::for_send)?, &reply.visitor)
}

/// Returns the parameters of a call. One recipient is named as a list: only then VK tells the number of the message.
pub(super) fn form(reply: &Outbound, attached: Option<&str>) -> Vec<(&'static str, String)> {
    let mut form = vec![
        ("peer_ids", reply.visitor.0.clone()),
        ("random_id", number_of(reply.delivery).to_string()),
    ];
    if !reply.text.is_empty() {
        form.push(("message", reply.text.clone()));
    }
    if let Some(attached) = attached {
        form.push(("attachment", attached.to_owned()));
    }
    if let Some((peer, number)) = reply.quotes.as_ref().and_then(message::parts) {
        let forward =
            json!({ "peer_id": peer, "conversation_message_ids": [number], "is_reply": true });
        form.push(("forward", forward.to_string()));
    }
    form
}

/// Returns the number of a delivery: positive, and the same each time.
pub(super) fn number_of(delivery: DeliveryId) -> i32 {
    let digest: [u8; 32] = Sha256::digest(delivery.0.to_be_bytes()).into();
    let [a, b, c, d, ..] = digest;
    (i32::from_be_bytes([a, b, c, d]) & i32::MAX).max(1)
}

/// Reads a yes: a list, in which each recipient may have a no of their own, or a bare number.
pub(super) fn receipt_of(answer: &Value, visitor: &PlatformId) -> Result<Receipt, SendError> {
    let Some(list) = answer.as_array() else {
        // The number of the whole mailbox: it names no message of a dialog.
        return match message::whole(Some(answer)) {
            Some(_) => Ok(Receipt { platform_id: None }),
            None => Err(strange()),
        };
    };
    let mine = list
        .iter()
        .find(|sent| wire::platform_id(sent.get("peer_id")).as_ref() == Some(visitor));
    let sent = mine.or(list.first()).ok_or_else(strange)?;
    if let Some(error) = ApiError::of(sent) {
        error.log();
        return Err(error.for_send());
    }
    Ok(Receipt {
        platform_id: message::id_of(sent),
    })
}

fn strange() -> SendError {
    SendError::Unclear {
        cause: "VK said yes without a message".to_owned(),
    }
}

/// Ends the waiting of a button (vk.md 7); nothing pops up.
pub(super) async fn acknowledge(
    api: &Api,
    visitor: &PlatformId,
    press: &str,
) -> Result<(), SendError> {
    let visitor = visitor.as_str();
    let answer = [
        ("event_id", press),
        ("user_id", visitor),
        ("peer_id", visitor),
    ];
    let done = api.call("messages.sendMessageEventAnswer", &answer).await;
    done.map(drop).map_err(CallError::for_send)
}

pub(super) async fn signal(
    api: &Api,
    visitor: &PlatformId,
    signal: Signal,
) -> Result<(), SendError> {
    let peer = ("peer_id", visitor.as_str());
    let done = match signal {
        Signal::TypingOn => {
            api.call("messages.setActivity", &[peer, ("type", "typing")])
                .await
        }
        Signal::Seen => {
            let all = ("mark_conversation_as_read", "1");
            api.call("messages.markAsRead", &[peer, all]).await
        }
        // It ends by itself.
        Signal::TypingOff => return Ok(()),
    };
    done.map(drop).map_err(CallError::for_send)
}
