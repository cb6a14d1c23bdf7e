//! The store in one SQLite file: one thread writes, four connections read, one thread checkpoints (`storage.md` 4). The
//! only SQL of the relay is in this folder.

mod batch;
mod commit;
mod connect;
mod copies;
mod erase;
mod files;
mod maintenance;
mod merge;
mod open;
mod recent;
mod recover;
mod rows;
mod search;
#[cfg(test)]
mod tests;
mod timeline;
mod writer;

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::{Semaphore, watch};

use shared::chat::{Chat, Revision, Stored};
use shared::model::{
    Card, ChannelId, ChatId, DeliveryId, FileId, Mark, MessageId, OperatorId, PlatformId, Seq,
    Template, TemplateId, Timestamp, Visitor, VisitorId,
};
use shared::protocol::{ChatPlace, DraftText};

use super::{
    BlockEntry, Change, Claim, DRAFTS_KEPT, DRAFTS_KEPT_FOR, Delivery, DueChat, FileRow,
    FoundMessage, Head, LONGEST_WAIT, LeaseToken, Outcome, PutBack, Query, SessionEntry, Store,
    StoreError, TokenHash, UnreadBody, UnsettledCounts, newest_first,
};
use crate::clock::{Clock, SystemClock, new_id};

use batch::Batch;
use commit::Prepared;
use maintenance::{Checkpoints, Interrupts};
use recent::{Recent, State, hash_of_name};
use recover::recover;
use writer::{Desk, Writer};

pub use copies::{Look, backup, look, restore};
pub use search::expression as search_expression;

/// Connections that read.
const READERS: usize = 4;
/// Rows read at once: a long read would hold the write-ahead log.
const READ_PAGE: u32 = 1_000;
/// Bodies that were not understood are kept so long.
const UNREAD_KEPT: Duration = Duration::from_secs(7 * 86_400);

/// See the module.
pub struct SqliteStore {
    database: PathBuf,
    writer: Mutex<Option<Arc<Writer>>>,
    readers: Mutex<Vec<Connection>>,
    interrupts: Interrupts,
    turns: Semaphore,
    recent: Recent,
    last_rx: watch::Receiver<Seq>,
    stop: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: File,
}

impl SqliteStore {
    /// Opens the store of a file, making it if there is none.
    ///
    /// # Errors
    ///
    /// In words for an admin: another relay works on it, it is newer, the disk is not fit for it.
    pub fn open(database: &Path) -> anyhow::Result<Arc<Self>> {
        let lock = connect::lock(database)?;
        let connection = connect::writer(database)?;
        connect::void_leases(&connection).context("could not take the leases over")?;
        let recent = Recent::new(State::default());
        let recovered = recover(&connection, &recent).context("could not read the store")?;
        let (last_tx, last_rx) = watch::channel(recovered.tail.seq);
        let path = database.to_owned();
        let desk = Desk {
            connection,
            recent: recent.clone(),
            last_tx,
            reopen: Box::new(move || connect::writer(&path)),
        };
        let (writer, thread) =
            Writer::start(desk, recovered).context("could not start the writing thread")?;
        let readers = (0..READERS)
            .map(|_| connect::reader(database))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let interrupts = Interrupts::default();
        let stop = Arc::new(AtomicBool::new(false));
        let checkpoints = Checkpoints::new(database, last_rx.clone(), interrupts.clone());
        let checkpoints = maintenance::start(checkpoints, Arc::clone(&stop))
            .context("could not start the checkpoint thread")?;
        Ok(Arc::new(Self {
            database: database.to_owned(),
            writer: Mutex::new(Some(Arc::new(writer))),
            readers: Mutex::new(readers),
            interrupts,
            turns: Semaphore::new(READERS),
            recent,
            last_rx,
            stop,
            threads: Mutex::new(vec![thread, checkpoints]),
            _lock: lock,
        }))
    }

