//! The screen: entering and leaving it, frames in one write each, and what goes beside the frame (title, bell,
//! notifications, clipboard). The only module that writes raw bytes to a terminal, so every text that is not drawn as cells
//! passes the strict filter here (desk rule 5.4).
//!
//! Decides nothing: when to notify and what to copy is `update`'s business.

mod aside;
mod backend;
mod surroundings;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{SetCursorStyle, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Size;

use backend::{FrameBackend, FrameBytes};

pub use aside::{CopyError, LONGEST_COPY, Notification};
pub use surroundings::Surroundings;

/// Saves and brings back the window's title (xterm's title stack).
const SAVE_TITLE: &str = "\x1b[22;2t";
const RESTORE_TITLE: &str = "\x1b[23;2t";

/// The process's own terminal is in the desk's mode and must be restored.
static IS_ENTERED: AtomicBool = AtomicBool::new(false);

/// Why the terminal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    #[error(
        "deskwire needs a terminal, and {stream} is not one; run it without pipes or redirections"
    )]
    NotATerminal { stream: &'static str },
    #[error("could not switch the terminal to the desk's mode")]
    Enter(#[source] io::Error),
    #[error("could not draw on the terminal")]
    Draw(#[source] io::Error),
}

/// Checks that there is a person at both ends, before anything else is tried.
pub fn check_terminal() -> Result<(), TerminalError> {
    for (stream, is_terminal) in [
        ("standard input", io::stdin().is_terminal()),
        ("standard output", io::stdout().is_terminal()),
    ] {
        if !is_terminal {
            return Err(TerminalError::NotATerminal { stream });
        }
    }
    Ok(())
}

/// How the hardware cursor looks: one of the three signs of the composer's mode (`D-14`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Caret {
    /// Commands: the terminal's own shape.
    #[default]
    Usual,
    /// A reply is being written.
    Bar,
    /// A note to colleagues is being written.
    Underline,
}

/// What the terminal has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    /// Nothing: it is as it was found.
    #[default]
    Left,
    Entered,
    /// Also to send keys in the unambiguous form.
    EnteredWithCertainKeys,
}

/// The operator's screen. Dropping it restores the terminal.
#[derive(Debug)]
pub struct Screen<W: Write> {
    out: W,
    /// The same bytes the drawing library writes to.
    frame: FrameBytes,
    terminal: ratatui::Terminal<FrameBackend>,
    surroundings: Surroundings,
    /// Raw mode belongs to the process's own terminal; a screen over another writer leaves it alone.
    is_own: bool,
    mode: Mode,
    /// The next frame draws every cell.
    must_repaint: bool,
    caret: Caret,
    title: String,
}

impl Screen<io::Stdout> {
    /// Takes over the process's terminal. Call [`check_terminal`] and [`restore_on_panic`] first.
    pub fn open(surroundings: Surroundings) -> Result<Self, TerminalError> {
        Self::build(io::stdout(), None, surroundings)
    }
}

impl<W: Write> Screen<W> {
    /// Takes over a terminal behind any writer, `columns` by `rows`; raw mode there is the caller's business.
    pub fn over(
        out: W,
        columns: u16,
        rows: u16,
        surroundings: Surroundings,
    ) -> Result<Self, TerminalError> {
        Self::build(out, Some(Size::new(columns, rows)), surroundings)
    }

    /// Returns what the desk may use here.
    pub fn surroundings(&self) -> Surroundings {
        self.surroundings
    }

    fn build(
        out: W,
        size: Option<Size>,
        surroundings: Surroundings,
    ) -> Result<Self, TerminalError> {
        let frame = FrameBytes::default();
        let backend = FrameBackend::new(frame.clone(), size);
        let terminal = ratatui::Terminal::new(backend).map_err(TerminalError::Enter)?;
        let mut screen = Self {
            out,
            frame,
            terminal,
            surroundings,
            is_own: size.is_none(),
            mode: Mode::Left,
            must_repaint: true,
            caret: Caret::Usual,
            title: String::new(),
        };
        screen.enter()?;
        Ok(screen)
    }

    /// Switches to the desk's mode; also after [`Screen::leave`], when another program had the terminal meanwhile.
    pub fn enter(&mut self) -> Result<(), TerminalError> {
        if self.mode != Mode::Left {
            return Ok(());
        }
        self.mode = Mode::Entered;
        // Whatever is on the screen now, the next frame is a whole one.
        self.must_repaint = true;
        if self.is_own {
            IS_ENTERED.store(true, Ordering::SeqCst);
            enable_raw_mode().map_err(TerminalError::Enter)?;
        }
        queue!(
            self.frame,
            Print(SAVE_TITLE),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange,
        )
        .and_then(|()| self.send())
        .map_err(TerminalError::Enter)
    }

