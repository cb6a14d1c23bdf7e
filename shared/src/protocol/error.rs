//! Why the relay ends a connection: a code for the desk, a sentence for the operator.

use serde::{Deserialize, Serialize};

/// The last frame of a connection that the relay ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goodbye {
    /// What the desk does next depends on this.
    pub code: GoodbyeCode,
    /// What happened and what to do, in English; desks say it in their own language by the code.
    pub sentence: String,
}

/// The reasons of [`Goodbye`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoodbyeCode {
    /// The token is unknown, expired or revoked: log in again.
    NotLoggedIn,
    /// The desk speaks another protocol version: install the matching release.
    WrongProtocol,
    /// Not a frame we know, or out of turn: a fault in the desk.
    BadFrame,
    /// Larger than [`super::CLIENT_FRAME_LIMIT`], or too many at once.
    TooMuch,
    /// The relay is stopping: connect again.
    Stopping,
    /// The desk did not take what was sent: connect again, a snapshot follows.
    TooSlow,
    /// The operator is not in the config any more.
    Removed,
}

impl GoodbyeCode {
    /// Whether connecting again with the same token can help.
    pub fn is_worth_retrying(self) -> bool {
        matches!(self, Self::Stopping | Self::TooSlow)
    }
}