    /// Lets what waits be written, and ends the threads.
    pub async fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let database = self.database.clone();
        let ending = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a thread of the store ended badly");
                }
            }
            // The file alone is whole after a stop, for those who copy it.
            if let Err(error) = maintenance::cut(&database) {
                tracing::warn!("the store's log stays beside it: {error:#}");
            }
        });
        if ending.await.is_err() {
            tracing::error!("the store did not end well");
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Batch<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.hand_in(false, work).await
    }

    async fn hand_in<T: Send + 'static>(
        &self,
        is_alone: bool,
        work: impl Fn(&mut Batch<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match writer {
            Some(writer) => writer.write(is_alone, work).await,
            None => Err(StoreError::Unavailable(anyhow::anyhow!(
                "the store is closed"
            ))),
        }
    }

    /// Writes something of which only the effect matters.
    async fn execute(
        &self,
        sql: &'static str,
        values: impl rusqlite::Params + Clone + Send + 'static,
    ) -> Result<usize, StoreError> {
        self.write(move |batch| {
            batch
                .connection
                .prepare_cached(sql)?
                .execute(values.clone())
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self.turns.acquire().await;
        let turn = turn.map_err(|error| StoreError::Unavailable(error.into()))?;
        let connection = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = if let Some(connection) = connection {
            connection
        } else {
            connect::reader(&self.database).map_err(StoreError::Unavailable)?
        };
        let interrupts = self.interrupts.clone();
        let done = tokio::task::spawn_blocking(move || {
            let under_way = interrupts.begin(&connection);
            let result = work(&connection);
            drop(under_way);
            (connection, result)
        });
        let (connection, result) = done
            .await
            .map_err(|error| StoreError::Damaged(error.into()))?;
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        drop(turn);
        result.map_err(read_error)
    }

    /// Does something slow beside the file's own connections.
    async fn aside(
        &self,
        work: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        let done = tokio::task::spawn_blocking(work);
        done.await
            .map_err(|error| StoreError::Unavailable(error.into()))?
            .map_err(StoreError::Unavailable)
    }

    async fn find<T: Send + 'static>(
        &self,
        sql: String,
        values: impl rusqlite::Params + Send + 'static,
        map: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(&sql)?
                .query_row(values, map)
                .optional()
        })
        .await
    }

    async fn list<T: Send + 'static>(
        &self,
        sql: String,
        values: impl rusqlite::Params + Send + 'static,
        map: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(&sql)?
                .query_map(values, map)?
                .collect()
        })
        .await
    }
}

impl SqliteStore {
    /// Returns a chat whose row may be behind.
    fn hot(&self, id: ChatId) -> Option<Chat> {
        let recent = self.recent.read();
        recent.chats.get(&id).map(|hot| hot.chat.as_ref().clone())
    }

    /// Returns a chat as it is now, whatever its row said.
    fn refreshed(&self, chat: Chat) -> Chat {
        self.hot(chat.id)
            .filter(|hot| hot.version > chat.version)
            .unwrap_or(chat)
    }

    fn all_refreshed(&self, chats: Vec<Chat>) -> Vec<Chat> {
        chats.into_iter().map(|chat| self.refreshed(chat)).collect()
    }
}

fn read_error(error: rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..) => StoreError::Damaged(error.into()),
        other => StoreError::Unavailable(other.into()),
    }
}

