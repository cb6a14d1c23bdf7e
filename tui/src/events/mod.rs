//! What comes in from the terminal: keys, pastes, new sizes, focus, and its end. Reads the terminal itself, because the
//! terminal crate's stream spins at full speed on a closed terminal and blocks its thread on half an escape sequence.
//!
//! [`Decoder`] is pure and also serves terminals that are no files. What keys mean is the keymap's business.

mod decoder;
mod sequence;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

pub use decoder::{Decoder, ESC_WAIT};

use crate::key::Key;

/// Bytes read at once; a paste of a page is one or two reads.
const READ_BYTES: usize = 8 * 1024;

/// Reads that may wait for the desk before the reading thread waits too.
const READS_AHEAD: usize = 16;

/// One thing the terminal said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalEvent {
    /// A key in normal form, its layout not yet looked at.
    Key(Key),
    /// A bracketed paste, newlines as the terminal sent them; not cleaned.
    Paste(String),
    /// The terminal has a new size.
    Resize { columns: u16, rows: u16 },
    /// The terminal's window gained (`true`) or lost the focus.
    Focus(bool),
    /// The terminal is gone: closed, hung up, or unreadable. Nothing comes after it; save and leave.
    Gone,
}

/// Why the terminal could not be listened to.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    #[error("could not open standard input for reading keys")]
    Input(#[source] io::Error),
    #[error("could not start the thread that reads keys")]
    Thread(#[source] io::Error),
    #[error("could not listen for changes of the terminal's size")]
    Resizes(#[source] io::Error),
}

/// The terminal's events, read from standard input by a thread of its own. Dropping it ends the thread.
#[derive(Debug)]
pub struct TerminalEvents {
    /// What was read; closed when the terminal is gone.
    bytes_rx: mpsc::Receiver<Vec<u8>>,
    decoder: Decoder,
    resizes: Signal,
    ready: VecDeque<TerminalEvent>,
    is_gone: bool,
    /// Closing it tells the thread to end without another key press.
    _stop: PipeWriter,
}

impl TerminalEvents {
    /// Starts listening. Needs a running tokio with I/O and time.
    ///
    /// `esc_wait` is how long a lone Esc may turn out to begin an arrow key (`esc_guard_ms`).
    pub fn open(esc_wait: Duration) -> Result<Self, EventsError> {
        // A copy of the descriptor, so that the thread's file may close without closing standard input. It stays in
        // blocking mode: that mode belongs to the terminal and is shared with the shell.
        let input = io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .map_err(EventsError::Input)?;
        let (stopped, stop) = io::pipe().map_err(EventsError::Input)?;
        let (bytes_tx, bytes_rx) = mpsc::channel(READS_AHEAD);
        thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || read_until_gone(File::from(input), &stopped, &bytes_tx))
            .map_err(EventsError::Thread)?;
        let resizes = signal(SignalKind::window_change()).map_err(EventsError::Resizes)?;
        Ok(Self {
            bytes_rx,
            decoder: Decoder::new(esc_wait),
            resizes,
            ready: VecDeque::new(),
            is_gone: false,
            _stop: stop,
        })
    }

    /// Waits for the next event. Dropping the future loses nothing, so it may stand in a `select!`.
    ///
    /// After [`TerminalEvent::Gone`] it returns that for ever.
    pub async fn next(&mut self) -> TerminalEvent {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            if self.is_gone {
                return TerminalEvent::Gone;
            }
            self.wait().await;
        }
    }

    async fn wait(&mut self) {
        let deadline = self.decoder.deadline().map(Instant::from_std);
        tokio::select! {
            // Bytes that have arrived come before the deadline, however late this task was woken.
            biased;
            bytes = self.bytes_rx.recv() => match bytes {
                Some(bytes) => self.ready.extend(self.decoder.feed(&bytes, Instant::now().into_std())),
                None => self.is_gone = true,
            },
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                self.ready.extend(self.decoder.expire(Instant::now().into_std()));
            }
            _ = self.resizes.recv() => match crossterm::terminal::size() {
                Ok((columns, rows)) => self.ready.push_back(TerminalEvent::Resize { columns, rows }),
                Err(_) => self.is_gone = true,
            },
        }
    }
}

/// Hands on what the terminal sends until it ends, fails, or nobody listens any more. Sleeps in between.
fn read_until_gone(mut input: File, stopped: &PipeReader, bytes_tx: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = [0; READ_BYTES];
    loop {
        match read_some(&mut input, stopped, &mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                if bytes_tx.blocking_send(bytes).is_err() {
                    return;
                }
            }
        }
    }
}

/// Waits and reads once. Zero bytes mean that the terminal has ended or that this thread shall.
fn read_some(input: &mut File, stopped: &PipeReader, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut polled = [
            PollFd::new(input, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        match poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        let [of_input, of_stop] = polled.map(|fd| !fd.revents().is_empty());
        if of_stop {
            return Ok(0);
        }
        // A hang-up shows here too: what was typed before it is still read, then comes an end or an error.
        if of_input {
            match input.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}
