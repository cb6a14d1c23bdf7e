//! Answers who asks.

use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Answer, Obeys, Request, path};

/// Bytes of a request.
const REQUEST_LIMIT: u64 = 4096;
/// For a request to come.
const REQUEST_WITHIN: Duration = Duration::from_secs(5);
/// After a failed accept, before the next.
const BREATHE: Duration = Duration::from_millis(100);
/// Who may do everything.
const ROOT: u32 = 0;

/// Makes the socket. Whoever is here holds the store, so one that lies there already is a dead relay's.
///
/// # Errors
///
/// The folder does not allow it.
pub fn open(data_dir: &Path) -> anyhow::Result<UnixListener> {
    let path = path(data_dir);
    let could_not = || format!("could not make the socket {}", path.display());
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(could_not);
        }
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&path).with_context(could_not)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .with_context(could_not)?;
    Ok(listener)
}

/// Serves until told to stop; then takes the socket away.
pub async fn serve(
    listener: UnixListener,
    data_dir: Arc<Path>,
    servant: Arc<dyn Obeys>,
    mut stopping: watch::Receiver<bool>,
) {
    let path = path(&data_dir);
    let owner = std::fs::metadata(&path).map_or(ROOT, |socket| socket.uid());
    let mut talks = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            Some(_) = talks.join_next(), if !talks.is_empty() => {}
            came = listener.accept() => match came {
                Ok((stream, _)) => {
                    talks.spawn(talk(stream, owner, servant.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "could not take a command's connection");
                    tokio::time::sleep(BREATHE).await;
                }
            },
        }
    }
    std::fs::remove_file(&path).ok();
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that whoever could tell is gone: that is a stop as well.
    stopping.wait_for(|stopping| *stopping).await.ok();
}

async fn talk(stream: UnixStream, owner: u32, servant: Arc<dyn Obeys>) {
    let is_allowed = stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == owner || peer.uid() == ROOT);
    if !is_allowed {
        tracing::warn!("somebody else's command was turned away");
        return;
    }
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut limited = BufReader::new(reader.take(REQUEST_LIMIT));
    let read = tokio::time::timeout(REQUEST_WITHIN, limited.read_line(&mut line)).await;
    if !matches!(read, Ok(Ok(length)) if length > 0) {
        return;
    }
    let answer = match serde_json::from_str::<Request>(&line) {
        Ok(request) => servant.answer(request).await,
        Err(_) => Answer::Failed {
            text: "the relay does not understand this: the command is of another version"
                .to_owned(),
        },
    };
    let Ok(mut text) = serde_json::to_vec(&answer) else {
        return;
    };
    text.push(b'\n');
    if let Err(error) = writer.write_all(&text).await {
        tracing::debug!(%error, "who asked is gone");
    }
}
