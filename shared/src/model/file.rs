//! Files of messages: what is known of one that the relay keeps, and why another is not here (F-02, F-05).

use serde::{Deserialize, Serialize};

use super::FileId;

/// Where a file of an attachment is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// Ours; the relay makes one for everything it will fetch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FileId>,
    /// What the platform calls it, where that is no address: `file_id`, a media id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Bytes, as the platform says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Length of a sound or a video, as the platform says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

/// A file that the relay keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Safe to save under ([`crate::text::file_name`]).
    pub name: String,
    /// By its bytes, not by what anybody says: `image/jpeg`.
    pub mime: String,
    /// Bytes.
    pub size: u64,
}

/// Why a file is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFault {
    /// More bytes than the relay keeps (`files.max_size`).
    TooBig,
    /// Its address, or one it leads to, is not the platform's own.
    ForeignAddress,
    /// Its bytes are not what it says it is.
    WrongKind,
    /// A kind that is not accepted (`files.kinds`, F-03).
    NotAccepted,
    /// The platform does not have it any more, or does not give it.
    Gone,
    /// It could not be fetched in time.
    Unreachable,
    /// It was kept as long as files are kept (`files.keep_days`).
    Expired,
}
