//! Reads the store's events in their one order into the ring. A hole, a smaller head or another mark means another
//! history: everything begins anew (`storage.md` 6).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use shared::chat::{Chat, Event, Stored};
use shared::model::{ChatId, Mark, Seq, Version};
use shared::protocol::ResumePoint;

use crate::store::{Store, StoreError};

use super::Desks;
use super::ring::{Entry, Ring, Standing};

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
    let recent = recent
        .into_iter()
        .filter(|stored| stored.seq <= head.seq)
        .collect();
    let entries = entries_of_then(store, &chats, recent).await?;
    let ring = Ring::new(
        ResumePoint {
            log: head.log,
            seq: head.seq,
            mark: head.mark,
            outlook: String::new(),
        },
        chats,
    );
    ring.warm(entries);
    Ok(ring)
}

/// Follows until told to stop, or nobody is left who could tell.
pub(super) async fn follow(
    store: Arc<dyn Store>,
    ring: Arc<Ring>,
    desks: Arc<dyn Desks>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let point = ring.point();
        let step = follow_once(store.as_ref(), &ring, desks.as_ref(), point);
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = step => {}
        }
    }
}

/// Takes in what came, or waits a moment for something to come.
async fn follow_once(store: &dyn Store, ring: &Ring, desks: &dyn Desks, point: ResumePoint) {
    let followed = match store.events_after(point.seq, PAGE).await {
        Ok(events) if events.is_empty() => {
            // A wake-up for nothing is as good as one for something.
            timeout(POLL, store.changed(point.seq)).await.ok();
            return;
        }
        Ok(events) => {
            let taken = take(store, ring, desks, &point, events).await;
            ring.announce();
            taken
        }
        Err(error) => Err(error),
    };
    if let Err(error) = followed {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "could not follow the store"
        );
        tokio::time::sleep(POLL).await;
    }
}

async fn take(
    store: &dyn Store,
    ring: &Ring,
    desks: &dyn Desks,
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
            begin_anew(store, ring).await?;
            return desks.blocks_changed().await;
        }
        next = next.next();
        crash_point!("announcing");
        if matches!(
            stored.event,
            Event::Blocked { .. } | Event::Unblocked { .. }
        ) {
            desks.blocks_changed().await?;
        }
        if ring.has_chat_of(&stored) {
            ring.push(stored, None);
        } else if matches!(stored.event, Event::Reopened { .. }) {
            let mut earlier = events_of(store, stored.chat).await?;
            earlier.retain(|event| event.seq < stored.seq);
            ring.push_returned(Chat::replay(stored.chat, &earlier), stored);
        } else {
            let chat = store.find_chat(stored.chat).await?;
            ring.push(stored, chat.as_ref());
        }
    }
    Ok(())
}

async fn begin_anew(store: &dyn Store, ring: &Ring) -> Result<(), StoreError> {
    ring.replace(load(store).await?);
    Ok(())
}

/// How a chat stood during past events.
enum Past {
    /// As it stands now: nothing has moved it.
    Unmoved(Standing),
    /// As it was before the next of them.
    Replayed(Box<Chat>),
}

/// Returns the entries of past events with the sights of then. Only chats that were moved meanwhile are replayed.
async fn entries_of_then(
    store: &dyn Store,
    chats: &[Chat],
    recent: Vec<Stored>,
) -> Result<Vec<Entry>, StoreError> {
    let mut pasts = pasts(store, chats, &recent).await?;
    let entries = recent.into_iter().filter_map(|stored| {
        let (before, after) = match pasts.get_mut(&stored.chat)? {
            Past::Unmoved(standing) => (Some(standing.clone()), standing.clone()),
            Past::Replayed(chat) => {
                let before = chat.has_begun().then(|| Standing::of(chat));
                chat.apply(&stored);
                (before, Standing::of(chat))
            }
        };
        Some(Entry::new(stored, before, after))
    });
    Ok(entries.collect())
}

/// Returns how the chats of events stood before the first of these; `chats` are those that are known as of the last.
async fn pasts(
    store: &dyn Store,
    chats: &[Chat],
    recent: &[Stored],
) -> Result<HashMap<ChatId, Past>, StoreError> {
    let mut touched: HashMap<ChatId, Vec<&Stored>> = HashMap::new();
    for stored in recent {
        touched.entry(stored.chat).or_default().push(stored);
    }
    let known: HashMap<ChatId, &Chat> = chats.iter().map(|chat| (chat.id, chat)).collect();
    let mut pasts = HashMap::with_capacity(touched.len());
    for (id, events) in touched {
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            continue;
        };
        let is_moved = events.iter().any(|stored| stored.event.moves_chat());
        let now = known.get(&id).filter(|chat| chat.version == last.version);
        let past = match now {
            Some(chat) if !is_moved => Past::Unmoved(Standing::of(chat)),
            _ if first.version == Version(1) => Past::Replayed(Box::new(Chat::unborn(id))),
            _ => {
                let mut earlier = events_of(store, id).await?;
                earlier.retain(|event| event.seq < first.seq);
                let chat = Chat::replay(id, &earlier);
                Past::Replayed(Box::new(chat.unwrap_or_else(|| Chat::unborn(id))))
            }
        };
        pasts.insert(id, past);
    }
    Ok(pasts)
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
        outlook: String::new(),
    }
}