/// The largest limit SQLite takes.
fn limit_of(limit: u32) -> i64 {
    i64::from(limit)
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
        let prepared: Vec<Prepared> = changes
            .into_iter()
            .map(|change| Prepared::of(change).map_err(|error| StoreError::Refused(error.into())))
            .collect::<Result<_, _>>()?;
        // Each is a job of its own, handed in together: they share a transaction, and one that is bad fails alone.
        let jobs = prepared
            .into_iter()
            .map(|change| self.write(move |batch| change.write(batch)));
        futures_util::future::join_all(jobs)
            .await
            .into_iter()
            .collect()
    }

    async fn changed(&self, after: Seq) {
        let mut last = self.last_rx.clone();
        if last.wait_for(|last| *last > after).await.is_err() {
            // The store is closed: nothing will ever be committed again.
            std::future::pending::<()>().await;
        }
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let sql = "SELECT log, coalesce(seq, floor), coalesce(mark, 0), floor FROM head LEFT JOIN
             (SELECT seq, mark FROM event ORDER BY seq DESC LIMIT 1)"
            .to_owned();
        let head = self.find(sql, [], |row| {
            Ok(Head {
                log: row.get(0)?,
                seq: Seq(row.get(1)?),
                mark: Mark(row.get(2)?),
                floor: Seq(row.get(3)?),
            })
        });
        head.await?
            .ok_or_else(|| StoreError::Damaged(anyhow::anyhow!("there is no head")))
    }

    async fn events_after(&self, after: Seq, limit: u32) -> Result<Vec<Stored>, StoreError> {
        let near = self.recent.read().events_after(after, limit as usize);
        if let Some(events) = near {
            return Ok(events);
        }
        let sql = format!(
            "SELECT {} FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            rows::EVENT
        );
        let mut all: Vec<Stored> = vec![];
        loop {
            let rest = limit - u32::try_from(all.len()).unwrap_or(limit);
            let from = all.last().map_or(after, |stored| stored.seq);
            let values = [from.0, limit_of(rest.min(READ_PAGE))];
            let page = self.list(sql.clone(), values, rows::stored).await?;
            let is_last = page.len() < READ_PAGE as usize;
            all.extend(page);
            if is_last || all.len() >= limit as usize {
                return Ok(all);
            }
        }
    }

    async fn timeline(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError> {
        let hot = self.recent.read().chats.get(&chat).map(|hot| hot.last_seq);
        self.read(move |connection| timeline::page(connection, chat, hot, before, limit))
            .await
    }

    async fn find_chat(&self, id: ChatId) -> Result<Option<Chat>, StoreError> {
        if let Some(chat) = self.hot(id) {
            return Ok(Some(chat));
        }
        let sql = format!("SELECT {} FROM chat WHERE id = ?1", rows::CHAT);
        self.find(sql, [id.0], rows::chat).await
    }

    async fn find_chat_by_number(&self, number: Seq) -> Result<Option<Chat>, StoreError> {
        let sql = format!("SELECT {} FROM chat WHERE number = ?1", rows::CHAT);
        let found = self.find(sql, [number.0], rows::chat).await?;
        Ok(found.map(|chat| self.refreshed(chat)))
    }

    async fn find_open_chat(
        &self,
        channel: &ChannelId,
        visitor: VisitorId,
    ) -> Result<Option<ChatId>, StoreError> {
        let sql = "SELECT id FROM chat WHERE channel = ?1 AND visitor = ?2 AND stage <> 'closed'"
            .to_owned();
        self.find(sql, (channel.0.clone(), visitor.0), |row| {
            Ok(ChatId(row.get(0)?))
        })
        .await
    }

    async fn list_open_chats(&self) -> Result<Vec<Chat>, StoreError> {
        self.read_open().await
    }

    async fn list_closed_chats(
        &self,
        before: Option<ChatPlace>,
        limit: u32,
    ) -> Result<Vec<Chat>, StoreError> {
        let sql = format!(
            "SELECT {} FROM chat WHERE stage IN ('closed', 'closed_by_operator') AND (last_at, id) < (?1, ?2)
             ORDER BY last_at DESC, id DESC LIMIT ?3",
            rows::CHAT
        );
        let before = before.unwrap_or(ChatPlace {
            at: Timestamp(i64::MAX),
            chat: ChatId(i64::MAX),
        });
        let values = [before.at.0, before.chat.0, limit_of(limit)];
        self.list(sql, values, rows::chat).await
    }

    async fn list_visitor_chats(
        &self,
        visitor: VisitorId,
        before: Option<ChatPlace>,
        limit: u32,
    ) -> Result<Vec<Chat>, StoreError> {
        let sql = format!("SELECT {} FROM chat WHERE visitor = ?1", rows::CHAT);
        let chats = self.list(sql, [visitor.0], rows::chat).await?;
        Ok(newest_first(self.all_refreshed(chats), before, limit))
    }

    async fn list_due_chats(&self, now: Timestamp, limit: u32) -> Result<Vec<DueChat>, StoreError> {
        Ok(self.recent.read().deadlines.due(now, limit as usize))
    }

    async fn next_deadline(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.recent.read().deadlines.next())
    }

    async fn list_channels_with_chats(&self) -> Result<Vec<ChannelId>, StoreError> {
        let sql = "SELECT DISTINCT channel FROM chat ORDER BY channel".to_owned();
        self.list(sql, [], |row| Ok(ChannelId(row.get(0)?))).await
    }

    async fn find_visitor(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
    ) -> Result<Option<Visitor>, StoreError> {
        let sql = "SELECT id, channel, platform_id, profile FROM visitor WHERE channel = ?1 AND platform_id = ?2
             UNION ALL SELECT id, visitor.channel, visitor.platform_id, profile FROM other_name
             JOIN visitor ON visitor.id = other_name.visitor
             WHERE other_name.channel = ?1 AND other_name.platform_id = ?2 LIMIT 1";
        self.find(
            sql.to_owned(),
            (channel.0.clone(), platform_id.0.clone()),
            |row| {
                let card: Card = rows::json(row, 3)?;
                Ok(Visitor {
                    id: VisitorId(row.get(0)?),
                    channel: ChannelId(row.get(1)?),
                    platform_id: PlatformId(row.get(2)?),
                    card,
                })
            },
        )
        .await
    }

    async fn name_visitor(
        &self,
        visitor: VisitorId,
        channel: &ChannelId,
        other: &PlatformId,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO other_name (channel, platform_id, visitor) VALUES (?1, ?2, ?3)
             ON CONFLICT (channel, platform_id) DO UPDATE SET visitor = excluded.visitor";
        let values = (channel.0.clone(), other.0.clone(), visitor.0);
        self.execute(sql, values).await?;
        Ok(())
    }

    async fn find_message(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
    ) -> Result<Option<FoundMessage>, StoreError> {
        let name = (channel.clone(), platform_id.clone());
        let near = self.recent.read().names.get(&name).cloned();
        if near.is_some() {
            return Ok(near);
        }
        let hash = hash_of_name(channel, platform_id);
        let values = (hash, name.0.0, name.1.0);
        self.find(rows::MESSAGE_BY_NAME.to_owned(), values, rows::message)
            .await
    }

    async fn find_message_by_id(&self, id: MessageId) -> Result<Option<FoundMessage>, StoreError> {
        self.find(
            format!("SELECT {} FROM message WHERE id = ?1", rows::MESSAGE),
            [id.0],
            rows::message,
        )
        .await
    }

    async fn find_revisions(
        &self,
        messages: Vec<MessageId>,
    ) -> Result<HashMap<MessageId, Revision>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT last_edit, deleted FROM revision WHERE message = ?1";
            let mut find = connection.prepare_cached(sql)?;
            let mut found = HashMap::new();
            for message in messages {
                let revision = find.query_row([message.0], |row| {
                    Ok(Revision {
                        last_edit: row.get(0)?,
                        is_deleted: row.get(1)?,
                    })
                });
                found.extend(revision.optional()?.map(|revision| (message, revision)));
            }
            Ok(found)
        })
        .await
    }

    async fn search(
        &self,
        query: &Query,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError> {
        let before = before.unwrap_or(Seq(i64::MAX));
        // Memory first: what is merged meanwhile is found in both, not in neither.
        let near = self.recent.read().search(query, before, limit as usize);
        let terms = search::expression(query);
        self.read(move |connection| search::find(connection, &terms, near, before, limit))
            .await
    }

    async fn claim_deliveries(&self, claim: Claim) -> Result<Vec<Delivery>, StoreError> {
        self.write(move |batch| claim_deliveries(batch.connection, &claim))
            .await
    }

    async fn next_delivery_at(&self, channel: &ChannelId) -> Result<Option<Timestamp>, StoreError> {
        let sql =
            "SELECT min(not_before) FROM outbox WHERE channel = ?1 AND state = 'due'".to_owned();
        let next = self
            .find(sql, [channel.0.clone()], |row| row.get::<_, Option<i64>>(0))
            .await?;
        Ok(next.flatten().map(Timestamp))
    }

    async fn list_abandoned(
        &self,
        channel: &ChannelId,
        token: LeaseToken,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {} FROM outbox WHERE channel = ?1 AND state = 'sending' AND token < ?2 ORDER BY place",
            rows::DELIVERY
        );
        self.list(sql, (channel.0.clone(), token.0), rows::delivery)
            .await
    }

    async fn list_overdue(
        &self,
        channel: &ChannelId,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {} FROM outbox WHERE channel = ?1 AND state = 'due' AND window_ends <= ?2 ORDER BY place",
            rows::DELIVERY
        );
        self.list(sql, (channel.0.clone(), now.0), rows::delivery)
            .await
    }

    async fn put_back(
        &self,
        delivery: DeliveryId,
        attempt: u32,
        how: PutBack,
    ) -> Result<bool, StoreError> {
        let fits = "WHERE id = ?1 AND attempt = ?2 AND state = 'sending'";
        let (sql, not_before, error) = match how {
            PutBack::Due { not_before, error } => {
                let set = "UPDATE outbox SET state = 'due', error = ?3, not_before = ?4";
                (format!("{set} {fits}"), not_before.0, error)
            }
            PutBack::Doubtful { error } => {
                let set = "UPDATE outbox SET doubtful = 1, error = ?3, not_before = coalesce(not_before, ?4)";
                (format!("{set} {fits}"), 0, error)
            }
        };
        let done = self.write(move |batch| {
            batch
                .connection
                .prepare_cached(&sql)?
                .execute(params![delivery.0, attempt, error, not_before])
        });
        Ok(done.await? > 0)
    }

    async fn list_due_files(
        &self,
        channel: &ChannelId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<FileRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM attachment WHERE channel = ?1 AND state = 'due' AND not_before <= ?2
                 ORDER BY not_before, id LIMIT ?3",
            files::COLUMNS
        );
        let values = (channel.0.clone(), now.0, limit_of(limit));
        self.list(sql, values, files::row).await
    }

    async fn next_file_at(&self, channel: &ChannelId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(not_before) FROM attachment WHERE channel = ?1 AND state = 'due'";
        let next = self
            .find(sql.to_owned(), [channel.0.clone()], |row| {
                row.get::<_, Option<i64>>(0)
            })
            .await?;
        Ok(next.flatten().map(Timestamp))
    }

    async fn put_file_off(&self, id: FileId, not_before: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE attachment SET tries = tries + 1, not_before = ?2 WHERE id = ?1 AND state = 'due'";
        self.execute(sql, (id.0, not_before.0)).await?;
        Ok(())
    }

    async fn find_file(&self, id: FileId) -> Result<Option<FileRow>, StoreError> {
        let sql = format!("SELECT {} FROM attachment WHERE id = ?1", files::COLUMNS);
        self.find(sql, [id.0], files::row).await
    }

    async fn add_file(&self, file: FileRow) -> Result<(), StoreError> {
        self.write(move |batch| files::put(batch.connection, &file))
            .await
    }

    async fn give_up_strays(&self, before: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE attachment SET state = 'unwanted'
             WHERE state = 'kept' AND message IS NULL AND at < ?1";
        self.execute(sql, [before.0]).await?;
        Ok(())
    }

    async fn list_old_files(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<FileRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM attachment WHERE state = 'kept' AND message IS NOT NULL AND at < ?1 ORDER BY at LIMIT ?2",
            files::COLUMNS
        );
        self.list(sql, (before.0, limit_of(limit)), files::row)
            .await
    }

    async fn list_unwanted_files(&self, limit: u32) -> Result<Vec<FileId>, StoreError> {
        let sql = "SELECT id FROM attachment WHERE state = 'unwanted' ORDER BY id LIMIT ?1";
        let id = |row: &Row<'_>| Ok(FileId(row.get(0)?));
        self.list(sql.to_owned(), [limit_of(limit)], id).await
    }

    async fn drop_file(&self, id: FileId) -> Result<(), StoreError> {
        let sql = "DELETE FROM attachment WHERE id = ?1 AND state = 'unwanted'";
        self.execute(sql, [id.0]).await?;
        Ok(())
    }

    async fn find_delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.find(
            format!("SELECT {} FROM outbox WHERE id = ?1", rows::DELIVERY),
            [id.0],
            rows::delivery,
        )
        .await
    }

    async fn count_unsettled(&self) -> Result<UnsettledCounts, StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE state = 'due'), count(*) FILTER (WHERE state = 'sending'),
             count(*) FILTER (WHERE state = 'unconfirmed') FROM outbox WHERE state IN ('due', 'sending', 'unconfirmed')";
        let counts = self.find(sql.to_owned(), [], |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok(UnsettledCounts {
                due: count(0)?,
                sending: count(1)?,
                unconfirmed: count(2)?,
            })
        });
        Ok(counts.await?.unwrap_or_default())
    }

    async fn take_lease(
        &self,
        name: &str,
        owner: &str,
        hold_for: Duration,
    ) -> Result<Option<LeaseToken>, StoreError> {
        let (name, owner) = (name.to_owned(), owner.to_owned());
        self.write(move |batch| take_lease(batch.connection, &name, &owner, hold_for))
            .await
    }

    async fn give_lease_back(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        let sql = "UPDATE lease SET owner = '', until = 0 WHERE name = ?1 AND owner = ?2";
        self.execute(sql, (name.to_owned(), owner.to_owned()))
            .await?;
        Ok(())
    }

    async fn list_blocks(&self) -> Result<Vec<BlockEntry>, StoreError> {
        let sql = "SELECT visitor, channel, platform_id, name, chat, operator, at, until, reason, dropped FROM block";
        self.list(sql.to_owned(), [], |row| {
            Ok(BlockEntry {
                visitor: VisitorId(row.get(0)?),
                channel: ChannelId(row.get(1)?),
                platform_id: PlatformId(row.get(2)?),
                visitor_name: row.get(3)?,
                chat: ChatId(row.get(4)?),
                by: OperatorId(row.get(5)?),
                at: Timestamp(row.get(6)?),
                until: row.get::<_, Option<i64>>(7)?.map(Timestamp),
                reason: row.get(8)?,
                dropped: row.get::<_, i64>(9)?.unsigned_abs(),
            })
        })
        .await
    }

    async fn count_dropped(&self, visitor: VisitorId, more: u64) -> Result<(), StoreError> {
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        self.execute(
            "UPDATE block SET dropped = dropped + ?2 WHERE visitor = ?1",
            (visitor.0, more),
        )
        .await?;
        Ok(())
    }

    async fn save_session(&self, session: SessionEntry) -> Result<(), StoreError> {
        let sql = "INSERT INTO session (hash, operator, created_at, expires_at, used_at, address) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.write(move |batch| {
            let connection = batch.connection;
            connection
                .prepare_cached("DELETE FROM session WHERE expires_at < ?1")?
                .execute([session.created_at.0])?;
            connection.prepare_cached(sql)?.execute(params![
                session.hash.0,
                session.operator.0,
                session.created_at.0,
                session.expires_at.0,
                session.used_at.0,
                session.address
            ])
        })
        .await?;
        Ok(())
    }

    async fn find_session(&self, hash: &TokenHash) -> Result<Option<SessionEntry>, StoreError> {
        let sql = format!("SELECT {SESSION} FROM session WHERE hash = ?1");
        self.find(sql, [hash.0], session).await
    }

    async fn touch_session(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "UPDATE session SET used_at = ?2 WHERE hash = ?1",
            (hash.0, at.0),
        )
        .await?;
        Ok(())
    }

    async fn list_sessions(&self, now: Timestamp) -> Result<Vec<SessionEntry>, StoreError> {
        let sql = format!("SELECT {SESSION} FROM session WHERE expires_at > ?1");
        self.list(sql, [now.0], session).await
    }

    async fn end_session(&self, hash: &TokenHash) -> Result<bool, StoreError> {
        Ok(self
            .execute("DELETE FROM session WHERE hash = ?1", [hash.0])
            .await?
            > 0)
    }

    async fn save_draft(
        &self,
        operator: &OperatorId,
        chat: ChatId,
        draft: &DraftText,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let operator = operator.0.clone();
        if draft.text.is_empty() {
            self.execute(
                "DELETE FROM draft WHERE operator = ?1 AND chat = ?2",
                (operator, chat.0),
            )
            .await?;
            return Ok(());
        }
        let body =
            serde_json::to_string(draft).map_err(|error| StoreError::Refused(error.into()))?;
        self.write(move |batch| {
            let put = "INSERT INTO draft (operator, chat, body, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (operator, chat) DO UPDATE SET body = excluded.body, at = excluded.at";
            let connection = batch.connection;
            connection
                .prepare_cached(put)?
                .execute(params![operator, chat.0, body, at.0])?;
            let old = "DELETE FROM draft WHERE operator = ?1 AND (at < ?2 OR chat IN
                 (SELECT chat FROM draft WHERE operator = ?1 ORDER BY at DESC, chat DESC LIMIT -1 OFFSET ?3))";
            connection.prepare_cached(old)?.execute(params![
                operator,
                at.minus(DRAFTS_KEPT_FOR).0,
                i64::try_from(DRAFTS_KEPT).unwrap_or(i64::MAX)
            ])
        })
        .await?;
        Ok(())
    }

    async fn list_drafts(
        &self,
        operator: &OperatorId,
    ) -> Result<Vec<(ChatId, DraftText)>, StoreError> {
        let sql = "SELECT chat, body FROM draft WHERE operator = ?1 ORDER BY at DESC, chat DESC"
            .to_owned();
        self.list(sql, [operator.0.clone()], |row| {
            Ok((ChatId(row.get(0)?), rows::json(row, 1)?))
        })
        .await
    }

    async fn save_template(&self, template: &Template) -> Result<(), StoreError> {
        let id = template.id.map_or(0, |id| id.0);
        let body =
            serde_json::to_string(template).map_err(|error| StoreError::Refused(error.into()))?;
        let sql = "INSERT INTO template (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
        self.execute(sql, (id, body)).await?;
        Ok(())
    }

    async fn delete_template(&self, id: TemplateId) -> Result<bool, StoreError> {
        Ok(self
            .execute("DELETE FROM template WHERE id = ?1", [id.0])
            .await?
            > 0)
    }

    async fn list_templates(&self) -> Result<Vec<Template>, StoreError> {
        self.list(
            "SELECT body FROM template ORDER BY id".to_owned(),
            [],
            |row| rows::json(row, 0),
        )
        .await
    }

    async fn keep_unread(&self, unread: UnreadBody) -> Result<(), StoreError> {
        self.write(move |batch| {
            let connection = batch.connection;
            let old = unread.at.minus(UNREAD_KEPT).0;
            connection
                .prepare_cached("DELETE FROM unread WHERE at < ?1")?
                .execute([old])?;
            let sql =
                "INSERT INTO unread (id, channel, at, reason, body) VALUES (?1, ?2, ?3, ?4, ?5)";
            connection.prepare_cached(sql)?.execute(params![
                new_id(unread.at),
                unread.channel.0,
                unread.at.0,
                unread.reason,
                unread.body.as_ref()
            ])
        })
        .await?;
        Ok(())
    }

    async fn count_unread(&self) -> Result<u64, StoreError> {
        let count = self
            .find("SELECT count(*) FROM unread".to_owned(), [], |row| {
                row.get::<_, i64>(0)
            })
            .await?;
        Ok(count.unwrap_or(0).unsigned_abs())
    }

    async fn bookmark(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.find(
            "SELECT value FROM meta WHERE name = ?1".to_owned(),
            [name.to_owned()],
            |row| row.get(0),
        )
        .await
    }

    async fn set_bookmark(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.execute(sql, (name.to_owned(), value.to_owned()))
            .await?;
        Ok(())
    }

    async fn redact(&self, visitor: VisitorId, at: Timestamp) -> Result<Vec<ChatId>, StoreError> {
        // Noted first: a copy put back after a crash in between forgets them too.
        let log = connect::with_suffix(&self.database, "erased.log");
        self.aside(move || erase::note(&log, visitor)).await?;
        let chats = self
            .hand_in(true, move |batch| erase::redact(batch, visitor, at))
            .await?;
        self.write(|batch| erase::scrub(batch.connection)).await?;
        let database = self.database.clone();
        self.aside(move || maintenance::cut(&database)).await?;
        Ok(chats)
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let (from, to) = (self.database.clone(), to.to_owned());
        self.aside(move || backup(&from, &to)).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let sql = "INSERT INTO meta (name, value) VALUES ('probe', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.execute(sql, [SystemClock.now().0.to_string()]).await?;
        Ok(())
    }
}

