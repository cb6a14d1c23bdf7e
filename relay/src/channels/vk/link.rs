//! Whether the community's messages reach us (CH-24): the key is its own and may do what is needed, and VK calls where it
//! should or lets us ask.

use std::sync::Mutex;

use secrecy::ExposeSecret as _;
use serde_json::Value;

use shared::model::PlatformId;

use crate::channels::LinkFault;
use crate::channels::wire;

use super::Receive;
use super::api::{Api, CallError};
use super::setup;

/// Rights that a key needs, by VK's bits (vk.md 1).
const RIGHTS: [(u64, &str); 4] = [
    (4096, "messages"),
    (4, "photos"),
    (131_072, "docs"),
    (262_144, "manage"),
];

pub(super) async fn check(
    api: &Api,
    account: &PlatformId,
    receive: &Receive,
    code: &Mutex<Option<String>>,
) -> Result<(), LinkFault> {
    let group = api.call("groups.getById", &[]).await;
    let group = group.map_err(CallError::for_link)?;
    if group_of(&group).as_ref() != Some(account) {
        return Err(lasting(format!(
            "the key is another community's: take one of community {account}, or put its number into the config (group_id)"
        )));
    }
    let rights = api.call("groups.getTokenPermissions", &[]).await;
    let rights = rights.map_err(CallError::for_link)?;
    let missing = missing_rights(&rights);
    // What is set up by hand needs no right to set it up.
    let by_hand = matches!(receive, Receive::Callback { address: None, .. });
    let missing: Vec<&str> = missing
        .into_iter()
        .filter(|right| !(by_hand && *right == "manage"))
        .collect();
    if !missing.is_empty() {
        return Err(lasting(format!(
            "the community's key has no right to {}: make one that has (Управление → Работа с API → Ключи доступа)",
            missing.join(", ")
        )));
    }
    match receive {
        Receive::Poll => setup::let_us_ask(api, account).await,
        Receive::Callback { address: None, .. } => Ok(()),
        Receive::Callback {
            secret,
            address: Some(address),
            ..
        } => setup::call_here(api, account, address, secret.expose_secret(), code).await,
    }
}

/// Returns the community of a key. Old versions answered with a bare list.
pub(super) fn group_of(answer: &Value) -> Option<PlatformId> {
    let groups = answer.get("groups").unwrap_or(answer);
    wire::platform_id(groups.get(0)?.get("id"))
}

/// Returns the rights that a key lacks.
pub(super) fn missing_rights(answer: &Value) -> Vec<&'static str> {
    let mask = answer.get("mask").and_then(Value::as_u64).unwrap_or(0);
    let missing = RIGHTS.iter().filter(|(bit, _)| mask & bit == 0);
    missing.map(|(_, right)| *right).collect()
}

pub(super) fn lasting(reason: String) -> LinkFault {
    LinkFault {
        reason,
        is_passing: false,
    }
}
