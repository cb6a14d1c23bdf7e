//! The one thread that writes. Whatever waits while one sync runs is the next batch: one transaction, one sync, then the
//! answers (`storage.md` 4). A job that fails spoils it for nobody else. Between batches, rows are merged.

use std::collections::HashMap;
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{oneshot, watch};

use shared::model::{ChatId, Mark, Seq};

use crate::clock::{Clock as _, SystemClock, random_i64};
use crate::store::StoreError;

use super::batch::{Added, Batch, Known};
use super::merge::Merging;
use super::recent::{Recent, Tail};
use super::recover::{Recovered, recover};

/// Jobs that may wait; then callers are told.
const WAITING: usize = 4096;
/// Jobs of one transaction.
const BATCH: usize = 256;
/// After a failure of the disk, before the next try.
const PAUSE: Duration = Duration::from_millis(500);
/// Without a job for so long, what waits to be merged is merged.
const IDLE: Duration = Duration::from_secs(1);
/// Chats the writer knows at most; beyond it all are forgotten and read again when they move.
const KNOWN: usize = 100_000;

/// Writes; may be asked twice.
type Work = Box<dyn Fn(&mut Batch<'_>) -> rusqlite::Result<()> + Send>;

/// Something to write, which can be done again when the batch was taken back, and whom to tell.
struct Job {
    work: Work,
    /// It works on rows that must be up to date, and what memory holds of them is void afterwards.
    is_alone: bool,
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

/// The way to the thread.
pub(super) struct Writer {
    jobs_tx: SyncSender<Job>,
}

/// What the thread works with.
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) recent: Recent,
    pub(super) last_tx: watch::Sender<Seq>,
    /// Gives another connection when the disk failed.
    pub(super) reopen: Box<dyn Fn() -> anyhow::Result<Connection> + Send>,
}

impl Writer {
    /// Starts the thread, after memory was filled.
    pub(super) fn start(
        desk: Desk,
        recovered: Recovered,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (jobs_tx, jobs_rx) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                Batches {
                    connection: Some(desk.connection),
                    tail: recovered.tail,
                    merging: recovered.merging,
                    recent: desk.recent,
                    known: HashMap::new(),
                    last_tx: desk.last_tx,
                    reopen: desk.reopen,
                }
                .run(&jobs_rx);
            })?;
        Ok((Self { jobs_tx }, thread))
    }

    /// Has something written, and waits until it is on disk. The work may be done twice: the first time is taken back.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        is_alone: bool,
        work: impl Fn(&mut Batch<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer_tx, answer_rx) = oneshot::channel();
        let value = Arc::new(Mutex::new(None));
        let place = Arc::clone(&value);
        let job = Job {
            work: Box::new(move |batch| {
                let value = work(batch)?;
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                Ok(())
            }),
            is_alone,
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
    merging: Merging,
    recent: Recent,
    known: HashMap<ChatId, Known>,
    last_tx: watch::Sender<Seq>,
    reopen: Box<dyn Fn() -> anyhow::Result<Connection> + Send>,
}

impl Batches {
    fn run(mut self, jobs_rx: &Receiver<Job>) {
        while let Some(first) = self.next(jobs_rx) {
            let mut batch = vec![];
            let mut job = Some(first);
            while let Some(next) = job.take() {
                if next.is_alone {
                    self.take(std::mem::take(&mut batch));
                    self.take_alone(next);
                } else {
                    batch.push(next);
                }
                if batch.len() < BATCH {
                    job = jobs_rx.try_recv().ok();
                }
            }
            self.take(batch);
            self.merge(Merging::keep_pace);
        }
        self.merge(Merging::finish);
    }

    /// Waits for a job; while none comes, rows are merged.
    fn next(&mut self, jobs_rx: &Receiver<Job>) -> Option<Job> {
        loop {
            if !self.merging.is_behind() || self.connection.is_none() {
                return jobs_rx.recv().ok();
            }
            match jobs_rx.recv_timeout(IDLE) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            loop {
                match jobs_rx.try_recv() {
                    Ok(job) => return Some(job),
                    Err(TryRecvError::Disconnected) => return None,
                    Err(TryRecvError::Empty) => {}
                }
                let mut is_left = false;
                self.merge(|merging, connection, now| {
                    is_left = merging.step(connection, now)?;
                    Ok(())
                });
                if !is_left {
                    break;
                }
            }
        }
    }