const SESSION: &str = "hash, operator, created_at, expires_at, used_at, address";

fn session(row: &Row<'_>) -> rusqlite::Result<SessionEntry> {
    Ok(SessionEntry {
        hash: TokenHash(row.get(0)?),
        operator: OperatorId(row.get(1)?),
        created_at: Timestamp(row.get(2)?),
        expires_at: Timestamp(row.get(3)?),
        used_at: Timestamp(row.get(4)?),
        address: row.get(5)?,
    })
}

/// The earliest of each chat only, and none of a chat that has one under way, while the lease is held.
fn claim_deliveries(connection: &Connection, claim: &Claim) -> rusqlite::Result<Vec<Delivery>> {
    let held = "SELECT 1 FROM lease WHERE name = ?1 AND owner = ?2 AND token = ?3 AND until > ?4";
    let name = format!("send:{}", claim.channel);
    let lease = params![name, claim.owner, claim.token.0, SystemClock.now().0];
    if !connection.prepare_cached(held)?.exists(lease)? {
        return Ok(vec![]);
    }
    let sql = format!(
        "SELECT {} FROM outbox AS o WHERE channel = ?1 AND state = 'due'
             AND (not_before <= ?2 OR not_before > ?4) AND NOT EXISTS
             (SELECT 1 FROM outbox AS earlier WHERE earlier.chat = o.chat AND earlier.state IN ('due', 'sending')
                 AND (earlier.place < o.place OR (earlier.place = o.place AND earlier.id < o.id)
                      OR earlier.state = 'sending'))
         ORDER BY not_before, place LIMIT ?3",
        rows::DELIVERY
    );
    let sql = if planted!("overtake") {
        sql.replace("earlier.place < o.place", "earlier.place > o.place")
    } else {
        sql
    };
    let mut list = connection.prepare_cached(&sql)?;
    let found = list.query_map(
        params![
            claim.channel.as_str(),
            claim.now.0,
            claim.limit,
            claim.now.plus(LONGEST_WAIT).0
        ],
        rows::delivery,
    )?;
    let mut claimed = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut take = connection.prepare_cached(
        "UPDATE outbox SET state = 'sending', attempt = attempt + 1, token = ?2, started_at = ?3 WHERE id = ?1",
    )?;
    for delivery in &mut claimed {
        take.execute(params![delivery.id.0, claim.token.0, claim.now.0])?;
        delivery.attempt += 1;
        delivery.state = super::DeliveryStage::Sending;
        delivery.started_at = Some(claim.now);
    }
    Ok(claimed)
}

/// The token rises whenever the owner changes.
fn take_lease(
    connection: &Connection,
    name: &str,
    owner: &str,
    hold_for: Duration,
) -> rusqlite::Result<Option<LeaseToken>> {
    let now = SystemClock.now();
    let until = now.plus(hold_for).0;
    let find = "SELECT owner, token, until FROM lease WHERE name = ?1";
    let held = connection
        .prepare_cached(find)?
        .query_row([name], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })
        .optional()?;
    let token = match held {
        Some((holder, token, _)) if holder == owner => token,
        Some((_, _, until)) if until > now.0 => return Ok(None),
        Some((_, token, _)) => token + 1,
        None => 1,
    };
    let put = "INSERT INTO lease (name, owner, token, until) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET owner = ?2, token = ?3, until = ?4";
    connection
        .prepare_cached(put)?
        .execute(params![name, owner, token, until])?;
    Ok(Some(LeaseToken(token)))
}
