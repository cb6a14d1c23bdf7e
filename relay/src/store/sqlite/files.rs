//! Rows of `attachment`.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use shared::model::{ChannelId, ChatId, FileId, MessageId, Timestamp};

use crate::store::{Change, FileRow, FileStage, Filed, NewFile};

use super::rows::json;

/// The columns that [`row`] reads.
pub(super) const COLUMNS: &str =
    "id, chat, message, channel, source, kept, state, tries, not_before, at";

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    let has_kept = row.get_ref(5)? != rusqlite::types::ValueRef::Null;
    Ok(FileRow {
        id: FileId(row.get(0)?),
        chat: ChatId(row.get(1)?),
        message: row.get::<_, Option<i64>>(2)?.map(MessageId),
        channel: ChannelId(row.get(3)?),
        source: json(row, 4)?,
        kept: has_kept.then(|| json(row, 5)).transpose()?,
        stage: FileStage::of(row.get_ref(6)?.as_str()?),
        tries: row.get(7)?,
        not_before: Timestamp(row.get(8)?),
        at: Timestamp(row.get(9)?),
    })
}

/// Writes a row anew.
pub(super) fn put(connection: &Connection, file: &FileRow) -> rusqlite::Result<()> {
    let sql = "INSERT INTO attachment (id, chat, message, channel, source, kept, state, tries, not_before, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING";
    let kept = file.kept.as_ref().map(to_json).transpose()?;
    connection.prepare_cached(sql)?.execute(params![
        file.id.0,
        file.chat.0,
        file.message.map(|message| message.0),
        file.channel.as_str(),
        to_json(&file.source)?,
        kept,
        file.stage.name(),
        file.tries,
        file.not_before.0,
        file.at.0,
    ])?;
    Ok(())
}

/// Writes the files that begin with a change.
pub(super) fn begin(connection: &Connection, change: &Change) -> rusqlite::Result<()> {
    for NewFile {
        id,
        message,
        source,
    } in &change.files
    {
        let file = FileRow {
            id: *id,
            chat: change.chat,
            message: Some(*message),
            channel: change.after.visitor.channel.clone(),
            source: source.clone(),
            stage: FileStage::Due,
            tries: 0,
            not_before: Timestamp(0),
            at: change.at,
            kept: None,
        };
        put(connection, &file)?;
    }
    Ok(())
}

/// Whether what a change says of a file still fits.
pub(super) fn fits(connection: &Connection, change: &Change) -> rusqlite::Result<bool> {
    if let Some((id, _)) = change.attached {
        let find = "SELECT 1 FROM attachment WHERE id = ?1 AND chat = ?2 AND message IS NULL AND state = 'kept'";
        let mut find = connection.prepare_cached(find)?;
        if !find.exists([id.0, change.chat.0])? {
            return Ok(false);
        }
    }
    let Some(Filed { id, kept }) = &change.filed else {
        return Ok(true);
    };
    let find = "SELECT state FROM attachment WHERE id = ?1";
    let stage = connection
        .prepare_cached(find)?
        .query_row([id.0], |row| Ok(FileStage::of(row.get_ref(0)?.as_str()?)))
        .optional()?;
    Ok(match stage {
        Some(FileStage::Due) => true,
        // Kept long enough.
        Some(FileStage::Kept) => kept.is_none(),
        Some(FileStage::Lost | FileStage::Unwanted) | None => false,
    })
}

/// Writes what a change says of a file.
pub(super) fn end(connection: &Connection, change: &Change) -> rusqlite::Result<()> {
    if let Some((id, message)) = change.attached {
        let take = "UPDATE attachment SET message = ?2 WHERE id = ?1";
        connection
            .prepare_cached(take)?
            .execute([id.0, message.0])?;
    }
    let Some(Filed { id, kept }) = &change.filed else {
        return Ok(());
    };
    let sql = "UPDATE attachment SET kept = ?2, state = CASE
             WHEN ?2 IS NOT NULL THEN 'kept' WHEN state = 'kept' THEN 'unwanted' ELSE 'lost' END WHERE id = ?1";
    let kept = kept.as_ref().map(to_json).transpose()?;
    connection
        .prepare_cached(sql)?
        .execute(params![id.0, kept])?;
    Ok(())
}

/// Empties what is personal of a chat's files; their bytes are removed by whoever looks after them.
pub(super) fn forget(connection: &Connection, chat: ChatId) -> rusqlite::Result<()> {
    let sql = "UPDATE attachment SET state = 'unwanted', kept = NULL,
             source = '{\"kind\":\"document\"}', message = NULL WHERE chat = ?1";
    connection.execute(sql, [chat.0])?;
    Ok(())
}

fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
