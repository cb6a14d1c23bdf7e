//! One change into its rows: key, version and arrows are looked at first, then everything is written (`storage.md` 3).

use rusqlite::{Connection, OptionalExtension as _, params};

use shared::chat::SHAPE;
use shared::model::{Seq, Version};

use crate::store::terms::chat_term;
use crate::store::{BlockChange, Change, DeliveryStage, MessageRow, Outcome, Settled};

use super::rows::{allows, stage_name};
use super::writer::Tail;

/// A change whose JSON was made before the writer's turn.
pub(super) struct Prepared {
    change: Change,
    events: Vec<(&'static str, String)>,
    state: String,
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
            state: serde_json::to_string(&change.after)?,
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
    pub(super) fn write(
        &self,
        connection: &Connection,
        tail: &mut Tail,
    ) -> rusqlite::Result<Outcome> {
        let change = &self.change;
        if let Some(seq) = find_seen(connection, &change.key.0)? {
            return Ok(Outcome::Already { seq });
        }
        let known = find_version(connection, change)?;
        let now = known.map_or(Version(0), |(version, _)| version);
        if now != change.expected
            || has_other_chat(connection, change)?
            || !settles(connection, change)?
        {
            return Ok(Outcome::Moved { now });
        }
        let before = tail.seq;
        self.write_events(connection, tail)?;
        let number = known.map_or(before.next(), |(_, number)| number);
        self.write_chat(connection, number, tail.seq)?;
        self.write_rest(connection, before, tail.seq)?;
        let first = if change.events.is_empty() {
            before
        } else {
            before.next()
        };
        Ok(Outcome::Done {
            first,
            mark: tail.mark,
        })
    }

    fn write_events(&self, connection: &Connection, tail: &mut Tail) -> rusqlite::Result<()> {
        let change = &self.change;
        let mut insert = connection.prepare_cached(
            "INSERT INTO event (seq, chat, version, at, kind, shape, mark, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for (place, (kind, body)) in self.events.iter().enumerate() {
            tail.seq = tail.seq.next();
            let version = change.expected.plus(place + 1);
            insert.execute(params![
                tail.seq.0,
                change.chat.0,
                version.0,
                change.at.0,
                kind,
                SHAPE,
                tail.mark.0,
                body
            ])?;
        }
        Ok(())
    }

    fn write_chat(&self, connection: &Connection, number: Seq, last: Seq) -> rusqlite::Result<()> {
        let (change, chat) = (&self.change, &self.change.after);
        if !chat.has_begun() {
            return Ok(());
        }
        let mut put = connection.prepare_cached(
            "INSERT INTO chat (id, version, shape, state, channel, visitor, stage, owner, department, waiting_since,
                 last_at, deadline, number, last_seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (id) DO UPDATE SET version = ?2, shape = ?3, state = ?4, visitor = ?6, stage = ?7, owner = ?8,
                 department = ?9, waiting_since = ?10, last_at = ?11, deadline = ?12, last_seq = ?14",
        )?;
        put.execute(params![
            chat.id.0,
            chat.version.0,
            SHAPE,
            self.state,
            chat.visitor.channel.as_str(),
            chat.visitor.id.0,
            chat.stage.name(),
            chat.owner().map(shared::model::OperatorId::as_str),
            chat.department
                .as_ref()
                .map(shared::model::DepartmentId::as_str),
            chat.waiting_since.map(|at| at.0),
            chat.last_at.0,
            change.deadline.map(|at| at.0),
            number.0,
            last.0,
        ])?;
        Ok(())
    }

    fn write_rest(&self, connection: &Connection, before: Seq, last: Seq) -> rusqlite::Result<()> {
        let change = &self.change;
        connection
            .prepare_cached("INSERT INTO seen (key, seq, at) VALUES (?1, ?2, ?3)")?
            .execute(params![change.key.0, last.0, change.at.0])?;
        self.write_visitor(connection)?;
        for message in &change.messages {
            self.write_message(connection, message, before)?;
        }
        for (delivery, body) in change.deliveries.iter().zip(&self.deliveries) {
            let insert = "INSERT INTO outbox (id, chat, channel, place, kind, body, state, not_before, window_ends)
                 VALUES (?1, ?2, ?3, ?4, 'reply', ?5, 'due', ?6, ?7)";
            connection.prepare_cached(insert)?.execute(params![
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
            write_settled(connection, settled)?;
        }
        for (place, terms) in &change.terms {
            let insert = "INSERT INTO search (rowid, terms) VALUES (?1, ?2)";
            let text = format!("{} {}", chat_term(change.chat), terms.0.join(" "));
            connection
                .prepare_cached(insert)?
                .execute(params![before.0 + 1 + i64::from(*place), text])?;
        }
        self.write_block(connection)
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
        connection: &Connection,
        message: &MessageRow,
        before: Seq,
    ) -> rusqlite::Result<()> {
        let put = "INSERT INTO message (id, chat, seq, channel, platform_id) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET platform_id = coalesce(excluded.platform_id, platform_id)";
        connection.prepare_cached(put)?.execute(params![
            message.id.0,
            self.change.chat.0,
            before.0 + 1 + i64::from(message.event),
            message.channel.as_str(),
            message
                .platform_id
                .as_ref()
                .map(shared::model::PlatformId::as_str),
        ])?;
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
                    .prepare_cached("DELETE FROM block WHERE visitor = ?1")?
                    .execute([visitor.id.0])?;
            }
            None => {}
        }
        Ok(())
    }
}

fn find_seen(connection: &Connection, key: &str) -> rusqlite::Result<Option<Seq>> {
    let mut find = connection.prepare_cached("SELECT seq FROM seen WHERE key = ?1")?;
    find.query_row([key], |row| Ok(Seq(row.get(0)?))).optional()
}

fn find_version(
    connection: &Connection,
    change: &Change,
) -> rusqlite::Result<Option<(Version, Seq)>> {
    let mut find = connection.prepare_cached("SELECT version, number FROM chat WHERE id = ?1")?;
    find.query_row([change.chat.0], |row| {
        Ok((Version(row.get(0)?), Seq(row.get(1)?)))
    })
    .optional()
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
