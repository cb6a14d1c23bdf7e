//! What Odnoklassniki knows: chats and what was said in them, who is called, what waits to be told.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use crate::form::FormFile;
use crate::places::Places;

/// A reply that somebody got.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub chat: String,
    pub text: String,
    pub mid: String,
    /// The whole call.
    pub call: Value,
    /// What it carries.
    pub files: Vec<FormFile>,
}

/// What happens to the next call of a kind.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Refused with this number and these words, and status 200; nothing is done.
    Refuse(i64, String),
    /// Nothing is done, and the answer is a page of some proxy.
    Garbage,
    /// It is done, and the answer never comes.
    CloseAfter,
}

/// A message of a chat.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) is_groups: bool,
    pub(super) at: u64,
    pub(super) message: Map<String, Value>,
}

/// A chat of one person with the group.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) name: String,
    /// They do not want to hear from the group.
    pub(super) is_closed: bool,
    /// Oldest first.
    pub(super) said: Vec<Said>,
}

impl Chat {
    pub(super) fn last_event_at(&self) -> u64 {
        self.said.last().map_or(0, |said| said.at)
    }

    fn person(&self) -> Value {
        json!({ "name": self.name, "user_id": self.user })
    }

    /// Everything that an event of this chat has.
    pub(super) fn event(&self, at: u64) -> Map<String, Value> {
        let mut event = Map::new();
        event.insert("sender".to_owned(), self.person());
        event.insert("recipient".to_owned(), json!({ "chat_id": self.id }));
        event.insert("timestamp".to_owned(), at.into());
        event
    }

    /// A message as the history shows it.
    pub(super) fn shown(&self, said: &Said, group: &Value) -> Map<String, Value> {
        let mut event = self.event(said.at);
        if said.is_groups {
            event.insert("sender".to_owned(), group.clone());
        }
        event.insert("message".to_owned(), said.message.clone().into());
        event
    }
}

/// Something that is handed over, by its token.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) kind: String,
    /// When it came, and what.
    pub(super) file: Option<(u64, FormFile)>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) chats: Vec<Chat>,
    pub(super) sent: Vec<Sent>,
    /// Signs that people saw: the chat, and which.
    pub(super) signs: Vec<(String, String)>,
    /// Addresses that are called, and since when.
    pub(super) subscriptions: Vec<(u64, String)>,
    /// Whom to tell, and what.
    pub(super) waiting: VecDeque<(String, String)>,
    pub(super) faults: VecDeque<(&'static str, Fault)>,
    /// How many faults happened.
    pub(super) injected: usize,
    /// The key; none: it has expired.
    pub(super) token: Option<String>,
    pub(super) last_number: u64,
    /// Places that were given out: what may be put there.
    pub(super) uploads: BTreeMap<String, Upload>,
    pub(super) places: Places,
}

impl State {
    pub(super) fn chat(&mut self, id: &str) -> Option<&mut Chat> {
        self.chats.iter_mut().find(|chat| chat.id == id)
    }

    /// Numbers of 18 digits, beyond 2^53.
    pub(super) fn new_number(&mut self) -> u64 {
        self.last_number += 1;
        113_245_678_900_000_000 + self.last_number
    }

    /// Tells everybody who is subscribed, so many times.
    pub(super) fn push(&mut self, event: &Value, copies: usize) {
        for (_, url) in &self.subscriptions {
            for _ in 0..copies.max(1) {
                self.waiting.push_back((url.clone(), event.to_string()));
            }
        }
    }

    /// Takes the fault that is meant for a call of this kind.
    pub(super) fn take_fault(&mut self, kind: &str) -> Option<Fault> {
        let place = self.faults.iter().position(|(of, _)| *of == kind)?;
        self.injected += 1;
        self.faults.remove(place).map(|(_, fault)| fault)
    }
}
