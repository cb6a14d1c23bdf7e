//! One change into its rows: key, version and arrows are looked at first, then everything is written (`storage.md` 3).

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use shared::chat::{Revision, SHAPE, Stored};
use shared::model::{MessageId, PlatformId, Seq, Version};

use crate::store::{
    BlockChange, Change, DeliveryStage, FoundMessage, MessageRow, Outcome, Settled,
};

use super::batch::{Batch, Known, Loose, Shape};
use super::files;
use super::recent::{Hot, hash_of_name};
use super::rows::{allows, stage_name};

/// Stands beside a key that led to no event; events begin with 1.
const NO_EVENT: Seq = Seq(0);

/// A change whose JSON was made before the writer's turn.
pub(super) struct Prepared {
    change: Change,
    events: Vec<(&'static str, String)>,
    deliveries: Vec<String>,
    profile: Option<String>,
}

impl Prepared {
    pub(super) fn of(change: Change) -> serde_json::Result<Self> {
        let events = change
            .events
            .iter()
            .map(|event| Ok((event.kind(), serde_json::to_string(event)?)));
        let deliveries = change
            .deliveries
            .iter()
            .map(|delivery| serde_json::to_string(&delivery.body));
        Ok(Self {
            events: events.collect::<serde_json::Result<_>>()?,
            deliveries: deliveries.collect::<serde_json::Result<_>>()?,
            profile: change
                .visitor
                .as_ref()
                .map(|visitor| serde_json::to_string(&visitor.card))
                .transpose()?,
            change,
        })
    }

    /// Writes it, if it still fits.
    pub(super) fn write(&self, batch: &mut Batch<'_>) -> rusqlite::Result<Outcome> {
        let change = &self.change;
        if let Some(seq) = batch.find_key(&change.key.0)?
            && !planted!("double")
        {
            let seq = (seq != NO_EVENT).then_some(seq);
            return Ok(Outcome::Already { seq });
        }
        let known = batch.find_known(change.chat)?;
        let now = known.as_ref().map_or(Version(0), |known| known.version);
        if now != change.expected
            || has_other_chat(batch.connection, change)?
            || !settles(batch.connection, change)?
            || !files::fits(batch.connection, change)?
        {
            return Ok(Outcome::Moved { now });
        }
        let before = batch.tail.seq;
        self.write_events(batch, known.as_ref())?;
        self.write_chat(batch, known, before)?;
        self.write_rest(batch, before)?;
        let first = if change.events.is_empty() {
            before
        } else {
            before.next()
        };
        Ok(Outcome::Done {
            first,
            mark: batch.tail.mark,
        })
    }

