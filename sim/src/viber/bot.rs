//! The simulated API as tests hold it: starting, stopping, people who write, what they got.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::http;
use crate::clock::Clock;
use crate::places::Places;
use crate::random::Random;
use crate::sign::hmac_hex;
use crate::waiting::until;

/// Between two tries of an event.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// For an answer.
const WITHIN: Duration = Duration::from_secs(5);
/// For somebody to say where an address is.
const RESOLVED_WITHIN: Duration = Duration::from_secs(5);

/// The bot. All values are invented.
#[derive(Clone, Debug)]
pub struct BotOptions {
    pub token: String,
    pub name: String,
    /// How often every event is sent, though it was taken.
    pub copies: usize,
}

impl Default for BotOptions {
    fn default() -> Self {
        Self {
            token: "445da6az1s345z78-simulated-token".to_owned(),
            name: "Acme Desk".to_owned(),
            copies: 1,
        }
    }
}

/// A message that somebody got.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub receiver: String,
    pub text: String,
    /// Its `message_token`.
    pub token: u64,
    /// The whole call.
    pub call: Value,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) names: BTreeMap<String, String>,
    /// People who may be written to.
    pub(super) subscribed: Vec<String>,
    pub(super) sent: Vec<Sent>,
    pub(super) webhook: Option<String>,
    pub(super) event_types: Vec<Value>,
    /// Status numbers for the next calls of a method.
    pub(super) refusals: VecDeque<(String, i64)>,
    waiting: VecDeque<String>,
    places: Places,
}

pub(super) struct Site {
    pub(super) options: BotOptions,
    pub(super) changed: Notify,
    clock: Clock,
    client: reqwest::Client,
    random: Mutex<Random>,
    state: Mutex<State>,
}

impl Site {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers beyond 2^53, as Viber's are.
    pub(super) fn new_token(&self) -> u64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        (1 << 62) | (random.next() >> 2)
    }

    pub(super) fn event(&self, name: &str, token: u64, members: Value) -> Value {
        let mut event =
            json!({ "event": name, "timestamp": self.clock.stamp_ms(), "message_token": token });
        if let (Some(event), Value::Object(members)) = (event.as_object_mut(), members) {
            event.extend(members);
        }
        event
    }

    fn push(&self, event: &Value) {
        let mut state = self.lock();
        for _ in 0..self.options.copies.max(1) {
            state.waiting.push_back(event.to_string());
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Sends one event; returns the HTTP status, or nothing when nobody answered.
    pub(super) async fn post(&self, url: &str, body: String) -> Option<u16> {
        // A story says where an address is as soon as it knows.
        let deadline = Instant::now() + RESOLVED_WITHIN;
        let is_known = |state: &State| url.starts_with("http:") || state.places.find(url).is_some();
        if !self.until(is_known, deadline).await {
            return None;
        }
        let here = self
            .lock()
            .places
            .find(url)
            .unwrap_or_else(|| url.to_owned());
        let signature = hmac_hex(&self.options.token, body.as_bytes());
        let request = self
            .client
            .post(here)
            .header("content-type", "application/json")
            .header("x-viber-content-signature", signature)
            .timeout(WITHIN)
            .body(Bytes::from(body));
        Some(request.send().await.ok()?.status().as_u16())
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool, deadline: Instant) -> bool {
        until(&self.changed, deadline, || is_so(&self.lock())).await
    }

    async fn call_for_ever(&self) {
        loop {
            let deadline = Instant::now() + Duration::from_secs(1);
            let has_work = |state: &State| state.webhook.is_some() && !state.waiting.is_empty();
            if !self.until(has_work, deadline).await {
                continue;
            }
            let next = {
                let state = self.lock();
                state.webhook.clone().zip(state.waiting.front().cloned())
            };
            let Some((url, body)) = next else { continue };
            if self.post(&url, body).await == Some(200) {
                self.lock().waiting.pop_front();
            } else {
                sleep(RETRY_AFTER).await;
            }
            self.changed.notify_waiters();
        }
    }
}

/// A running API with one bot.
pub struct Bot {
    site: Arc<Site>,
    url: String,
    stop_tx: watch::Sender<bool>,
    serving: JoinHandle<()>,
    calling: JoinHandle<()>,
}

impl Bot {
    /// Starts on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// No port, or no HTTP client.
    pub async fn start(options: BotOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let client = reqwest::Client::builder().no_proxy().build();
        let clock = Clock::default();
        let site = Arc::new(Site {
            options,
            changed: Notify::new(),
            client: client.map_err(io::Error::other)?,
            random: Mutex::new(Random::new(clock.now_ms())),
            clock,
            state: Mutex::default(),
        });
        let (stop_tx, stopping) = watch::channel(false);
        let serving = tokio::spawn(http::serve(site.clone(), listener, stopping));
        let caller = site.clone();
        let calling = tokio::spawn(async move { caller.call_for_ever().await });
        Ok(Self {
            site,
            url,
            stop_tx,
            serving,
            calling,
        })
    }

    /// The channel's `api_url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The channel's `token`.
    pub fn token(&self) -> &str {
        &self.site.options.token
    }

    /// Returns somebody who can write to the bot.
    pub fn person(&self, id: &str, name: &str) -> Person {
        self.site
            .lock()
            .names
            .insert(id.to_owned(), name.to_owned());
        Person {
            site: self.site.clone(),
            id: id.to_owned(),
        }
    }

    /// Says where an address that only the public can reach is on this machine.
    pub fn resolve(&self, public: &str, here: &str) {
        self.site.lock().places.add(public, here);
        self.site.changed.notify_waiters();
    }

    /// Refuses the next call of a method with this number.
    pub fn refuse(&self, method: &str, status: i64) {
        let mut state = self.site.lock();
        state.refusals.push_back((method.to_owned(), status));
    }

    /// Fetches what a message names, as Viber does: no cookies, no session.
    ///
    /// # Errors
    ///
    /// Nobody answers there.
    pub async fn fetch(&self, media: &str) -> Result<(u16, Bytes), reqwest::Error> {
        let here = self.site.lock().places.find(media);
        let here = here.unwrap_or_else(|| media.to_owned());
        let answer = self.site.client.get(here).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await?))
    }

    /// Where events are sent, if they are.
    pub fn webhook(&self) -> Option<String> {
        self.site.lock().webhook.clone()
    }

    /// Waits for so many messages, and no longer than this.
    pub async fn wait_for_sent(&self, count: usize, within: Duration) -> Vec<Sent> {
        let deadline = Instant::now() + within;
        self.site
            .until(|state| state.sent.len() >= count, deadline)
            .await;
        self.site.lock().sent.clone()
    }

    /// Stops, and closes every connection.
    pub async fn stop(self) {
        self.calling.abort();
        self.stop_tx.send_replace(true);
        if let Err(fault) = self.serving.await {
            tracing::warn!(%fault, "the bot API did not end well");
        }
    }
}

