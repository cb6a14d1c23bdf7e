//! `deskwire-relay doctor`: is all well, and what to mend (ADM-06).

mod outside;

use std::path::Path;
use std::process::ExitCode;

use crate::channels::build::build;
use crate::channels::registry::Channels;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::store::sqlite;

pub(super) fn doctor(told: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = super::load(told)?;
    super::block_on(async move {
        let mut is_well = true;
        let mut unlinked = vec![];
        match sqlite::look(&config.store) {
            Ok(look) => {
                unlinked = look.unlinked;
                super::say(&format!(
                    "store: {} events, {} chats open",
                    look.events, look.open_chats
                ));
                if look.unread > 0 {
                    super::say(&format!(
                        "store: {} bodies were not understood; they are kept raw",
                        look.unread
                    ));
                }
            }
            Err(error) => {
                is_well = false;
                super::say(&format!("store: {error:#}"));
            }
        }
        let client = reqwest::Client::new();
        let channels = build(&config, &client);
        is_well &= look_outside(&client, &config, &channels).await;
        for (id, channel) in channels {
            // Looking at it would put it back.
            if unlinked.iter().any(|known| known == id.as_str()) {
                super::say(&format!(
                    "{id}: unlinked; `deskwire-relay channel relink {id}` puts it back"
                ));
                continue;
            }
            match channel.check_link().await {
                Ok(()) => super::say(&format!("{id}: works")),
                Err(fault) => {
                    is_well = false;
                    super::say(&format!("{id}: {}", fault.reason));
                }
            }
            for advice in channel.advice(SystemClock.now()).await {
                super::say(&format!("{id}: {advice}"));
            }
            for step in channel.by_hand(config.webhook_address(&id).as_deref()) {
                super::say(&format!("{id}: by hand, if it is not done yet: {step}"));
            }
        }
        Ok(if is_well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

/// Says how the clock and the public address are; false: the clock is wrong. An address that is not reached from here may be
/// reached from outside.
async fn look_outside(client: &reqwest::Client, config: &Config, channels: &Channels) -> bool {
    let mut is_right = true;
    let addresses = channels
        .values()
        .map(|channel| channel.file_hosts().api_url);
    for address in addresses.filter(|address| !address.is_empty()) {
        let told = outside::clock(client, address, || SystemClock.now()).await;
        let Some(told) = told else { continue };
        is_right = told.is_ok();
        super::say(&told.unwrap_or_else(|wrong| wrong));
        break;
    }
    if let Some(public_url) = &config.relay.public_url {
        let told = outside::public_address(client, public_url).await;
        super::say(&told.unwrap_or_else(|wrong| wrong));
    }
    is_right
}
