//! Noticing that the file changed: on SIGHUP, and by looking at it each second (ADM-03). A bad file is told and left out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
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
    let mut seen = content(&file);
    let mut last = seen;
    loop {
        let is_told = tokio::select! {
            _ = hang_up.recv() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        let now = content(&file);
        // What changed is taken once it stands still: a file half written is nobody's config.
        let is_settled = std::mem::replace(&mut last, now) == now;
        if !is_told && (now == seen || !is_settled) {
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

/// Returns what tells one content of the file from another; none: it cannot be read. Its time and length would not do: a
/// file that is touched has not changed, and one that is put back by a copy may have an old time.
fn content(file: &Path) -> Option<[u8; 32]> {
    let bytes = std::fs::read(file).ok()?;
    Some(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "[company]\nname = \"Acme\"\n";

    #[tokio::test]
    async fn only_another_content_is_a_change_even_with_the_same_time_and_length() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, SOUND).unwrap();
        let written_at = std::fs::metadata(&file).unwrap().modified().unwrap();
        let (changes_tx, mut changes_rx) = mpsc::channel(1);
        let watching = tokio::spawn(watch(file.clone(), changes_tx));
        // Touched only: then the first change told must be the one that follows.
        std::fs::write(&file, SOUND).unwrap();
        tokio::time::sleep(LOOK_EVERY * 2).await;
        std::fs::write(&file, SOUND.replace("Acme", "Ecma")).unwrap();
        let open = std::fs::File::options().write(true).open(&file).unwrap();
        open.set_modified(written_at).unwrap();
        let wait = Duration::from_secs(30);
        let change = tokio::time::timeout(wait, changes_rx.recv()).await.unwrap();
        watching.abort();
        let Some(Reload::Taken(config)) = change else {
            panic!("a sound config: {change:?}");
        };
        assert_eq!(config.company.name, "Ecma");
    }
}
