//! What was appended goes where it is found later, in sorted slices: keys and names into their indexes, chats into their
//! rows, terms into the search index (`storage.md` 4, the second step). A little after each batch, the rest when nothing
//! else is to do. Nothing here needs a sync of its own: what a crash takes back is done again.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::{Connection, params};

use shared::model::{ChatId, Seq, Timestamp};

use crate::clock::first_id_at;
use crate::store::terms::chat_term;

use super::batch::{Added, Loose};
use super::commit::refresh_chat;
use super::recent::{Name, Recent, hash_of_key};

/// Events after which a slice is cut.
const SLICE: usize = if cfg!(test) { 200 } else { 16_384 };
/// Rows that are worth a transaction while others wait.
const LEAST: usize = 64;
/// Rows of one transaction at most: readers and writers wait for it.
const MOST: usize = 512;
/// Rows merged for each change taken in: each adds a key, a name, terms and a chat at most, and lets old rows go.
const PACE: usize = 7;
/// Old keys forgotten for each that was added: those of a busier time catch up.
const FORGOTTEN: usize = 2;
/// Old deliveries removed after a slice.
const REMOVED: u32 = 512;
/// Keys are kept longer than any platform repeats itself: 35 days.
const KEYS_KEPT_MS: i64 = 35 * 86_400_000;

/// How far the tables are merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Merged {
    /// Rows of `chat` hold every event up to here.
    pub(super) settled: Seq,
    /// `search` holds every event up to here.
    pub(super) indexed: Seq,
    /// `message_name` holds every message up to this place.
    pub(super) named: i64,
    /// `seen_key` holds every key up to this place.
    pub(super) hashed: i64,
}

/// What is being merged: everything up to a moment, each kind in the order of its table.
struct Slice {
    until: Merged,
    keys: VecDeque<Loose<Arc<str>>>,
    names: VecDeque<Loose<Name>>,
    chats: VecDeque<ChatId>,
    /// Old keys that may still be forgotten with this slice.
    forget: usize,
}

/// What waits to be merged, and how far that has come.
pub(super) struct Merging {
    recent: Recent,
    merged: Merged,
    until: Seq,
    keys: Vec<Loose<Arc<str>>>,
    names: Vec<Loose<Name>>,
    slice: Option<Slice>,
    owed: usize,
}

impl Merging {
    pub(super) fn new(
        recent: Recent,
        merged: Merged,
        until: Seq,
        keys: Vec<Loose<Arc<str>>>,
        names: Vec<Loose<Name>>,
    ) -> Self {
        Self {
            recent,
            merged,
            until,
            keys,
            names,
            slice: None,
            owed: 0,
        }
    }

    /// Takes in what a transaction added.
    pub(super) fn take(&mut self, added: &mut Added, until: Seq) {
        self.until = until;
        self.owed += added.loose_keys.len() * PACE;
        self.keys.append(&mut added.loose_keys);
        self.names.append(&mut added.loose_names);
    }

    /// Whether anything waits.
    pub(super) fn is_behind(&self) -> bool {
        self.slice.is_some()
            || !self.keys.is_empty()
            || !self.names.is_empty()
            || self.merged.settled < self.until
            || self.merged.indexed < self.until
    }

    /// Does the part of the work that the last batches have made.
    pub(super) fn keep_pace(&mut self, connection: &Connection, now: i64) -> rusqlite::Result<()> {
        if self.slice.is_none() && self.keys.len() < SLICE {
            self.owed = 0;
            return Ok(());
        }
        while self.owed >= LEAST && self.slice_rows(connection, now, self.owed.min(MOST))? {}
        Ok(())
    }

    /// Does one transaction's worth. Returns whether anything is left.
    pub(super) fn step(&mut self, connection: &Connection, now: i64) -> rusqlite::Result<bool> {
        self.slice_rows(connection, now, MOST)?;
        Ok(self.is_behind())
    }

    /// Does all of it.
    pub(super) fn finish(&mut self, connection: &Connection, now: i64) -> rusqlite::Result<()> {
        while self.is_behind() {
            self.step(connection, now)?;
        }
        Ok(())
    }

