//! What memory must know when a store is opened: made from the rows, and from what was appended after they were last
//! brought up to date.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use shared::chat::{Chat, Stored};
use shared::model::{ChannelId, ChatId, Mark, MessageId, PlatformId, Seq, Timestamp};

use crate::store::{FoundMessage, Terms, searched_text};

use super::batch::Loose;
use super::merge::{Merged, Merging};
use super::recent::{Hot, Recent, State, Tail, hash_of_key, hash_of_name};
use super::rows;

/// What the writing thread starts from.
pub(super) struct Recovered {
    pub(super) tail: Tail,
    pub(super) merging: Merging,
}

/// Reads where the history ends.
pub(super) fn read_tail(connection: &Connection) -> rusqlite::Result<Tail> {
    let last = "SELECT seq, mark FROM event ORDER BY seq DESC LIMIT 1";
    let last = connection.query_row(last, [], |row| {
        Ok(Tail {
            seq: Seq(row.get(0)?),
            mark: Mark(row.get(1)?),
        })
    });
    let floor = connection.query_row("SELECT floor FROM head", [], |row| row.get(0).map(Seq))?;
    Ok(last.optional()?.unwrap_or(Tail {
        seq: floor,
        mark: Mark(0),
    }))
}

/// Fills memory, replacing what is there.
pub(super) fn recover(connection: &Connection, recent: &Recent) -> rusqlite::Result<Recovered> {
    let tail = read_tail(connection)?;
    let merged = read_merged(connection)?;
    let mut state = State::default();
    read_deadlines(connection, &mut state)?;
    let loose_keys = read_keys(connection, merged.hashed, &mut state)?;
    let loose_names = read_names(connection, merged.named, &mut state)?;
    replay(connection, merged, &mut state)?;
    *recent.write() = state;
    let merging = Merging::new(recent.clone(), merged, tail.seq, loose_keys, loose_names);
    Ok(Recovered { tail, merging })
}

fn read_merged(connection: &Connection) -> rusqlite::Result<Merged> {
    let sql = "SELECT settled, indexed, named, hashed FROM head";
    connection.query_row(sql, [], |row| {
        Ok(Merged {
            settled: Seq(row.get(0)?),
            indexed: Seq(row.get(1)?),
            named: row.get(2)?,
            hashed: row.get(3)?,
        })
    })
}

fn read_deadlines(connection: &Connection, state: &mut State) -> rusqlite::Result<()> {
    // Chats that are closed for good have deadlines too: of blocks that end.
    let sql = "SELECT id, deadline FROM chat WHERE stage <> 'closed' AND deadline IS NOT NULL
         UNION ALL SELECT id, deadline FROM chat WHERE stage = 'closed' AND deadline IS NOT NULL";
    let mut list = connection.prepare(sql)?;
    let rows = list.query_map([], |row| Ok((ChatId(row.get(0)?), Timestamp(row.get(1)?))))?;
    for row in rows {
        let (chat, deadline) = row?;
        state.deadlines.set(chat, Some(deadline));
    }
    Ok(())
}

fn read_keys(
    connection: &Connection,
    after: i64,
    state: &mut State,
) -> rusqlite::Result<Vec<Loose<Arc<str>>>> {
    let mut list =
        connection.prepare("SELECT place, key, seq FROM seen WHERE place > ?1 ORDER BY place")?;
    let rows = list.query_map([after], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, Seq(row.get(2)?)))
    })?;
    let mut loose = vec![];
    for row in rows {
        let (place, key, seq) = row?;
        let what: Arc<str> = Arc::from(key);
        state.keys.insert(Arc::clone(&what), seq);
        loose.push(Loose {
            hash: hash_of_key(&what),
            place,
            what,
        });
    }
    Ok(loose)
}

fn read_names(
    connection: &Connection,
    after: i64,
    state: &mut State,
) -> rusqlite::Result<Vec<Loose<super::recent::Name>>> {
    let sql = "SELECT place, id, chat, seq, channel, platform_id FROM message
         WHERE place > ?1 AND platform_id IS NOT NULL ORDER BY place";
    let mut list = connection.prepare(sql)?;
    let rows = list.query_map([after], |row| {
        let platform_id = PlatformId(row.get(5)?);
        let found = FoundMessage {
            id: MessageId(row.get(1)?),
            chat: ChatId(row.get(2)?),
            seq: Seq(row.get(3)?),
            platform_id: Some(platform_id.clone()),
        };
        Ok((row.get(0)?, (ChannelId(row.get(4)?), platform_id), found))
    })?;
    let mut loose = vec![];
    for row in rows {
        let (place, name, found) = row?;
        loose.push(Loose {
            hash: hash_of_name(&name.0, &name.1),
            place,
            what: name.clone(),
        });
        state.names.insert(name, found);
    }
    Ok(loose)
}

/// Goes through the events that rows or the search index do not hold yet.
fn replay(connection: &Connection, merged: Merged, state: &mut State) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT {}, deadline FROM event WHERE seq > ?1 ORDER BY seq",
        rows::EVENT
    );
    let mut list = connection.prepare(&sql)?;
    let after = merged.settled.min(merged.indexed);
    let mut chats: HashMap<ChatId, Chat> = HashMap::new();
    let mut rows = list.query([after.0])?;
    while let Some(row) = rows.next()? {
        let stored = rows::stored(row)?;
        let deadline = row.get::<_, Option<i64>>(8)?.map(Timestamp);
        if stored.seq > merged.indexed
            && let Some(text) = searched_text(&stored.event)
        {
            let terms = Terms::of(text);
            if !terms.is_empty() {
                state.terms.insert(stored.seq, (stored.chat, terms));
            }
        }
        if stored.seq > merged.settled {
            replay_one(connection, &mut chats, &stored, deadline, state)?;
        }
    }
    Ok(())
}

fn replay_one(
    connection: &Connection,
    chats: &mut HashMap<ChatId, Chat>,
    stored: &Stored,
    deadline: Option<Timestamp>,
    state: &mut State,
) -> rusqlite::Result<()> {
    let id = stored.chat;
    let chat = match chats.entry(id) {
        std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
        std::collections::hash_map::Entry::Vacant(place) => {
            let sql = format!("SELECT {} FROM chat WHERE id = ?1", rows::CHAT);
            let mut find = connection.prepare_cached(&sql)?;
            let row = find.query_row([id.0], rows::chat).optional()?;
            // Every chat has had a row since its first event.
            place.insert(row.unwrap_or_else(|| Chat::unborn(id)))
        }
    };
    if stored.version > chat.version {
        chat.apply(stored);
        state.deadlines.set(id, deadline);
        let hot = Hot {
            chat: Arc::new(chat.clone()),
            last_seq: stored.seq,
            deadline,
        };
        state.chats.insert(id, hot);
    }
    Ok(())
}
