//! `deskwire logout`: ends the kept session at the relay and forgets it.

use anyhow::Context;

use super::keep::TokenFile;
use super::{Place, say};
use crate::link::Sessions;
use crate::runtime::Clock;

pub(super) async fn run(place: &Place) -> anyhow::Result<()> {
    let seat = place.find_kept()?;
    let file = TokenFile::of(&seat.server, &seat.login)?;
    let kept = file.load(Clock::SYSTEM.now());
    // Forgotten first: whatever the relay says, this machine shall not have it any more.
    let was_kept = file.forget()?;
    let who = format!("{} at {}", seat.login, seat.server);
    if let Some(token) = kept? {
        Sessions::new(seat.server)?
            .end(&token)
            .await
            .context("forgot the session here, but could not end it at the relay")?;
    }
    say(&if was_kept {
        format!("Logged out {who}.")
    } else {
        format!("There was no kept session of {who}.")
    });
    Ok(())
}
