//! The simulated number as tests hold it: starting, stopping, what was sent.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::http;
use super::person::{Known, Person};
use crate::clock::Clock;
use crate::form::FormFile;
use crate::meta::signature;
use crate::random::Random;
use crate::waiting::until;

/// Between two tries of an event.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// For an answer.
const WITHIN: Duration = Duration::from_secs(5);

/// The number. All values are invented.
#[derive(Clone, Debug)]
pub struct NumberOptions {
    pub phone_number_id: String,
    pub display_number: String,
    pub waba_id: String,
    pub access_token: String,
    pub app_secret: String,
    /// How often every event is sent, though it was taken.
    pub copies: usize,
}

impl Default for NumberOptions {
    fn default() -> Self {
        Self {
            phone_number_id: "106540352242922".to_owned(),
            display_number: "15550783881".to_owned(),
            waba_id: "102290129340398".to_owned(),
            access_token: "EAAJsimulatedTokenOfASystemUser".to_owned(),
            app_secret: "the app's simulated secret".to_owned(),
            copies: 1,
        }
    }
}

/// What happens to the next reply.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This code, and nothing is done.
    Refuse(i64),
    /// It is taken, and the answer never comes.
    CloseAfter,
    /// It is lost, and so is the answer.
    CloseBefore,
}

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// Its `wamid`.
    pub id: String,
    /// The number or the id that it was sent to.
    pub receiver: String,
    pub text: String,
    /// The whole call.
    pub call: Value,
    /// What it brings, if it is a file.
    pub file: Option<FormFile>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) people: Vec<Known>,
    pub(super) sent: Vec<Sent>,
    pub(super) is_subscribed: bool,
    pub(super) signs: Vec<Value>,
    pub(super) faults: VecDeque<Fault>,
    /// Files by their ids, of both sides.
    pub(super) files: BTreeMap<String, FormFile>,
    callback: Option<String>,
    waiting: VecDeque<Bytes>,
}

pub(super) struct Site {
    pub(super) options: NumberOptions,
    pub(super) url: String,
    pub(super) changed: Notify,
    pub(super) clock: Clock,
    client: reqwest::Client,
    random: Mutex<Random>,
    state: Mutex<State>,
}

impl Site {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn new_id(&self) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        format!("wamid.HBgL{}AA==", random.token(44))
    }

    /// Keeps a file; returns its id.
    pub(super) fn keep(&self, file: FormFile) -> String {
        let id = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            random.digits(16)
        };
        self.lock().files.insert(id.clone(), file);
        id
    }

    /// Files a body, as often as every event is sent.
    pub(super) fn push(&self, body: &Bytes) {
        let mut state = self.lock();
        for _ in 0..self.options.copies.max(1) {
            state.waiting.push_back(body.clone());
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Asks an address whether it is ours, and sends events there from now on.
    pub(super) async fn set_callback(&self, url: &str, verify_token: &str) -> Result<(), String> {
        let challenge = "1158201444";
        let query = [
            ("hub.mode", "subscribe"),
            ("hub.verify_token", verify_token),
            ("hub.challenge", challenge),
        ];
        let asked = self.client.get(url).query(&query).send().await;
        let answer = asked.map_err(|error| error.to_string())?;
        let body = answer.text().await.map_err(|error| error.to_string())?;
        if body != challenge {
            return Err(format!("the address answered {body:?}"));
        }
        self.lock().callback = Some(url.to_owned());
        self.changed.notify_waiters();
        Ok(())
    }

    async fn post(&self, url: &str, body: Bytes) -> Option<u16> {
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header(
                "x-hub-signature-256",
                signature(&self.options.app_secret, &body),
            )
            .timeout(WITHIN)
            .body(body);
        Some(request.send().await.ok()?.status().as_u16())
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool, deadline: Instant) -> bool {
        until(&self.changed, deadline, || is_so(&self.lock())).await
    }

    async fn call_for_ever(&self) {
        loop {
            let deadline = Instant::now() + Duration::from_secs(1);
            let has_work = |state: &State| {
                state.callback.is_some() && state.is_subscribed && !state.waiting.is_empty()
            };
            if !self.until(has_work, deadline).await {
                continue;
            }
            let next = {
                let state = self.lock();
                state.callback.clone().zip(state.waiting.front().cloned())
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

/// A running API with one number.
pub struct Number {
    pub(super) site: Arc<Site>,
    stop_tx: watch::Sender<bool>,
    serving: JoinHandle<()>,
    calling: JoinHandle<()>,
}

impl Number {
    /// Starts on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// No port, or no HTTP client.
    pub async fn start(options: NumberOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let client = reqwest::Client::builder().no_proxy().build();
        let clock = Clock::default();
        let site = Arc::new(Site {
            options,
            url,
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
            stop_tx,
            serving,
            calling,
        })
    }

    /// The channel's `api_url`.
    pub fn url(&self) -> &str {
        &self.site.url
    }

    /// What it was started with.
    pub fn options(&self) -> &NumberOptions {
        &self.site.options
    }

    /// Sets where events go, as an admin does at Meta by hand: asked first whether it knows the token.
    ///
    /// # Errors
    ///
    /// In words: nobody there, or it does not give the challenge back.
    pub async fn set_callback(&self, url: &str, verify_token: &str) -> Result<(), String> {
        self.site.set_callback(url, verify_token).await
    }

    /// Whether the application is subscribed to the account: nothing comes before.
    pub fn is_subscribed(&self) -> bool {
        self.site.lock().is_subscribed
    }

    /// Calls that showed people that their messages were read, or that somebody writes.
    pub fn signs(&self) -> Vec<Value> {
        self.site.lock().signs.clone()
    }

    /// Returns somebody who can write to the number.
    pub fn person(&self, phone: &str, id: &str, name: &str) -> Person {
        Person::new(&self.site, phone, id, name)
    }

    /// Puts a fault in the way of the next reply.
    pub fn inject(&self, fault: Fault) {
        self.site.lock().faults.push_back(fault);
    }

    /// Moves the platform's clock forward: windows close.
    pub fn advance(&self, by: Duration) {
        self.site.clock.advance(by);
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
            tracing::warn!(%fault, "the Cloud API did not end well");
        }
    }
}
