//! `deskwire login`: begins a session and keeps its token.

use jiff::tz::TimeZone;

use super::keep::TokenFile;
use super::{Place, question, say};
use crate::link::Sessions;

pub(super) async fn run(place: &Place) -> anyhow::Result<()> {
    let seat = place.find()?;
    let file = TokenFile::of(&seat.server, &seat.login)?;
    let login = match question::password_from_environment() {
        Some(password) => shared::protocol::Login {
            login: seat.login.clone(),
            password,
        },
        None => question::password(&seat.server, &seat.login).await?,
    };
    let session = Sessions::new(seat.server.clone())?.begin(&login).await?;
    let until = day(session.expires_at.0);
    file.save(session)?;
    say(&format!(
        "Logged in as {} at {} until {until}.",
        seat.login, seat.server
    ));
    Ok(())
}

/// Returns the day of a moment in milliseconds, here.
fn day(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map_or_else(
        |_| "for ever".to_owned(),
        |moment| {
            let local = moment.to_zoned_datetime(TimeZone::system());
            local.strftime("%Y-%m-%d %H:%M").to_string()
        },
    )
}
