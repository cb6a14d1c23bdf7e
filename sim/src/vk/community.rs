//! The simulated API as tests hold it: starting, stopping, people who write, what they got.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::http;
use super::state::{Fault, Sent, State};
use crate::clock::Clock;
use crate::form::FormFile;
use crate::sign::hex;
use crate::waiting::until;

/// Between two tries of an event; VK takes ten seconds.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// For an answer.
const WITHIN: Duration = Duration::from_secs(5);
/// For somebody to say where an address is.
const RESOLVED_WITHIN: Duration = Duration::from_secs(5);

/// The community. All values are invented.
#[derive(Clone, Debug)]
pub struct CommunityOptions {
    pub group_id: i64,
    pub token: String,
    /// What it wants to hear when it asks whether an address is ours.
    pub code: String,
    /// Of the token, in VK's bits.
    pub rights: u64,
    /// How often every event is sent, though it was taken.
    pub copies: usize,
}

impl Default for CommunityOptions {
    fn default() -> Self {
        Self {
            group_id: 190_000_001,
            token: "vk1.a.simulated-token".to_owned(),
            code: "0a1b2c3d".to_owned(),
            rights: 397_316,
            copies: 1,
        }
    }
}

pub(super) struct Site {
    pub(super) options: CommunityOptions,
    pub(super) url: String,
    pub(super) changed: Notify,
    clock: Clock,
    client: reqwest::Client,
    state: Mutex<State>,
}

impl Site {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In seconds, as VK tells times.
    pub(super) fn now(&self) -> i64 {
        i64::try_from(self.clock.stamp_ms() / 1000).unwrap_or(0)
    }

    pub(super) async fn until(&self, is_so: impl Fn(&State) -> bool, deadline: Instant) -> bool {
        until(&self.changed, deadline, || is_so(&self.lock())).await
    }

    /// Tells of something, by callback and by long poll.
    pub(super) fn push(&self, state: &mut State, kind: &str, object: &Value) {
        state.place += 1;
        let id = hex(&[state.place.to_be_bytes(), [7; 8]].concat());
        let event = json!({
            "group_id": self.options.group_id, "type": kind, "event_id": id, "v": "5.199", "object": object,
        });
        state.polled.push_back((state.place, event.clone()));
        for _ in 0..self.options.copies.max(1) {
            state.waiting.push_back(event.clone());
        }
        self.changed.notify_waiters();
    }

    /// Asks a callback server whether it is ours.
    pub(super) async fn confirm(&self, id: i64) -> bool {
        let question = json!({ "group_id": self.options.group_id, "type": "confirmation" });
        let answer = self.post(id, question).await;
        answer.is_some_and(|(status, body)| status == 200 && body == self.options.code)
    }

    /// Posts to a callback server; returns status and answer.
    async fn post(&self, id: i64, mut body: Value) -> Option<(u16, String)> {
        let server = self
            .lock()
            .servers
            .iter()
            .find(|server| server.id == id)?
            .clone();
        // A story says where an address is as soon as it knows.
        let deadline = Instant::now() + RESOLVED_WITHIN;
        let is_known = |state: &State| state.places.find(&server.url).is_some();
        self.until(is_known, deadline).await;
        let here = self.lock().places.find(&server.url)?;
        body["secret"] = server.secret.into();
        let request = self.client.post(here).json(&body).timeout(WITHIN);
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }

    /// Whether some server is called, and wants an event of this kind.
    fn wants(state: &State) -> Option<(i64, Value)> {
        let server = state.servers.iter().find(|server| server.status == "ok")?;
        let event = state.waiting.front()?;
        Some((server.id, event.clone()))
    }

    async fn call_for_ever(&self) {
        loop {
            let deadline = Instant::now() + Duration::from_secs(1);
            if !self
                .until(|state| Self::wants(state).is_some(), deadline)
                .await
            {
                continue;
            }
            let next = Self::wants(&self.lock());
            let Some((id, event)) = next else { continue };
            let is_wanted = {
                let state = self.lock();
                let kind = event["type"].as_str().unwrap_or_default();
                let server = state.servers.iter().find(|server| server.id == id);
                server.is_some_and(|server| server.events.get(kind) == Some(&1))
            };
            let is_taken = !is_wanted
                || self
                    .post(id, event)
                    .await
                    .is_some_and(|(status, body)| status == 200 && body == "ok");
            if is_taken {
                self.lock().waiting.pop_front();
            } else {
                sleep(RETRY_AFTER).await;
            }
            self.changed.notify_waiters();
        }
    }
}

/// A running API with one community.
pub struct Community {
    site: Arc<Site>,
    stop_tx: watch::Sender<bool>,
    serving: JoinHandle<()>,
    calling: JoinHandle<()>,
}

impl Community {
    /// Starts on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// No port, or no HTTP client.
    pub async fn start(options: CommunityOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let client = reqwest::Client::builder().no_proxy().build();
        let site = Arc::new(Site {
            options,
            url,
            changed: Notify::new(),
            clock: Clock::default(),
            client: client.map_err(io::Error::other)?,
            state: Mutex::default(),
        });
        let (stop_tx, stopping) = watch::channel(false);
        let serving = tokio::spawn(http::serve(site.clone(), listener, stopping));
        let caller = site.clone();
        let calling = tokio::spawn(async move { caller.call_for_ever().await });
        Ok(Self {
            site,
            stop_tx,
            serving,
            calling,
        })
    }

