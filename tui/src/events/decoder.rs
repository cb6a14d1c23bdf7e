//! Bytes of a terminal into events, with the Esc guard (desk rule 4.4): pure, the time is an argument.
//!
//! A lone Esc is ambiguous: a key press, or the first packet of an arrow key on a slow line. It is kept for [`ESC_WAIT`];
//! if `[` or `O` follows in time, the sequence is collected, otherwise Esc is delivered.

use std::time::{Duration, Instant};

use super::TerminalEvent;
use super::sequence::{self, Sequence};
use crate::key::{Code, Key};

/// How long a lone Esc waits by default.
pub const ESC_WAIT: Duration = Duration::from_millis(25);

/// How long `ESC [` or `ESC O` alone waits for the rest.
const OPENING_WAIT: Duration = Duration::from_millis(50);

/// How long a sequence whose parameters have begun waits: nobody types those, so patience costs nothing.
const REST_WAIT: Duration = Duration::from_millis(500);

/// Longest sequence that is waited for; what is longer is no key.
const LONGEST_SEQUENCE: usize = 256;

/// Longest paste that is kept; the composer takes less.
const LONGEST_PASTE: usize = 1024 * 1024;

const ESC: u8 = 0x1b;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Turns bytes into events. Feed it what was read, call [`Decoder::expire`] when [`Decoder::deadline`] has come.
#[derive(Debug)]
pub struct Decoder {
    esc_wait: Duration,
    /// Bytes of a sequence or character whose end has not come yet.
    pending: Vec<u8>,
    /// The pending bytes are an Esc that ended its packet: what follows is another key unless it opens a sequence.
    is_lone_esc: bool,
    /// Bytes of a paste whose end has not come yet.
    paste: Option<Vec<u8>>,
    deadline: Option<Instant>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(ESC_WAIT)
    }
}

impl Decoder {
    /// A decoder that keeps a lone Esc for `esc_wait`.
    pub fn new(esc_wait: Duration) -> Self {
        Self {
            esc_wait,
            pending: Vec::new(),
            is_lone_esc: false,
            paste: None,
            deadline: None,
        }
    }

    /// When [`Decoder::expire`] is due; `None` while nothing is kept back.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Takes bytes read at `now` and returns what they complete.
    pub fn feed(&mut self, bytes: &[u8], now: Instant) -> Vec<TerminalEvent> {
        let mut events = Vec::new();
        if self.is_lone_esc && !matches!(bytes.first(), Some(b'[' | b'O' | &ESC)) {
            self.pending.clear();
            events.push(escape());
        }
        self.pending.extend_from_slice(bytes);
        self.drain(&mut events);
        self.is_lone_esc = self.pending == [ESC];
        self.deadline = self.patience().map(|wait| now + wait);
        events
    }

    /// Gives up waiting if the deadline has come, and returns the keys that the kept bytes are by themselves.
    pub fn expire(&mut self, now: Instant) -> Vec<TerminalEvent> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        self.deadline = None;
        self.is_lone_esc = false;
        match std::mem::take(&mut self.pending).as_slice() {
            [ESC] => vec![escape()],
            [ESC, ESC] => vec![escape(), escape()],
            [ESC, byte @ (b'[' | b'O')] => {
                vec![escape(), TerminalEvent::Key(Key::char(char::from(*byte)))]
            }
            // Half a sequence or character means nothing, and must not be taken for commands.
            _ => Vec::new(),
        }
    }

    fn patience(&self) -> Option<Duration> {
        match self.pending.as_slice() {
            [] => None,
            [ESC] | [ESC, ESC] => Some(self.esc_wait),
            [ESC, _] => Some(OPENING_WAIT),
            _ => Some(REST_WAIT),
        }
    }

    /// Takes whole sequences off the pending bytes until none is left.
    fn drain(&mut self, events: &mut Vec<TerminalEvent>) {
        loop {
            if self.paste.is_some() && !self.collect_paste(events) {
                return;
            }
            let Some((sequence, used)) = sequence::next(&self.pending) else {
                break;
            };
            self.pending.drain(..used);
            match sequence {
                Sequence::Event(event) => events.push(event),
                Sequence::PasteStart => self.paste = Some(Vec::new()),
                Sequence::Ignored => {}
            }
        }
        if self.pending.len() > LONGEST_SEQUENCE {
            self.pending.clear();
        }
    }

    /// Moves pending bytes into the open paste. Returns whether its end was among them.
    fn collect_paste(&mut self, events: &mut Vec<TerminalEvent>) -> bool {
        let Some(paste) = &mut self.paste else {
            return true;
        };
        let searched_from = paste.len().saturating_sub(PASTE_END.len());
        paste.append(&mut self.pending);
        let tail = paste.get(searched_from..).unwrap_or_default();
        let Some(at) = tail
            .windows(PASTE_END.len())
            .position(|window| window == PASTE_END)
        else {
            cap_paste(paste);
            return false;
        };
        self.pending = paste.split_off(searched_from + at + PASTE_END.len());
        paste.truncate(searched_from + at);
        paste.truncate(LONGEST_PASTE);
        events.push(TerminalEvent::Paste(
            String::from_utf8_lossy(paste).into_owned(),
        ));
        self.paste = None;
        true
    }
}

/// Drops the middle of a paste that grows too long; its last bytes stay, for they may begin the end mark.
fn cap_paste(paste: &mut Vec<u8>) {
    if paste.len() > LONGEST_PASTE + PASTE_END.len() {
        let end = paste.len() - PASTE_END.len();
        paste.drain(LONGEST_PASTE..end);
    }
}

fn escape() -> TerminalEvent {
    TerminalEvent::Key(Key::plain(Code::Escape))
}
