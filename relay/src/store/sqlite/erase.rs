//! Emptying everything personal of a visitor (`storage.md` 9): events, projections, search, what was kept raw, keys that
//! name them; and then the bytes.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use shared::chat::{Chat, Event, SHAPE, Stored, Trouble};
use shared::model::{ChannelId, ChatId, FailureReason, Mark, PlatformId, Timestamp, VisitorId};

use crate::clock::random_i64;

use super::batch::Batch;
use super::files;
use super::recent::{Recent, Tail, hash_of_key, hash_of_name};
use super::recover::recover;
use super::timeline;

/// Steps of the search index's clean-up at most.
const MERGES: usize = 256;
/// A body that was not understood may have come so long before or after the events of a chat it belongs to.
const AROUND: Duration = Duration::from_secs(60);

/// Notes beside the store, not in it, that a visitor is to be forgotten: a copy put back does so.
pub(super) fn note(log: &Path, visitor: VisitorId) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)?;
    writeln!(file, "{visitor}")?;
    file.sync_all()?;
    Ok(())
}

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
    let name = "SELECT channel, platform_id FROM visitor WHERE id = ?1";
    let name = connection.query_row(name, [visitor.0], |row| {
        Ok((ChannelId(row.get(0)?), PlatformId(row.get(1)?)))
    });
    let name = name.optional()?.filter(|(_, id)| !id.0.is_empty());
    for chat in &chats {
        redact_chat(connection, tail, *chat, at)?;
    }
    if let Some((_, platform_id)) = &name {
        forget_mentions(connection, platform_id)?;
    }
    for other in other_names(connection, visitor)? {
        forget_mentions(connection, &other)?;
    }
    connection.execute("DELETE FROM other_name WHERE visitor = ?1", [visitor.0])?;
    // The name stays unique: the same person may come again, as somebody new.
    connection.execute(
        "UPDATE visitor SET profile = '{}', platform_id = 'erased ' || id, erased_at = ?2 WHERE id = ?1",
        params![visitor.0, at.0],
    )?;
    connection.execute("DELETE FROM block WHERE visitor = ?1", [visitor.0])?;
    // Places that were removed at the end are given again: what is put there is not merged yet.
    connection.execute(
        "UPDATE head SET named = min(named, (SELECT coalesce(max(place), 0) FROM message)),
             hashed = min(hashed, (SELECT coalesce(max(place), 0) FROM seen))",
        [],
    )?;
    Ok(chats)
}

fn other_names(connection: &Connection, visitor: VisitorId) -> rusqlite::Result<Vec<PlatformId>> {
    let mut list = connection.prepare("SELECT platform_id FROM other_name WHERE visitor = ?1")?;
    let names = list.query_map([visitor.0], |row| Ok(PlatformId(row.get(0)?)))?;
    names.collect()
}

/// Removes what names a visitor outside their chats: bodies kept raw, and keys of events that have no id of their own.
fn forget_mentions(connection: &Connection, platform_id: &PlatformId) -> rusqlite::Result<()> {
    let id = platform_id.as_str();
    connection.execute(
        "DELETE FROM unread WHERE instr(body, CAST(?1 AS BLOB)) > 0 OR instr(reason, ?1) > 0",
        [id],
    )?;
    let mut list = connection.prepare("SELECT place, key FROM seen WHERE instr(key, ?1) > 0")?;
    let rows = list.query_map([id], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    for row in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        let (place, key) = row;
        let hash = hash_of_key(&key);
        connection.execute(
            "DELETE FROM seen_key WHERE hash = ?1 AND place = ?2",
            [hash, place],
        )?;
        connection.execute("DELETE FROM seen WHERE place = ?1", [place])?;
    }
    Ok(())
}

fn redact_chat(
    connection: &Connection,
    tail: &mut Tail,
    id: ChatId,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut events = timeline::page(connection, id, None, None, u32::MAX)?;
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(());
    };
    let (begun_at, ended_at, at) = (first.at, last.at, at.max(last.at));
    for stored in &mut events {
        stored.event = stored.event.redacted();
        let body = to_json(&stored.event)?;
        connection.execute(
            "UPDATE event SET body = ?2 WHERE seq = ?1",
            params![stored.seq.0, body],
        )?;
        connection.execute("DELETE FROM search WHERE rowid = ?1", [stored.seq.0])?;
    }
    // Nothing is sent to somebody who is forgotten.
    let unsent = Chat::replay(id, &events).map(|chat| chat.outgoing);
    let unsent = unsent.into_iter().flatten();
    let unsent = unsent.filter(|outgoing| outgoing.trouble == Trouble::None);
    let given_up = unsent.map(|outgoing| Event::ReplyFailed {
        message: outgoing.message,
        reason: FailureReason::GivenUp,
        sent: None,
    });
    for event in given_up.chain([Event::Redacted]) {
        append(connection, tail, &mut events, event, at)?;
    }
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
        connection.execute(
            "DELETE FROM unread WHERE channel = ?1 AND at BETWEEN ?2 AND ?3",
            params![
                chat.visitor.channel.as_str(),
                begun_at.minus(AROUND).0,
                ended_at.plus(AROUND).0
            ],
        )?;
    }
    forget_messages(connection, id)?;
    connection.execute(
        "UPDATE outbox SET body = json_set(body, '$.text', '', '$.visitor', ''), error = NULL,
             state = CASE WHEN state IN ('due', 'sending') THEN 'failed' ELSE state END WHERE chat = ?1",
        [id.0],
    )?;
    files::forget(connection, id)?;
    connection.execute("DELETE FROM draft WHERE chat = ?1", [id.0])?;
    Ok(())
}

fn append(
    connection: &Connection,
    tail: &mut Tail,
    events: &mut Vec<Stored>,
    event: Event,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let Some(last) = events.last() else {
        return Ok(());
    };
    let previous = last.seq;
    tail.seq = tail.seq.next();
    let stored = Stored {
        seq: tail.seq,
        mark: tail.mark,
        chat: last.chat,
        version: last.version.plus(1),
        at,
        event,
    };
    connection.execute(
        "INSERT INTO event (seq, chat, version, at, kind, shape, mark, prev, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            stored.seq.0,
            stored.chat.0,
            stored.version.0,
            at.0,
            stored.event.kind(),
            SHAPE,
            stored.mark.0,
            previous.0,
            to_json(&stored.event)?
        ],
    )?;
    events.push(stored);
    Ok(())
}

/// Removes the rows that find a chat's messages by the platform's names.
fn forget_messages(connection: &Connection, chat: ChatId) -> rusqlite::Result<()> {
    let list = "SELECT place, channel, platform_id FROM message WHERE chat = ?1 AND platform_id IS NOT NULL";
    let mut list = connection.prepare(list)?;
    let named = list.query_map([chat.0], |row| {
        let (channel, platform_id) = (ChannelId(row.get(1)?), PlatformId(row.get(2)?));
        Ok((row.get::<_, i64>(0)?, hash_of_name(&channel, &platform_id)))
    })?;
    for row in named.collect::<rusqlite::Result<Vec<_>>>()? {
        let (place, hash) = row;
        let unname = "DELETE FROM message_name WHERE hash = ?1 AND place = ?2";
        connection.execute(unname, [hash, place])?;
    }
    connection.execute("DELETE FROM message WHERE chat = ?1", [chat.0])?;
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