    /// The channel's `api_url`.
    pub fn url(&self) -> &str {
        &self.site.url
    }

    /// The channel's `access_token`.
    pub fn token(&self) -> &str {
        &self.site.options.token
    }

    /// Returns somebody who can write to the community.
    pub fn person(&self, id: i64, first_name: &str, last_name: &str) -> Person {
        let name = (first_name.to_owned(), last_name.to_owned());
        self.site.lock().people.insert(id, name);
        Person {
            site: self.site.clone(),
            id,
        }
    }

    /// Says where an address that only the public can reach is on this machine.
    pub fn resolve(&self, public: &str, here: &str) {
        self.site.lock().places.add(public, here);
        self.site.changed.notify_waiters();
    }

    /// Puts a fault in the way of the next call of a method.
    pub fn inject(&self, method: &str, fault: Fault) {
        let mut state = self.site.lock();
        state.faults.push_back((method.to_owned(), fault));
    }

    /// How many faults happened.
    pub fn injected(&self) -> usize {
        self.site.lock().injected
    }

    /// Lets the long poll answer so next: 1, 2 or 3.
    pub fn fail_poll(&self, failure: i64) {
        self.site.lock().poll_failures.push_back(failure);
        self.site.changed.notify_waiters();
    }

    /// Lets the token be dead, or good again.
    pub fn kill_token(&self, is_dead: bool) {
        self.site.lock().is_token_dead = is_dead;
    }

    /// How often a method was called.
    pub fn calls(&self, method: &str) -> usize {
        self.site.lock().calls.get(method).copied().unwrap_or(0)
    }

    /// Whether VK calls that address and everything about messages is told there.
    pub fn is_called(&self, url: &str) -> bool {
        let state = self.site.lock();
        let mut servers = state.servers.iter();
        servers.any(|server| {
            server.url == url
                && server.status == "ok"
                && server.events.get("message_new") == Some(&1)
        })
    }

    /// Files that were brought.
    pub fn uploads(&self) -> Vec<FormFile> {
        self.site.lock().uploads.clone()
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
            tracing::warn!(%fault, "the API did not end well");
        }
    }
}

/// Somebody who writes to the community.
#[derive(Clone)]
pub struct Person {
    site: Arc<Site>,
    id: i64,
}

impl Person {
    /// Writes something; returns its number in the dialog.
    pub fn writes(&self, text: &str) -> i64 {
        self.sends(json!({ "text": text }))
    }

    /// Sends a message; returns its number in the dialog.
    pub fn sends(&self, members: Value) -> i64 {
        let mut message = json!({ "from_id": self.id, "out": 0, "text": "", "random_id": 0 });
        if let (Some(message), Value::Object(members)) = (message.as_object_mut(), members) {
            message.extend(members);
        }
        let at = self.site.now();
        let mut state = self.site.lock();
        let message = state.say(self.id, message, at);
        let client = json!({ "keyboard": true, "inline_keyboard": true, "lang_id": 0 });
        let object = json!({ "message": message, "client_info": client });
        self.site.push(&mut state, "message_new", &object);
        message["conversation_message_id"].as_i64().unwrap_or(0)
    }

    /// Writes something so long that VK tells only its beginning; whoever asks gets the whole.
    pub fn writes_at_length(&self, text: &str, beginning: &str) -> i64 {
        let message = json!({ "from_id": self.id, "out": 0, "text": text, "random_id": 0 });
        let at = self.site.now();
        let mut state = self.site.lock();
        let mut told = state.say(self.id, message, at);
        told["text"] = beginning.into();
        told["is_cropped"] = true.into();
        let number = told["conversation_message_id"].as_i64().unwrap_or(0);
        let object = json!({ "message": told, "client_info": {} });
        self.site.push(&mut state, "message_new", &object);
        number
    }

    /// The community's admin answers in VK itself.
    pub fn is_answered_in_vk(&self, text: &str) {
        let message = json!({
            "from_id": -self.site.options.group_id, "out": 1, "text": text, "random_id": -7,
            "admin_author_id": 700_000_900,
        });
        let at = self.site.now();
        let mut state = self.site.lock();
        let message = state.say(self.id, message, at);
        self.site.push(&mut state, "message_reply", &message);
    }

    /// Presses a button of the community's, which waits for an answer.
    pub fn presses(&self, payload: &Value) {
        let mut state = self.site.lock();
        let object = json!({
            "user_id": self.id, "peer_id": self.id, "event_id": format!("press{}", state.place),
            "payload": payload, "conversation_message_id": 1,
        });
        self.site.push(&mut state, "message_event", &object);
    }

    /// Reads up to a message of ours.
    pub fn reads(&self, number: i64) {
        let object = json!({
            "from_id": self.id, "peer_id": self.id, "read_message_id": 1, "conversation_message_id": number,
        });
        self.site
            .push(&mut self.site.lock(), "message_read", &object);
    }

    /// Denies messages: nothing reaches them any more.
    pub fn denies(&self) {
        let mut state = self.site.lock();
        state.gone.push(self.id);
        self.site
            .push(&mut state, "message_deny", &json!({ "user_id": self.id }));
    }
}
