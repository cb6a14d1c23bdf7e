//! Sets the community up by API (vk.md 11, 12): where VK calls, what it tells, or that it lets us ask.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use subtle::ConstantTimeEq as _;

use shared::model::PlatformId;

use crate::channels::wire;
use crate::channels::{Left, LinkFault};

use super::api::{Api, CallError};
use super::link::lasting;
use super::message;

/// The name of our server among the community's; VK takes 14 letters.
const TITLE: &str = "deskwire";
const VERSION: &str = "5.199";
/// What VK shall tell us.
pub(super) const EVENTS: [&str; 11] = [
    "message_new",
    "message_reply",
    "message_edit",
    "message_allow",
    "message_deny",
    "message_read",
    "message_typing_state",
    "message_event",
    "message_reaction_event",
    "user_block",
    "user_unblock",
];

/// A callback server as VK lists it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) is_well: bool,
    pub(super) has_failed: bool,
}

pub(super) async fn let_us_ask(api: &Api, account: &PlatformId) -> Result<(), LinkFault> {
    let group = ("group_id", account.as_str());
    let mut wanted = vec![group, ("enabled", "1"), ("api_version", VERSION)];
    wanted.extend(EVENTS.map(|event| (event, "1")));
    let done = api.call("groups.setLongPollSettings", &wanted).await;
    done.map(drop).map_err(CallError::for_link)
}

/// Lets VK call the address, and tell everything that we want. VK asks whether the address is ours while it is told.
pub(super) async fn call_here(
    api: &Api,
    account: &PlatformId,
    address: &str,
    secret: &str,
    code: &Mutex<Option<String>>,
) -> Result<(), LinkFault> {
    let group = ("group_id", account.as_str());
    let servers = api.call("groups.getCallbackServers", &[group]).await;
    let servers = servers.map_err(CallError::for_link)?;
    let listed = find(&servers, address, secret);
    let id = match listed {
        Some(listed) if listed.is_well => listed.id,
        other => {
            let fresh = api
                .call("groups.getCallbackConfirmationCode", &[group])
                .await;
            let fresh = fresh.map_err(CallError::for_link)?;
            *code.lock().unwrap_or_else(PoisonError::into_inner) = wire::id(fresh.get("code"));
            let had_failed = other.as_ref().is_some_and(|listed| listed.has_failed);
            let id = put(api, group, address, secret, other.map(|listed| listed.id)).await?;
            if had_failed {
                tracing::warn!("VK had stopped calling this relay; it is told anew");
            }
            id
        }
    };
    complete(api, group, &id).await
}

/// Takes our server out of the community's (vk.md 11).
pub(super) async fn leave(
    api: &Api,
    account: &PlatformId,
    address: &str,
) -> Result<Left, LinkFault> {
    let group = ("group_id", account.as_str());
    let servers = api.call("groups.getCallbackServers", &[group]).await;
    let servers = servers.map_err(CallError::for_link)?;
    if let Some(listed) = find(&servers, address, "") {
        let server = ("server_id", listed.id.as_str());
        let done = api
            .call("groups.deleteCallbackServer", &[group, server])
            .await;
        done.map_err(CallError::for_link)?;
    }
    Ok(Left::Done)
}

/// Returns our server among those of a community.
pub(super) fn find(servers: &Value, address: &str, secret: &str) -> Option<Listed> {
    let items = servers.get("items")?.as_array()?;
    let ours = items
        .iter()
        .find(|server| server.get("url").and_then(Value::as_str) == Some(address))?;
    let status = ours
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let known = ours
        .get("secret_key")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_same = bool::from(known.as_bytes().ct_eq(secret.as_bytes()));
    Some(Listed {
        id: wire::id(ours.get("id"))?,
        is_well: status == "ok" && is_same,
        has_failed: status == "failed",
    })
}

async fn put(
    api: &Api,
    group: (&str, &str),
    address: &str,
    secret: &str,
    known: Option<String>,
) -> Result<String, LinkFault> {
    let server = [
        group,
        ("url", address),
        ("title", TITLE),
        ("secret_key", secret),
    ];
    if let Some(id) = known {
        let changed = [&server[..], &[("server_id", id.as_str())]].concat();
        let done = api.call("groups.editCallbackServer", &changed).await;
        return done.map(|_| id).map_err(CallError::for_link);
    }
    let added = api.call("groups.addCallbackServer", &server).await;
    let added = added.map_err(|error| match error {
        CallError::No(no) if no.code == 2000 => lasting(
            "the community has ten callback servers already: delete one (Управление → Работа с API → Callback API)".to_owned(),
        ),
        other => other.for_link(),
    })?;
    wire::id(added.get("server_id"))
        .ok_or_else(|| lasting("VK did not take the address".to_owned()))
}

/// Lets everything be told; what is told already is left alone.
async fn complete(api: &Api, group: (&str, &str), id: &str) -> Result<(), LinkFault> {
    let server = ("server_id", id);
    let settings = api
        .call("groups.getCallbackSettings", &[group, server])
        .await;
    if is_complete(&settings.map_err(CallError::for_link)?) {
        return Ok(());
    }
    let mut wanted = vec![group, server, ("api_version", VERSION)];
    wanted.extend(EVENTS.map(|event| (event, "1")));
    let done = api.call("groups.setCallbackSettings", &wanted).await;
    done.map(drop).map_err(CallError::for_link)
}

/// Whether everything that we want is told, in the version that we read.
pub(super) fn is_complete(settings: &Value) -> bool {
    let version = settings.get("api_version").and_then(Value::as_str);
    let events = settings.get("events").unwrap_or(&Value::Null);
    version == Some(VERSION)
        && EVENTS
            .iter()
            .all(|event| message::is_set(events.get(event)))
}
