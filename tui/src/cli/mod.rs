//! The command line: what was asked for, and the exit code. The only place of the desk that prints, and that asks for
//! anything outside the screen.

mod keep;
mod keys;
mod log;
mod login;
mod logout;
mod open;
mod question;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, ConfigError};
use crate::link::{AddressError, Server, Transport};
use crate::theme::Theme;

/// Where the relay is unless somebody says otherwise.
const USUAL_SERVER: &str = "http://127.0.0.1:8080";

/// What `--help` says after the table.
const MORE: &str = "The password is asked for, or taken from the environment variable DESKWIRE_PASSWORD; \
    `deskwire login` keeps a session instead. Settings are read from desk.toml in the config folder.";

/// The desk for operators of Deskwire.
#[derive(Debug, Parser)]
#[command(name = "deskwire", version, after_help = MORE, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    look: Look,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Which relay, and as whom.
#[derive(Debug, Args)]
struct Place {
    /// Address of the relay, like `https://desk.acme.example` or `127.0.0.1:8080`, which is the default
    #[arg(long, value_name = "URL", global = true)]
    server: Option<String>,
    /// Who you are
    #[arg(long, value_name = "NAME", global = true)]
    login: Option<String>,
    /// Connect without encryption to another machine, over a network you trust
    #[arg(long, global = true)]
    insecure: bool,
    /// Settings to read instead of the usual desk.toml
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Write a log to this file
    #[arg(long, value_name = "FILE", global = true)]
    log: Option<PathBuf>,
}

/// How the desk looks.
#[derive(Debug, Args)]
struct Look {
    /// Colours: dark, light, contrast or mono
    #[arg(long, value_name = "NAME", value_parser = parse_theme)]
    theme: Option<Theme>,
    /// Frames of plain characters
    #[arg(long)]
    ascii: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep a session, so that the password is not asked for again
    Login,
    /// End the kept session and forget it
    Logout,
    /// Show the keys and what they do
    Keys {
        /// Show what each key press arrives as
        #[arg(long)]
        test: bool,
    },
}

/// A theme nobody made.
#[derive(Debug, thiserror::Error)]
#[error("there are {}", Theme::NAMED.map(|(name, _)| name).join(", "))]
struct UnknownTheme;

fn parse_theme(name: &str) -> Result<Theme, UnknownTheme> {
    Theme::named(name).ok_or(UnknownTheme)
}

/// Why an address or a name could not be made out of arguments and settings.
#[derive(Debug, thiserror::Error)]
enum PlaceError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("could not ask for your login")]
    Ask(#[source] io::Error),
}

/// A relay, an operator, and the settings.
struct Seat {
    server: Server,
    login: String,
    config: Config,
}

impl Place {
    /// Puts arguments and settings together; asks for the login if nobody has said it.
    fn find(&self) -> Result<Seat, PlaceError> {
        let mut config = config::load(self.config.as_deref())?;
        let address = self.server.clone().or_else(|| config.server.take());
        let transport = if self.insecure {
            Transport::Any
        } else {
            Transport::Private
        };
        let server = Server::parse(address.as_deref().unwrap_or(USUAL_SERVER), transport)?;
        let login = match self.login.clone().or_else(|| config.login.take()) {
            Some(login) => login,
            None => question::login(&server).map_err(PlaceError::Ask)?,
        };
        Ok(Seat {
            server,
            login,
            config,
        })
    }
}

/// Runs what the process's arguments ask for.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match dispatch(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(path) = &arguments.place.log {
        log::write_to(path)?;
    }
    // The second thread carries the link: reading a large snapshot or the machine's certificates never holds a key up.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let Arguments {
        place,
        look,
        command,
    } = arguments;
    runtime.block_on(async {
        match command {
            None => Box::pin(open::run(&place, &look)).await,
            Some(Command::Login) => login::run(&place).await,
            Some(Command::Logout) => logout::run(&place).await,
            Some(Command::Keys { test: false }) => keys::show(&place),
            Some(Command::Keys { test: true }) => keys::test(&place).await,
        }
    })
}

/// Says what went wrong, on one line: the attempt, then its causes. A list of faults has a line each.
fn complain(error: &anyhow::Error) {
    let is_list = error
        .downcast_ref::<PlaceError>()
        .is_some_and(|error| matches!(error, PlaceError::Config(ConfigError::Faults { .. })));
    if is_list {
        say_error(&error.to_string());
    } else {
        say_error(&format!("deskwire: {error:#}"));
    }
}

/// Writes a line to standard output.
fn say(line: &str) {
    // Nobody reads it: then nothing is lost either.
    writeln!(io::stdout(), "{line}").ok();
}

/// Writes a line to standard error.
fn say_error(line: &str) {
    writeln!(io::stderr(), "{line}").ok();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_reads_as_a_page() {
        insta::assert_snapshot!(Arguments::command().render_long_help());
    }
}
