//! Rows to types and back, and the arrows a delivery may take.

use rusqlite::Row;

use shared::chat::{Chat, Stored, upcast};
use shared::model::{
    ChannelId, ChatId, DeliveryId, Mark, MessageId, PlatformId, Seq, Timestamp, Version,
};

use crate::store::{Delivery, DeliveryStage, FoundMessage, Settled};

/// Columns of [`stored`].
pub(super) const EVENT: &str = "seq, chat, version, at, kind, shape, mark, body";
/// Columns of [`chat`].
pub(super) const CHAT: &str = "state, number";
/// Columns of [`delivery`].
pub(super) const DELIVERY: &str =
    "id, chat, channel, body, state, attempt, doubtful, not_before, window_ends, started_at";
/// Columns of [`message`].
pub(super) const MESSAGE: &str = "id, chat, seq, platform_id";

/// One message by hash, channel and the platform's id.
pub(super) const MESSAGE_BY_NAME: &str = "SELECT id, chat, seq, platform_id FROM message_name
     JOIN message ON message.place = message_name.place WHERE hash = ?1 AND channel = ?2 AND platform_id = ?3";

pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let (kind, shape, body): (String, u32, String) = (row.get(4)?, row.get(5)?, row.get(7)?);
    let event = upcast(&kind, shape, &body).map_err(|error| unreadable(7, error))?;
    Ok(Stored {
        seq: Seq(row.get(0)?),
        chat: ChatId(row.get(1)?),
        version: Version(row.get(2)?),
        at: Timestamp(row.get(3)?),
        mark: Mark(row.get(6)?),
        event,
    })
}

pub(super) fn chat(row: &Row<'_>) -> rusqlite::Result<Chat> {
    chat_of(row.get_ref(0)?.as_str()?, Seq(row.get(1)?))
}

/// Returns the chat of a row that was read already.
pub(super) fn chat_of(state: &str, number: Seq) -> rusqlite::Result<Chat> {
    let mut chat: Chat = parse(state, 0)?;
    chat.number = Some(number);
    Ok(chat)
}

pub(super) fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let state: String = row.get(4)?;
    Ok(Delivery {
        id: DeliveryId(row.get(0)?),
        chat: ChatId(row.get(1)?),
        channel: ChannelId(row.get(2)?),
        body: json(row, 3)?,
        state: stage_of(&state),
        attempt: row.get(5)?,
        is_doubtful: row.get(6)?,
        not_before: Timestamp(row.get(7)?),
        window_ends: row.get::<_, Option<i64>>(8)?.map(Timestamp),
        started_at: row.get::<_, Option<i64>>(9)?.map(Timestamp),
    })
}

pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<FoundMessage> {
    Ok(FoundMessage {
        id: MessageId(row.get(0)?),
        chat: ChatId(row.get(1)?),
        seq: Seq(row.get(2)?),
        platform_id: row.get::<_, Option<String>>(3)?.map(PlatformId),
    })
}

/// Reads a JSON column.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    parse(row.get_ref(column)?.as_str()?, column)
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| unreadable(column, error))
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

pub(super) fn stage_name(stage: DeliveryStage) -> &'static str {
    match stage {
        DeliveryStage::Due => "due",
        DeliveryStage::Sending => "sending",
        DeliveryStage::Sent => "sent",
        DeliveryStage::Failed => "failed",
        DeliveryStage::Unconfirmed => "unconfirmed",
        DeliveryStage::Withdrawn => "withdrawn",
    }
}

fn stage_of(name: &str) -> DeliveryStage {
    match name {
        "due" => DeliveryStage::Due,
        "sending" => DeliveryStage::Sending,
        "sent" => DeliveryStage::Sent,
        "failed" => DeliveryStage::Failed,
        "withdrawn" => DeliveryStage::Withdrawn,
        _ => DeliveryStage::Unconfirmed,
    }
}

/// Whether a delivery in that state and attempt may go where it is settled to (`storage.md` 7). Only the attempt's own
/// result may fail what is being sent; an echo is proof from anywhere; what was sent fails by the platform's word alone.
pub(super) fn allows(state: &str, attempt: u32, settled: &Settled) -> bool {
    use DeliveryStage::{Due, Failed, Sending, Sent, Unconfirmed, Withdrawn};
    if settled.attempt.is_some_and(|wanted| wanted != attempt) {
        return false;
    }
    match (stage_of(state), settled.to) {
        (Sending | Due | Unconfirmed | Failed, Sent)
        | (Unconfirmed | Failed, Due)
        | (Due | Unconfirmed, Failed) => true,
        (Sending, Failed | Unconfirmed) => settled.attempt.is_some(),
        (Sent, Failed) => settled.attempt.is_none(),
        (Due, Withdrawn) => attempt == 0,
        _ => false,
    }
}
