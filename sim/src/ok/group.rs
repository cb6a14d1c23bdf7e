//! The simulated API as tests hold it: starting, stopping, people who write, what they got.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::http;
use super::methods::new_message;
use super::state::{Chat, Fault, Sent, State};
use crate::clock::Clock;
use crate::waiting::until;

/// Between two tries of an event.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// For an answer (ok.md 3).
const WITHIN: Duration = Duration::from_secs(5);

/// The group. All values are invented.
#[derive(Clone, Debug)]
pub struct GroupOptions {
    pub token: String,
    pub group_id: String,
    pub name: String,
    /// How often every event is told, though it was taken.
    pub copies: usize,
    /// How an answer calls the id of what was sent, if it tells it: which, is not documented.
    pub names_sent: Option<&'static str>,
    /// Chats on a page, however many are asked for.
    pub chats_at_once: usize,
}

impl Default for GroupOptions {
    fn default() -> Self {
        Self {
            token: "tkn1SimulatedKey:CSIMULATED".to_owned(),
            group_id: "group:70000000000001".to_owned(),
            name: "Acme".to_owned(),
            copies: 1,
            names_sent: Some("message_id"),
            chats_at_once: 100,
        }
    }
}

pub(super) struct Site {
    pub(super) options: GroupOptions,
    pub(super) changed: Notify,
    pub(super) clock: Clock,
    /// Where the server is.
    pub(super) url: String,
    client: reqwest::Client,
    state: Mutex<State>,
}

impl Site {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool, deadline: Instant) -> bool {
        until(&self.changed, deadline, || is_so(&self.lock())).await
    }

    /// Somebody says something in a chat; returns it as it is told.
    fn say(&self, chat: &str, is_groups: bool, message: Map<String, Value>) -> Option<Value> {
        let at = self.clock.stamp_ms();
        let mut state = self.lock();
        let number = state.new_number();
        let chat = state.chat(chat)?;
        let said = new_message(&chat.id, number, is_groups, at, message);
        let event = chat.shown(&said, &Value::Null).into();
        chat.said.push(said);
        Some(event)
    }

    fn tell(&self, kind: &str, mut event: Value) {
        event["webhookType"] = kind.into();
        self.lock().push(&event, self.options.copies);
        self.changed.notify_waiters();
    }

    async fn call_for_ever(&self) {
        loop {
            let deadline = Instant::now() + Duration::from_secs(1);
            if !self
                .until(|state| !state.waiting.is_empty(), deadline)
                .await
            {
                continue;
            }
            let next = self.lock().waiting.front().cloned();
            let Some((url, body)) = next else { continue };
            if self.post(&url, body).await == Some(200) {
                self.lock().waiting.pop_front();
            } else {
                sleep(RETRY_AFTER).await;
            }
            self.changed.notify_waiters();
        }
    }

    /// Returns the HTTP status, or nothing when nobody answered.
    async fn post(&self, url: &str, body: String) -> Option<u16> {
        let here = self.lock().places.find(url)?;
        let request = self
            .client
            .post(here)
            .header("content-type", "application/json;charset=utf-8")
            .timeout(WITHIN)
            .body(body);
        Some(request.send().await.ok()?.status().as_u16())
    }
}

/// A running API with one group.
pub struct Group {
    site: Arc<Site>,
    url: String,
    stop_tx: watch::Sender<bool>,
    serving: JoinHandle<()>,
    calling: JoinHandle<()>,
}

impl Group {
    /// Starts on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// No port, or no HTTP client.
    pub async fn start(options: GroupOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let client = reqwest::Client::builder().no_proxy().build();
        let state = State {
            token: Some(options.token.clone()),
            ..State::default()
        };
        let site = Arc::new(Site {
            options,
            changed: Notify::new(),
            clock: Clock::default(),
            url: url.clone(),
            client: client.map_err(io::Error::other)?,
            state: Mutex::new(state),
        });
        let (stop_tx, stopping) = watch::channel(false);
        let serving = tokio::spawn(http::serve(site.clone(), listener, stopping));
        let caller = site.clone();
        let calling = tokio::spawn(async move { caller.call_for_ever().await });
        Ok(Self {
            site,
            url: format!("{url}/graph"),
            stop_tx,
            serving,
            calling,
        })
    }

    /// The channel's `api_url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The channel's first `access_token`.
    pub fn token(&self) -> &str {
        &self.site.options.token
    }

