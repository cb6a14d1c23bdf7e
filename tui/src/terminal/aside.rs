//! What is told to the terminal beside the frame: title, bell, notifications, clipboard. Each text passes [`strict`] first:
//! inside an escape sequence even one stray character would be a command.

use std::io::Write;

use crossterm::clipboard::CopyToClipboard;
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::SetTitle;

use super::{Screen, TerminalError};
use crate::text::{clean, clean_line, cut};

/// Longest text that is put into the clipboard, in bytes: what common terminals take in one OSC 52.
pub const LONGEST_COPY: usize = 74 * 1024;

const LONGEST_TITLE: usize = 80;
const LONGEST_NOTICE: usize = 160;

/// How the terminal is asked to call the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notification {
    /// The bell; what the terminal makes of it is the operator's choice.
    #[default]
    Bell,
    /// iTerm2 and others.
    Osc9,
    /// Ghostty, foot, `WezTerm`, Konsole, urxvt.
    Osc777,
    /// kitty.
    Osc99,
    Off,
}

impl Notification {
    /// Returns the way the config names.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "bell" => Some(Self::Bell),
            "osc9" => Some(Self::Osc9),
            "osc777" => Some(Self::Osc777),
            "osc99" => Some(Self::Osc99),
            "off" => Some(Self::Off),
            _ => None,
        }
    }

    /// Returns the bytes that show `text`, which is filtered here.
    pub(super) fn render(self, text: &str) -> String {
        let text = strict(text, LONGEST_NOTICE);
        match self {
            Self::Bell => "\x07".to_owned(),
            Self::Osc9 => format!("\x1b]9;{text}\x07"),
            Self::Osc777 => format!("\x1b]777;notify;Deskwire;{text}\x1b\\"),
            Self::Osc99 => format!("\x1b]99;;{text}\x1b\\"),
            Self::Off => String::new(),
        }
    }
}

/// Why a text was not put into the clipboard.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("could not copy {length} bytes, terminals take {LONGEST_COPY}")]
    TooLong { length: usize },
    #[error("could not hand the text to the terminal")]
    Terminal(#[from] TerminalError),
}

impl<W: Write> Screen<W> {
    /// Calls the operator in the way the surroundings chose. `text` is the desk's own sentence, not a visitor's.
    pub fn notify(&mut self, text: &str) -> Result<(), TerminalError> {
        let bytes = self.surroundings.render(text);
        self.write(|frame| queue!(frame, Print(bytes)))
    }

    /// Rings the bell.
    pub fn bell(&mut self) -> Result<(), TerminalError> {
        self.write(|frame| queue!(frame, Print('\x07')))
    }

    /// Sets the window's title; writes only when it is another one.
    pub fn set_title(&mut self, title: &str) -> Result<(), TerminalError> {
        let title = strict(title, LONGEST_TITLE);
        if title == self.title {
            return Ok(());
        }
        self.title.clone_from(&title);
        self.write(|frame| queue!(frame, SetTitle(title)))
    }

    /// Puts `text` into the clipboard of the operator's own machine, over SSH too (OSC 52).
    pub fn copy(&mut self, text: &str) -> Result<(), CopyError> {
        let text = clean(text);
        if text.len() > LONGEST_COPY {
            return Err(CopyError::TooLong { length: text.len() });
        }
        self.write(|frame| queue!(frame, CopyToClipboard::to_clipboard_from(text.as_bytes())))?;
        Ok(())
    }
}

/// Returns `text` as it may stand inside an escape sequence: one line, no control characters, no separators of such
/// sequences, at most `cells` wide.
pub(super) fn strict(text: &str, cells: usize) -> String {
    let line: String = clean_line(text)
        .chars()
        .filter(|char| !char.is_control())
        .map(|char| if char == ';' { ',' } else { char })
        .collect();
    cut(&line, cells)
}