/// Somebody who writes to the bot.
#[derive(Clone)]
pub struct Person {
    site: Arc<Site>,
    id: String,
}

impl Person {
    /// Writes something.
    pub fn writes(&self, text: &str) {
        self.sends(&json!({ "type": "text", "text": text }));
    }

    /// Sends a message; returns its token.
    pub fn sends(&self, message: &Value) -> u64 {
        let mut state = self.site.lock();
        if !state.subscribed.contains(&self.id) {
            state.subscribed.push(self.id.clone());
        }
        let name = state.names.get(&self.id).cloned().unwrap_or_default();
        drop(state);
        let sender = json!({ "id": self.id, "name": name, "language": "ru", "country": "UA", "api_version": 10 });
        let token = self.site.new_token();
        let members = json!({ "sender": sender, "message": message, "silent": false });
        self.site.push(&self.site.event("message", token, members));
        token
    }

    /// Opens the chat through a link that carries something.
    pub fn opens(&self, context: &str) {
        let members = json!({ "type": "open", "context": context, "user": { "id": self.id }, "subscribed": false });
        let event = self
            .site
            .event("conversation_started", self.site.new_token(), members);
        self.site.push(&event);
    }

    /// Their device has a message, or they saw it.
    pub fn receives(&self, sent: &Sent, is_seen: bool) {
        let name = if is_seen { "seen" } else { "delivered" };
        let event = self
            .site
            .event(name, sent.token, json!({ "user_id": self.id }));
        self.site.push(&event);
    }

    /// Their device could not take a message.
    pub fn fails_to_take(&self, sent: &Sent, why: &str) {
        let members = json!({ "user_id": self.id, "desc": why });
        self.site
            .push(&self.site.event("failed", sent.token, members));
    }

    /// Unsubscribes: nothing reaches them any more.
    pub fn leaves(&self) {
        self.site.lock().subscribed.retain(|id| *id != self.id);
        let members = json!({ "user_id": self.id });
        let event = self
            .site
            .event("unsubscribed", self.site.new_token(), members);
        self.site.push(&event);
    }
}
