//! A chat's events: each row names the one before it in its chat, so that no index has to be kept for it.

use rusqlite::{Connection, OptionalExtension as _};

use shared::chat::Stored;
use shared::model::{ChatId, Seq};

use super::rows;

/// Returns the `limit` last events of a chat before `before`, oldest first. `last`: its last event, where its row is behind.
pub(super) fn page(
    connection: &Connection,
    chat: ChatId,
    last: Option<Seq>,
    before: Option<Seq>,
    limit: u32,
) -> rusqlite::Result<Vec<Stored>> {
    let mut next = first_of_page(connection, chat, last, before)?;
    let sql = format!("SELECT {}, prev FROM event WHERE seq = ?1", rows::EVENT);
    let mut find = connection.prepare_cached(&sql)?;
    let mut events = vec![];
    while let Some(seq) = next.filter(|_| events.len() < limit as usize) {
        let found = find
            .query_row([seq.0], |row| {
                let previous = row.get::<_, Option<i64>>(8)?.map(Seq);
                let stored = (row.get::<_, i64>(1)? == chat.0).then(|| rows::stored(row));
                Ok((stored.transpose()?, previous))
            })
            .optional()?;
        // A removed event ends the walk: those before it are gone too.
        let Some((Some(stored), previous)) = found else {
            break;
        };
        if before.is_none_or(|before| seq < before) {
            events.push(stored);
        }
        next = previous;
    }
    events.reverse();
    Ok(events)
}

/// Returns where the walk begins: at once before `before` where that is an event of this chat, else at the chat's end.
fn first_of_page(
    connection: &Connection,
    chat: ChatId,
    last: Option<Seq>,
    before: Option<Seq>,
) -> rusqlite::Result<Option<Seq>> {
    if let Some(before) = before {
        let sql = "SELECT prev FROM event WHERE seq = ?1 AND chat = ?2";
        let mut find = connection.prepare_cached(sql)?;
        let found = find.query_row([before.0, chat.0], |row| row.get::<_, Option<i64>>(0));
        if let Some(previous) = found.optional()? {
            return Ok(previous.map(Seq));
        }
    }
    if last.is_some() {
        return Ok(last);
    }
    let mut find = connection.prepare_cached("SELECT last_seq FROM chat WHERE id = ?1")?;
    find.query_row([chat.0], |row| row.get(0).map(Seq))
        .optional()
}
