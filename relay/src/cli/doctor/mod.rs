//! `deskwire-relay doctor`: is all well, and what to mend (ADM-06).

mod outside;

use std::path::Path;
use std::process::ExitCode;

use shared::model::ChannelId;

use crate::channels::Channel;
use crate::channels::build::build;
use crate::channels::registry::Channels;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::store::sqlite::{self, Look};

pub(super) fn doctor(told: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = super::load(told)?;
    super::block_on(async move {
        let look = look_at_store(&config.store);
        let client = reqwest::Client::new();
        let channels = build(&config, &client);
        let mut is_well = look.is_some();
        is_well &= look_outside(&client, &config, &channels).await;
        let unlinked = look.map(|look| look.unlinked).unwrap_or_default();
        for (id, channel) in &channels {
            // Looking at it would put it back.
            if unlinked.iter().any(|known| known == id.as_str()) {
                super::say(&format!(
                    "{id}: unlinked; `deskwire-relay channel relink {id}` puts it back"
                ));
                continue;
            }
            is_well &= look_at_channel(&config, id, &**channel).await;
        }
        Ok(if is_well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

/// Says how the store is; none: it cannot be read.
fn look_at_store(database: &Path) -> Option<Look> {
    let look = sqlite::look(database)
        .inspect_err(|error| super::say(&format!("store: {error:#}")))
        .ok()?;
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
    Some(look)
}

/// Says how a channel is and what is left to do; false: it does not work.
async fn look_at_channel(config: &Config, id: &ChannelId, channel: &dyn Channel) -> bool {
    let link = channel.check_link().await;
    match &link {
        Ok(()) => super::say(&format!("{id}: works")),
        Err(fault) => super::say(&format!("{id}: {}", fault.reason)),
    }
    for advice in channel.advice(SystemClock.now()).await {
        super::say(&format!("{id}: {advice}"));
    }
    super::say_by_hand(config, id, channel);
    link.is_ok()
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
