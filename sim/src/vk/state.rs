//! What VK knows: people, dialogs, callback servers, events that nobody took yet.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::form::FormFile;
use crate::places::Places;

/// A message that the community sent and its person has.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The person's id.
    pub peer: i64,
    /// Its number in the dialog.
    pub number: i64,
    pub text: String,
    /// What names its file.
    pub attachment: Option<String>,
    /// The whole call.
    pub call: BTreeMap<String, String>,
}

/// What happens to the next call of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused with this code; nothing is done.
    Refuse(i64),
    /// It is done, and the answer never comes.
    CloseAfter,
    /// Nothing is done, and the answer is a page of some proxy.
    Garbage,
}

/// A callback server of the community's.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) id: i64,
    pub(super) url: String,
    pub(super) secret: String,
    pub(super) status: &'static str,
    pub(super) events: BTreeMap<String, i64>,
}

/// One dialog, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Dialog {
    pub(super) messages: Vec<Value>,
    /// Numbers of the community's sends, and what came of them.
    pub(super) sends: BTreeMap<i64, i64>,
}

#[derive(Default)]
pub(super) struct State {
    /// First and last name.
    pub(super) people: BTreeMap<i64, (String, String)>,
    /// People who denied messages.
    pub(super) gone: Vec<i64>,
    pub(super) dialogs: BTreeMap<i64, Dialog>,
    pub(super) last_message: i64,
    pub(super) sent: Vec<Sent>,
    pub(super) servers: Vec<Server>,
    /// Events for the callback.
    pub(super) waiting: VecDeque<Value>,
    /// Events for the long poll, with their places.
    pub(super) polled: VecDeque<(i64, Value)>,
    pub(super) place: i64,
    /// Answers of this kind come next from the long poll.
    pub(super) poll_failures: VecDeque<i64>,
    pub(super) is_polled: bool,
    pub(super) faults: VecDeque<(String, Fault)>,
    pub(super) calls: BTreeMap<String, usize>,
    pub(super) injected: usize,
    pub(super) uploads: Vec<FormFile>,
    pub(super) is_token_dead: bool,
    pub(super) places: Places,
}

impl State {
    /// Puts a message into a dialog; returns it.
    pub(super) fn say(&mut self, peer: i64, mut message: Value, at: i64) -> Value {
        self.last_message += 1;
        let dialog = self.dialogs.entry(peer).or_default();
        let number = dialog.messages.len() + 1;
        message["id"] = self.last_message.into();
        message["peer_id"] = peer.into();
        message["date"] = at.into();
        message["conversation_message_id"] = number.into();
        message["version"] = (10_000_000 + self.last_message).into();
        for (name, usual) in [
            ("attachments", json!([])),
            ("fwd_messages", json!([])),
            ("important", json!(false)),
            ("is_hidden", json!(false)),
        ] {
            if message.get(name).is_none() {
                message[name] = usual;
            }
        }
        dialog.messages.push(message.clone());
        message
    }

    pub(super) fn take_fault(&mut self, method: &str) -> Option<Fault> {
        let place = self.faults.iter().position(|(of, _)| of == method)?;
        self.injected += 1;
        self.faults.remove(place).map(|(_, fault)| fault)
    }
}
