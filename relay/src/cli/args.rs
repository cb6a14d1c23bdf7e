//! What may be written on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The relay of Deskwire: takes the platforms' webhooks, keeps the chats, sends the replies, serves the desks.
#[derive(Debug, Parser)]
#[command(name = "deskwire-relay", version, max_term_width = 100)]
pub struct Args {
    /// The config; else `DESKWIRE_CONFIG`, ./config.toml, the platform's config folder
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the relay; SIGHUP or a changed file reloads the config, SIGTERM drains and stops
    Serve,
    /// Read the config and say everything that is wrong, as <FILE:LINE:COL>: message
    Check {
        /// Also print every setting, its value, and whether it is the default
        #[arg(long)]
        defaults: bool,
    },
    /// Show a relay with simulated visitors and a desk, in this terminal; leaves nothing behind
    Demo {
        /// Leave the desk out and print the line that opens one
        #[arg(long)]
        no_desk: bool,
    },
    /// Ask the platforms, the store and the clock whether all is well, and say what to mend
    Doctor,
    /// Ask the running relay how its channels are; set one up, take it off its account and back
    #[command(subcommand)]
    Channel(ChannelCommand),
    /// Read a password from standard input and print its hash for the config
    HashPassword,
    /// Write a copy of the store while the relay runs
    Backup {
        /// Must not exist yet
        file: PathBuf,
    },
    /// Put a copy back; the relay must not run
    Restore {
        /// Made by `backup`
        file: PathBuf,
    },
}

/// What `channel` does.
#[derive(Debug, Subcommand)]
pub enum ChannelCommand {
    /// List all channels: id, platform, state, name
    List,
    /// Let the running relay set up at the platform what it can, and print what is left to do by hand, and where
    Setup {
        /// Its id in the config
        id: String,
    },
    /// Take a channel off its account: replies wait, nothing is asked for, the platform is asked to call no more
    Unlink {
        /// Its id in the config
        id: String,
    },
    /// Put a channel back, without setting anything up anew, and bring the last 24 hours in
    Relink {
        /// Its id in the config
        id: String,
    },
    /// Bring in what the platform remembers of the last 24 hours; nothing comes twice
    Recover {
        /// Its id in the config
        id: String,
    },
}
