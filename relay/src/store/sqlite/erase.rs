//! Emptying everything personal of a visitor (`storage.md` 9): events, projections, search, and then the bytes.

use rusqlite::{Connection, params};

use shared::chat::{Chat, Event, SHAPE, Stored};
use shared::model::{ChatId, Mark, Timestamp, VisitorId};

use crate::clock::random_i64;

use super::batch::Batch;
use super::recent::{Recent, Tail};
use super::recover::recover;
use super::timeline;

/// Steps of the search index's clean-up at most.
const MERGES: usize = 256;

/// Empties all chats of a visitor and appends a *redacted* event to each.
pub(super) fn redact(
    batch: &mut Batch<'_>,
    visitor: VisitorId,
    at: Timestamp,
) -> rusqlite::Result<Vec<ChatId>> {
    let connection = batch.connection;
    redact_rows(connection, &mut batch.tail, visitor, at)
}

/// The same in a store that no relay works on.
pub(super) fn redact_offline(
    connection: &Connection,
    visitors: impl Iterator<Item = VisitorId>,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let recent = Recent::default();
    let mut recovered = recover(connection, &recent)?;
    recovered.merging.finish(connection, at.0)?;
    let mut tail = Tail {
        mark: Mark(random_i64()),
        ..recovered.tail
    };
    for visitor in visitors {
        redact_rows(connection, &mut tail, visitor, at)?;
    }
    scrub(connection)
}

fn redact_rows(
    connection: &Connection,
    tail: &mut Tail,
    visitor: VisitorId,
    at: Timestamp,
) -> rusqlite::Result<Vec<ChatId>> {
    let mut chats = vec![];
    {
        let mut list = connection.prepare("SELECT id FROM chat WHERE visitor = ?1")?;
        for id in list.query_map([visitor.0], |row| row.get(0))? {
            chats.push(ChatId(id?));
        }
    }
    for chat in &chats {
        redact_chat(connection, tail, *chat, at)?;
    }
    connection.execute(
        "UPDATE visitor SET profile = '{}', erased_at = ?2 WHERE id = ?1",
        params![visitor.0, at.0],
    )?;
    connection.execute(
        "UPDATE block SET name = '', reason = '' WHERE visitor = ?1",
        [visitor.0],
    )?;
    Ok(chats)
}

fn redact_chat(
    connection: &Connection,
    tail: &mut Tail,
    id: ChatId,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut events = timeline::page(connection, id, None, None, u32::MAX)?;
    for stored in &mut events {
        stored.event = stored.event.redacted();
        let body = to_json(&stored.event)?;
        connection.execute(
            "UPDATE event SET body = ?2 WHERE seq = ?1",
            params![stored.seq.0, body],
        )?;
        connection.execute("DELETE FROM search WHERE rowid = ?1", [stored.seq.0])?;
    }
    let Some(last) = events.last() else {
        return Ok(());
    };
    tail.seq = tail.seq.next();
    let redacted = Stored {
        seq: tail.seq,
        mark: tail.mark,
        chat: id,
        version: last.version.plus(1),
        at: at.max(last.at),
        event: Event::Redacted,
    };
    connection.execute(
        "INSERT INTO event (seq, chat, version, at, kind, shape, mark, prev, body)
             VALUES (?1, ?2, ?3, ?4, 'redacted', ?5, ?6, ?7, ?8)",
        params![
            redacted.seq.0,
            id.0,
            redacted.version.0,
            redacted.at.0,
            SHAPE,
            redacted.mark.0,
            last.seq.0,
            to_json(&redacted.event)?
        ],
    )?;
    events.push(redacted);
    if let Some(chat) = Chat::replay(id, &events) {
        connection.execute(
            "UPDATE chat SET state = ?2, version = ?3, last_at = ?4, last_seq = ?5 WHERE id = ?1",
            params![
                id.0,
                to_json(&chat)?,
                chat.version.0,
                chat.last_at.0,
                tail.seq.0
            ],
        )?;
    }
    connection.execute(
        "UPDATE outbox SET body = json_set(body, '$.text', '', '$.visitor', '') WHERE chat = ?1 AND state NOT IN ('due', 'sending')",
        [id.0],
    )?;
    connection.execute("DELETE FROM draft WHERE chat = ?1", [id.0])?;
    Ok(())
}

/// Makes the bytes leave the file: the search index keeps deleted terms until its parts are merged.
pub(super) fn scrub(connection: &Connection) -> rusqlite::Result<()> {
    for _ in 0..MERGES {
        let before = connection.total_changes();
        connection.execute(
            "INSERT INTO search (search, rank) VALUES ('merge', -16)",
            [],
        )?;
        if connection.total_changes() - before < 2 {
            break;
        }
    }
    Ok(())
}

fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
