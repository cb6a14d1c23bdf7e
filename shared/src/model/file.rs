//! Files of messages: what is known of one that the relay keeps, and why another is not here (F-02, F-05).

use serde::{Deserialize, Serialize};

use super::{AttachmentKind, FileId};

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
    /// What it is by its bytes; only of files that went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
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

impl KeptFile {
    /// Returns what it is as an attachment, by its bytes.
    pub fn kind(&self) -> AttachmentKind {
        match self.mime.split('/').next().unwrap_or_default() {
            "image" => AttachmentKind::Photo,
            "audio" => AttachmentKind::Audio,
            "video" => AttachmentKind::Video,
            _ => AttachmentKind::Document,
        }
    }
}

/// A file that a desk has handed to the relay, to go out with a reply (F-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedFile {
    /// Ours.
    pub id: FileId,
    /// What it is.
    #[serde(flatten)]
    pub file: KeptFile,
}

/// The most bytes of a file that a channel carries, by kind; 0: none of that kind (F-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLimits {
    /// A photo, shown as one.
    pub photo: u64,
    /// A sound.
    pub audio: u64,
    /// A video.
    pub video: u64,
    /// Anything, as a file to save.
    pub document: u64,
}

impl FileLimits {
    /// Returns as what a file goes out: as what it is, else as a plain file. None: it is too big either way.
    pub fn carries(&self, file: &KeptFile) -> Option<AttachmentKind> {
        let kind = file.kind();
        // What platforms show are these; others go out as files.
        let is_shown = !matches!(kind, AttachmentKind::Photo)
            || matches!(file.mime.as_str(), "image/jpeg" | "image/png");
        if is_shown && file.size <= self.of(&kind) {
            return Some(kind);
        }
        (file.size <= self.document).then_some(AttachmentKind::Document)
    }

    /// Returns the most bytes of a file of that kind, in whatever way it goes out.
    pub fn most(&self, kind: &AttachmentKind) -> u64 {
        self.of(kind).max(self.document)
    }

    fn of(&self, kind: &AttachmentKind) -> u64 {
        match kind {
            AttachmentKind::Photo => self.photo,
            AttachmentKind::Audio => self.audio,
            AttachmentKind::Video => self.video,
            AttachmentKind::Document
            | AttachmentKind::Sticker
            | AttachmentKind::Location
            | AttachmentKind::Contact
            | AttachmentKind::Link
            | AttachmentKind::Share
            | AttachmentKind::Product
            | AttachmentKind::Appointment
            | AttachmentKind::Template
            | AttachmentKind::Other(_) => self.document,
        }
    }
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