    fn merge(&mut self, work: impl FnOnce(&mut Merging, &Connection, i64) -> rusqlite::Result<()>) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match work(&mut self.merging, &connection, SystemClock.now().0) {
            Ok(()) => self.connection = Some(connection),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "rows could not be merged; they will be"
                );
                // Unless the disk is only full, the file decides: it is opened anew with the next job.
                self.connection = is_full(&error).then_some(connection);
            }
        }
    }

    /// Does one job on rows that are up to date.
    fn take_alone(&mut self, job: Job) {
        self.merge(Merging::finish);
        self.take(vec![job]);
        if let Some(connection) = self.connection.take() {
            match recover(&connection, &self.recent) {
                Ok(recovered) => {
                    self.start_from(recovered);
                    self.connection = Some(connection);
                }
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the store could not be read; it is opened anew"
                ),
            }
        }
    }

    /// Believes what was read, and nothing else.
    fn start_from(&mut self, recovered: Recovered) {
        self.tail = recovered.tail;
        self.merging = recovered.merging;
        self.known.clear();
    }

    fn take(&mut self, batch: Vec<Job>) {
        if batch.is_empty() {
            return;
        }
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
    fn transact(&mut self, connection: Connection, jobs: &[Job]) -> rusqlite::Result<()> {
        let tail = Tail {
            mark: Mark(random_i64()),
            ..self.tail
        };
        let mut batch = Batch::new(&connection, tail, &self.recent, &self.known);
        let written = write_batch(&mut batch, jobs);
        let Batch { tail, added, .. } = batch;
        match written {
            Ok(()) => {
                self.publish(tail, added);
                crash_point!("published");
                self.connection = Some(connection);
                Ok(())
            }
            Err(error) => {
                let is_back =
                    connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
                // A full disk spoils nothing; a failed sync spoils all that the connection believes.
                let is_sound = !is_of_disk(&error) || is_full(&error);
                self.connection = (is_back && is_sound).then_some(connection);
                Err(error)
            }
        }
    }

    /// What is on disk becomes visible.
    fn publish(&mut self, tail: Tail, mut added: Added) {
        let has_events = tail.seq != self.tail.seq;
        if has_events {
            self.tail = tail;
        }
        self.merging.take(&mut added, self.tail.seq);
        if self.known.len() + added.known.len() > KNOWN {
            self.known.clear();
        }
        self.known.extend(added.known);
        let mut recent = self.recent.write();
        recent.keys.extend(added.keys);
        recent.names.extend(added.names);
        for (chat, hot) in added.chats {
            match hot {
                Some(hot) => recent.chats.insert(chat, hot),
                None => recent.chats.remove(&chat),
            };
        }
        for (chat, deadline) in added.deadlines {
            recent.deadlines.set(chat, deadline);
        }
        for (seq, chat, terms) in added.terms {
            recent.terms.insert(seq, (chat, terms));
        }
        recent.follow(added.events);
        drop(recent);
        if has_events {
            self.last_tx.send_replace(self.tail.seq);
        }
    }

    /// Opens anew after a failure of the disk, and starts from what is really there.
    fn revive(&mut self) {
        let opened = (self.reopen)().and_then(|connection| {
            let found: String =
                connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            anyhow::ensure!(found == "ok", "the database is damaged: {found}");
            empty_log(&connection)?;
            let recovered = recover(&connection, &self.recent)?;
            Ok((connection, recovered))
        });
        match opened {
            Ok((connection, recovered)) => {
                self.start_from(recovered);
                self.connection = Some(connection);
                self.last_tx.send_replace(self.tail.seq);
                tracing::info!("the store was opened anew");
            }
            Err(error) => tracing::error!("the store could not be opened anew: {error:#}"),
        }
    }
}

/// Brings everything in the log into the database and begins the log anew. After a failed sync a part of the log may be
/// readable and yet not on disk, for good; behind such a part nothing would survive a power failure.
fn empty_log(connection: &Connection) -> anyhow::Result<()> {
    let is_busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    anyhow::ensure!(is_busy == 0, "the log is still being read");
    Ok(())
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

fn write_batch(batch: &mut Batch<'_>, jobs: &[Job]) -> rusqlite::Result<()> {
    let connection = batch.connection;
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for job in jobs {
        (job.work)(batch)?;
    }
    crash_point!("before_commit");
    connection.prepare_cached("COMMIT")?.execute([])?;
    crash_point!("committed");
    Ok(())
}