    /// Merges some rows in a transaction of their own. Returns whether there were any.
    fn slice_rows(
        &mut self,
        connection: &Connection,
        now: i64,
        count: usize,
    ) -> rusqlite::Result<bool> {
        if !self.is_behind() {
            return Ok(false);
        }
        let slice = match self.slice.take() {
            Some(slice) => slice,
            None => self.cut(),
        };
        let step = in_transaction(connection, || self.write(connection, &slice, count, now));
        crash_point!("merged");
        self.slice = Some(slice);
        self.advance(step?);
        self.owed = self.owed.saturating_sub(count);
        Ok(true)
    }

    fn cut(&mut self) -> Slice {
        let mut keys = std::mem::take(&mut self.keys);
        let mut names = std::mem::take(&mut self.names);
        let last_name = names.iter().map(|name| name.place).max();
        let last_key = keys.iter().map(|key| key.place).max();
        let until = Merged {
            settled: self.until,
            indexed: self.until,
            named: last_name.unwrap_or(self.merged.named),
            hashed: last_key.unwrap_or(self.merged.hashed),
        };
        keys.sort_unstable_by_key(|key| key.hash);
        names.sort_unstable_by_key(|name| name.hash);
        let mut chats: Vec<ChatId> = self.recent.read().chats.keys().copied().collect();
        chats.sort_unstable();
        Slice {
            until,
            forget: (keys.len() * FORGOTTEN).max(MOST),
            keys: keys.into(),
            names: names.into(),
            chats: chats.into(),
        }
    }

    /// Writes the next rows of a slice, one kind after the other.
    fn write(
        &self,
        connection: &Connection,
        slice: &Slice,
        count: usize,
        now: i64,
    ) -> rusqlite::Result<Step> {
        if !slice.keys.is_empty() {
            let put = "INSERT OR IGNORE INTO seen_key (hash, place) VALUES (?1, ?2)";
            write_loose(connection, put, &slice.keys, count).map(Step::Keys)
        } else if !slice.names.is_empty() {
            let put = "INSERT OR IGNORE INTO message_name (hash, place) VALUES (?1, ?2)";
            write_loose(connection, put, &slice.names, count).map(Step::Names)
        } else if !slice.chats.is_empty() {
            self.write_chats(connection, slice, count).map(Step::Chats)
        } else if self.merged.indexed < slice.until.indexed {
            self.write_terms(connection, slice.until.indexed, count)
                .map(Step::Terms)
        } else if slice.forget > 0 {
            let count = count.min(slice.forget);
            let forgotten = forget_old_keys(connection, now, count)?;
            // None left: no need to look again.
            let is_last = forgotten < count;
            Ok(Step::Forgot(if is_last { slice.forget } else { count }))
        } else {
            note(connection, slice.until)?;
            remove_old_deliveries(connection, now)?;
            Ok(Step::Done)
        }
    }

    fn write_chats(
        &self,
        connection: &Connection,
        slice: &Slice,
        count: usize,
    ) -> rusqlite::Result<usize> {
        let count = count.min(slice.chats.len());
        for id in slice.chats.iter().take(count) {
            let hot = self.recent.read().chats.get(id).cloned();
            if let Some(hot) = hot.filter(|_| !planted!("stale_row")) {
                refresh_chat(connection, &hot)?;
            }
        }
        Ok(count)
    }

    /// Unlike the others these rows may not be written twice: how far it came is written with them.
    fn write_terms(
        &self,
        connection: &Connection,
        until: Seq,
        count: usize,
    ) -> rusqlite::Result<Seq> {
        let rows: Vec<(Seq, String)> = {
            let recent = self.recent.read();
            let rows = recent.terms.range(self.merged.indexed.next()..=until);
            rows.take(count)
                .map(|(seq, (chat, terms))| {
                    (*seq, format!("{} {}", chat_term(*chat), terms.as_str()))
                })
                .collect()
        };
        let mut put =
            connection.prepare_cached("INSERT INTO search (rowid, terms) VALUES (?1, ?2)")?;
        for (seq, text) in &rows {
            put.execute(params![seq.0, text])?;
        }
        let is_all = rows.len() < count;
        let last = rows.last().map(|(seq, _)| *seq).filter(|_| !is_all);
        let indexed = last.unwrap_or(until);
        connection
            .prepare_cached("UPDATE head SET indexed = ?1")?
            .execute([indexed.0])?;
        Ok(indexed)
    }

