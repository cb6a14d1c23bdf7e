//! `deskwire-relay doctor`: is all well, and what to mend.

use std::path::Path;
use std::process::ExitCode;

use crate::channels::build::build;
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
        for (id, channel) in build(&config, &reqwest::Client::new()) {
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
