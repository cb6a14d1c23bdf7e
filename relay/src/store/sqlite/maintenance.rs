//! What keeps the write-ahead log small: checkpoints in a thread of their own (a commit's slowest one in a hundred falls
//! threefold), and an end to reads that hold it (`storage.md` 4).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::watch;

use shared::model::Seq;

use super::connect;

/// Between checkpoints.
const EVERY: Duration = Duration::from_millis(200);
/// Without an event for so long, the log is cut to nothing.
const IDLE_AFTER: Duration = Duration::from_secs(5);
/// Leases and notes are written while nothing happens: the log is cut again so often.
const CUT_EVERY: Duration = Duration::from_secs(60);
/// For a cut that has to be: an erasure is not done before.
const CUT_WITHIN: Duration = Duration::from_secs(30);
/// A cut waits so long for readers; writers wait for it.
const PATIENCE: Duration = Duration::from_millis(100);
/// Above this, readers hold the log: the long ones are interrupted.
const MOST: u64 = 256 << 20;
/// From here on the log is begun anew: while commits come without a pause, it is never moved as a whole, and would grow for
/// ever.
const LONG_LOG: u64 = MOST / 4;
/// A read is long from here on.
const LONG_READ: Duration = Duration::from_secs(1);

/// What ends long reads.
#[derive(Clone, Default)]
pub(super) struct Interrupts(Arc<Mutex<BTreeMap<u64, Reading>>>);

struct Reading {
    begun_at: Instant,
    handle: InterruptHandle,
}

/// A read under way, known as long as this is there.
pub(super) struct UnderWay {
    interrupts: Interrupts,
    number: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.interrupts.lock().remove(&self.number);
    }
}

impl Interrupts {
    /// Takes note of a read that begins now.
    pub(super) fn begin(&self, reader: &Connection) -> UnderWay {
        let mut readings = self.lock();
        let number = readings.last_key_value().map_or(0, |(last, _)| last + 1);
        readings.insert(
            number,
            Reading {
                begun_at: Instant::now(),
                handle: reader.get_interrupt_handle(),
            },
        );
        UnderWay {
            interrupts: self.clone(),
            number,
        }
    }

