//! Whether the bot's messages reach us (viber.md 2, CH-24): the token is good, and Viber calls where it should. Set right
//! where it is not.

use serde_json::{Value, json};

use crate::channels::{Left, LinkFault};

use super::api::{Api, CallError};

/// What Viber shall tell us beside messages and subscriptions, which always come.
const EVENTS: [&str; 4] = ["delivered", "seen", "failed", "conversation_started"];

pub(super) async fn check(api: &Api, address: Option<&str>) -> Result<(), LinkFault> {
    let info = api.call("get_account_info", &json!({})).await;
    let info = info.map_err(CallError::for_link)?;
    let Some(address) = address else {
        return Ok(());
    };
    if is_complete(&info, address) {
        return Ok(());
    }
    tracing::info!("Viber does not call this relay for everything; setting the webhook");
    let body =
        json!({ "url": address, "event_types": EVENTS, "send_name": true, "send_photo": true });
    let done = api.call("set_webhook", &body).await;
    done.map(drop).map_err(CallError::for_link)
}

/// An empty address takes the webhook away (viber.md 2).
pub(super) async fn leave(api: &Api) -> Result<Left, LinkFault> {
    let done = api.call("set_webhook", &json!({ "url": "" })).await;
    done.map(|_| Left::Done).map_err(CallError::for_link)
}

/// Whether everything that we want is told, and to us.
pub(super) fn is_complete(info: &Value, address: &str) -> bool {
    let named = info.get("event_types").and_then(Value::as_array);
    let is_told = |event: &&str| named.is_some_and(|named| named.iter().any(|name| name == event));
    info.get("webhook").and_then(Value::as_str) == Some(address) && EVENTS.iter().all(is_told)
}
