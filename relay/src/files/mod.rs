//! Files of messages: fetched at once, because platforms' links expire, and kept as long as the config says (F-02, F-05). The
//! rows are the store's (`store/files.rs`), the bytes lie in a local folder or an S3-compatible store. Everything a
//! stranger says of a file is doubted here: its address, its size, its kind, its name.

mod addresses;
mod cleaner;
mod download;
mod fetcher;
mod kind;
mod links;
mod place;
#[cfg(test)]
mod tests;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use reqwest::multipart::Part;
use secrecy::SecretString;
use shared::model::{AttachmentKind, FailureReason, FileId, HandedFile, KeptFile, Timestamp};

use crate::channels::SendError;

use links::Links;

pub use cleaner::clean;
pub use download::Downloader;
pub use fetcher::{Fetcher, Filer};
pub use links::key_of;
pub use place::{Place, S3};
pub(crate) use upload::{NotTaken, source_of};

/// What is kept, and for how long; `[files]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRules {
    /// Where the bytes lie.
    pub place: Place,
    /// The most bytes of one file.
    pub max_size: u64,
    /// Kept so long.
    pub keep_for: Duration,
    /// Endings that are accepted (F-03); empty: all but programs.
    pub kinds: Vec<String>,
}

/// Where the bytes lie.
#[derive(Clone)]
pub struct Files {
    bytes: Arc<dyn ObjectStore>,
    links: Links,
    /// What is kept.
    pub rules: Arc<FileRules>,
}

/// The bytes cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("the file store does not answer")]
pub struct FilesError(#[from] object_store::Error);

impl Files {
    /// Opens the place that the rules name, making a local folder. `key` signs addresses for platforms, which find us at
    /// `public_url`.
    ///
    /// # Errors
    ///
    /// In words for an admin.
    pub fn open(
        rules: FileRules,
        key: SecretString,
        public_url: Option<String>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            bytes: rules.place.open()?,
            links: Links::new(key, public_url),
            rules: Arc::new(rules),
        })
    }

    /// Returns a place that is gone with the test.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        Self {
            bytes: Arc::new(object_store::memory::InMemory::new()),
            links: Links::new("a key".into(), None),
            rules: Arc::new(FileRules {
                place: Place::Folder(std::path::PathBuf::new()),
                max_size: 100_000,
                keep_for: Duration::from_secs(90 * 86_400),
                kinds: vec![],
            }),
        }
    }

    /// Reads a file; none: it is not there.
    ///
    /// # Errors
    ///
    /// The place does not answer.
    pub async fn read(
        &self,
        id: FileId,
    ) -> Result<Option<BoxStream<'static, object_store::Result<Bytes>>>, FilesError> {
        match self.bytes.get(&path(id)).await {
            Ok(found) => Ok(Some(found.into_stream())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes where platforms find us now.
    pub fn set_public_url(&self, public_url: Option<String>) {
        self.links.set_public_url(public_url);
    }

    /// Whether somebody shows an address of a file that was made for a platform and is still good.
    pub fn is_linked(&self, id: FileId, until: Timestamp, proof: &str, now: Timestamp) -> bool {
        self.links.is_good(id, until, proof, now)
    }

    /// Returns a file to send.
    pub fn outbound(
        &self,
        handed: &HandedFile,
        kind: AttachmentKind,
        now: Timestamp,
    ) -> OutboundFile {
        OutboundFile {
            kind,
            file: handed.clone(),
            link: self
                .links
                .make(handed.id, &handed.file.name, now.plus(links::LASTS)),
            files: self.clone(),
        }
    }

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    ///
    /// The place does not answer.
    pub async fn remove(&self, id: FileId) -> Result<(), FilesError> {
        match self.bytes.delete(&path(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins to write a file. Nothing of it is seen before it is shut down, and dropped before that it leaves nothing.
    fn writer(&self, id: FileId) -> BufWriter {
        BufWriter::new(Arc::clone(&self.bytes), path(id))
    }
}

/// A file that goes out (F-01).
#[derive(Clone)]
pub struct OutboundFile {
    /// As what the visitor sees it.
    pub kind: AttachmentKind,
    /// What it is.
    pub file: HandedFile,
    /// Where a platform that takes no uploads can fetch it; none: it cannot reach us.
    pub link: Option<SecretString>,
    files: Files,
}

impl OutboundFile {
    /// Returns it as a part of a form.
    ///
    /// # Errors
    ///
    /// It is not there, or the place does not answer: nothing was sent.
    pub async fn part(&self) -> Result<Part, SendError> {
        let KeptFile { name, mime, size } = &self.file.file;
        let bytes = match self.files.read(self.file.id).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                let text = "the file is not here any more".to_owned();
                return Err(SendError::Refused(FailureReason::Refused { text }));
            }
            Err(error) => {
                return Err(SendError::NotSent {
                    cause: error.to_string(),
                    tries: None,
                });
            }
        };
        let part = Part::stream_with_length(reqwest::Body::wrap_stream(bytes), *size);
        let part = part.file_name(name.clone()).mime_str(mime);
        part.map_err(|error| SendError::NotSent {
            cause: error.without_url().to_string(),
            tries: Some(1),
        })
    }
}

/// Files lie in a thousand folders: none grows too long to list.
fn path(id: FileId) -> Path {
    Path::from(format!("{:03}/{id}", id.0.rem_euclid(1000)))
}
