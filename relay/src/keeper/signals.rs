//! What visitors see of us between messages: that we are writing, and that we read (OUT-19). Sent and forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use shared::chat::{Author, Chat};
use shared::model::{ChatId, Presence, Timestamp};

use crate::channels::registry::Registry;
use crate::channels::{Reader, Signal};
use crate::clock::Clock;
use crate::store::Store;

/// At most one sign of writing a chat in this time (OUT-19).
const TYPING_EVERY: Duration = Duration::from_secs(5);
/// Sent at once; more than that is not worth it.
const AT_ONCE: usize = 8;
/// Chats remembered; then the memory begins anew.
const REMEMBERED: usize = 10_000;

/// Sends signs.
pub struct Signals {
    registry: Registry,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    typed_at: Mutex<HashMap<ChatId, Timestamp>>,
    turns: Arc<Semaphore>,
}

impl Signals {
    /// Returns a sender that has sent nothing.
    pub fn new(registry: Registry, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            registry,
            store,
            clock,
            typed_at: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Tells the visitor of the owner's doings, where the channel can.
    pub fn presence(&self, chat: &Chat, presence: Presence) {
        let Some(channel) = self.registry.find(&chat.visitor.channel) else {
            return;
        };
        let abilities = channel.abilities();
        let signal = match presence {
            Presence::Replying if abilities.typing && self.is_time(chat.id) => Signal::TypingOn,
            Presence::Viewing if abilities.seen && chat.unread > 0 => Signal::Seen,
            Presence::Replying | Presence::Viewing | Presence::Noting | Presence::Gone => return,
        };
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            return;
        };
        let visitor = chat.visitor.platform_id.clone();
        let last = chat.last_line.as_ref();
        let last = last.filter(|line| line.author == Author::Visitor);
        let last = last.and_then(|line| line.message);
        let store = Arc::clone(&self.store);
        tokio::spawn(async move {
            let last = match last {
                Some(message) => store.find_message_by_id(message).await.ok().flatten(),
                None => None,
            };
            let last = last.and_then(|found| found.platform_id);
            let reader = Reader {
                visitor: &visitor,
                last: last.as_ref(),
            };
            if let Err(error) = channel.signal(reader, signal).await {
                tracing::debug!(%error, "a sign did not reach the visitor");
            }
            drop(turn);
        });
    }

    fn is_time(&self, chat: ChatId) -> bool {
        let now = self.clock.now();
        let mut times = self.typed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if times
            .get(&chat)
            .is_some_and(|at| now.since(*at) < TYPING_EVERY)
        {
            return false;
        }
        if times.len() >= REMEMBERED {
            times.clear();
        }
        times.insert(chat, now);
        true
    }
}
