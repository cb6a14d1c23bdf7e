//! The Deskwire desk: a keyboard-driven terminal for operators, as a library with a thin binary.
//!
//! The ground floor (text, keys, languages, colours, the terminal itself) knows neither the app's state nor the protocol.
//! Above it: `app` is the state, `update` changes it, `view` draws it; all three are pure. Beside them `link` and `runtime`
//! do everything that is not, and [`run`] joins the two halves.

pub mod app;
pub mod cli;
pub mod composer;
pub mod config;
mod desk;
pub mod drafts;
pub mod effect;
pub mod events;
pub mod fuzzy;
pub mod input;
pub mod key;
pub mod keymap;
pub mod language;
pub mod link;
#[cfg(test)]
mod on_terminal;
mod private_file;
mod runtime;
pub mod template_key;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;

use std::io::Write;

use config::Settings;
use desk::Desk;
use drafts::DraftFile;
use link::{Credential, LinkOptions, Server};
use runtime::Parts;

pub use runtime::{Clock, DeskError, Ended, SignIn, Terminal};

/// What the relay's log calls this program.
const PROGRAM: &str = concat!("deskwire ", env!("CARGO_PKG_VERSION"));

/// What a desk is run with.
pub struct DeskOptions<W: Write> {
    /// Where the relay is.
    pub server: Server,
    /// Who works here.
    pub login: String,
    /// What proves it.
    pub credential: Credential,
    /// Asks for another credential when the relay does not take this one; none: the desk ends then.
    pub sign_in: Option<SignIn>,
    /// The screen and the keys.
    pub terminal: Terminal<W>,
    /// What the operator set.
    pub settings: Settings,
    /// Where unsent texts are kept; none: nowhere.
    pub drafts: Option<DraftFile>,
}

/// Runs a desk until the operator leaves, the terminal goes away or a signal comes. Draws before it connects, and never
/// ends because of the network. On the process's own terminal a panic restores the screen from then on.
///
/// Needs a running tokio with I/O and time; with a second thread the link never holds a key up.
///
/// # Errors
///
/// When the terminal cannot be used or the drafts cannot be saved at the end. The terminal is given back first.
pub async fn run<W: Write>(options: DeskOptions<W>) -> Result<Ended, DeskError> {
    let clock = Clock::SYSTEM;
    let core = Desk::open(&options, clock)?;
    runtime::run(Parts {
        core,
        terminal: options.terminal,
        link: LinkOptions {
            server: options.server,
            credential: options.credential,
            program: PROGRAM.to_owned(),
            clock,
        },
        sign_in: options.sign_in,
        drafts: options.drafts,
    })
    .await
}
