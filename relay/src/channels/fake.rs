//! A channel that does what a test tells it, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;

use shared::model::{Abilities, PlatformId, Timestamp};

use super::registry::Registry;
use super::{
    Answer, CatchUpEnd, CaughtUp, Channel, FetchError, FileHosts, History, Inbound, LinkFault,
    Outbound, PollError, Polled, Profile, Receipt, Received, Rejected, SendError, Webhook,
};

/// See the module. What is not told is a yes without anything in it.
pub(crate) struct FakeChannel {
    abilities: Abilities,
    account: PlatformId,
    /// Where its files are, if it has any.
    api_url: OnceLock<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sends: VecDeque<Result<Receipt, SendError>>,
    sent: Vec<Outbound>,
    history: History,
    catch_ups: VecDeque<Result<CaughtUp, FetchError>>,
    asked_since: Vec<Timestamp>,
    links: VecDeque<Result<(), LinkFault>>,
    rejects: Option<Rejected>,
    polls: VecDeque<Result<Polled, PollError>>,
    asked_after: Vec<Option<String>>,
}

pub(crate) const CHANNEL: &str = "acme-page";

impl FakeChannel {
    /// Returns a channel with the abilities of a platform that echoes, and a registry with nothing else in it.
    pub(crate) fn registered() -> (Arc<Self>, Registry) {
        let channel = Arc::new(Self {
            abilities: super::messenger::abilities(true),
            account: "104820093344556".into(),
            api_url: OnceLock::new(),
            state: Mutex::default(),
        });
        let registry = Registry::default();
        registry.replace([(CHANNEL.into(), channel.clone() as Arc<dyn Channel>)].into());
        (channel, registry)
    }

    /// Lets its files come from there.
    pub(crate) fn set_api_url(&self, api_url: &str) {
        self.api_url.get_or_init(|| api_url.to_owned());
    }

    pub(crate) fn will_answer(&self, answer: Result<Receipt, SendError>) {
        self.state.lock().unwrap().sends.push_back(answer);
    }

    pub(crate) fn sent(&self) -> Vec<Outbound> {
        self.state.lock().unwrap().sent.clone()
    }

    pub(crate) fn set_history(&self, history: History) {
        self.state.lock().unwrap().history = history;
    }

    pub(crate) fn will_catch_up(&self, found: Result<CaughtUp, FetchError>) {
        self.state.lock().unwrap().catch_ups.push_back(found);
    }

    /// Since when it was asked to catch up, each time.
    pub(crate) fn asked_since(&self) -> Vec<Timestamp> {
        self.state.lock().unwrap().asked_since.clone()
    }

    pub(crate) fn will_find_link(&self, link: Result<(), LinkFault>) {
        self.state.lock().unwrap().links.push_back(link);
    }

    /// Answers a question for what happened; those that are not told of wait for ever.
    pub(crate) fn will_poll(&self, polled: Result<Polled, PollError>) {
        self.state.lock().unwrap().polls.push_back(polled);
    }

    /// After what it was asked, each time.
    pub(crate) fn asked_after(&self) -> Vec<Option<String>> {
        self.state.lock().unwrap().asked_after.clone()
    }

    /// Turns every webhook away from now on.
    pub(crate) fn reject(&self, rejected: Rejected) {
        self.state.lock().unwrap().rejects = Some(rejected);
    }
}

/// Returns a catch-up that found nothing and came to its end.
pub(crate) fn nothing_missed(newest: Option<Timestamp>) -> CaughtUp {
    CaughtUp {
        inbound: vec![],
        newest,
        end: CatchUpEnd::Reached,
    }
}

#[async_trait]
impl Channel for FakeChannel {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        [0; 32]
    }

    fn handshake(&self, _query: &str) -> Result<Answer, Rejected> {
        Err(Rejected::WrongToken)
    }

    fn receive(&self, _webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        if let Some(rejected) = self.state.lock().unwrap().rejects {
            return Err(rejected);
        }
        let body = String::new();
        Ok(Received {
            answer: Answer { body },
            inbound: Vec::<Inbound>::new(),
            unread: vec![],
            ignored: vec![],
        })
    }

    fn message_key(&self, platform_id: &PlatformId) -> String {
        format!("msg:{platform_id}")
    }

    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        let mut state = self.state.lock().unwrap();
        state.sent.push(reply.clone());
        let number = state.sent.len();
        state.sends.pop_front().unwrap_or(Ok(Receipt {
            platform_id: Some(PlatformId(format!("m_ours_{number}"))),
        }))
    }

    async fn profile(&self, _visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        Ok(None)
    }

    async fn history(&self, _visitor: &PlatformId) -> Result<History, FetchError> {
        Ok(self.state.lock().unwrap().history.clone())
    }

    async fn catch_up(&self, since: Timestamp, _reach: Duration) -> Result<CaughtUp, FetchError> {
        let mut state = self.state.lock().unwrap();
        state.asked_since.push(since);
        state
            .catch_ups
            .pop_front()
            .unwrap_or_else(|| Ok(nothing_missed(None)))
    }

    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &["acme.example"],
            api_url: self.api_url.get().map_or("", String::as_str),
        }
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        self.state
            .lock()
            .unwrap()
            .links
            .pop_front()
            .unwrap_or(Ok(()))
    }

    fn is_polled(&self) -> bool {
        true
    }

    async fn poll(&self, after: Option<&str>) -> Result<Polled, PollError> {
        let next = {
            let mut state = self.state.lock().unwrap();
            state.asked_after.push(after.map(str::to_owned));
            state.polls.pop_front()
        };
        match next {
            Some(polled) => polled,
            None => std::future::pending().await,
        }
    }
}
