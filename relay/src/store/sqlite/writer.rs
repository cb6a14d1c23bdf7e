//! The one thread that writes. Whatever waits while one sync runs is the next batch: one transaction, one sync, then the
//! answers (`storage.md` 4). A job that fails alone is taken back alone.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
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

/// What a job left: its own fate, and whom to tell once the fate of all is known.
struct Ended {
    sql: Result<(), rusqlite::Error>,
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

type Job = Box<dyn FnOnce(&Connection, &mut Tail) -> Ended + Send>;

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

    /// Has something written, and waits until it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &mut Tail) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer_tx, answer_rx) = oneshot::channel();
        let job: Job =
            Box::new(move |connection, tail| match work(connection, tail) {
                Ok(value) => Ended {
                    sql: Ok(()),
                    answer: Box::new(move |done| drop(answer_tx.send(done.map(|()| value)))),
                },
                Err(error) => Ended {
                    sql: Err(error),
                    answer: Box::new(move |done| {
                        drop(answer_tx.send(
                            done.and(Err(StoreError::Refused(anyhow::anyhow!("not written")))),
                        ));
                    }),
                },
            });
        match self.jobs_tx.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(StoreError::Overloaded),
            Err(TrySendError::Disconnected(_)) => return Err(gone()),
        }
        answer_rx.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable(anyhow::anyhow!("the store is closed"))
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
            // Dropping a job tells its caller that nothing is known.
            std::thread::sleep(PAUSE);
            return;
        };
        let before = self.tail;
        self.tail.mark = Mark(random_i64());
        let mut answers = vec![];
        match self.transact(&connection, batch, &mut answers) {
            Ok(()) => {
                self.connection = Some(connection);
                if self.tail.seq != before.seq {
                    self.last_tx.send_replace(self.tail.seq);
                }
                for (answer, failed) in answers {
                    answer(failed.map_or(Ok(()), Err));
                }
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the store could not be written"
                );
                self.tail = before;
                let is_full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
                if connection.execute_batch("ROLLBACK").is_ok() || connection.is_autocommit() {
                    // A full disk spoils nothing; a failed sync spoils all that the connection believes.
                    self.connection = is_full.then_some(connection);
                }
                for (answer, _) in answers {
                    answer(Err(failure(is_full)));
                }
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "an answer and its own failure")]
    fn transact(
        &mut self,
        connection: &Connection,
        batch: Vec<Job>,
        answers: &mut Vec<(
            Box<dyn FnOnce(Result<(), StoreError>) + Send>,
            Option<StoreError>,
        )>,
    ) -> rusqlite::Result<()> {
        let before = self.tail.seq;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for job in batch {
            connection.prepare_cached("SAVEPOINT job")?.execute([])?;
            let saved = self.tail;
            let ended = job(connection, &mut self.tail);
            match ended.sql {
                Ok(()) => answers.push((ended.answer, None)),
                Err(error) => {
                    let is_disk = connection.is_autocommit() || is_of_disk(&error);
                    let refused = StoreError::Refused(anyhow::anyhow!("{error}"));
                    answers.push((ended.answer, Some(refused)));
                    if is_disk {
                        return Err(error);
                    }
                    self.tail = saved;
                    connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
                }
            }
            connection.prepare_cached("RELEASE job")?.execute([])?;
        }
        if self.tail.seq != before {
            let put = "UPDATE head SET seq = ?1, mark = ?2";
            connection
                .prepare_cached(put)?
                .execute(params![self.tail.seq.0, self.tail.mark.0])?;
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
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

fn failure(is_full: bool) -> StoreError {
    let cause = anyhow::anyhow!("the transaction was not written");
    if is_full {
        StoreError::Full(cause)
    } else {
        StoreError::Unavailable(cause)
    }
}