    /// Gives the terminal back as it was found. What cannot be written any more is let be.
    pub fn leave(&mut self) -> Result<(), TerminalError> {
        let mode = std::mem::take(&mut self.mode);
        // After a panic the hook has restored it already.
        let is_restored = self.is_own && !IS_ENTERED.swap(false, Ordering::SeqCst);
        if mode == Mode::Left || is_restored {
            return Ok(());
        }
        self.caret = Caret::Usual;
        self.title.clear();
        // A frame that was interrupted is not shown.
        drop(self.frame.take());
        let sent = queue_restore(&mut self.frame, mode).and_then(|()| self.send());
        let cooked = if self.is_own {
            disable_raw_mode()
        } else {
            Ok(())
        };
        sent.and(cooked).map_err(TerminalError::Draw)
    }

    /// Draws one frame with `view`, as one write between the marks of a synchronized update.
    pub fn draw(
        &mut self,
        view: impl FnOnce(&mut ratatui::Frame<'_>),
    ) -> Result<(), TerminalError> {
        self.draw_frame(view)
            .and_then(|()| self.send())
            .map_err(TerminalError::Draw)?;
        self.ask_for_certain_keys()
    }

    fn draw_frame(&mut self, view: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        queue!(self.frame, BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.must_repaint) {
            self.terminal.clear()?;
        }
        self.terminal.draw(view)?;
        queue!(self.frame, EndSynchronizedUpdate)
    }

    /// Asks for unambiguous keys once the first frame is out; terminals that do not know it ignore it.
    fn ask_for_certain_keys(&mut self) -> Result<(), TerminalError> {
        if self.mode != Mode::Entered || !self.surroundings.has_certain_keys {
            return Ok(());
        }
        self.mode = Mode::EnteredWithCertainKeys;
        let flags =
            PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES);
        self.write(|frame| queue!(frame, flags))
    }

    /// Returns its columns and rows.
    pub fn size(&self) -> Result<(u16, u16), TerminalError> {
        let size = self.terminal.size().map_err(TerminalError::Draw)?;
        Ok((size.width, size.height))
    }

    /// Makes the next frame draw everything anew (Ctrl+L).
    pub fn repaint(&mut self) {
        self.must_repaint = true;
    }

    /// Gives a screen made by [`Screen::over`] a new size, from the next frame on. One made by [`Screen::open`] finds it by
    /// itself.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        if !self.is_own {
            self.terminal
                .backend_mut()
                .set_size(Size::new(columns, rows));
        }
    }

    /// Changes the shape of the cursor; writes only when it is another one.
    pub fn set_caret(&mut self, caret: Caret) -> Result<(), TerminalError> {
        if self.caret == caret {
            return Ok(());
        }
        self.caret = caret;
        let style = match caret {
            Caret::Usual => SetCursorStyle::DefaultUserShape,
            Caret::Bar => SetCursorStyle::SteadyBar,
            Caret::Underline => SetCursorStyle::SteadyUnderScore,
        };
        self.write(|frame| queue!(frame, style))
    }

    fn write(
        &mut self,
        queue: impl FnOnce(&mut FrameBytes) -> io::Result<()>,
    ) -> Result<(), TerminalError> {
        queue(&mut self.frame)
            .and_then(|()| self.send())
            .map_err(TerminalError::Draw)
    }

    /// Writes what was collected. It is forgotten even on an error: half a frame is never sent again.
    fn send(&mut self) -> io::Result<()> {
        self.out.write_all(&self.frame.take())?;
        self.out.flush()
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            tracing::debug!(%error, "the terminal was gone before it could be restored");
        }
    }
}

/// Queues what undoes everything the desk switches on, in the reverse order.
fn queue_restore(out: &mut impl Write, mode: Mode) -> io::Result<()> {
    queue!(out, EndSynchronizedUpdate)?;
    if mode == Mode::EnteredWithCertainKeys {
        queue!(out, PopKeyboardEnhancementFlags)?;
    }
    queue!(
        out,
        DisableBracketedPaste,
        DisableFocusChange,
        DisableMouseCapture,
        SetCursorStyle::DefaultUserShape,
        Show,
        LeaveAlternateScreen,
        Print(RESTORE_TITLE),
    )
}

/// Makes a panic restore the process's terminal, then run `keep` (saving drafts), and only then report as before.
pub fn restore_on_panic(keep: impl Fn() + Send + Sync + 'static) {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore_now();
        keep();
        report(panic);
    }));
}

/// Restores the process's terminal without a [`Screen`] at hand. Does nothing when it is not in the desk's mode.
pub fn restore_now() {
    if !IS_ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut restore = Vec::new();
    // An unmatched pop does nothing, so it may be written without knowing.
    let written = queue_restore(&mut restore, Mode::EnteredWithCertainKeys)
        .and_then(|()| io::stdout().write_all(&restore))
        .and_then(|()| io::stdout().flush())
        .and_then(|()| disable_raw_mode());
    if let Err(error) = written {
        tracing::debug!(%error, "the terminal was gone before it could be restored");
    }
}
