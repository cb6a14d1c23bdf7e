//! The simulated server as tests and the demo hold it: starting, stopping, people who write, what they got.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::state::{Fault, Sent, State};
use super::{hooks, http};
use crate::clock::Clock;
use crate::picture::PICTURE;
use crate::waiting::until;

/// The bot. All values are invented.
#[derive(Clone, Debug)]
pub struct BotOptions {
    pub id: i64,
    /// What follows the id in the token.
    pub secret: String,
    pub name: String,
    /// Before a callback that failed is called again; doubled each time.
    pub retry_after: Duration,
}

impl Default for BotOptions {
    fn default() -> Self {
        Self {
            id: 6_000_000_002,
            secret: "AAsimulatedSimulatedSimulatedBot_00".to_owned(),
            name: "Acme Desk".to_owned(),
            retry_after: Duration::from_millis(50),
        }
    }
}

pub(super) struct Site {
    pub(super) options: BotOptions,
    pub(super) clock: Clock,
    pub(super) client: reqwest::Client,
    /// Rung at every change.
    pub(super) changed: Notify,
    state: Mutex<State>,
}

impl Site {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn token(&self) -> String {
        format!("{}:{}", self.options.id, self.options.secret)
    }

    /// Whole seconds, as Telegram has them.
    pub(super) fn now(&self) -> i64 {
        i64::try_from(self.clock.now_ms() / 1000).unwrap_or(i64::MAX)
    }

    pub(super) fn me(&self) -> Value {
        json!({ "id": self.options.id, "is_bot": true, "first_name": self.options.name, "username": "acme_desk_bot" })
    }

    pub(super) async fn until(&self, is_so: impl Fn(&State) -> bool, deadline: Instant) -> bool {
        until(&self.changed, deadline, || is_so(&self.lock())).await
    }
}

/// A running server with one bot.
pub struct BotApi {
    site: Arc<Site>,
    url: String,
    stop_tx: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl BotApi {
    /// Starts on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// No port, or no HTTP client.
    pub async fn start(options: BotOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let client = reqwest::Client::builder().no_proxy().build();
        let site = Arc::new(Site {
            options,
            clock: Clock::default(),
            client: client.map_err(io::Error::other)?,
            changed: Notify::new(),
            state: Mutex::default(),
        });
        let (stop_tx, stopping) = watch::channel(false);
        let serving = tokio::spawn(http::serve(site.clone(), listener, stopping.clone()));
        let calling = tokio::spawn(hooks::run(site.clone(), stopping));
        Ok(Self {
            site,
            url,
            stop_tx,
            tasks: vec![serving, calling],
        })
    }

    /// The channel's `api_url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The channel's `token`.
    pub fn token(&self) -> String {
        self.site.token()
    }

    /// Returns somebody who can write to the bot.
    pub fn person(&self, id: i64, first_name: &str, last_name: &str) -> Person {
        self.people().person(id, first_name, last_name)
    }

    /// Returns the door through which people come.
    pub fn people(&self) -> People {
        People {
            site: self.site.clone(),
        }
    }

    /// Tells of every message that goes out from now on.
    pub fn follow_sent(&self) -> mpsc::UnboundedReceiver<Sent> {
        let (sent_tx, sent_rx) = mpsc::unbounded_channel();
        self.site.lock().followers.push(sent_tx);
        sent_rx
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

    /// How often a method was called.
    pub fn calls(&self, method: &str) -> usize {
        self.site.lock().calls.get(method).copied().unwrap_or(0)
    }

    /// What people got, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.site.lock().sent.clone()
    }

    /// Waits for so many messages, and no longer than this.
    pub async fn wait_for_sent(&self, count: usize, within: Duration) -> Vec<Sent> {
        let deadline = Instant::now() + within;
        self.site
            .until(|state| state.sent.len() >= count, deadline)
            .await;
        self.sent()
    }

    /// Waits until nobody's words wait for the relay; false: they still do.
    pub async fn wait_until_taken(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        self.site
            .until(|state| state.updates.is_empty(), deadline)
            .await
    }

    /// Says where an address that only the public can reach is on this machine.
    pub fn resolve(&self, public: &str, here: &str) {
        self.site.lock().places.add(public, here);
    }

    /// Where updates are sent, if they are.
    pub fn hook(&self) -> Option<String> {
        self.site.lock().hook.as_ref().map(|hook| hook.url.clone())
    }

    /// Keeps a file that messages can name by its `file_id`.
    pub fn keep_file(&self, file_id: &str, path: &str, bytes: impl Into<Bytes>) {
        let file = (path.to_owned(), bytes.into());
        self.site.lock().files.insert(file_id.to_owned(), file);
    }

    /// Stops, and closes every connection.
    pub async fn stop(self) {
        self.stop_tx.send_replace(true);
        for task in self.tasks {
            if let Err(fault) = task.await {
                tracing::warn!(%fault, "a part of the bot server did not end well");
            }
        }
    }
}

/// Lets people come to the bot.
#[derive(Clone)]
pub struct People {
    site: Arc<Site>,
}

impl People {
    /// Returns somebody who can write to the bot.
    pub fn person(&self, id: i64, first_name: &str, last_name: &str) -> Person {
        let names = (first_name.to_owned(), last_name.to_owned());
        self.site.lock().people.insert(id, names);
        Person {
            site: self.site.clone(),
            id,
        }
    }
}

impl std::fmt::Debug for People {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("People").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Person").field(&self.id).finish()
    }
}