    /// Rows are in their tables: they leave the memory.
    fn advance(&mut self, step: Step) {
        let Some(slice) = &mut self.slice else {
            return;
        };
        let mut recent = self.recent.write();
        match step {
            Step::Keys(count) => {
                for key in slice.keys.drain(..count) {
                    recent.keys.remove(&key.what);
                }
            }
            Step::Names(count) => {
                for name in slice.names.drain(..count) {
                    recent.names.remove(&name.what);
                }
            }
            Step::Chats(count) => {
                for id in slice.chats.drain(..count) {
                    recent.chats.remove(&id);
                }
            }
            Step::Terms(indexed) => {
                self.merged.indexed = indexed;
                recent.terms = recent.terms.split_off(&indexed.next());
            }
            Step::Forgot(count) => slice.forget = slice.forget.saturating_sub(count),
            Step::Done => {
                self.merged = slice.until;
                self.slice = None;
            }
        }
    }
}

/// What a transaction did, to be told to memory when it is committed.
#[derive(Clone, Copy)]
enum Step {
    Keys(usize),
    Names(usize),
    Chats(usize),
    Terms(Seq),
    Forgot(usize),
    Done,
}

fn write_loose<T>(
    connection: &Connection,
    put: &str,
    rows: &VecDeque<Loose<T>>,
    count: usize,
) -> rusqlite::Result<usize> {
    let count = count.min(rows.len());
    let mut put = connection.prepare_cached(put)?;
    for row in rows.iter().take(count) {
        put.execute([row.hash, row.place])?;
    }
    Ok(count)
}

fn note(connection: &Connection, merged: Merged) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE head SET settled = ?1, indexed = ?2, named = ?3, hashed = ?4")?
        .execute([
            merged.settled.0,
            merged.indexed.0,
            merged.named,
            merged.hashed,
        ])?;
    Ok(())
}

/// Removes the oldest keys once no platform repeats itself so late. Returns how many.
fn forget_old_keys(connection: &Connection, now: i64, count: usize) -> rusqlite::Result<usize> {
    let before = now - KEYS_KEPT_MS;
    let mut old =
        connection.prepare_cached("SELECT place, key, at FROM seen ORDER BY place LIMIT ?1")?;
    let rows = old.query_map([i64::try_from(count).unwrap_or(i64::MAX)], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, i64>(2)?,
        ))
    })?;
    let mut unhash =
        connection.prepare_cached("DELETE FROM seen_key WHERE hash = ?1 AND place = ?2")?;
    let (mut last, mut forgotten) = (None, 0);
    for row in rows {
        let (place, key, at) = row?;
        if at >= before {
            break;
        }
        unhash.execute([hash_of_key(&key), place])?;
        last = Some(place);
        forgotten += 1;
    }
    if let Some(last) = last {
        connection.execute("DELETE FROM seen WHERE place <= ?1", [last])?;
    }
    Ok(forgotten)
}

/// Removes deliveries that nothing can happen to any more: sent or taken back, and those that failed in chats which are
/// closed for good. Their events stay.
fn remove_old_deliveries(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    let before = first_id_at(Timestamp(now - KEYS_KEPT_MS));
    let sql = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox AS o WHERE id < ?1
         AND (state IN ('sent', 'withdrawn') OR (state IN ('failed', 'unconfirmed')
             AND EXISTS (SELECT 1 FROM chat WHERE chat.id = o.chat AND stage = 'closed')))
         ORDER BY id LIMIT ?2)";
    connection
        .prepare_cached(sql)?
        .execute(params![before, REMOVED])?;
    Ok(())
}

/// Without a sync of its own: the next commit's brings it along, and a crash before that takes back all of it.
fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let done = connection
        .execute_batch("BEGIN IMMEDIATE")
        .and_then(|()| work())
        .and_then(|value| connection.execute_batch("COMMIT").map(|()| value));
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    done
}
