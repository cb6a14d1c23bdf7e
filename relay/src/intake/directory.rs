//! Which visitor is behind a platform's id, and in which chat they are: a memory in front of the store.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use shared::model::{Card, ChannelId, ChatId, PlatformId, Visitor, VisitorId};

use crate::store::{Store, StoreError};

/// Visitors remembered at most; then the memory begins anew.
const REMEMBERED: usize = 100_000;

type Name = (ChannelId, PlatformId);

/// What is known of a visitor's whereabouts.
#[derive(Debug, Clone)]
pub(super) struct Whereabouts {
    /// As of the last look; good enough to open a chat with right after it.
    pub(super) visitor: Arc<Visitor>,
    /// The chat that is not closed for good, if any.
    pub(super) chat: Option<ChatId>,
}

#[derive(Default)]
pub(super) struct Directory {
    known: Mutex<HashMap<Name, Whereabouts>>,
    /// Other names that are written down.
    named: Mutex<HashSet<(VisitorId, PlatformId)>>,
}

impl Directory {
    /// Finds a visitor, or makes one up who is written down with the first chat (V-02).
    pub(super) async fn find(
        &self,
        store: &dyn Store,
        channel: &ChannelId,
        platform_id: &PlatformId,
        new_id: impl Fn() -> i64,
    ) -> Result<Whereabouts, StoreError> {
        let name = (channel.clone(), platform_id.clone());
        if let Some(known) = self.lock().get(&name).filter(|known| known.chat.is_some()) {
            return Ok(known.clone());
        }
        let Some(visitor) = store.find_visitor(channel, platform_id).await? else {
            // Two first messages at once must meet the same made-up visitor.
            let stranger = || Whereabouts {
                visitor: Arc::new(stranger(channel, platform_id, VisitorId(new_id()))),
                chat: None,
            };
            return Ok(self.lock().entry(name).or_insert_with(stranger).clone());
        };
        let chat = store.find_open_chat(channel, visitor.id).await?;
        let found = Whereabouts {
            visitor: Arc::new(visitor),
            chat,
        };
        self.lock().insert(name, found.clone());
        Ok(found)
    }

    /// Remembers where a visitor is now.
    pub(super) fn note(&self, visitor: &Arc<Visitor>, chat: Option<ChatId>) {
        let name = (visitor.channel.clone(), visitor.platform_id.clone());
        let mut known = self.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(
            name,
            Whereabouts {
                visitor: Arc::clone(visitor),
                chat,
            },
        );
    }

    /// Forgets a visitor; the next look goes to the store.
    pub(super) fn forget(&self, channel: &ChannelId, platform_id: &PlatformId) {
        self.lock().remove(&(channel.clone(), platform_id.clone()));
    }

    /// Whether it is known to be written down that a visitor has this name, too.
    pub(super) fn is_named(&self, visitor: VisitorId, other: &PlatformId) -> bool {
        self.names().contains(&(visitor, other.clone()))
    }

    /// Remembers that it is.
    pub(super) fn note_name(&self, visitor: VisitorId, other: &PlatformId) {
        let mut named = self.names();
        if named.len() >= REMEMBERED {
            named.clear();
        }
        named.insert((visitor, other.clone()));
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashSet<(VisitorId, PlatformId)>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Name, Whereabouts>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stranger(channel: &ChannelId, platform_id: &PlatformId, id: VisitorId) -> Visitor {
    Visitor {
        id,
        channel: channel.clone(),
        platform_id: platform_id.clone(),
        card: Card::default(),
    }
}
