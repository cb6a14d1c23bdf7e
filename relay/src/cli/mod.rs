//! The command line: one file per command, and the only place that prints.

mod args;
mod backup;
mod channel;
mod check;
mod demo;
mod doctor;
mod hash_password;
mod serve;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use shared::model::ChannelId;

use crate::channels::Channel;
use crate::config::Config;

pub use args::{Args, Command};

/// Runs the command given; the exit code is 0 when all is well, 1 for a stated fault, 2 for wrong usage.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let config = args.config.as_deref();
    let done = match args.command {
        Command::Serve => serve::serve(config),
        Command::Check { defaults } => return check::check(config, defaults),
        Command::Demo { no_desk } => demo::demo(no_desk),
        Command::Doctor => doctor::doctor(config),
        Command::Channel(command) => channel::channel(config, command),
        Command::HashPassword => hash_password::hash_password(),
        Command::Backup { file } => backup::backup(config, &file),
        Command::Restore { file } => backup::restore(config, &file),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            say_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// One line on standard error.
#[expect(clippy::print_stderr, reason = "the command line speaks to people")]
fn say_error(text: &str) {
    eprintln!("deskwire-relay: {text}");
}

/// One line on standard output.
#[expect(clippy::print_stdout, reason = "the command line speaks to people")]
fn say(text: &str) {
    println!("{text}");
}

/// What is left for people to do at a channel's platform.
fn say_by_hand(config: &Config, id: &ChannelId, channel: &dyn Channel) {
    for step in channel.by_hand(config.webhook_address(id).as_deref()) {
        say(&format!("{id}: by hand, if it is not done yet: {step}"));
    }
}

/// Reads the config, or says every fault.
fn load(told: Option<&Path>) -> anyhow::Result<Config> {
    let file = crate::config::locate(told);
    let loaded = crate::config::load(&file);
    for fault in &loaded.faults {
        say_error(&fault.to_string());
    }
    loaded.config.ok_or_else(|| {
        anyhow::anyhow!("the config has faults; see config.example.toml, and check again with `deskwire-relay check`")
    })
}

/// Starts the runtime a command needs.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// The same, and hardly waits for threads that are still at work when it is done.
fn block_on_briefly<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    done
}
