//! What every engine must hold (`storage.md` 11), point by point. Each point is one function over a place; every engine is
//! put through all of them.

mod commits;
mod deliveries;
mod erasure;
mod files;
mod searches;
mod values;

use std::sync::Arc;

use shared::chat::Chat;
use shared::model::ChatId;

use super::memory::MemoryStore;
use super::sqlite::SqliteStore;
use super::testing::{one, received};
use super::{Outcome, Store};

/// Makes a test of each point for each engine.
macro_rules! on_every_engine {
    ($($point:ident)+) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $point() {
                    super::$point(&crate::store::contract::Place::on_sqlite()).await;
                }
            )+
        }
        mod in_memory {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $point() {
                    super::$point(&crate::store::contract::Place::in_memory()).await;
                }
            )+
        }
    };
}
use on_every_engine;

/// A store of its own, and where its files are.
struct Place {
    store: Arc<dyn Store>,
    sqlite: Option<(tempfile::TempDir, Arc<SqliteStore>)>,
}

impl Place {
    fn in_memory() -> Self {
        Self {
            store: Arc::new(MemoryStore::default()),
            sqlite: None,
        }
    }

    fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteStore::open(&folder.path().join("desk.db")).unwrap();
        Self {
            store: sqlite.clone(),
            sqlite: Some((folder, sqlite)),
        }
    }

    fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    async fn chat(&self, id: i64) -> Chat {
        let found = self.store.find_chat(ChatId(id)).await.unwrap();
        found.unwrap_or_else(|| Chat::unborn(ChatId(id)))
    }

    /// Ends it, and returns the names and bytes of its files.
    async fn files(&self) -> Vec<(String, Vec<u8>)> {
        let Some((folder, sqlite)) = &self.sqlite else {
            return vec![];
        };
        sqlite.close().await;
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let read = entries.map(|entry| {
            let path = entry.unwrap().path();
            (path.display().to_string(), std::fs::read(&path).unwrap())
        });
        read.collect()
    }
}

/// Adds a message to a chat, deciding again whenever somebody was faster.
pub(super) async fn append(store: &dyn Store, chat: ChatId, id: i64) {
    loop {
        let before = store.find_chat(chat).await.unwrap();
        let before = before.unwrap_or_else(|| Chat::unborn(chat));
        let (text, key) = (format!("text {id}"), format!("in:{id}"));
        match one(store, received(&before, id, chat.0, &text, &key)).await {
            Outcome::Done { .. } => return,
            Outcome::Moved { .. } => {}
            Outcome::Already { .. } => panic!("a fresh key was taken"),
        }
    }
}
