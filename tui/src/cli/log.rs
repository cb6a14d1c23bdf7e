//! `--log FILE`: the only place a log goes to. Never standard error, which is the screen.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tracing_subscriber::EnvFilter;

/// What is logged unless `DESKWIRE_LOG` says otherwise.
const USUAL: &str = "info,tui=debug";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error("could not open the log {}", path.display())]
    Open {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("could not understand DESKWIRE_LOG")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    #[error("could not start the log")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Appends the log to a file that only its owner may read.
pub(super) fn write_to(path: &Path) -> Result<(), LogError> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|cause| LogError::Open {
            path: path.to_owned(),
            cause,
        })?;
    let wanted = std::env::var("DESKWIRE_LOG").unwrap_or_else(|_| USUAL.to_owned());
    let filter = EnvFilter::try_new(wanted).map_err(LogError::Filter)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(file)
        .try_init()
        .map_err(LogError::Start)
}
