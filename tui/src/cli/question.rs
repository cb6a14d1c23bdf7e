//! Questions on the plain terminal, before or beside the desk's screen.

use std::io::{self, BufRead, IsTerminal, Write};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use shared::model::Secret;
use shared::protocol::Login;
use zeroize::Zeroizing;

use crate::events::{ESC_WAIT, EventsError, TerminalEvent, TerminalEvents};
use crate::key::{Code, Key};
use crate::link::Server;
use crate::runtime::Signals;
use crate::terminal::{TerminalError, check_terminal};

/// The password, for those who cannot be asked.
const PASSWORD: &str = "DESKWIRE_PASSWORD";

/// Bytes of a password as people type them.
const LONGEST_TYPED: usize = 1024;

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub(super) enum QuestionError {
    #[error("could not ask for the password; set {PASSWORD}, or run deskwire on a terminal")]
    NoTerminal(#[source] TerminalError),
    #[error("could not read the password from the terminal")]
    Events(#[from] EventsError),
    #[error("could not use the terminal for asking")]
    Terminal(#[from] io::Error),
    #[error("no password was given")]
    Left,
}

/// Asks who is there. Nothing typed means the name of the account.
pub(super) fn login(server: &Server) -> io::Result<String> {
    if !io::stdin().is_terminal() {
        return Err(io::Error::other(
            "standard input is not a terminal; say --login NAME",
        ));
    }
    let mut out = io::stderr();
    write!(out, "Login at {server}: ")?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    match line.trim() {
        "" => Err(io::Error::other("no login was given; say --login NAME")),
        login => Ok(login.to_owned()),
    }
}

/// Returns the password of the environment, if there is one.
pub(super) fn password_from_environment() -> Option<Secret> {
    std::env::var(PASSWORD)
        .ok()
        .filter(|password| !password.is_empty())
        .map(Secret::from)
}

/// Asks for a password without showing it. Ctrl+C, Ctrl+D, a signal, or the end of the terminal mean none.
pub(super) async fn password(server: &Server, login: &str) -> Result<Login, QuestionError> {
    check_terminal().map_err(QuestionError::NoTerminal)?;
    let mut signals = Signals::listen()?;
    let mut events = TerminalEvents::open(ESC_WAIT)?;
    // Before the question: what is typed ahead shall not be shown either.
    let raw = RawMode::enter()?;
    let mut out = io::stderr();
    write!(out, "Password of {login} at {server}: ")?;
    out.flush()?;
    let answer = tokio::select! {
        answer = read_hidden(&mut events) => answer,
        () = signals.next() => None,
    };
    drop(raw);
    writeln!(out)?;
    Ok(Login {
        login: login.to_owned(),
        password: answer.ok_or(QuestionError::Left)?,
    })
}

/// Reads up to Enter; `None` when the operator would rather not.
async fn read_hidden(events: &mut TerminalEvents) -> Option<Secret> {
    // Long enough that nobody types it out of its place, where a copy would stay.
    let mut typed = Zeroizing::new(String::with_capacity(LONGEST_TYPED));
    loop {
        let key = match events.next().await {
            TerminalEvent::Key(key) => key,
            TerminalEvent::Paste(text) => {
                typed.push_str(text.trim_end_matches(['\r', '\n']));
                continue;
            }
            TerminalEvent::Gone => return None,
            TerminalEvent::Resize { .. } | TerminalEvent::Focus(_) => continue,
        };
        if let Some(char) = key.text() {
            typed.push(char);
        } else if key.code == Code::Enter {
            return Some(Secret::from(typed.as_str()));
        } else if key.code == Code::Backspace {
            typed.pop();
        } else if key == Key::ctrl('u') {
            typed.clear();
        } else if key == Key::ctrl('c') || key == Key::ctrl('d') {
            return None;
        }
    }
}

/// The terminal shows nothing of what is typed, as long as this lives.
pub(super) struct RawMode;

impl RawMode {
    pub(super) fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        Ok(Self)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // The terminal may be gone, and its mode with it.
        disable_raw_mode().ok();
    }
}
