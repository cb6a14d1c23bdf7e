//! One person as a platform knows them, and what they hear there.

use super::person::Role;
use crate::messenger::{Graph, SentMessage, Visitor};
use crate::telegram::{People, Person, Sent};

/// How somebody writes.
#[derive(Debug)]
pub(super) enum Face {
    Page(Visitor),
    Bot(Person),
}

/// What the operator said to somebody.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) who: String,
    pub(super) text: String,
    pub(super) message: String,
}

impl From<SentMessage> for Heard {
    fn from(sent: SentMessage) -> Self {
        Self {
            who: sent.psid,
            text: sent.text.unwrap_or_default(),
            message: sent.message_id,
        }
    }
}

impl From<Sent> for Heard {
    fn from(sent: Sent) -> Self {
        Self {
            who: sent.chat.to_string(),
            text: sent.text,
            message: sent.message_id.to_string(),
        }
    }
}

impl Face {
    /// Somebody who writes to a Page.
    pub(super) fn of_page(graph: &Graph, number: &str, role: &Role) -> Self {
        let visitor = graph.visitor(&format!("7{number}"));
        Self::Page(visitor.named(role.first_name, role.last_name))
    }

    /// Somebody who writes to a bot, where numbers are shorter.
    pub(super) fn of_bot(people: &People, number: &str, role: &Role) -> Self {
        let id = number.get(..10).and_then(|number| number.parse().ok());
        Self::Bot(people.person(id.unwrap_or(1), role.first_name, role.last_name))
    }

    pub(super) fn id(&self) -> String {
        match self {
            Self::Page(visitor) => visitor.psid().to_owned(),
            Self::Bot(person) => person.id().to_string(),
        }
    }

    pub(super) fn writes(&self, text: &str) {
        match self {
            Self::Page(visitor) => drop(visitor.writes(text)),
            Self::Bot(person) => {
                person.writes(text);
            }
        }
    }

    pub(super) fn sends_photo(&self) {
        match self {
            Self::Page(visitor) => drop(visitor.sends_photo()),
            Self::Bot(person) => {
                person.sends_photo();
            }
        }
    }

    /// Puts an emoji on the operator's message.
    pub(super) fn reacts(&self, message: &str, emoji: &str) {
        match self {
            Self::Page(visitor) => visitor.reacts(message, emoji),
            Self::Bot(person) => {
                if let Ok(number) = message.parse() {
                    person.reacts(number, emoji);
                }
            }
        }
    }

    /// A bot never learns of it.
    pub(super) fn reads(&self) {
        match self {
            Self::Page(visitor) => visitor.reads(),
            Self::Bot(_) => {}
        }
    }
}
