//! What the server knows: people, updates that nobody took yet, messages that went out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::form::FormFile;
use crate::places::Places;

/// A message that the bot sent and its person has.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The person's id.
    pub chat: i64,
    /// Its number in the chat.
    pub message_id: i64,
    pub text: String,
    /// The whole call.
    pub call: Value,
    /// What came with it.
    pub file: Option<FormFile>,
}

/// What happens to the next call of a method.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Refused with this code and these words; nothing is done.
    Refuse(u16, String),
    /// Refused as too fast, with so many seconds to wait.
    TooFast(u64),
    /// Nothing is done, and the answer is a page of some proxy.
    Garbage,
    /// It is done, and the answer never comes.
    CloseAfter,
    /// Nothing is done, and the answer takes so long that nobody waits for it.
    Hang(Duration),
}

/// Where updates are sent.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) last_error: Option<String>,
}

#[derive(Default)]
pub(super) struct State {
    /// First and last name.
    pub(super) people: BTreeMap<i64, (String, String)>,
    /// People who stopped the bot.
    pub(super) gone: Vec<i64>,
    /// Oldest first, with their numbers.
    pub(super) updates: VecDeque<(i64, Value)>,
    pub(super) last_update: i64,
    pub(super) last_message: i64,
    pub(super) sent: Vec<Sent>,
    /// By their `file_id`: path and bytes.
    pub(super) files: BTreeMap<String, (String, Bytes)>,
    /// Who is told of each.
    pub(super) followers: Vec<mpsc::UnboundedSender<Sent>>,
    pub(super) hook: Option<Hook>,
    pub(super) allowed: Option<Vec<Value>>,
    pub(super) faults: VecDeque<(String, Fault)>,
    /// How many faults happened.
    pub(super) injected: usize,
    /// Calls by method.
    pub(super) calls: BTreeMap<String, usize>,
    /// Rises with each question for updates: an older one ends when a newer one comes.
    pub(super) asking: u64,
    /// Public addresses, and where they are on this machine.
    pub(super) places: Places,
}

impl State {
    /// Puts an update into the queue, if the bot wants to know.
    pub(super) fn push(&mut self, kind: &str, payload: &Value) {
        let by_itself = kind != "message_reaction";
        let is_told = match &self.allowed {
            Some(allowed) if !allowed.is_empty() => allowed.iter().any(|name| name == kind),
            Some(_) | None => by_itself,
        };
        self.last_update += 1;
        if is_told {
            let update = json!({ "update_id": self.last_update, kind: payload });
            self.updates.push_back((self.last_update, update));
        }
    }

    /// Forgets what lies below an offset (telegram.md 2.4).
    pub(super) fn confirm(&mut self, offset: i64) {
        self.updates.retain(|(number, _)| *number >= offset);
    }

    pub(super) fn person(&self, id: i64) -> Value {
        let (first, last) = self.people.get(&id).cloned().unwrap_or_default();
        json!({ "id": id, "is_bot": false, "first_name": first, "last_name": last, "language_code": "ru" })
    }

    pub(super) fn chat(&self, id: i64) -> Value {
        let (first, last) = self.people.get(&id).cloned().unwrap_or_default();
        json!({ "id": id, "type": "private", "first_name": first, "last_name": last })
    }

    /// Takes the fault that is meant for a call of this method.
    pub(super) fn take_fault(&mut self, method: &str) -> Option<Fault> {
        let place = self.faults.iter().position(|(of, _)| of == method)?;
        self.injected += 1;
        self.faults.remove(place).map(|(_, fault)| fault)
    }
}
