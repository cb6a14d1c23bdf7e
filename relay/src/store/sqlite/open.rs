//! All open chats, as a start wants them: it waits for this, so that one page is read while the one before is understood.

use rusqlite::Row;

use shared::chat::Chat;
use shared::model::Seq;

use crate::store::StoreError;

use super::{READ_PAGE, SqliteStore, limit_of, read_error, rows};

/// An open chat, read and not understood yet.
struct OpenRow {
    state: String,
    number: Seq,
    channel: String,
    visitor: i64,
}

fn open_row(row: &Row<'_>) -> rusqlite::Result<OpenRow> {
    Ok(OpenRow {
        state: row.get(0)?,
        number: Seq(row.get(1)?),
        channel: row.get(2)?,
        visitor: row.get(3)?,
    })
}

fn understood(page: Vec<OpenRow>) -> rusqlite::Result<Vec<Chat>> {
    page.into_iter()
        .map(|row| rows::chat_of(&row.state, row.number))
        .collect()
}

impl SqliteStore {
    pub(super) async fn read_open(&self) -> Result<Vec<Chat>, StoreError> {
        let sql = "SELECT state, number, channel, visitor FROM chat
             WHERE stage <> 'closed' AND (channel, visitor) > (?1, ?2) ORDER BY channel, visitor LIMIT ?3";
        let mut after = (String::new(), i64::MIN);
        let mut pages = vec![];
        loop {
            let values = (after.0, after.1, limit_of(READ_PAGE));
            let page = self.list(sql.to_owned(), values, open_row).await?;
            let is_last = page.len() < READ_PAGE as usize;
            after = page
                .last()
                .map(|row| (row.channel.clone(), row.visitor))
                .unwrap_or_default();
            pages.push(tokio::task::spawn_blocking(|| understood(page)));
            if is_last {
                break;
            }
        }
        let mut all = vec![];
        for page in pages {
            let page = page
                .await
                .map_err(|error| StoreError::Damaged(error.into()));
            all.extend(page?.map_err(read_error)?);
        }
        Ok(self.all_refreshed(all))
    }
}
