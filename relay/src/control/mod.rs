//! How commands reach the running relay of the same machine: a socket in its data folder, which is its own user's alone. One
//! line of JSON asks, one answers. Nobody comes in from the network here.

mod client;
mod server;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use shared::model::{ChannelId, ChannelState};

pub use client::{AskError, ask};
pub use server::{open, serve};

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// How all channels are.
    Channels,
    /// Do something with a channel's link.
    Link {
        /// Which.
        channel: ChannelId,
        /// What.
        wish: Wish,
    },
}

/// What an admin wants of a channel's link (CH-13, CH-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Do by API what can be done by API, so that the platform brings messages.
    SetUp,
    /// Off its account: replies wait, nothing is asked for.
    Unlink,
    /// Back, and bring the last 24 hours in.
    Relink,
    /// Bring the last 24 hours in.
    Recover,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// See [`Request::Channels`]; in the order of the config.
    Channels {
        /// All of them.
        channels: Vec<ChannelLine>,
    },
    /// It was done; in words.
    Done {
        /// One sentence.
        text: String,
    },
    /// It was not, or not wholly; in words.
    Failed {
        /// What is wrong and what to do.
        text: String,
    },
}

/// One channel, for a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelLine {
    /// Its id.
    pub id: ChannelId,
    /// Its platform.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: ChannelState,
}

/// Who does it.
#[async_trait]
pub trait Obeys: Send + Sync {
    /// Answers a request.
    async fn answer(&self, request: Request) -> Answer;
}

/// Returns where the socket of a data folder is.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

#[cfg(test)]
mod tests;
