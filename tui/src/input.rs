//! What the desk hears: keys, pasted text, the size of the terminal, frames from the relay, the state of the link.

use std::path::PathBuf;

use shared::model::{ChatId, FileId, HandedFile, Timestamp};
use shared::protocol::ServerFrame;

use crate::app::FolderRow;
use crate::key::Key;

/// One thing that came from outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A key press.
    Key(Key),
    /// Text from the clipboard; never a command.
    Paste(String),
    /// The terminal has another size now.
    Resize {
        /// Its width.
        columns: u16,
        /// Its height.
        rows: u16,
    },
    /// The terminal gained or lost the operator's eyes.
    Focus(bool),
    /// The relay said something.
    Frame(Box<ServerFrame>),
    /// The connection is in another state.
    Link(LinkState),
    /// What became of [`crate::effect::Effect::Save`].
    Saved {
        /// Which file.
        id: FileId,
        /// Where it is; or why not, for people.
        result: Result<PathBuf, String>,
    },
    /// What [`crate::effect::Effect::LookInto`] found.
    Folder {
        /// What was asked.
        asked: String,
        /// In order.
        rows: Vec<FolderRow>,
    },
    /// How much of a file is with the relay, in percent.
    Uploading(u8),
    /// What became of [`crate::effect::Effect::Upload`].
    HandedIn {
        /// For which chat.
        chat: ChatId,
        /// The file; or why not, for people.
        result: Result<HandedFile, String>,
    },
    /// The moment of [`crate::app::next_deadline`] has come.
    Due,
}

/// How the connection to the relay is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Being made.
    Connecting {
        /// Which try, from 1.
        attempt: u32,
    },
    /// Works. Frames may be sent once the relay has said it is live.
    Online {
        /// Of the last ping.
        round_trip_ms: Option<u32>,
    },
    /// Broken; the next try is planned.
    Offline {
        /// Which try failed.
        attempt: u32,
        /// When it is tried again.
        next_try_at: Timestamp,
    },
    /// The relay does not want this desk: no further try.
    Refused {
        /// Why, for people.
        sentence: String,
    },
}
