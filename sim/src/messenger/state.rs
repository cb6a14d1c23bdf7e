//! What one simulated Graph remembers: Pages, tokens, profiles, conversations. Lookups only, no rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::errors::GraphError;
use super::faults::Faults;
use super::graph::{GraphOptions, Habits, PageOptions};
use super::ledger::Ledger;
use super::page::TokenState;
use super::profile::ProfileAnswer;
use super::queue::Queue;
use super::thread::ThreadOwner;
use crate::random::Random;

/// Everything behind the one lock of a Graph. No `Debug`: it holds tokens and app secrets.
pub(super) struct State {
    /// Where this Graph is served; photos and paging links point there.
    pub(super) url: String,
    pub(super) random: Random,
    pub(super) pages: Vec<Page>,
    /// Every token ever issued, with the Page it is for.
    pub(super) tokens: BTreeMap<String, (String, TokenState)>,
    pub(super) profiles: BTreeMap<String, ProfileAnswer>,
    pub(super) conversations: HashMap<(String, String), Conversation>,
    /// Ids handed out by `message_attachments`.
    pub(super) uploads: BTreeSet<String>,
    pub(super) ledger: Ledger,
    pub(super) faults: Faults,
    pub(super) queue: Queue,
    pub(super) habits: Habits,
}

/// One connected Page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) options: PageOptions,
    /// Page fields the app is subscribed to; empty means unsubscribed.
    pub(super) subscribed: BTreeSet<String>,
}

/// One visitor's thread with one Page.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) id: String,
    pub(super) page_id: String,
    pub(super) psid: String,
    /// Oldest first.
    pub(super) messages: Vec<Stored>,
    pub(super) updated_at_ms: u64,
    /// The visitor's last action that opens the 24-hour window.
    pub(super) opened_at_ms: Option<u64>,
    pub(super) owner: ThreadOwner,
    pub(super) has_blocked_page: bool,
}

/// One message of a conversation, whichever way it went.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) mid: String,
    pub(super) at_ms: u64,
    pub(super) is_from_page: bool,
    pub(super) text: Option<String>,
    /// In the webhook's form.
    pub(super) attachments: Vec<Value>,
    pub(super) reply_to: Option<String>,
    pub(super) is_deleted: bool,
}

impl State {
    pub(super) fn new(options: GraphOptions, seed: u64, url: String) -> Self {
        let tokens = options
            .pages
            .iter()
            .map(|page| {
                (
                    page.access_token.clone(),
                    (page.id.clone(), TokenState::Valid),
                )
            })
            .collect();
        let pages = options.pages.into_iter().map(|page| Page {
            subscribed: page.subscribed_fields.iter().cloned().collect(),
            options: page,
        });
        Self {
            url,
            random: Random::new(seed),
            pages: pages.collect(),
            tokens,
            profiles: BTreeMap::new(),
            conversations: HashMap::new(),
            uploads: BTreeSet::new(),
            ledger: Ledger::default(),
            faults: Faults::default(),
            queue: Queue::new(options.webhooks),
            habits: options.habits,
        }
    }

    /// Makes a message id in Meta's form.
    pub(super) fn new_mid(&mut self) -> String {
        format!("m_{}", self.random.token(86))
    }

    pub(super) fn find_page(&self, page_id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.options.id == page_id)
    }

    pub(super) fn find_page_mut(&mut self, page_id: &str) -> Option<&mut Page> {
        self.pages
            .iter_mut()
            .find(|page| page.options.id == page_id)
    }

    pub(super) fn load_page(&self, page_id: &str) -> Result<&Page, GraphError> {
        self.find_page(page_id)
            .ok_or_else(|| GraphError::named("object_missing"))
    }

    pub(super) fn find_app_secret(&self, app_id: &str) -> Option<&str> {
        let mut pages = self.pages.iter();
        pages
            .find(|page| page.options.app_id == app_id)
            .map(|page| page.options.app_secret.as_str())
    }

    pub(super) fn find_conversation(&self, page_id: &str, psid: &str) -> Option<&Conversation> {
        self.conversations
            .get(&(page_id.to_owned(), psid.to_owned()))
    }

    /// Returns the conversation, opening it at the visitor's first word.
    pub(super) fn conversation_mut(&mut self, page_id: &str, psid: &str) -> &mut Conversation {
        let random = &mut self.random;
        self.conversations
            .entry((page_id.to_owned(), psid.to_owned()))
            .or_insert_with(|| Conversation {
                id: format!("t_{}", random.digits(17)),
                page_id: page_id.to_owned(),
                psid: psid.to_owned(),
                messages: Vec::new(),
                updated_at_ms: 0,
                opened_at_ms: None,
                owner: ThreadOwner::Idle,
                has_blocked_page: false,
            })
    }

    pub(super) fn load_conversation(
        &mut self,
        page_id: &str,
        psid: &str,
    ) -> Result<&mut Conversation, GraphError> {
        self.conversations
            .get_mut(&(page_id.to_owned(), psid.to_owned()))
            .ok_or_else(|| GraphError::named("no_matching_user"))
    }
}

impl Conversation {
    pub(super) fn push(&mut self, message: Stored) {
        self.updated_at_ms = self.updated_at_ms.max(message.at_ms);
        self.messages.push(message);
    }

    pub(super) fn find_message(&self, mid: &str) -> Option<&Stored> {
        self.messages.iter().find(|message| message.mid == mid)
    }

    pub(super) fn find_message_mut(&mut self, mid: &str) -> Option<&mut Stored> {
        self.messages.iter_mut().find(|message| message.mid == mid)
    }
}
