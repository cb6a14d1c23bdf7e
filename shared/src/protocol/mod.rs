//! The websocket between relay and desk: JSON text frames, one enum each way, versioned (EV-08). No rules.
//!
//! `docs/protocol.md` shows every frame as an example; a test keeps it true.

mod client;
mod error;
mod server;

pub use client::{ClientFrame, DraftText, TemplateDraft};
pub use error::{Goodbye, GoodbyeCode};
pub use server::{
    BlockRow, ChannelHealth, ChatPage, ChatPlace, Hit, NoticeLevel, OpenSection, OperatorPresence,
    ResumePoint, SectionCounts, SectionPlaces, ServerFrame, SessionRow, Snapshot,
};

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// The version of this protocol. A desk that speaks another is told so and turned away.
pub const PROTOCOL: u32 = 1;

/// The largest frame a desk may send, in bytes.
pub const CLIENT_FRAME_LIMIT: usize = 256 * 1024;

/// The most events or chats one page carries.
pub const PAGE_LIMIT: u32 = 200;

/// `POST /api/v1/session`: what a desk hands in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    /// The operator's login.
    pub login: String,
    /// As typed.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// `POST /api/v1/session`: what it gets.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    /// To be shown in [`ClientFrame::Hello`]; a secret.
    pub token: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The body of every refused HTTP call of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiFault {
    /// For programs: `wrong_password`, `too_many_tries`, `address_not_allowed`, `store_unavailable` …
    pub code: String,
    /// For people.
    pub sentence: String,
    /// What to do about it.
    pub hint: String,
}
