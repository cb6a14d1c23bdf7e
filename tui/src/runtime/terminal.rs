//! Both halves of an operator's terminal, screen and keys, so that they are taken over and given back together.

use std::io::{self, Write};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::DeskError;
use crate::events::{TerminalEvent, TerminalEvents};
use crate::terminal::{Screen, Surroundings, check_terminal};

/// Where the keys come from.
#[derive(Debug)]
enum Keys {
    /// The process's own terminal; not listened to while another program has it.
    Own {
        events: Option<TerminalEvents>,
        esc_wait: Duration,
    },
    /// Somebody else, who reads and decodes: a test, or a caller over SSH.
    Fed(mpsc::Receiver<TerminalEvent>),
}

/// An operator's terminal.
#[derive(Debug)]
pub struct Terminal<W: Write> {
    pub(super) screen: Screen<W>,
    keys: Keys,
}

impl Terminal<io::Stdout> {
    /// Takes over the process's own terminal. Needs a running tokio.
    ///
    /// `esc_wait` is how long a lone Esc may turn out to begin an arrow key.
    pub fn own(surroundings: Surroundings, esc_wait: Duration) -> Result<Self, DeskError> {
        check_terminal()?;
        // Keys first: when they cannot be had, the screen was never touched.
        let events = Some(TerminalEvents::open(esc_wait)?);
        let keys = Keys::Own { events, esc_wait };
        let screen = Screen::open(surroundings)?;
        Ok(Self { screen, keys })
    }
}

impl<W: Write> Terminal<W> {
    /// A terminal behind other ends: `screen` made by [`Screen::over`], and a queue of what it says, whose end means that
    /// the terminal is gone.
    pub fn over(screen: Screen<W>, events_rx: mpsc::Receiver<TerminalEvent>) -> Self {
        Self {
            screen,
            keys: Keys::Fed(events_rx),
        }
    }

    /// Returns its columns and rows.
    pub fn size(&self) -> Result<(u16, u16), DeskError> {
        Ok(self.screen.size()?)
    }

    /// Returns what the desk may use here.
    pub(crate) fn surroundings(&self) -> Surroundings {
        self.screen.surroundings()
    }

    /// Whether it is the process's own.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.keys, Keys::Own { .. })
    }

    /// Waits for what the terminal says next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> TerminalEvent {
        match &mut self.keys {
            Keys::Own {
                events: Some(events),
                ..
            } => events.next().await,
            Keys::Own { events: None, .. } => TerminalEvent::Gone,
            Keys::Fed(events_rx) => events_rx.recv().await.unwrap_or(TerminalEvent::Gone),
        }
    }

    /// Returns what the terminal has said already.
    pub(super) fn next_ready(&mut self) -> Option<TerminalEvent> {
        self.next().now_or_never()
    }

    /// Gives the terminal to a question or another program.
    pub(super) fn lend(&mut self) -> Result<(), DeskError> {
        if let Keys::Own { events, .. } = &mut self.keys {
            drop(events.take());
        }
        Ok(self.screen.leave()?)
    }

    /// Takes it back.
    pub(super) fn take_back(&mut self) -> Result<(), DeskError> {
        if let Keys::Own { events, esc_wait } = &mut self.keys {
            *events = Some(TerminalEvents::open(*esc_wait)?);
        }
        Ok(self.screen.enter()?)
    }
}
