//! Files of messages as the store knows them: what is to be fetched, what is kept. The bytes are elsewhere (`crate::files`).

use shared::model::{Attachment, ChannelId, ChatId, FileId, KeptFile, MessageId, Timestamp};

/// A file that comes with a change's events: to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Ours.
    pub id: FileId,
    /// Of which message.
    pub message: MessageId,
    /// As the platform told of it.
    pub source: Attachment,
}

/// What an event says of a file; committed with it. A file is fetched once: whoever comes second changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Which.
    pub id: FileId,
    /// Here; none: it will not be.
    pub kept: Option<KeptFile>,
}

/// A row of `attachment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Ours.
    pub id: FileId,
    /// Of which chat.
    pub chat: ChatId,
    /// Of which message; none: handed in by a desk and not sent yet.
    pub message: Option<MessageId>,
    /// Through which channel it comes or goes.
    pub channel: ChannelId,
    /// As the platform told of it.
    pub source: Attachment,
    /// Where it is.
    pub stage: FileStage,
    /// How often it was tried.
    pub tries: u32,
    /// Not before.
    pub not_before: Timestamp,
    /// Since when the relay knows of it.
    pub at: Timestamp,
    /// What it is, once it is here.
    pub kept: Option<KeptFile>,
}

/// Where a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileStage {
    /// To be fetched.
    Due,
    /// Here.
    Kept,
    /// Not here, and will not be.
    Lost,
    /// Its bytes are to be removed, and then this row.
    Unwanted,
}

impl FileStage {
    /// Returns the name as the store writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Kept => "kept",
            Self::Lost => "lost",
            Self::Unwanted => "unwanted",
        }
    }

    /// Reads a name that [`Self::name`] wrote; what nobody wrote is unwanted.
    pub fn of(name: &str) -> Self {
        match name {
            "due" => Self::Due,
            "kept" => Self::Kept,
            "lost" => Self::Lost,
            _ => Self::Unwanted,
        }
    }
}
