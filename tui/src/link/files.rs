//! Files of messages: from the relay into a folder of the operator's.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream;
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;

use shared::model::{ChatId, FileId, HandedFile};

use super::session::{SessionError, Sessions};
use super::{Server, Token};

/// Bytes of one piece on the way to the relay.
const PIECE: usize = 64 * 1024;
/// Names tried before a file is not saved: `photo.jpg`, `photo (2).jpg` …
const NAMES: usize = 1_000;

/// Why a file was not saved.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("could not read {path}: {cause}")]
    Read {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("could not write {path}: {cause}")]
    Disk {
        path: PathBuf,
        cause: std::io::Error,
    },
}

/// Fetches files for whoever holds a session.
#[derive(Debug, Clone)]
pub struct Files {
    server: Server,
    token: Token,
}

impl Files {
    pub(super) fn new(server: Server, token: Token) -> Self {
        Self { server, token }
    }

    /// Saves a file under its name, or the next one that is free; never over another. Returns where it is.
    ///
    /// # Errors
    ///
    /// The relay does not give it, or the folder does not take it.
    pub async fn save(&self, id: FileId, name: &str, folder: &Path) -> Result<PathBuf, FileError> {
        let sessions = Sessions::new(self.server.clone())?;
        let mut answer = sessions.file(&self.token, id).await?;
        let broken = |path: &Path| {
            let path = path.to_owned();
            move |cause| FileError::Disk { path, cause }
        };
        std::fs::create_dir_all(folder).map_err(broken(folder))?;
        // Made with mode 0600.
        let beside = tempfile::NamedTempFile::new_in(folder);
        let mut beside = beside.map_err(broken(folder))?;
        while let Some(chunk) = sessions.more(&mut answer).await? {
            beside.write_all(&chunk).map_err(broken(folder))?;
        }
        beside.as_file().sync_all().map_err(broken(folder))?;
        for number in 1..=NAMES {
            let path = folder.join(numbered(name, number));
            match beside.persist_noclobber(&path) {
                Ok(_) => return Ok(path),
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                    beside = error.file;
                }
                Err(error) => return Err(broken(&path)(error.error)),
            }
        }
        let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        Err(broken(&folder.join(name))(taken))
    }
}

impl Files {
    /// Hands a file of this machine in for a chat, telling how far it is.
    ///
    /// # Errors
    ///
    /// It cannot be read, or the relay does not take it.
    pub async fn hand_in(
        &self,
        chat: ChatId,
        path: &Path,
        percent_tx: watch::Sender<u8>,
    ) -> Result<HandedFile, FileError> {
        let broken = |cause| FileError::Read {
            path: path.to_owned(),
            cause,
        };
        let file = tokio::fs::File::open(path).await.map_err(broken)?;
        let size = file.metadata().await.map_err(broken)?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let sessions = Sessions::new(self.server.clone())?;
        let body = counted(file, size, percent_tx);
        Ok(sessions
            .hand_in(&self.token, chat, &name, size, body)
            .await?)
    }
}

/// Reads a file piece by piece; whoever takes the pieces sets the pace.
fn counted(file: tokio::fs::File, size: u64, percent_tx: watch::Sender<u8>) -> reqwest::Body {
    let pieces = stream::try_unfold((file, 0_u64), move |(mut file, done)| {
        let percent_tx = percent_tx.clone();
        async move {
            let mut piece = vec![0; PIECE];
            let read = file.read(&mut piece).await?;
            if read == 0 {
                return Ok::<_, std::io::Error>(None);
            }
            piece.truncate(read);
            let done = done + read as u64;
            let percent = u8::try_from((done * 100 / size.max(1)).min(99)).unwrap_or(99);
            percent_tx.send_if_modified(|known| {
                let is_news = *known != percent;
                *known = percent;
                is_news
            });
            Ok(Some((Bytes::from(piece), (file, done))))
        }
    });
    reqwest::Body::wrap_stream(pieces)
}

/// `photo.jpg`, then `photo (2).jpg`.
fn numbered(name: &str, number: usize) -> String {
    // What the relay says is looked at once more: it becomes a path of this machine.
    let name = shared::text::file_name(name);
    match (number, name.rsplit_once('.')) {
        (1, _) => name,
        (_, Some((stem, ending))) => format!("{stem} ({number}).{ending}"),
        (_, None) => format!("{name} ({number})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number_before_its_ending() {
        assert_eq!(numbered("photo.jpg", 1), "photo.jpg");
        assert_eq!(numbered("photo.jpg", 2), "photo (2).jpg");
        assert_eq!(numbered("photo", 3), "photo (3)");
        assert_eq!(numbered("../../.bashrc", 1), "bashrc");
    }
}
