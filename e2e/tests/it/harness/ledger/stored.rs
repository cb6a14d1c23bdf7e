//! What the store holds: read from the file itself, beside the relay, in one transaction.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};

use shared::chat::{Chat, Sight, Stored, upcast};
use shared::model::{ChatId, DeliveryId, Mark, MessageId, Seq, Timestamp, Version};

/// A chat's row.
pub(crate) struct ChatRow {
    pub(crate) chat: Chat,
    pub(crate) last_seq: Seq,
}

/// A row of the outbox.
pub(crate) struct DeliveryRow {
    pub(crate) id: DeliveryId,
    pub(crate) message: MessageId,
    pub(crate) state: String,
}

/// Who could see a chat before and after an event.
pub(crate) struct Sights {
    pub(crate) before: Option<Sight>,
    pub(crate) after: Sight,
}

/// See the module.
pub(crate) struct Evidence {
    pub(crate) events: Vec<Stored>,
    /// Places in `events`.
    of_chat: HashMap<ChatId, Vec<usize>>,
    /// One for each event.
    pub(crate) sights: Vec<Sights>,
    pub(crate) chats: Vec<ChatRow>,
    pub(crate) deliveries: Vec<DeliveryRow>,
    /// Names the platform gave, each as often as it is there.
    pub(crate) names: Vec<String>,
    pub(crate) floor: Seq,
    /// Rows of chats hold every event up to here.
    pub(crate) settled: Seq,
    /// The latest end of a lease, in milliseconds.
    pub(crate) lease_until: i64,
}

impl Evidence {
    pub(crate) fn read(database: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection =
            Connection::open_with_flags(database, flags).expect("the store can be opened");
        let patience = std::time::Duration::from_secs(5);
        connection.busy_timeout(patience).expect("it waits");
        connection
            .execute_batch("BEGIN")
            .expect("one moment is read");
        let events = list(
            &connection,
            "SELECT seq, chat, version, at, kind, shape, mark, body FROM event ORDER BY seq",
            stored,
        );
        let sights = sights(&events);
        let mut of_chat: HashMap<_, Vec<_>> = HashMap::new();
        for (place, stored) in events.iter().enumerate() {
            of_chat.entry(stored.chat).or_default().push(place);
        }
        let head = "SELECT floor, settled FROM head";
        let (floor, settled) = connection
            .query_row(head, [], |row| Ok((Seq(row.get(0)?), Seq(row.get(1)?))))
            .expect("there is a head");
        let lease = "SELECT coalesce(max(until), 0) FROM lease";
        let lease_until = connection.query_row(lease, [], |row| row.get(0));
        Self {
            lease_until: lease_until.expect("leases can be read"),
            sights,
            of_chat,
            chats: list(
                &connection,
                "SELECT state, number, last_seq FROM chat",
                chat,
            ),
            deliveries: list(&connection, "SELECT id, body, state FROM outbox", delivery),
            names: list(
                &connection,
                "SELECT platform_id FROM message WHERE platform_id IS NOT NULL",
                |row| row.get(0),
            ),
            events,
            floor,
            settled,
        }
    }

    pub(crate) fn last_seq(&self) -> Seq {
        self.events.last().map_or(self.floor, |stored| stored.seq)
    }

    /// Whether a reply is still on its way, or rows are still behind their events.
    pub(crate) fn is_under_way(&self) -> bool {
        let mut states = self.deliveries.iter().map(|row| row.state.as_str());
        let is_behind = self.settled < self.last_seq();
        is_behind || states.any(|state| matches!(state, "due" | "sending"))
    }

    /// Changes when anything does.
    pub(crate) fn digest(&self) -> (Seq, Seq, Vec<String>) {
        let states = self.deliveries.iter().map(|row| row.state.clone());
        (self.last_seq(), self.settled, states.collect())
    }

    /// Returns the chat as its first events up to a version add up.
    pub(crate) fn replay(&self, id: ChatId, until: Version) -> Option<Chat> {
        let places = self.of_chat.get(&id)?;
        let events = places.iter().map(|place| &self.events[*place]);
        Chat::replay(id, events.filter(|stored| stored.version <= until))
    }

    /// Returns the event of a number.
    pub(crate) fn find(&self, seq: Seq) -> Option<&Stored> {
        let place = self.events.binary_search_by_key(&seq, |stored| stored.seq);
        place.ok().map(|place| &self.events[place])
    }
}

fn sights(events: &[Stored]) -> Vec<Sights> {
    let mut chats = HashMap::new();
    let each = events.iter().map(|stored| {
        let chat = chats
            .entry(stored.chat)
            .or_insert_with(|| Chat::unborn(stored.chat));
        let before = chat.has_begun().then(|| Sight::of(chat));
        chat.apply(stored);
        Sights {
            before,
            after: Sight::of(chat),
        }
    });
    each.collect()
}

fn list<T>(
    connection: &Connection,
    sql: &str,
    map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut list = connection.prepare(sql).expect("the table is there");
    let rows = list.query_map([], map).expect("the table can be read");
    rows.map(|row| row.expect("a row that makes sense"))
        .collect()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let (kind, shape, body): (String, u32, String) = (row.get(4)?, row.get(5)?, row.get(7)?);
    Ok(Stored {
        seq: Seq(row.get(0)?),
        chat: ChatId(row.get(1)?),
        version: Version(row.get(2)?),
        at: Timestamp(row.get(3)?),
        mark: Mark(row.get(6)?),
        event: upcast(&kind, shape, &body).expect("an event that makes sense"),
    })
}

fn chat(row: &Row<'_>) -> rusqlite::Result<ChatRow> {
    let state: String = row.get(0)?;
    let mut chat: Chat = serde_json::from_str(&state).expect("a chat that makes sense");
    chat.number = Some(Seq(row.get(1)?));
    Ok(ChatRow {
        chat,
        last_seq: Seq(row.get(2)?),
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    let body: String = row.get(1)?;
    let body: serde_json::Value = serde_json::from_str(&body).expect("a body that makes sense");
    let message = body["message"].as_str().and_then(|id| id.parse().ok());
    Ok(DeliveryRow {
        id: DeliveryId(row.get(0)?),
        message: message.expect("a delivery carries a message"),
        state: row.get(2)?,
    })
}
