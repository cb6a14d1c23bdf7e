//! What only a file can show: opening it again, a copy put back, keys that grow old, a log beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::chat::Chat;
use shared::model::{ChatId, DeliveryId, Seq, Timestamp, VisitorId};

use super::{SqliteStore, backup, connect, look, restore};
use crate::clock::{Clock as _, SystemClock, first_id_at};
use crate::store::testing::{NOON, commit, received};
use crate::store::{Change, Store};

struct Place {
    folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("desk.db")).unwrap();
    Place { folder, store }
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn receive(&self, id: i64, text: &str) {
        let unborn = Chat::unborn(ChatId(id));
        commit(
            self.store.as_ref(),
            received(&unborn, id, id, text, &format!("in:{id}")),
        )
        .await;
    }
}

fn holds(file: &Path, marker: &str) -> bool {
    let bytes = std::fs::read(file).unwrap();
    bytes
        .windows(marker.len())
        .any(|window| window == marker.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_opening_again() {
    let place = place();
    for id in 1..=50 {
        place.receive(id, "hello").await;
    }
    let head = place.store.head().await.unwrap();
    let database = place.path("desk.db");
    assert!(SqliteStore::open(&database).is_err(), "one relay at a time");
    place.store.close().await;
    let Place { folder, store } = place;
    drop(store);
    let again = SqliteStore::open(&database).unwrap();
    assert_eq!(again.head().await.unwrap(), head);
    assert_eq!(again.list_open_chats().await.unwrap().len(), 50);
    assert!(again.find_chat_by_number(Seq(1)).await.unwrap().is_some());
    again.close().await;
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_a_migration_emptied_is_filled_while_nothing_comes() {
    let place = place();
    for id in 1..=50 {
        place.receive(id, "hello").await;
    }
    place.store.close().await;
    let Place { folder, store } = place;
    drop(store);
    let database = folder.path().join("desk.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let migration = include_str!("migrations/0002_terms_as_they_are.sql");
    connection.execute_batch(migration).unwrap();
    let waiting = "SELECT (SELECT max(seq) FROM event) - indexed FROM head";
    let count = || connection.query_row(waiting, [], |row| row.get::<_, i64>(0));
    assert!(count().unwrap() >= 50);
    let again = SqliteStore::open(&database).unwrap();
    for _ in 0..500 {
        if count().unwrap() == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(count().unwrap(), 0);
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_put_back_forgets_whom_the_store_had_to_forget() {
    let place = place();
    place.receive(1, "my name is xyzzymarkerxyzzy").await;
    place.receive(2, "somebody else").await;
    let (copy, database) = (place.path("copy.db"), place.path("desk.db"));
    place.store.backup(&copy).await.unwrap();
    assert!(
        place.store.backup(&copy).await.is_err(),
        "no copy is written over"
    );
    let log = place.store.head().await.unwrap().log;
    place.store.redact(VisitorId(1), NOON).await.unwrap();
    place.store.close().await;
    let Place { folder, store } = place;
    drop(store);
    assert!(holds(&copy, "xyzzymarkerxyzzy"), "the copy was made before");
    restore(&copy, &database).unwrap();
    assert!(!holds(&database, "xyzzymarkerxyzzy"));
    let again = SqliteStore::open(&database).unwrap();
    assert_ne!(again.head().await.unwrap().log, log, "another history");
    assert!(
        again
            .find_chat(ChatId(2))
            .await
            .unwrap()
            .unwrap()
            .last_line
            .is_some()
    );
    again.close().await;
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_noted_before_it_is_done() {
    let place = place();
    place.receive(1, "hello").await;
    place.store.close().await;
    assert!(
        place.store.redact(VisitorId(1), NOON).await.is_err(),
        "closed"
    );
    let noted = std::fs::read_to_string(place.path("desk.db.erased.log")).unwrap();
    assert_eq!(noted, "1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_after_an_erasure_are_found_after_a_crash() {
    let place = place();
    place.receive(1, "hello").await;
    place.store.redact(VisitorId(1), NOON).await.unwrap();
    place.receive(2, "somebody else").await;
    // As a crash leaves it: nothing is merged any more.
    let crashed = place.path("crashed.db");
    backup(&place.path("desk.db"), &crashed).unwrap();
    place.store.close().await;
    let again = SqliteStore::open(&crashed).unwrap();
    let found = again
        .find_message(&"acme-page".into(), &"m_2".into())
        .await
        .unwrap();
    assert_eq!(found.map(|found| found.chat), Some(ChatId(2)));
    let repeat = received(&Chat::unborn(ChatId(9)), 9, 9, "again", "in:2");
    let outcome = again.commit(vec![repeat]).await.unwrap();
    assert!(matches!(outcome[0], crate::store::Outcome::Already { .. }));
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_deliveries_of_long_ago_are_forgotten_faster_than_they_come() {
    let place = place();
    let now = SystemClock.now();
    let long_ago = Timestamp(now.0 - 40 * 86_400_000);
    place.store.close().await;
    let database = place.path("desk.db");
    {
        let connection = connect::writer(&database).unwrap();
        let mut insert = connection
            .prepare("INSERT INTO seen (key, seq, at) VALUES ('old:' || ?1, 0, ?2)")
            .unwrap();
        for number in 0..2_000 {
            insert.execute([number, long_ago.0]).unwrap();
        }
        let states = ["sent", "withdrawn", "failed", "due"];
        for (number, state) in (1..).zip(states) {
            let id = first_id_at(long_ago) + number;
            let sql = "INSERT INTO outbox (id, chat, channel, place, kind, body, state, not_before)
                 VALUES (?1, 7, 'acme-page', 1, 'reply', '{}', ?2, 0)";
            connection
                .execute(sql, rusqlite::params![id, state])
                .unwrap();
        }
    }
    let Place { folder, store } = place;
    drop(store);
    let store = SqliteStore::open(&database).unwrap();
    for id in 1..=10 {
        let fresh = received(
            &Chat::unborn(ChatId(id)),
            id,
            id,
            "hello",
            &format!("in:{id}"),
        );
        commit(store.as_ref(), Change { at: now, ..fresh }).await;
    }
    store.close().await;
    let connection = connect::reader(&database).unwrap();
    let count = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(count("SELECT count(*) FROM seen WHERE key LIKE 'old:%'"), 0);
    assert_eq!(count("SELECT count(*) FROM seen"), 10);
    assert_eq!(count("SELECT count(*) FROM seen_key"), 10);
    let left = "SELECT group_concat(state) FROM (SELECT state FROM outbox ORDER BY id)";
    let left: String = connection.query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(
        left, "failed,due",
        "a failed one may be tried again while its chat is open"
    );
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_can_be_looked_at_while_it_is_used() {
    let place = place();
    assert_eq!(look(&place.path("desk.db")).unwrap().events, 0);
    place.receive(1, "hello").await;
    let look = look(&place.path("desk.db")).unwrap();
    assert_eq!((look.events, look.open_chats, look.unread), (2, 1, 0));
    assert!(
        place
            .store
            .find_delivery(DeliveryId(1))
            .await
            .unwrap()
            .is_none()
    );
}
