//! Noticing that the file changed: on SIGHUP, and by looking at it each second (ADM-03). A bad file is told and left out.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::{Config, Fault, load};

/// Between looks at the file.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a changed file turned out to be.
#[derive(Debug)]
pub enum Reload {
    /// Sound: put it in force.
    Taken(Box<Config>),
    /// Faulty: the old one stays.
    Refused(Vec<Fault>),
}

/// Watches a file for ever; ends when nobody listens.
pub async fn watch(file: PathBuf, changes_tx: mpsc::Sender<Reload>) {
    let Ok(mut hang_up) = signal(SignalKind::hangup()) else {
        tracing::warn!("SIGHUP cannot be listened to; the file is still looked at");
        return;
    };
    let mut seen = stamp(&file);
    loop {
        let is_told = tokio::select! {
            _ = hang_up.recv() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        let now = stamp(&file);
        if !is_told && now == seen {
            continue;
        }
        seen = now;
        let loaded = load(&file);
        let change = match loaded.config {
            Some(config) => Reload::Taken(Box::new(config)),
            None => Reload::Refused(loaded.faults),
        };
        if changes_tx.send(change).await.is_err() {
            return;
        }
    }
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
