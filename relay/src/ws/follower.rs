//! Reads the store's events in their one order into the ring. A hole, a smaller head or another mark means another
//! history: everything begins anew (`storage.md` 6).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use shared::chat::{Chat, Sight, Stored};
use shared::model::{ChatId, Mark, Seq};
use shared::protocol::ResumePoint;

use crate::store::{Store, StoreError};

use super::ring::{Entry, Ring};

/// Events read at once.
const PAGE: u32 = 1000;
/// Events of before the start that a desk may resume in.
const WARM: i64 = 5000;
/// A lost wake-up costs no more than this.
const POLL: Duration = Duration::from_secs(1);

/// Loads the present and the last events.
pub(super) async fn load(store: &dyn Store) -> Result<Ring, StoreError> {
    let head = store.head().await?;
    let recent = store
        .events_after(Seq((head.seq.0 - WARM).max(head.floor.0)), u32::MAX)
        .await?;
    let mut chats = store.list_open_chats().await?;
    // What came after the head was read is followed like everything else.
    let later: Vec<ChatId> = recent
        .iter()
        .filter(|stored| stored.seq > head.seq)
        .map(|stored| stored.chat)
        .collect();
    for id in later {
        chats.retain(|chat| chat.id != id);
        let before = events_of(store, id)
            .await?
            .into_iter()
            .filter(|stored| stored.seq <= head.seq);
        chats.extend(Chat::replay(id, &before.collect::<Vec<_>>()));
    }
    chats.retain(|chat| !chat.is_finished());
    let ring = Ring::new(
        ResumePoint {
            log: head.log,
            seq: head.seq,
            mark: head.mark,
        },
        chats,
    );
    let recent = recent
        .into_iter()
        .filter(|stored| stored.seq <= head.seq)
        .collect();
    ring.warm(entries_of_then(store, recent).await?);
    Ok(ring)
}

/// Follows for ever.
pub(super) async fn follow(store: Arc<dyn Store>, ring: Arc<Ring>) {
    loop {
        let point = ring.point();
        match store.events_after(point.seq, PAGE).await {
            Ok(events) if events.is_empty() => {
                // A wake-up for nothing is as good as one for something.
                timeout(POLL, store.changed(point.seq)).await.ok();
            }
            Ok(events) => {
                if let Err(error) = take(store.as_ref(), &ring, &point, events).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "could not follow the store"
                    );
                    tokio::time::sleep(POLL).await;
                }
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not read new events"
                );
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

async fn take(
    store: &dyn Store,
    ring: &Ring,
    point: &ResumePoint,
    events: Vec<Stored>,
) -> Result<(), StoreError> {
    let mut next = point.seq.next();
    for stored in events {
        if stored.seq != next {
            tracing::error!(
                expected = next.0,
                found = stored.seq.0,
                "another history; beginning anew"
            );
            return begin_anew(store, ring).await;
        }
        next = next.next();
        crash_point!("announcing");
        if ring.has_chat_of(&stored) {
            ring.push(stored, None);
        } else {
            let chat = store.find_chat(stored.chat).await?;
            ring.push(stored, chat.as_ref());
        }
    }
    Ok(())
}

async fn begin_anew(store: &dyn Store, ring: &Ring) -> Result<(), StoreError> {
    let fresh = load(store).await?;
    let chats = store.list_open_chats().await?;
    ring.replace(fresh.point(), chats);
    Ok(())
}

/// Returns the entries of past events with the sights of then, by replaying the chats they touch.
async fn entries_of_then(store: &dyn Store, recent: Vec<Stored>) -> Result<Vec<Entry>, StoreError> {
    let Some(first) = recent.first().map(|stored| stored.seq) else {
        return Ok(vec![]);
    };
    let mut chats: HashMap<ChatId, Chat> = HashMap::new();
    let mut entries = Vec::with_capacity(recent.len());
    for stored in recent {
        if let std::collections::hash_map::Entry::Vacant(e) = chats.entry(stored.chat) {
            let earlier = events_of(store, stored.chat).await?;
            let earlier: Vec<_> = earlier
                .into_iter()
                .filter(|event| event.seq < first)
                .collect();
            let chat =
                Chat::replay(stored.chat, &earlier).unwrap_or_else(|| Chat::unborn(stored.chat));
            e.insert(chat);
        }
        if let Some(chat) = chats.get_mut(&stored.chat) {
            let before = chat.has_begun().then(|| Sight::of(chat));
            chat.apply(&stored);
            let after = Sight::of(chat);
            entries.push(Entry::new(stored, before, after));
        }
    }
    Ok(entries)
}

async fn events_of(store: &dyn Store, chat: ChatId) -> Result<Vec<Stored>, StoreError> {
    store.timeline(chat, None, u32::MAX).await
}

/// A point that no history knows.
pub(super) fn nowhere() -> ResumePoint {
    ResumePoint {
        log: String::new(),
        seq: Seq(0),
        mark: Mark(0),
    }
}
