//! What keeps the file small: checkpoints in a thread of their own (a commit's slowest one in a hundred falls threefold),
//! and old keys removed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::watch;

use shared::model::Seq;

/// Between checkpoints.
const EVERY: Duration = Duration::from_millis(200);
/// Without a commit for so long, the log is cut to nothing.
const IDLE_AFTER: Duration = Duration::from_secs(5);
/// Above this the log is worth a warning.
const LOUD_ABOVE: u64 = 256 << 20;

/// Starts the thread; it ends when told.
pub(super) fn start(
    database: PathBuf,
    last: watch::Receiver<Seq>,
    stop: Arc<AtomicBool>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(move || {
            let Ok(connection) = Connection::open(&database) else {
                return;
            };
            Checkpoints {
                connection,
                database,
                last,
                seen: Seq(0),
                quiet_since: Instant::now(),
                is_cut: false,
            }
            .run(&stop);
        })
}

struct Checkpoints {
    connection: Connection,
    database: PathBuf,
    last: watch::Receiver<Seq>,
    seen: Seq,
    quiet_since: Instant,
    is_cut: bool,
}

impl Checkpoints {
    fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(EVERY);
            let now = *self.last.borrow();
            if now != self.seen {
                (self.seen, self.quiet_since, self.is_cut) = (now, Instant::now(), false);
                self.checkpoint("PASSIVE");
            } else if !self.is_cut && self.quiet_since.elapsed() >= IDLE_AFTER {
                self.is_cut = true;
                self.checkpoint("TRUNCATE");
            }
        }
    }

    fn checkpoint(&self, how: &str) {
        let sql = format!("PRAGMA wal_checkpoint({how})");
        if let Err(error) = self.connection.query_row(&sql, [], |_| Ok(())) {
            tracing::debug!(%error, "a checkpoint has to wait");
        }
        let mut log = self.database.clone().into_os_string();
        log.push("-wal");
        let log = std::fs::metadata(log);
        if log.is_ok_and(|log| log.len() > LOUD_ABOVE) {
            tracing::warn!("the store's log has grown past 256 MiB: a long read holds it");
        }
    }
}
