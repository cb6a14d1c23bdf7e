//! `deskwire-relay check`: every fault of the config in one run (ADM-02), and with `--defaults` every setting (ADM-04).

use std::path::Path;
use std::process::ExitCode;

use crate::config;

pub(super) fn check(told: Option<&Path>, defaults: bool) -> ExitCode {
    let file = config::locate(told);
    let loaded = config::load(&file);
    for fault in &loaded.faults {
        super::say(&fault.to_string());
    }
    if loaded.config.is_none() {
        return ExitCode::FAILURE;
    }
    if defaults {
        for setting in &loaded.settings {
            super::say(&setting.to_string());
        }
    }
    super::say(&format!("{}: fine", file.display()));
    ExitCode::SUCCESS
}