    /// Ends the long reads; returns how many.
    fn ring(&self) -> usize {
        let readings = self.lock();
        let long = readings
            .values()
            .filter(|reading| reading.begun_at.elapsed() >= LONG_READ);
        long.map(|reading| reading.handle.interrupt()).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Reading>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread; it ends when told.
pub(super) fn start(
    checkpoints: Checkpoints,
    stop: Arc<AtomicBool>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(move || checkpoints.run(&stop))
}

/// Moves everything into the file and cuts the log to nothing, whoever else is at it.
pub(super) fn cut(database: &Path) -> anyhow::Result<()> {
    let connection = Connection::open(database)?;
    let until = Instant::now() + CUT_WITHIN;
    loop {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: bool = connection.query_row(sql, [], |row| row.get(0))?;
        if !is_busy {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < until, "the store's log is in use");
        std::thread::sleep(PATIENCE);
    }
}

pub(super) struct Checkpoints {
    database: PathBuf,
    last: watch::Receiver<Seq>,
    interrupts: Interrupts,
    seen: Seq,
    /// When the last event came, or the log was last cut.
    quiet_since: Instant,
    is_cut: bool,
    /// Above it, the log is begun anew.
    long: u64,
    /// Above it, long reads are interrupted.
    most: u64,
}

impl Checkpoints {
    pub(super) fn new(database: &Path, last: watch::Receiver<Seq>, interrupts: Interrupts) -> Self {
        let seen = *last.borrow();
        Self {
            database: database.to_owned(),
            seen,
            last,
            interrupts,
            quiet_since: Instant::now(),
            is_cut: false,
            long: LONG_LOG,
            most: MOST,
        }
    }

    fn run(mut self, stop: &AtomicBool) {
        let mut connection = None;
        let mut version = 0;
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(EVERY);
            if connection.is_none() {
                connection = Connection::open(&self.database).ok();
                if let Some(open) = &connection
                    && let Err(error) = open.busy_timeout(PATIENCE)
                {
                    tracing::debug!(%error, "checkpoints wait longer than they should");
                }
            }
            if let Some(open) = &connection
                && let Err(error) = self.look(open, &mut version)
            {
                tracing::debug!(%error, "a checkpoint has to wait");
            }
        }
    }

    /// Does what is due. `version` is that of the file at the last look: it changes with every commit of others.
    fn look(&mut self, connection: &Connection, version: &mut i64) -> rusqlite::Result<()> {
        let seen = *self.last.borrow();
        if seen != self.seen {
            (self.seen, self.quiet_since, self.is_cut) = (seen, Instant::now(), false);
        }
        let now = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let has_changed = std::mem::replace(version, now) != now;
        let quiet_for = self.quiet_since.elapsed();
        let is_cut_due = quiet_for >= if self.is_cut { CUT_EVERY } else { IDLE_AFTER };
        let how = match (is_cut_due, has_changed) {
            (true, _) => {
                (self.quiet_since, self.is_cut) = (Instant::now(), true);
                "TRUNCATE"
            }
            (false, true) => "PASSIVE",
            (false, false) => return Ok(()),
        };
        let moved = checkpoint(connection, how);
        if self.log() > self.long {
            let is_held = checkpoint(connection, "RESTART");
            self.relieve(*is_held.as_ref().unwrap_or(&true));
        }
        moved.map(|_| ())
    }

    /// Nothing but a read that does not end holds the log until it has grown so far.
    fn relieve(&self, is_held: bool) {
        if !is_held || self.log() <= self.most {
            return;
        }
        let count = self.interrupts.ring();
        if count > 0 {
            tracing::warn!(
                count,
                "the store's log has grown past its limit: long reads are interrupted"
            );
            metrics::counter!("deskwire_reads_interrupted_total").increment(count as u64);
        }
    }

    /// Returns the length of the log's file in bytes.
    fn log(&self) -> u64 {
        let log = std::fs::metadata(connect::beside(&self.database, "-wal"));
        log.map_or(0, |log| log.len())
    }
}

/// Returns whether somebody was in the way.
fn checkpoint(connection: &Connection, how: &str) -> rusqlite::Result<bool> {
    let sql = format!("PRAGMA wal_checkpoint({how})");
    connection.query_row(&sql, [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        folder: tempfile::TempDir,
        writer: Connection,
        checkpointer: Connection,
        reader: Connection,
        interrupts: Interrupts,
        checkpoints: Checkpoints,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("desk.db");
        let writer = connect::writer(&database).unwrap();
        let checkpointer = Connection::open(&database).unwrap();
        // Nothing here is about power that fails.
        for connection in [&writer, &checkpointer] {
            connection
                .pragma_update(None, "synchronous", "OFF")
                .unwrap();
            connection.busy_timeout(PATIENCE).unwrap();
        }
        let reader = connect::reader(&database).unwrap();
        let interrupts = Interrupts::default();
        let (_, last) = watch::channel(Seq(0));
        let mut checkpoints = Checkpoints::new(&database, last, interrupts.clone());
        (checkpoints.long, checkpoints.most) = (1 << 18, 1 << 20);
        Place {
            folder,
            writer,
            checkpointer,
            reader,
            interrupts,
            checkpoints,
        }
    }

    impl Place {
        /// Writes what is no event: a lease, a note. Each another one: what is the same is not written.
        fn note(&self, number: usize, bytes: usize) {
            let put = "INSERT INTO meta (name, value) VALUES ('note', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1";
            self.writer
                .execute(put, [number.to_string().repeat(bytes).split_at(bytes).0])
                .unwrap();
        }

        fn look(&mut self, version: &mut i64) {
            // Somebody may be in the way.
            self.checkpoints
                .look(&self.checkpointer, version)
                .unwrap_or_default();
        }

        fn log(&self) -> u64 {
            let log = self.folder.path().join("desk.db-wal");
            std::fs::metadata(log).unwrap().len()
        }
    }

    #[test]
    fn writes_that_are_no_events_do_not_make_the_log_grow() {
        let mut place = place();
        let mut version = 0;
        let mut longest = 0;
        for number in 100..300 {
            place.note(number, 20_000);
            place
                .checkpoints
                .look(&place.checkpointer, &mut version)
                .unwrap();
            longest = longest.max(place.log());
        }
        assert!(longest < 400_000, "{longest} bytes after 4 MB of notes");
    }

    #[test]
    fn a_read_that_holds_the_log_past_its_limit_is_interrupted() {
        let mut place = place();
        let reader = std::mem::replace(&mut place.reader, Connection::open_in_memory().unwrap());
        let (begun_tx, begun_rx) = std::sync::mpsc::channel();
        let under_way = place.interrupts.begin(&reader);
        let reading = std::thread::spawn(move || {
            let _under_way = under_way;
            reader
                .execute_batch("BEGIN; SELECT count(*) FROM meta")
                .unwrap();
            let endless =
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
            let mut list = reader.prepare(endless).unwrap();
            let mut rows = list.query([]).unwrap();
            rows.next().unwrap();
            begun_tx.send(()).unwrap();
            let until = Instant::now() + Duration::from_secs(120);
            while Instant::now() < until {
                match rows.next() {
                    Ok(row) => assert!(row.is_some(), "it has no end"),
                    Err(error) => return error.sqlite_error_code(),
                }
            }
            None
        });
        begun_rx.recv().unwrap();
        let mut version = 0;
        for number in 100..200 {
            if place.log() > place.checkpoints.most {
                break;
            }
            assert!(!reading.is_finished(), "it was interrupted too early");
            place.note(number, 100_000);
            place.look(&mut version);
        }
        assert!(
            place.log() > place.checkpoints.most,
            "the read holds the log"
        );
        // It becomes long in the meantime.
        for number in 200.. {
            if reading.is_finished() {
                break;
            }
            place.note(number, 10);
            place.look(&mut version);
        }
        let ended = reading.join().unwrap();
        assert_eq!(ended, Some(rusqlite::ErrorCode::OperationInterrupted));
    }
}
