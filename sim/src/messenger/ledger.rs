//! What the Graph accepted and how often it was called: the evidence tests look at. Records only.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::sync::mpsc;

use super::calls::Endpoint;
use super::graph::Graph;

/// One message that went out to a visitor.
#[derive(Clone, Debug, PartialEq)]
pub struct SentMessage {
    pub page_id: String,
    pub psid: String,
    pub message_id: String,
    /// By the Graph's clock, in milliseconds.
    pub at_ms: u64,
    pub text: Option<String>,
    /// In the webhook's form; several for `attachments`.
    pub attachments: Vec<Value>,
    pub metadata: Option<String>,
    pub messaging_type: Option<String>,
    pub tag: Option<String>,
    /// The mid answered to.
    pub reply_to: Option<String>,
    pub quick_replies: Vec<Value>,
}

/// One accepted `sender_action`.
#[derive(Clone, Debug, PartialEq)]
pub struct SenderAction {
    pub page_id: String,
    pub psid: String,
    /// `typing_on`, `typing_off`, `mark_seen`, `react` or `unreact`.
    pub action: String,
    pub payload: Option<Value>,
    pub at_ms: u64,
}

/// The records of one Graph.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sent: Vec<SentMessage>,
    actions: Vec<SenderAction>,
    calls: BTreeMap<Endpoint, u64>,
    messages_under_way: BTreeMap<String, u32>,
    most_under_way: u32,
    followers: Vec<mpsc::UnboundedSender<SentMessage>>,
}

impl Ledger {
    pub(super) fn record_sent(&mut self, message: SentMessage) {
        self.followers
            .retain(|follower| follower.send(message.clone()).is_ok());
        self.sent.push(message);
    }

    pub(super) fn record_action(&mut self, action: SenderAction) {
        self.actions.push(action);
    }

    pub(super) fn begin_message(&mut self, psid: &str) {
        let count = self.messages_under_way.entry(psid.to_owned()).or_default();
        *count += 1;
        self.most_under_way = self.most_under_way.max(*count);
    }

    pub(super) fn end_message(&mut self, psid: &str) {
        if let Some(count) = self.messages_under_way.get_mut(psid) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn record_call(&mut self, endpoint: Endpoint) {
        *self.calls.entry(endpoint).or_default() += 1;
    }
}

impl Graph {
    /// Returns every message that went out, in order, those with a spoiled answer included.
    pub fn sent(&self) -> Vec<SentMessage> {
        self.site.lock().ledger.sent.clone()
    }

    /// Returns every message that went out to one visitor.
    pub fn sent_to(&self, psid: &str) -> Vec<SentMessage> {
        let state = self.site.lock();
        let sent = state.ledger.sent.iter();
        sent.filter(|message| message.psid == psid)
            .cloned()
            .collect()
    }

    /// Returns every accepted typing, seen and reaction call.
    pub fn sender_actions(&self) -> Vec<SenderAction> {
        self.site.lock().ledger.actions.clone()
    }

    /// Returns how often an endpoint was called, refused and spoiled calls included.
    pub fn calls(&self, endpoint: Endpoint) -> u64 {
        self.site
            .lock()
            .ledger
            .calls
            .get(&endpoint)
            .copied()
            .unwrap_or_default()
    }

    /// Returns how many calls that might still send one visitor a message were ever under way at once.
    pub fn most_messages_under_way(&self) -> u32 {
        self.site.lock().ledger.most_under_way
    }

    /// Returns the messages that go out from now on; how scripted visitors hear the operator.
    pub fn follow_sent(&self) -> mpsc::UnboundedReceiver<SentMessage> {
        let (sent_tx, sent_rx) = mpsc::unbounded_channel();
        self.site.lock().ledger.followers.push(sent_tx);
        sent_rx
    }
}