    fn write_events(&self, batch: &mut Batch<'_>, known: Option<&Known>) -> rusqlite::Result<()> {
        let change = &self.change;
        let mut insert = batch.connection.prepare_cached(
            "INSERT INTO event (seq, chat, version, at, kind, shape, mark, prev, deadline, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        let mut previous = known.map(|known| known.last_seq);
        for (place, (event, (kind, body))) in change.events.iter().zip(&self.events).enumerate() {
            batch.tail.seq = batch.tail.seq.next();
            if planted!("hole") {
                batch.tail.seq = batch.tail.seq.next();
            }
            let stored = Stored {
                seq: batch.tail.seq,
                mark: batch.tail.mark,
                chat: change.chat,
                version: change.expected.plus(place + 1),
                at: change.at,
                event: event.clone(),
            };
            insert.execute(params![
                stored.seq.0,
                stored.chat.0,
                stored.version.0,
                stored.at.0,
                kind,
                SHAPE,
                stored.mark.0,
                previous.map(|seq| seq.0),
                change.deadline.map(|at| at.0),
                body
            ])?;
            if let Some((message, revision)) = Revision::of(event) {
                write_revision(batch.connection, message, revision)?;
            }
            previous = Some(stored.seq);
            batch.added.events.push(stored);
        }
        Ok(())
    }

    /// Where an index would move, the row is written now; else the chat waits in memory, and its row follows later.
    fn write_chat(
        &self,
        batch: &mut Batch<'_>,
        known: Option<Known>,
        before: Seq,
    ) -> rusqlite::Result<()> {
        let change = &self.change;
        if !change.after.has_begun() {
            return Ok(());
        }
        let now = Known {
            version: change.after.version,
            number: known.as_ref().map_or(before.next(), |known| known.number),
            last_seq: match &known {
                Some(known) if change.events.is_empty() => known.last_seq,
                _ => batch.tail.seq,
            },
            shape: Shape::of(&change.after),
        };
        let mut chat = Arc::clone(&change.after);
        if chat.number.is_none() {
            Arc::make_mut(&mut chat).number = Some(now.number);
        }
        let hot = Hot {
            chat,
            last_seq: now.last_seq,
            deadline: change.deadline,
        };
        let is_like_before = known.is_some_and(|known| known.shape == now.shape);
        let may_wait = is_like_before && change.after.is_open() && !change.events.is_empty();
        if may_wait {
            batch.added.chats.insert(change.chat, Some(hot));
        } else {
            put_chat(batch.connection, &hot)?;
            batch.added.chats.insert(change.chat, None);
        }
        batch.added.deadlines.push((change.chat, change.deadline));
        batch.added.known.insert(change.chat, now);
        Ok(())
    }

    fn write_rest(&self, batch: &mut Batch<'_>, before: Seq) -> rusqlite::Result<()> {
        let change = &self.change;
        let last = if change.events.is_empty() {
            NO_EVENT
        } else {
            batch.tail.seq
        };
        batch.take_key(&change.key.0, last, change.at)?;
        self.write_visitor(batch.connection)?;
        for message in &change.messages {
            self.write_message(batch, message, before)?;
        }
        for (delivery, body) in change.deliveries.iter().zip(&self.deliveries) {
            let insert = "INSERT INTO outbox (id, chat, channel, place, kind, body, state, not_before, window_ends)
                 VALUES (?1, ?2, ?3, ?4, 'reply', ?5, 'due', ?6, ?7)";
            batch.connection.prepare_cached(insert)?.execute(params![
                delivery.id.0,
                change.chat.0,
                delivery.channel.as_str(),
                last.0,
                body,
                delivery.not_before.0,
                delivery.window_ends.map(|at| at.0),
            ])?;
        }
        for settled in &change.settled {
            write_settled(batch.connection, settled)?;
        }
        files::begin(batch.connection, change)?;
        files::end(batch.connection, change)?;
        for (place, terms) in &change.terms {
            let seq = Seq(before.0 + 1 + i64::from(*place));
            batch.added.terms.push((seq, change.chat, terms.clone()));
        }
        self.write_block(batch.connection)
    }

    fn write_visitor(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (Some(visitor), Some(profile)) = (&self.change.visitor, &self.profile) else {
            return Ok(());
        };
        let put = "INSERT INTO visitor (id, channel, platform_id, profile) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (channel, platform_id) DO UPDATE SET profile = excluded.profile";
        connection.prepare_cached(put)?.execute(params![
            visitor.id.0,
            visitor.channel.as_str(),
            visitor.platform_id.as_str(),
            profile
        ])?;
        Ok(())
    }

    fn write_message(
        &self,
        batch: &mut Batch<'_>,
        row: &MessageRow,
        before: Seq,
    ) -> rusqlite::Result<()> {
        let found = match &row.platform_id {
            Some(platform_id) => batch.find_name(&row.channel, platform_id)?,
            None => None,
        };
        if found.is_some_and(|found| found.id != row.id) && !planted!("double") {
            return Err(taken("a message has this name already"));
        }
        let message = FoundMessage {
            id: row.id,
            chat: self.change.chat,
            seq: Seq(before.0 + 1 + i64::from(row.event)),
            platform_id: row.platform_id.clone(),
        };
        if !insert_message(batch, row, message)? {
            name_message(batch.connection, row)?;
        }
        Ok(())
    }

    fn write_block(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (change, visitor) = (&self.change, &self.change.after.visitor);
        match &change.block {
            Some(BlockChange::Set { by, until, reason }) => {
                let put = "INSERT INTO block (visitor, channel, platform_id, name, chat, operator, at, until, reason)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                     ON CONFLICT (visitor) DO UPDATE SET chat = ?5, operator = ?6, at = ?7, until = ?8, reason = ?9";
                connection.prepare_cached(put)?.execute(params![
                    visitor.id.0,
                    visitor.channel.as_str(),
                    visitor.platform_id.as_str(),
                    visitor.name(),
                    change.chat.0,
                    by.as_str(),
                    change.at.0,
                    until.map(|at| at.0),
                    reason,
                ])?;
            }
            Some(BlockChange::Lift) => {
                connection
                    .prepare_cached("DELETE FROM block WHERE visitor = ?1 AND chat = ?2")?
                    .execute([visitor.id.0, change.chat.0])?;
            }
            None => {}
        }
        Ok(())
    }
}

/// Writes a chat's row as it is now.
pub(super) fn put_chat(connection: &Connection, hot: &Hot) -> rusqlite::Result<()> {
    let chat = &hot.chat;
    let mut put = connection.prepare_cached(
        "INSERT INTO chat (id, version, shape, channel, visitor, stage, owner, department, waiting_since, last_at, deadline,
             number, last_seq, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (id) DO UPDATE SET version = ?2, shape = ?3, visitor = ?5, stage = ?6, owner = ?7, department = ?8,
             waiting_since = ?9, last_at = ?10, deadline = ?11, last_seq = ?13, state = ?14",
    )?;
    put.execute(params![
        chat.id.0,
        chat.version.0,
        SHAPE,
        chat.visitor.channel.as_str(),
        chat.visitor.id.0,
        chat.stage.name(),
        chat.owner().map(shared::model::OperatorId::as_str),
        chat.department
            .as_ref()
            .map(shared::model::DepartmentId::as_str),
        chat.waiting_since.map(|at| at.0),
        chat.last_at.0,
        hot.deadline.map(|at| at.0),
        chat.number.unwrap_or_default().0,
        hot.last_seq.0,
        to_json(chat.as_ref())?,
    ])?;
    Ok(())
}

/// Brings a chat's row up to date whose columns that indexes are made of have not changed: no index is touched.
pub(super) fn refresh_chat(connection: &Connection, hot: &Hot) -> rusqlite::Result<()> {
    let chat = &hot.chat;
    let mut put = connection.prepare_cached(
        "UPDATE chat SET version = ?2, shape = ?3, waiting_since = ?4, last_at = ?5, deadline = ?6, last_seq = ?7, state = ?8
         WHERE id = ?1",
    )?;
    put.execute(params![
        chat.id.0,
        chat.version.0,
        SHAPE,
        chat.waiting_since.map(|at| at.0),
        chat.last_at.0,
        hot.deadline.map(|at| at.0),
        hot.last_seq.0,
        to_json(chat.as_ref())?,
    ])?;
    Ok(())
}

fn write_revision(
    connection: &Connection,
    message: MessageId,
    revision: Revision,
) -> rusqlite::Result<()> {
    let put = "INSERT INTO revision (message, last_edit, deleted) VALUES (?1, ?2, ?3) ON CONFLICT (message) DO UPDATE
         SET last_edit = max(last_edit, excluded.last_edit), deleted = max(deleted, excluded.deleted)";
    connection.prepare_cached(put)?.execute(params![
        message.0,
        revision.last_edit,
        revision.is_deleted
    ])?;
    Ok(())
}

/// Adds a message's row; its name waits for its index. False: the message has a row.
fn insert_message(
    batch: &mut Batch<'_>,
    row: &MessageRow,
    message: FoundMessage,
) -> rusqlite::Result<bool> {
    let insert = "INSERT OR IGNORE INTO message (id, chat, seq, channel, platform_id) VALUES (?1, ?2, ?3, ?4, ?5)";
    let count = batch.connection.prepare_cached(insert)?.execute(params![
        message.id.0,
        message.chat.0,
        message.seq.0,
        row.channel.as_str(),
        row.platform_id.as_ref().map(PlatformId::as_str),
    ])?;
    if count == 0 {
        return Ok(false);
    }
    if let Some(platform_id) = &row.platform_id {
        let name = (row.channel.clone(), platform_id.clone());
        batch.added.loose_names.push(Loose {
            hash: hash_of_name(&row.channel, platform_id),
            place: batch.connection.last_insert_rowid(),
            what: name.clone(),
        });
        batch.added.names.insert(name, message);
    }
    Ok(true)
}

/// Notes the platform's name of a message that has a row: a reply that was sent.
fn name_message(connection: &Connection, row: &MessageRow) -> rusqlite::Result<()> {
    let Some(platform_id) = &row.platform_id else {
        return Ok(());
    };
    let name = "UPDATE message SET platform_id = ?2 WHERE id = ?1 RETURNING place";
    let place: i64 = connection
        .prepare_cached(name)?
        .query_row(params![row.id.0, platform_id.as_str()], |row| row.get(0))?;
    let hash = hash_of_name(&row.channel, platform_id);
    connection
        .prepare_cached("INSERT OR IGNORE INTO message_name (hash, place) VALUES (?1, ?2)")?
        .execute([hash, place])?;
    Ok(())
}

/// A rule of the tables that SQLite does not keep itself.
fn taken(what: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT);
    rusqlite::Error::SqliteFailure(code, Some(what.to_owned()))
}

fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// A visitor has one open chat (IN-02).
fn has_other_chat(connection: &Connection, change: &Change) -> rusqlite::Result<bool> {
    let chat = &change.after;
    if change.expected != Version(0) || !chat.has_begun() || chat.is_finished() {
        return Ok(false);
    }
    let query =
        "SELECT 1 FROM chat WHERE channel = ?1 AND visitor = ?2 AND stage <> 'closed' AND id <> ?3";
    let mut find = connection.prepare_cached(query)?;
    find.exists(params![
        chat.visitor.channel.as_str(),
        chat.visitor.id.0,
        chat.id.0
    ])
}

fn settles(connection: &Connection, change: &Change) -> rusqlite::Result<bool> {
    let mut find = connection.prepare_cached("SELECT state, attempt FROM outbox WHERE id = ?1")?;
    for settled in &change.settled {
        let found = find
            .query_row([settled.delivery.0], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?))
            })
            .optional()?;
        if !found.is_some_and(|(state, attempt)| allows(&state, attempt, settled)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn write_settled(connection: &Connection, settled: &Settled) -> rusqlite::Result<()> {
    let put = if settled.to == DeliveryStage::Due {
        "UPDATE outbox SET state = ?2, not_before = coalesce(?3, not_before), window_ends = ?4, doubtful = 0 WHERE id = ?1"
    } else {
        "UPDATE outbox SET state = ?2, not_before = coalesce(?3, not_before), window_ends = coalesce(?4, window_ends)
             WHERE id = ?1"
    };
    connection.prepare_cached(put)?.execute(params![
        settled.delivery.0,
        stage_name(settled.to),
        settled.not_before.map(|at| at.0),
        settled.window_ends.map(|at| at.0),
    ])?;
    Ok(())
}
