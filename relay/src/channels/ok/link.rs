//! Whether the group's messages reach us (ok.md 1, 3, CH-24): the key is the group's, and Odnoklassniki calls where it should.
//! Set right where it is not. Each look also prolongs the key, which dies after 30 days without a call.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::channels::wire;
use crate::channels::{Left, LinkFault};

use super::api::{Api, CallError};
use super::{OkSettings, secret};

pub(super) async fn check(api: &Api, settings: &OkSettings) -> Result<(), LinkFault> {
    let info = api.get(&["me", "info"], &[]).await;
    check_owner(&info.map_err(CallError::for_link)?, &settings.group_id)?;
    let told = api.get(&["me", "subscriptions"], &[]).await;
    let called = addresses(&told.map_err(CallError::for_link)?);
    let Some(address) = settings.address.as_deref() else {
        return check_somebody(&called);
    };
    let ours = secret::address(address, settings.secret.expose_secret());
    for stale in stale(&called, address, &ours) {
        tracing::info!(
            "Odnoklassniki calls this relay with an old secret; taking that address back"
        );
        unsubscribe(api, stale).await?;
    }
    if called.contains(&ours) {
        return Ok(());
    }
    tracing::info!("Odnoklassniki does not call this relay; subscribing");
    let done = api
        .post(&["me", "subscribe"], &json!({ "url": ours }))
        .await;
    if wire::flag(&done.map_err(CallError::for_link)?, "success") {
        Ok(())
    } else {
        Err(LinkFault {
            reason: format!(
                "Odnoklassniki did not take the address {address}: is it reachable from outside, over HTTPS with a valid \
                 certificate?"
            ),
            is_passing: true,
        })
    }
}

/// Takes our address back.
pub(super) async fn leave(api: &Api, settings: &OkSettings) -> Result<Left, LinkFault> {
    let Some(address) = settings.address.as_deref() else {
        return Ok(Left::ByHand);
    };
    let ours = secret::address(address, settings.secret.expose_secret());
    unsubscribe(api, &ours).await?;
    Ok(Left::Done)
}

async fn unsubscribe(api: &Api, url: &str) -> Result<(), LinkFault> {
    let done = api
        .post(&["me", "unsubscribe"], &json!({ "url": url }))
        .await;
    done.map(drop).map_err(CallError::for_link)
}

/// A key of another group would answer in the wrong name.
pub(super) fn check_owner(info: &Value, group_id: &str) -> Result<(), LinkFault> {
    match wire::id(info.get("group_id")) {
        Some(id) if id == group_id => Ok(()),
        Some(id) => Err(LinkFault {
            reason: format!(
                "the access key belongs to another group, {id}: take the key from the settings of {group_id}, or correct \
                 group_id"
            ),
            is_passing: false,
        }),
        None => Err(LinkFault {
            reason: "Odnoklassniki does not say whose access key it is".to_owned(),
            is_passing: true,
        }),
    }
}

/// Without an address of ours somebody else must have seen to it.
fn check_somebody(called: &[String]) -> Result<(), LinkFault> {
    if called.is_empty() {
        return Err(LinkFault {
            reason: "Odnoklassniki calls nobody: set relay.public_url to an address that it can reach, and the relay \
                     subscribes it"
                .to_owned(),
            is_passing: false,
        });
    }
    Ok(())
}

/// Returns whom Odnoklassniki calls; the addresses may hold secrets.
pub(super) fn addresses(told: &Value) -> Vec<String> {
    let list = told.get("subscriptions").and_then(Value::as_array);
    let addresses = list.into_iter().flatten().map(|one| one.get("url"));
    addresses
        .filter_map(|url| url?.as_str().map(str::to_owned))
        .collect()
}

/// Returns those of this channel that have another secret: each of their calls would be turned away.
pub(super) fn stale<'a>(called: &'a [String], address: &str, ours: &str) -> Vec<&'a str> {
    let is_stale = |url: &&str| {
        let (path, _) = url.split_once('?').unwrap_or((url, ""));
        path == address && *url != ours
    };
    called.iter().map(String::as_str).filter(is_stale).collect()
}
