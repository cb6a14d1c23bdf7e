//! What the desk wants done outside: frames to send, files to write, sounds to make. The runtime does it.

use std::path::PathBuf;

use shared::model::{ChatId, FileId};
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
    /// Save a file of a message where the operator keeps such things; [`crate::input::Input::Saved`] tells of it.
    Save {
        /// Which.
        id: FileId,
        /// Under which name.
        name: String,
    },
    /// Look what files and folders of this machine begin so; [`crate::input::Input::Folder`] tells.
    LookInto(String),
    /// Hand a file of this machine in for a chat; [`crate::input::Input::Uploading`] and
    /// [`crate::input::Input::HandedIn`] tell of it.
    Upload {
        /// For which chat.
        chat: ChatId,
        /// Which file.
        path: String,
    },
    /// Show a file of this machine with the program for its kind.
    Show(PathBuf),
    /// Draw every cell anew.
    Repaint,
    /// Leave.
    Quit,
}
