//! What the desk wants done outside: frames to send, files to write, sounds to make. The runtime does it.

use shared::protocol::ClientFrame;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a frame to the relay. Only ever made while the link is online.
    Send(ClientFrame),
    /// Connect now, whatever was planned.
    Reconnect,
    /// Write [`crate::app::App::drafts`] to their file, soon.
    SaveDrafts,
    /// Ring the terminal's bell.
    Bell,
    /// Show a notification of the operating system, where the terminal can.
    Notify(String),
    /// Set the terminal's title.
    Title(String),
    /// Put text onto the clipboard.
    Copy(String),
    /// Open an address of the web outside the terminal.
    Open(String),
    /// Draw every cell anew.
    Repaint,
    /// Leave.
    Quit,
}
