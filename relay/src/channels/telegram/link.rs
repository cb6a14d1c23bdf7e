//! Whether the bot's messages reach us (telegram.md 2, CH-24): the token is good, and Telegram calls where it should, or
//! lets us ask. Set right where it is not.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use shared::model::PlatformId;

use crate::channels::wire;
use crate::channels::{Left, LinkFault};

use super::Receive;
use super::api::{Api, CallError};

/// What Telegram shall tell us. Reactions come only to those who name them.
pub(super) const UPDATES: [&str; 5] = [
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "message_reaction",
];

pub(super) async fn check(
    api: &Api,
    account: &PlatformId,
    receive: &Receive,
) -> Result<(), LinkFault> {
    let me = api.call("getMe", &json!({})).await;
    let me = me.map_err(CallError::for_link)?;
    if bot_id(&me).as_ref() != Some(account) {
        return Err(LinkFault {
            reason: "Telegram does not say whose token it is".to_owned(),
            is_passing: true,
        });
    }
    let info = api.call("getWebhookInfo", &json!({})).await;
    let info = info.map_err(CallError::for_link)?;
    match receive {
        Receive::Poll if is_called(&info) => ask_instead(api).await,
        Receive::Poll | Receive::Webhook { address: None, .. } => Ok(()),
        Receive::Webhook {
            secret,
            address: Some(address),
        } => call_here(api, &info, address, secret.expose_secret()).await,
    }
}

/// Whether Telegram calls some address.
pub(super) fn is_called(info: &Value) -> bool {
    info.get("url")
        .and_then(Value::as_str)
        .is_some_and(|url| !url.is_empty())
}

/// Updates that wait there are kept.
async fn ask_instead(api: &Api) -> Result<(), LinkFault> {
    tracing::info!("Telegram calls an address, and receive = \"poll\": asking instead");
    leave(api).await.map(drop)
}

/// Updates that come meanwhile are kept there for a day.
pub(super) async fn leave(api: &Api) -> Result<Left, LinkFault> {
    let done = api.call("deleteWebhook", &json!({})).await;
    done.map(|_| Left::Done).map_err(CallError::for_link)
}

async fn call_here(api: &Api, info: &Value, address: &str, secret: &str) -> Result<(), LinkFault> {
    if let Some(fault) = fault_of(info, address) {
        return Err(fault);
    }
    if info.get("url").and_then(Value::as_str) == Some(address) && is_complete(info) {
        return Ok(());
    }
    tracing::info!("Telegram does not call this relay for everything; setting the webhook");
    let done = api.call("setWebhook", &webhook(address, secret)).await;
    if is_yes(&done.map_err(CallError::for_link)?) {
        Ok(())
    } else {
        Err(LinkFault {
            reason: "Telegram did not take the webhook".to_owned(),
            is_passing: true,
        })
    }
}

/// Returns what Telegram is told about calling us. Updates that wait are never dropped.
pub(super) fn webhook(address: &str, secret: &str) -> Value {
    json!({
        "url": address,
        "secret_token": secret,
        "allowed_updates": UPDATES,
        "drop_pending_updates": false,
    })
}

/// Whether everything that we want is told. None named: what comes by itself, and reactions do not.
pub(super) fn is_complete(info: &Value) -> bool {
    let named = info.get("allowed_updates").and_then(Value::as_array);
    named.is_some_and(|named| {
        UPDATES
            .iter()
            .all(|kind| named.iter().any(|name| name == kind))
    })
}

/// What Telegram says about calling us: it waits with messages and tells why.
pub(super) fn fault_of(info: &Value, address: &str) -> Option<LinkFault> {
    if info.get("url").and_then(Value::as_str) != Some(address) {
        return None;
    }
    let waiting = info.get("pending_update_count").and_then(Value::as_u64)?;
    let words = wire::line(info.get("last_error_message"))?;
    (waiting > 0).then(|| LinkFault {
        reason: format!(
            "Telegram cannot call {address} ({words}); {waiting} updates wait there: is the address reachable from \
             outside, with a valid certificate?"
        ),
        is_passing: true,
    })
}

/// Whether a call that only says yes did.
fn is_yes(result: &Value) -> bool {
    *result == Value::Bool(true)
}

/// Returns the id of a bot, from what it says of itself.
pub(super) fn bot_id(me: &Value) -> Option<PlatformId> {
    wire::platform_id(me.get("id"))
}
