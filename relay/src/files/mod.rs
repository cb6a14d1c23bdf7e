//! Files of messages: fetched at once, because platforms' links expire, and kept as long as the config says (F-02, F-05). The
//! rows are the store's (`store/files.rs`), the bytes lie in a local folder or an S3-compatible store. Everything a
//! stranger says of a file is doubted here: its address, its size, its kind, its name.

mod addresses;
mod cleaner;
mod download;
mod fetcher;
mod kind;
mod place;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use shared::model::FileId;

pub use cleaner::clean;
pub use download::Downloader;
pub use fetcher::{Fetcher, Filer};
pub use place::{Place, S3};

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
    /// What is kept.
    pub rules: Arc<FileRules>,
}

/// The bytes cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("the file store does not answer")]
pub struct FilesError(#[from] object_store::Error);

impl Files {
    /// Opens the place that the rules name, making a local folder.
    ///
    /// # Errors
    ///
    /// In words for an admin.
    pub fn open(rules: FileRules) -> anyhow::Result<Self> {
        Ok(Self {
            bytes: rules.place.open()?,
            rules: Arc::new(rules),
        })
    }

    /// Returns a place that is gone with the test.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        Self {
            bytes: Arc::new(object_store::memory::InMemory::new()),
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

/// Files lie in a thousand folders: none grows too long to list.
fn path(id: FileId) -> Path {
    Path::from(format!("{:03}/{id}", id.0.rem_euclid(1000)))
}