/// Somebody who writes to the bot.
#[derive(Clone)]
pub struct Person {
    site: Arc<Site>,
    id: i64,
}

impl Person {
    /// Their number.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Writes something; returns the number of the message.
    pub fn writes(&self, text: &str) -> i64 {
        self.sends(json!({ "text": text }))
    }

    /// Sends a message of these members beside the usual ones; returns its number.
    pub fn sends(&self, members: Value) -> i64 {
        let mut state = self.site.lock();
        state.gone.retain(|gone| *gone != self.id);
        state.last_message += 1;
        let number = state.last_message;
        let message = self.message(&state, number, members);
        state.push("message", &message);
        drop(state);
        self.site.changed.notify_waiters();
        number
    }

    /// Sends a photo, in the sizes that Telegram makes of it; returns its number in the chat.
    pub fn sends_photo(&self) -> i64 {
        let picture = Bytes::from_static(&PICTURE);
        let size = picture.len();
        let file = ("photos/file_1.png".to_owned(), picture);
        self.site.lock().files.insert("AgACsim".to_owned(), file);
        let of = |file_id: &str, width: u32, height: u32| {
            json!({
                "file_id": file_id, "file_unique_id": format!("AQAD{width}"), "file_size": size,
                "width": width, "height": height,
            })
        };
        self.sends(json!({ "photo": [of("AgACsmall", 90, 67), of("AgACsim", 1280, 960)] }))
    }

    /// Changes a message.
    pub fn edits(&self, number: i64, text: &str) {
        let mut state = self.site.lock();
        let members = json!({ "text": text, "edit_date": self.site.now() });
        let message = self.message(&state, number, members);
        state.push("edited_message", &message);
        drop(state);
        self.site.changed.notify_waiters();
    }

    /// Puts an emoji on a message.
    pub fn reacts(&self, number: i64, emoji: &str) {
        let mut state = self.site.lock();
        let (chat, user) = (state.chat(self.id), state.person(self.id));
        let reaction = json!({
            "chat": chat, "message_id": number, "user": user, "date": self.site.now(),
            "old_reaction": [], "new_reaction": [{ "type": "emoji", "emoji": emoji }],
        });
        state.push("message_reaction", &reaction);
        drop(state);
        self.site.changed.notify_waiters();
    }

    /// Presses a button below a message of the bot's; returns the id of the press, which waits for an answer.
    pub fn presses(&self, data: &str) -> String {
        let mut state = self.site.lock();
        state.last_message += 1;
        let id = format!("2147483648{:07}", state.last_message);
        let below = json!({
            "message_id": state.last_message, "from": self.site.me(), "chat": state.chat(self.id),
            "date": self.site.now(), "text": "?",
        });
        let press = json!({
            "id": id, "from": state.person(self.id), "message": below, "chat_instance": "-34", "data": data,
        });
        state.push("callback_query", &press);
        drop(state);
        self.site.changed.notify_waiters();
        id
    }

    /// Stops the bot: nothing reaches them any more.
    pub fn blocks(&self) {
        let mut state = self.site.lock();
        state.gone.push(self.id);
        let (chat, user) = (state.chat(self.id), state.person(self.id));
        let change = json!({
            "chat": chat, "from": user, "date": self.site.now(),
            "old_chat_member": { "user": self.site.me(), "status": "member" },
            "new_chat_member": { "user": self.site.me(), "status": "kicked", "until_date": 0 },
        });
        state.push("my_chat_member", &change);
        drop(state);
        self.site.changed.notify_waiters();
    }

    fn message(&self, state: &State, number: i64, members: Value) -> Value {
        let mut message = json!({
            "message_id": number, "from": state.person(self.id), "chat": state.chat(self.id),
            "date": self.site.now(),
        });
        if let (Some(message), Value::Object(members)) = (message.as_object_mut(), members) {
            message.extend(members);
        }
        message
    }
}
