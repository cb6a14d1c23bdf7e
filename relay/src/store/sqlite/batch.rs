//! One transaction as its jobs see it: the connection, where the history ends, and what this transaction adds. What it adds
//! becomes visible to readers when it is on disk, and is forgotten when it is not.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use shared::chat::{Chat, Stored};
use shared::model::{
    ChannelId, ChatId, DepartmentId, OperatorId, PlatformId, Seq, Timestamp, Version, VisitorId,
};

use crate::store::{FoundMessage, Terms};

use super::recent::{Hot, Name, Recent, Tail, hash_of_key, hash_of_name};
use super::rows;

/// What the guards need to know of a chat, and what its row says where an index looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) version: Version,
    pub(super) number: Seq,
    pub(super) last_seq: Seq,
    pub(super) shape: Shape,
}

/// The columns of a chat's row that indexes are made of, and that few events change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) stage: String,
    pub(super) owner: Option<OperatorId>,
    pub(super) department: Option<DepartmentId>,
    pub(super) visitor: VisitorId,
}

impl Shape {
    pub(super) fn of(chat: &Chat) -> Self {
        Self {
            stage: chat.stage.name().to_owned(),
            owner: chat.owner().cloned(),
            department: chat.department.clone(),
            visitor: chat.visitor.id,
        }
    }
}

/// A row that waits to be merged: where it lies in its index, and which row it points to.
#[derive(Debug, Clone)]
pub(super) struct Loose<T> {
    pub(super) hash: i64,
    pub(super) place: i64,
    pub(super) what: T,
}

/// What one transaction adds.
#[derive(Default)]
pub(super) struct Added {
    pub(super) keys: HashMap<Arc<str>, Seq>,
    pub(super) names: HashMap<Name, FoundMessage>,
    pub(super) known: HashMap<ChatId, Known>,
    /// None: its row is up to date.
    pub(super) chats: HashMap<ChatId, Option<Hot>>,
    pub(super) deadlines: Vec<(ChatId, Option<Timestamp>)>,
    pub(super) terms: Vec<(Seq, ChatId, Terms)>,
    pub(super) events: Vec<Stored>,
    pub(super) loose_keys: Vec<Loose<Arc<str>>>,
    pub(super) loose_names: Vec<Loose<Name>>,
}

/// See the module.
pub(super) struct Batch<'a> {
    pub(super) connection: &'a Connection,
    pub(super) tail: Tail,
    pub(super) added: Added,
    recent: &'a Recent,
    known: &'a HashMap<ChatId, Known>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        tail: Tail,
        recent: &'a Recent,
        known: &'a HashMap<ChatId, Known>,
    ) -> Self {
        Self {
            connection,
            tail,
            added: Added::default(),
            recent,
            known,
        }
    }

    /// Finds what a key was answered.
    pub(super) fn find_key(&self, key: &str) -> rusqlite::Result<Option<Seq>> {
        let taken = self.added.keys.get(key).copied();
        if let Some(seq) = taken.or_else(|| self.recent.read().keys.get(key).copied()) {
            return Ok(Some(seq));
        }
        let sql = "SELECT seen.seq FROM seen_key JOIN seen ON seen.place = seen_key.place
             WHERE seen_key.hash = ?1 AND seen.key = ?2";
        let mut find = self.connection.prepare_cached(sql)?;
        find.query_row(params![hash_of_key(key), key], |row| Ok(Seq(row.get(0)?)))
            .optional()
    }

    /// Takes a key.
    pub(super) fn take_key(&mut self, key: &str, seq: Seq, at: Timestamp) -> rusqlite::Result<()> {
        let insert = "INSERT INTO seen (key, seq, at) VALUES (?1, ?2, ?3)";
        let mut insert = self.connection.prepare_cached(insert)?;
        let place = insert.insert(params![key, seq.0, at.0])?;
        let what: Arc<str> = Arc::from(key);
        self.added.keys.insert(Arc::clone(&what), seq);
        self.added.loose_keys.push(Loose {
            hash: hash_of_key(key),
            place,
            what,
        });
        Ok(())
    }

    /// Finds a message by the platform's name.
    pub(super) fn find_name(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
    ) -> rusqlite::Result<Option<FoundMessage>> {
        let name = (channel.clone(), platform_id.clone());
        let found = self.added.names.get(&name).cloned();
        if let Some(found) = found.or_else(|| self.recent.read().names.get(&name).cloned()) {
            return Ok(Some(found));
        }
        let mut find = self.connection.prepare_cached(rows::MESSAGE_BY_NAME)?;
        find.query_row(
            params![
                hash_of_name(channel, platform_id),
                channel.as_str(),
                platform_id.as_str()
            ],
            rows::message,
        )
        .optional()
    }

    /// Returns what is known of a chat; none: it has no row.
    pub(super) fn find_known(&self, id: ChatId) -> rusqlite::Result<Option<Known>> {
        let known = self.added.known.get(&id).or_else(|| self.known.get(&id));
        if let Some(known) = known {
            return Ok(Some(known.clone()));
        }
        let sql = "SELECT version, number, last_seq, stage, owner, department, visitor FROM chat WHERE id = ?1";
        let mut find = self.connection.prepare_cached(sql)?;
        let found = find.query_row([id.0], known_of_row).optional()?;
        // The row may be behind: then the chat is in memory.
        Ok(found.map(|found| match self.recent.read().chats.get(&id) {
            Some(hot) => Known {
                version: hot.chat.version,
                last_seq: hot.last_seq,
                ..found
            },
            None => found,
        }))
    }
}

fn known_of_row(row: &Row<'_>) -> rusqlite::Result<Known> {
    Ok(Known {
        version: Version(row.get(0)?),
        number: Seq(row.get(1)?),
        last_seq: Seq(row.get(2)?),
        shape: Shape {
            stage: row.get(3)?,
            owner: row.get::<_, Option<String>>(4)?.map(OperatorId),
            department: row.get::<_, Option<String>>(5)?.map(DepartmentId),
            visitor: VisitorId(row.get(6)?),
        },
    })
}
