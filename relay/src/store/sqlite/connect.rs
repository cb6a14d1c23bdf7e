//! Connections, the schema and the lock: what must hold before anything is read or written (`storage.md` 4).

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use sha2::{Digest, Sha256};

use crate::clock::random_i64;

/// Every schema there was, oldest first. A released one is never changed.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_terms_as_they_are.sql"),
    include_str!("migrations/0003_files.sql"),
    include_str!("migrations/0004_other_names.sql"),
];

/// Bytes the write-ahead log keeps on disk after a burst, once it begins anew.
const LOG_KEPT: i64 = 16 << 20;

/// Held for life: a second relay on the same file ends with a sentence.
pub(super) fn lock(database: &Path) -> anyhow::Result<File> {
    let path = with_suffix(database, "lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.with_context(|| format!("could not open the lock file {}", path.display()))?;
    if file.try_lock().is_err() {
        bail!(
            "another relay works on {}: stop it first",
            database.display()
        );
    }
    Ok(file)
}

/// Opens the one connection that writes, and brings the schema up to date.
pub(super) fn writer(database: &Path) -> anyhow::Result<Connection> {
    let name = database.display();
    make_private(database).with_context(|| format!("could not open database {name}"))?;
    let mut connection =
        Connection::open(database).with_context(|| format!("could not open database {name}"))?;
    prepare(&connection)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
    migrate(&mut connection, database)
        .with_context(|| format!("could not bring database {name} up to date"))?;
    Ok(connection)
}

/// Makes an empty file that only its owner may read, unless there is one: what customers wrote will be in it. SQLite gives
/// the files beside it the same rights.
pub(super) fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    options.open(path).map(drop)
}

/// Ends every lease: who holds the lock knows that no other relay is alive, whatever the clock said when they were taken.
pub(super) fn void_leases(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE lease SET owner = '', until = 0", [])?;
    Ok(())
}

/// Opens a connection that only reads.
pub(super) fn reader(database: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    keep_statements(&connection)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Statements are planned once. Without the second line SQLite plans some anew whenever another value is bound, which took
/// a sixth of the relay's time under load.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn prepare(connection: &Connection) -> anyhow::Result<()> {
    keep_statements(connection)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    ensure!(
        mode == "wal",
        "the folder does not allow a write-ahead log: use a local disk, not a network one"
    );
    connection.pragma_update(None, "synchronous", "FULL")?;
    let level: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    ensure!(level == 2, "SQLite does not promise to sync");
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    Ok(())
}

/// One transaction for each step, forward only. A copy is made before an existing store is changed.
fn migrate(connection: &mut Connection, database: &Path) -> anyhow::Result<()> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")?;
    let value = |connection: &Connection, name: &str| {
        let query = "SELECT value FROM meta WHERE name = ?1";
        connection
            .query_row(query, [name], |row| row.get::<_, String>(0))
            .optional()
    };
    let schema: usize = value(connection, "schema")?.map_or(Ok(0), |text| text.parse())?;
    ensure!(
        schema <= MIGRATIONS.len(),
        "it was written by a newer relay (schema {schema}): install that release"
    );
    for (number, sql) in MIGRATIONS.iter().enumerate().take(schema) {
        let known = value(connection, &format!("checksum:{}", number + 1))?;
        ensure!(
            known.as_deref() == Some(&*checksum(sql)),
            "its schema {} is not this program's",
            number + 1
        );
    }
    if schema > 0 && schema < MIGRATIONS.len() {
        let copy = with_suffix(database, &format!("before-{}", MIGRATIONS.len()));
        make_private(&copy)?;
        connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    }
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(schema) {
        let step = connection.transaction()?;
        step.execute_batch(sql)?;
        let put = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        step.execute(put, params!["schema", (number + 1).to_string()])?;
        step.execute(
            put,
            params![format!("checksum:{}", number + 1), checksum(sql)],
        )?;
        crash_point!("migrating");
        step.commit()?;
        crash_point!("migrated");
    }
    let begin = "INSERT OR IGNORE INTO head (one, log, floor, settled, indexed, named, hashed)
         VALUES (1, ?1, 0, 0, 0, 0, 0)";
    connection.execute(begin, [new_log()])?;
    Ok(())
}

fn checksum(sql: &str) -> String {
    crate::hex::hex(&Sha256::digest(sql.as_bytes()))
}

/// A name for a history.
pub(super) fn new_log() -> String {
    format!("{:016x}", random_i64())
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    beside(path, &format!(".{suffix}"))
}

/// Returns the path of what SQLite keeps beside a database.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::{SqliteStore, backup};

    #[tokio::test]
    async fn what_customers_wrote_is_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("desk.db");
        let store = SqliteStore::open(&database).unwrap();
        let copy = folder.path().join("copy.db");
        backup(&database, &copy).unwrap();
        for name in ["desk.db", "desk.db-wal", "copy.db"] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap();
            assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name}");
        }
        store.close().await;
    }
}
