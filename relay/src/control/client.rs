//! Asks the running relay.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::{Answer, Request, path};

/// For the whole answer: a day of messages may have to be asked for.
const ANSWER_WITHIN: Duration = Duration::from_secs(600);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there.
    #[error(
        "no relay runs on {0}: start it with `deskwire-relay serve`, or give the config of the one that runs (--config)"
    )]
    NobodyThere(String),
    /// The relay belongs to somebody else.
    #[error("the relay on {0} runs as another user: run this as that user")]
    NotYours(String),
    /// It went away half way, or is of another version.
    #[error("the relay did not answer: {0}")]
    NoAnswer(String),
}

/// Asks, and waits for the answer.
///
/// # Errors
///
/// [`AskError`].
pub async fn ask(data_dir: &Path, request: &Request) -> Result<Answer, AskError> {
    let place = || data_dir.display().to_string();
    let stream = match UnixStream::connect(path(data_dir)).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(AskError::NotYours(place()));
        }
        Err(_) => return Err(AskError::NobodyThere(place())),
    };
    match tokio::time::timeout(ANSWER_WITHIN, talk(stream, request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(AskError::NoAnswer(error.to_string())),
        Err(_) => Err(AskError::NoAnswer("it took too long".to_owned())),
    }
}

async fn talk(mut stream: UnixStream, request: &Request) -> io::Result<Answer> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await?;
    Ok(serde_json::from_str(&answer)?)
}
