//! The one thread that writes. Whatever waits while one sync runs is the next batch: one transaction, one sync, then the
//! answers (`storage.md` 4). A job that fails alone is taken back alone.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, params};
use tokio::sync::{oneshot, watch};

use shared::model::{Mark, Seq};

use crate::clock::random_i64;
use crate::store::StoreError;

/// Jobs that may wait; then callers are told.
const WAITING: usize = 4096;
/// Jobs of one transaction.
const BATCH: usize = 256;
/// After a failure of the disk, before the next try.
const PAUSE: Duration = Duration::from_millis(500);

/// Where the history ends, as the transaction under way sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) seq: Seq,
    /// Of the commit under way.
    pub(super) mark: Mark,
}

/// Writes; may be asked twice.
type Work = Box<dyn Fn(&Connection, &mut Tail) -> rusqlite::Result<()> + Send>;

/// Something to write, which can be done again when the batch was taken back, and whom to tell.
struct Job {
    work: Work,
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

/// The way to the thread.
pub(super) struct Writer {
    jobs_tx: SyncSender<Job>,
}

impl Writer {
    /// Starts the thread on a connection; `reopen` gives another when the disk failed.
    pub(super) fn start(
        connection: Connection,
        tail: Tail,
        last_tx: watch::Sender<Seq>,
        reopen: impl Fn() -> anyhow::Result<Connection> + Send + 'static,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (jobs_tx, jobs_rx) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                Batches {
                    connection: Some(connection),
                    tail,
                    last_tx,
                    reopen: Box::new(reopen),
                }
                .run(&jobs_rx);
            })?;
        Ok((Self { jobs_tx }, thread))
    }

    /// Has something written, and waits until it is on disk. The work may be done twice: the first time is taken back.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection, &mut Tail) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer_tx, answer_rx) = oneshot::channel();
        let value = Arc::new(Mutex::new(None));
        let place = Arc::clone(&value);
        let job = Job {
            work: Box::new(move |connection, tail| {
                let value = work(connection, tail)?;
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                Ok(())
            }),
            // Whoever stopped waiting needs no answer.
            answer: Box::new(move |done| drop(answer_tx.send(done))),
        };
        match self.jobs_tx.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(StoreError::Overloaded),
            Err(TrySendError::Disconnected(_)) => return Err(gone()),
        }
        answer_rx.await.unwrap_or_else(|_| Err(gone()))?;
        let value = value.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(gone)
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable(anyhow::anyhow!("the store is closed or cannot be opened"))
}

struct Batches {
    /// None: the disk failed, and the connection with it.
    connection: Option<Connection>,
    tail: Tail,
    last_tx: watch::Sender<Seq>,
    reopen: Box<dyn Fn() -> anyhow::Result<Connection> + Send>,
}

impl Batches {
    fn run(mut self, jobs_rx: &Receiver<Job>) {
        while let Ok(first) = jobs_rx.recv() {
            let waiting = std::iter::from_fn(|| jobs_rx.try_recv().ok());
            let batch: Vec<Job> = std::iter::once(first)
                .chain(waiting.take(BATCH - 1))
                .collect();
            self.take(batch);
        }
    }

    fn take(&mut self, batch: Vec<Job>) {
        if self.connection.is_none() {
            self.revive();
        }
        let Some(connection) = self.connection.take() else {
            tell(batch, || Err(gone()));
            std::thread::sleep(PAUSE);
            return;
        };
        match self.transact(connection, &batch) {
            Ok(()) => tell(batch, || Ok(())),
            // One of them may have spoiled it for all: each on its own, so that a bad one fails alone.
            Err(error) if batch.len() > 1 && !is_of_disk(&error) => {
                for job in batch {
                    self.take(vec![job]);
                }
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the store could not be written"
                );
                tell(batch, || Err(failure(&error)));
                if is_of_disk(&error) {
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    /// One transaction, one sync. On an error nothing of it is there.
    fn transact(&mut self, connection: Connection, batch: &[Job]) -> rusqlite::Result<()> {
        let before = self.tail;
        self.tail.mark = Mark(random_i64());
        match write_batch(&connection, &mut self.tail, before, batch) {
            Ok(()) => {
                self.connection = Some(connection);
                if self.tail.seq == before.seq {
                    self.tail = before;
                } else {
                    self.last_tx.send_replace(self.tail.seq);
                }
                Ok(())
            }
            Err(error) => {
                self.tail = before;
                let is_back =
                    connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
                // A full disk spoils nothing; a failed sync spoils all that the connection believes.
                let is_sound = !is_of_disk(&error) || is_full(&error);
                self.connection = (is_back && is_sound).then_some(connection);
                Err(error)
            }
        }
    }

    /// Opens anew after a failure of the disk, and starts from what is really there.
    fn revive(&mut self) {
        let opened = (self.reopen)().and_then(|connection| {
            let found: String =
                connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            anyhow::ensure!(found == "ok", "the database is damaged: {found}");
            let tail = read_tail(&connection)?;
            Ok((connection, tail))
        });
        match opened {
            Ok((connection, tail)) => {
                self.tail = tail;
                self.connection = Some(connection);
                tracing::info!("the store was opened anew");
            }
            Err(error) => tracing::error!("the store could not be opened anew: {error:#}"),
        }
    }
}

/// Reads where the history ends.
pub(super) fn read_tail(connection: &Connection) -> rusqlite::Result<Tail> {
    connection.query_row("SELECT seq, mark FROM head", [], |row| {
        Ok(Tail {
            seq: Seq(row.get(0)?),
            mark: Mark(row.get(1)?),
        })
    })
}

fn is_of_disk(error: &rusqlite::Error) -> bool {
    let codes = [
        ErrorCode::DiskFull,
        ErrorCode::SystemIoFailure,
        ErrorCode::DatabaseCorrupt,
        ErrorCode::NotADatabase,
    ];
    error
        .sqlite_error_code()
        .is_some_and(|code| codes.contains(&code))
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

fn failure(error: &rusqlite::Error) -> StoreError {
    let cause = anyhow::anyhow!("{error}");
    if is_full(error) {
        StoreError::Full(cause)
    } else if is_of_disk(error) {
        StoreError::Unavailable(cause)
    } else {
        StoreError::Refused(cause)
    }
}

fn tell(batch: Vec<Job>, result: impl Fn() -> Result<(), StoreError>) {
    for job in batch {
        (job.answer)(result());
    }
}

fn write_batch(
    connection: &Connection,
    tail: &mut Tail,
    before: Tail,
    batch: &[Job],
) -> rusqlite::Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for job in batch {
        (job.work)(connection, tail)?;
    }
    if tail.seq != before.seq {
        let put = "UPDATE head SET seq = ?1, mark = ?2";
        connection
            .prepare_cached(put)?
            .execute(params![tail.seq.0, tail.mark.0])?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}
