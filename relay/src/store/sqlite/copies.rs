//! Copies of a store, made while a relay works on it and put back while none does; and a look at one from outside.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use rusqlite::Connection;

use crate::clock::{Clock as _, SystemClock};

use crate::store::UNLINKED;

use super::{connect, erase};

/// Writes a hot copy of a store.
///
/// # Errors
///
/// There is no such store, or the copy's file exists already.
pub fn backup(from: &Path, to: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        !to.exists(),
        "{} exists already: name another file",
        to.display()
    );
    anyhow::ensure!(from.exists(), "there is no store at {}", from.display());
    let connection = connect::reader(from)?;
    connection.pragma_update(None, "query_only", false)?;
    connect::make_private(to)?;
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// Puts a copy back, as another history: desks notice. Erased people stay erased.
///
/// # Errors
///
/// A relay runs on the store, or the copy is none.
pub fn restore(from: &Path, database: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(from.exists(), "there is no file {}", from.display());
    if let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let _lock = connect::lock(database)?;
    let fresh = connect::with_suffix(database, "restored");
    std::fs::copy(from, &fresh).context("could not copy the file")?;
    {
        let connection = connect::writer(&fresh).context("the file is no copy of a store")?;
        connection.execute("UPDATE head SET log = ?1", [connect::new_log()])?;
        let erased = std::fs::read_to_string(connect::with_suffix(database, "erased.log"))
            .unwrap_or_default();
        let erased = erased.lines().filter_map(|line| line.parse().ok());
        erase::redact_offline(&connection, erased, SystemClock.now())?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    for suffix in ["-wal", "-shm"] {
        let name = connect::beside(database, suffix);
        if name.exists() {
            std::fs::remove_file(&name)?;
        }
    }
    std::fs::rename(&fresh, database)?;
    Ok(())
}

/// What `doctor` says of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Events in all.
    pub events: i64,
    /// Chats that are not closed for good.
    pub open_chats: i64,
    /// Bodies that were not understood.
    pub unread: i64,
    /// Channels that an admin has taken off their accounts.
    pub unlinked: Vec<String>,
}

fn unlinked(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT substr(name, length(?1) + 1) FROM meta
         WHERE substr(name, 1, length(?1)) = ?1 AND value <> '' ORDER BY name";
    let mut find = connection.prepare(sql)?;
    let found = find.query_map([UNLINKED], |row| row.get(0))?;
    found.collect()
}

/// Looks at a store, whether a relay runs on it or not.
///
/// # Errors
///
/// There is none, or it cannot be read.
pub fn look(database: &Path) -> anyhow::Result<Look> {
    anyhow::ensure!(
        database.exists(),
        "there is none yet at {}: the relay makes it when it starts",
        database.display()
    );
    let connection = connect::reader(database)?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    Ok(Look {
        events: count("SELECT count(*) FROM event")?,
        open_chats: count("SELECT count(*) FROM chat WHERE stage <> 'closed'")?,
        unread: count("SELECT count(*) FROM unread")?,
        unlinked: unlinked(&connection)?,
    })
}
