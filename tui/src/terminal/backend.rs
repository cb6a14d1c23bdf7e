//! The drawing library's back end: collects a frame's bytes instead of writing them, and never asks the terminal anything.
//! The answer to a question would arrive among the operator's keys, or not at all.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// The bytes of a frame, on their way into one write.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameBytes(Arc<Mutex<Vec<u8>>>);

impl FrameBytes {
    /// Returns what was collected, and begins anew.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for FrameBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: the drawing library flushes several times a frame.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Draws into [`FrameBytes`].
#[derive(Debug)]
pub(super) struct FrameBackend {
    inner: CrosstermBackend<FrameBytes>,
    /// The size of a terminal that is not the process's own.
    size: Option<Size>,
    cursor: Position,
}

impl FrameBackend {
    /// Over the process's own terminal, whose size the kernel knows, or over another one of a given size.
    pub(super) fn new(frame: FrameBytes, size: Option<Size>) -> Self {
        Self {
            inner: CrosstermBackend::new(frame),
            size,
            cursor: Position::ORIGIN,
        }
    }

    pub(super) fn set_size(&mut self, size: Size) {
        self.size = Some(size);
    }
}

impl Backend for FrameBackend {
    type Error = io::Error;

    fn draw<'cells, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'cells Cell)>,
    {
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    /// Where the cursor was put last; the terminal is not asked.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.cursor = position.into();
        self.inner.set_cursor_position(self.cursor)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.size.map_or_else(|| self.inner.size(), Ok)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        match self.size {
            Some(columns_rows) => Ok(WindowSize {
                columns_rows,
                pixels: Size::ZERO,
            }),
            None => self.inner.window_size(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
