//! `deskwire-relay backup` and `restore` (ADM-13).

use std::path::Path;
use std::process::ExitCode;

use crate::store::sqlite;

pub(super) fn backup(told: Option<&Path>, to: &Path) -> anyhow::Result<ExitCode> {
    let config = super::load(told)?;
    sqlite::backup(&config.store, to)?;
    super::say(&format!(
        "{} holds the store as it was a moment ago",
        to.display()
    ));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restore(told: Option<&Path>, from: &Path) -> anyhow::Result<ExitCode> {
    let config = super::load(told)?;
    sqlite::restore(from, &config.store)?;
    super::say("restored; desks begin anew when the relay starts");
    Ok(ExitCode::SUCCESS)
}
