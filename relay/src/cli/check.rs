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
    let Some(config) = loaded.config else {
        return ExitCode::FAILURE;
    };
    if defaults {
        print_settings(&config);
    }
    super::say(&format!("{}: fine", file.display()));
    ExitCode::SUCCESS
}

/// Prints what is in force, secrets left out.
fn print_settings(config: &config::Config) {
    let is_default = |value: &str, default: &str| if value == default { "default" } else { "file" };
    let line = |name: &str, value: String, default: &str| {
        super::say(&format!(
            "{name} = {value}  # {}",
            is_default(&value, default)
        ));
    };
    line("company.timezone", config.company.timezone.clone(), "UTC");
    line(
        "company.language",
        config.company.language.to_string(),
        "en",
    );
    line(
        "relay.listen",
        config.relay.listen.to_string(),
        "127.0.0.1:8080",
    );
    line(
        "relay.data_dir",
        config.relay.data_dir.display().to_string(),
        &config::default_data_folder().display().to_string(),
    );
    line(
        "relay.metrics_listen",
        config
            .relay
            .metrics_listen
            .map_or_else(|| "none".into(), |a| a.to_string()),
        "none",
    );
    line(
        "store.url",
        format!("sqlite:{}", config.store.display()),
        &format!("sqlite:{}", config.relay.data_dir.join("desk.db").display()),
    );
    line(
        "categories.required",
        config.categories.required.to_string(),
        "false",
    );
    line(
        "assignment.hide_others",
        config.hide_others.to_string(),
        "false",
    );
    line(
        "timeouts.close_final",
        config.timeouts.close_final.0.to_string(),
        "86400",
    );
    line("desk.theme", config.desk.theme.clone(), "dark");
    line("desk.keymap", config.desk.keymap.clone(), "default");
    line(
        "desk.undo_send_secs",
        config.desk.undo_send.0.to_string(),
        "3",
    );
    for channel in &config.channels {
        super::say(&format!(
            "channel {}: {} {}, active = {}, secrets hidden",
            channel.id, channel.kind, channel.name, channel.active
        ));
    }
}
