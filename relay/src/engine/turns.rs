//! Whose turn it is at each chat, and the chat as of the last turn. Commands of one chat wait here for the outcome of the
//! one before, in order of arrival; commands of different chats never meet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use shared::chat::Chat;
use shared::model::ChatId;

type Place = Arc<tokio::sync::Mutex<Option<Arc<Chat>>>>;

/// Chats remembered at most; beyond it, those nobody is at are forgotten and read from the store when asked for.
const REMEMBERED: usize = 50_000;

#[derive(Default)]
pub(super) struct Turns {
    places: Mutex<HashMap<ChatId, Place>>,
}

impl Turns {
    pub(super) async fn take(&self, id: ChatId) -> Turn {
        let place = self.place(id);
        Turn {
            guard: place.lock_owned().await,
        }
    }

    fn place(&self, id: ChatId) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= REMEMBERED && !places.contains_key(&id) {
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(id).or_default())
    }
}

/// The right to change one chat, until dropped.
pub(super) struct Turn {
    guard: OwnedMutexGuard<Option<Arc<Chat>>>,
}

impl Turn {
    /// Returns the chat as the last turn left it.
    pub(super) fn chat(&self) -> Option<Arc<Chat>> {
        self.guard.clone()
    }

    /// Remembers the chat for the next turn.
    pub(super) fn keep(&mut self, chat: Arc<Chat>) -> Arc<Chat> {
        *self.guard = Some(Arc::clone(&chat));
        chat
    }

    /// Forgets it: from here on only the store knows. Must come before a commit, whose outcome may stay unknown.
    pub(super) fn forget(&mut self) {
        *self.guard = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_at_one_chat_come_in_order_and_other_chats_do_not_wait() {
        let turns = Turns::default();
        let mut first = turns.take(ChatId(1)).await;
        first.keep(Arc::new(Chat::unborn(ChatId(1))));
        let waiting = turns.place(ChatId(1));
        assert!(waiting.try_lock().is_err(), "one at a time");
        assert!(
            turns.take(ChatId(2)).await.chat().is_none(),
            "another chat is free"
        );
        drop(first);
        assert!(
            turns.take(ChatId(1)).await.chat().is_some(),
            "the next turn finds what the last left"
        );
    }
}