    /// The channel's `group_id`.
    pub fn id(&self) -> &str {
        &self.site.options.group_id
    }

    /// Returns somebody who can write to the group.
    pub fn person(&self, number: u64, name: &str) -> Person {
        let chat = format!("chat:C{number:x}");
        self.site.lock().chats.push(Chat {
            id: chat.clone(),
            user: format!("user:{number}"),
            name: name.to_owned(),
            is_closed: false,
            said: vec![],
        });
        Person {
            site: self.site.clone(),
            chat,
        }
    }

    /// Says where an address that only the public can reach is on this machine.
    pub fn resolve(&self, public: &str, here: &str) {
        self.site.lock().places.add(public, here);
        self.site.changed.notify_waiters();
    }

    /// The next call of this kind (`info`, `send`, `history` …) goes so.
    pub fn inject(&self, kind: &'static str, fault: Fault) {
        self.site.lock().faults.push_back((kind, fault));
    }

    /// How many faults happened.
    pub fn injected(&self) -> usize {
        self.site.lock().injected
    }

    /// The key dies, or an admin makes a new one, and the old one dies.
    pub fn set_token(&self, token: Option<&str>) {
        self.site.lock().token = token.map(str::to_owned);
    }

    /// Who is called.
    pub fn subscriptions(&self) -> Vec<String> {
        let state = self.site.lock();
        let addresses = state.subscriptions.iter().map(|(_, url)| url.clone());
        addresses.collect()
    }

    /// Somebody else subscribes an address.
    pub fn subscribe(&self, url: &str) {
        let now = self.site.clock.stamp_ms();
        self.site.lock().subscriptions.push((now, url.to_owned()));
    }

    /// After hours without a good answer nobody is called any more, and what waited is lost.
    pub fn give_up_calling(&self) {
        let mut state = self.site.lock();
        state.subscriptions.clear();
        state.waiting.clear();
    }

    /// Waits until everything was told and taken; false: not within this time.
    pub async fn wait_until_taken(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        self.site
            .until(|state| state.waiting.is_empty(), deadline)
            .await
    }

    /// Waits for so many replies, and no longer than this.
    pub async fn wait_for_sent(&self, count: usize, within: Duration) -> Vec<Sent> {
        let deadline = Instant::now() + within;
        self.site
            .until(|state| state.sent.len() >= count, deadline)
            .await;
        self.site.lock().sent.clone()
    }

    /// Signs that people saw: the chat, and which.
    pub fn signs(&self) -> Vec<(String, String)> {
        self.site.lock().signs.clone()
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

/// Somebody who writes to the group.
#[derive(Clone)]
pub struct Person {
    site: Arc<Site>,
    chat: String,
}

impl Person {
    /// Their chat with the group.
    pub fn chat(&self) -> &str {
        &self.chat
    }

    /// Writes something.
    pub fn writes(&self, text: &str) {
        self.sends(json!({ "text": text }));
    }

    /// Sends a message with these members.
    pub fn sends(&self, members: Value) {
        let Value::Object(members) = members else {
            return;
        };
        if let Some(event) = self.site.say(&self.chat, false, members) {
            self.site.tell("MESSAGE_CREATED", event);
        }
    }

    /// A moderator answers in the group's own window: nobody is told (ok.md 3).
    pub fn is_answered(&self, text: &str) {
        let mut members = Map::new();
        members.insert("text".to_owned(), text.into());
        self.site.say(&self.chat, true, members);
    }

    /// Presses a button.
    pub fn presses(&self, payload: &str) {
        let number = self.site.lock().new_number();
        let members = json!({ "callbackId": number.to_string(), "payload": payload });
        self.does("MESSAGE_CALLBACK", members);
    }

    /// Opens the chat through a link that carries something.
    pub fn opens(&self, payload: &str) {
        let members = json!({ "type": "CHAT_STARTED", "payload": payload });
        self.does("CHAT_SYSTEM", members);
    }

    /// Something of another kind happens in their chat.
    pub fn does(&self, kind: &str, members: Value) {
        let at = self.site.clock.stamp_ms();
        let event = self.site.lock().chat(&self.chat).map(|chat| chat.event(at));
        if let (Some(mut event), Value::Object(members)) = (event, members) {
            event.extend(members);
            self.site.tell(kind, event.into());
        }
    }

    /// Does not want to hear from the group any more.
    pub fn closes(&self) {
        if let Some(chat) = self.site.lock().chat(&self.chat) {
            chat.is_closed = true;
        }
    }
}
