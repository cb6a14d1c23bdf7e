//! The simulated Graph as tests and the demo hold it: starting, stopping, its clock, waiting. The endpoints live elsewhere.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, timeout_at};

use super::ledger::SentMessage;
use super::queue::WebhookCounts;
use super::state::State;
use super::webhooks::WebhookOptions;
use super::{http, webhooks};
use crate::clock::Clock;

/// The Page fields a relay needs (Meta: *Page Reference*, `subscribed_apps`); the default subscription of a Page.
pub const PAGE_FIELDS: &[&str] = &[
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "standby",
    "messaging_policy_enforcement",
    "messaging_customer_information",
];

/// One Page and the app it is connected to. All values are invented.
#[derive(Clone)]
pub struct PageOptions {
    pub id: String,
    pub name: String,
    /// Sent in echoes as a number, so digits only.
    pub app_id: String,
    pub app_secret: String,
    pub access_token: String,
    /// Fields the Page delivers before anyone calls `subscribed_apps`; empty = not subscribed.
    pub subscribed_fields: Vec<String>,
    /// Whether the Human Agent feature was granted (the 7-day tag).
    pub has_human_agent: bool,
    /// Whether `take_thread_control` is allowed.
    pub may_take_threads: bool,
}

impl std::fmt::Debug for PageOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PageOptions")
            .field("id", &self.id)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

impl Default for PageOptions {
    fn default() -> Self {
        Self {
            id: "104820093344556".into(),
            name: "Acme Ltd".into(),
            app_id: "1029384756102938".into(),
            app_secret: "0123456789abcdef0123456789abcdef".into(),
            access_token: "EAASimulatedPageToken".into(),
            subscribed_fields: PAGE_FIELDS.iter().map(|&field| field.to_owned()).collect(),
            has_human_agent: false,
            may_take_threads: true,
        }
    }
}

/// When the echo of a sent message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoTiming {
    Never,
    /// The webhook is answered before the Send API call is.
    BeforeAnswer,
    After(Duration),
}

/// What follows a send by itself.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    pub echo: EchoTiming,
    pub delivered_after: Option<Duration>,
    pub read_after: Option<Duration>,
}

impl Default for Habits {
    /// Echo at once, delivery shortly after, no read receipt.
    fn default() -> Self {
        Self {
            echo: EchoTiming::After(Duration::ZERO),
            delivered_after: Some(Duration::from_millis(40)),
            read_after: None,
        }
    }
}

/// How a Graph starts.
#[derive(Clone, Debug)]
pub struct GraphOptions {
    pub pages: Vec<PageOptions>,
    pub webhooks: WebhookOptions,
    pub habits: Habits,
    pub clock: Clock,
    /// Seed of all ids. Without it ids differ from run to run, so that two Graphs never repeat each other's mids.
    pub seed: Option<u64>,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            pages: vec![PageOptions::default()],
            webhooks: WebhookOptions::default(),
            habits: Habits::default(),
            clock: Clock::default(),
            seed: None,
        }
    }
}

/// Why a Graph could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("could not listen on 127.0.0.1")]
    Listen(#[source] std::io::Error),
    #[error("could not build the webhook sender")]
    Client(#[source] reqwest::Error),
    #[error("no Page was given")]
    NoPage,
}

/// A condition that did not come true in time, with what was there instead.
#[derive(Debug, thiserror::Error)]
#[error(
    "waited {waited:?} in vain; sent: {sent}, webhooks: {webhooks:?}, faults injected: {injected}"
)]
pub struct TimedOut {
    waited: Duration,
    sent: usize,
    webhooks: WebhookCounts,
    injected: u64,
}

/// A running Graph. Clones share it; it stops when the last clone is dropped or at [`Graph::stop`].
#[derive(Clone, Debug)]
pub struct Graph {
    pub(super) site: Arc<Site>,
    tasks: Arc<Tasks>,
}

/// What the server, the webhook sender and the handles share.
pub(super) struct Site {
    pub(super) url: String,
    pub(super) clock: Clock,
    pub(super) client: reqwest::Client,
    pub(super) webhook_options: WebhookOptions,
    /// Wakes the webhook sender.
    pub(super) queued: Notify,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl std::fmt::Debug for Site {
    /// Leaves the state out: it holds tokens and app secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Site")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Site {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everyone who waits, and the webhook sender, that something happened.
    pub(super) fn touch(&self) {
        self.changed.send_replace(());
        self.queued.notify_one();
    }
}

/// The tasks of one Graph; dropping them ends them and every open connection.
#[derive(Debug)]
struct Tasks {
    stopping: watch::Sender<bool>,
    running: Mutex<Vec<JoinHandle<()>>>,
    aborts: Vec<AbortHandle>,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for abort in &self.aborts {
            abort.abort();
        }
    }
}

impl Graph {
    /// Starts listening on a free port of 127.0.0.1.
    pub async fn start(options: GraphOptions) -> Result<Self, StartError> {
        if options.pages.is_empty() {
            return Err(StartError::NoPage);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let clock = options.clock.clone();
        let seed = options
            .seed
            .unwrap_or_else(|| clock.now_ms() ^ (u64::from(address.port()) << 48));
        let url = format!("http://{address}");
        let site = Arc::new(Site {
            url: url.clone(),
            client: webhooks::client().map_err(StartError::Client)?,
            webhook_options: options.webhooks.clone(),
            queued: Notify::new(),
            state: Mutex::new(State::new(options, seed, url)),
            changed: watch::Sender::new(()),
            clock,
        });
        let stopping = watch::Sender::new(false);
        let running = vec![
            tokio::spawn(http::serve(
                Arc::clone(&site),
                listener,
                stopping.subscribe(),
            )),
            tokio::spawn(webhooks::run(Arc::clone(&site), stopping.subscribe())),
        ];
        let aborts = running.iter().map(JoinHandle::abort_handle).collect();
        let tasks = Arc::new(Tasks {
            stopping,
            running: Mutex::new(running),
            aborts,
        });
        Ok(Self { site, tasks })
    }

    /// Ends all tasks and waits until they are gone; undelivered webhooks are forgotten.
    pub async fn stop(&self) {
        self.tasks.stopping.send_replace(true);
        let running = std::mem::take(
            &mut *self
                .tasks
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for task in running {
            if let Err(fault) = task.await {
                tracing::warn!(%fault, "a task of the simulated Graph ended badly");
            }
        }
    }

    /// Returns `http://127.0.0.1:PORT`, to be used as the channel's `api_url`.
    pub fn url(&self) -> &str {
        &self.site.url
    }

    /// Returns the clock that windows and timestamps go by.
    pub fn clock(&self) -> &Clock {
        &self.site.clock
    }

    /// Moves the Graph's clock forward, such as past the 24-hour window.
    pub fn advance(&self, by: Duration) {
        self.site.clock.advance(by);
        self.site.touch();
    }

    /// Changes what follows a send by itself.
    pub fn set_habits(&self, habits: Habits) {
        self.site.lock().habits = habits;
    }

    /// Waits until the condition holds; it is looked at again after every call, send and webhook.
    pub async fn wait_for(
        &self,
        condition: impl Fn(&Self) -> bool,
        within: Duration,
    ) -> Result<(), TimedOut> {
        let deadline = Instant::now() + within;
        let mut changes = self.site.changed.subscribe();
        while !condition(self) {
            let is_late = timeout_at(deadline, changes.changed()).await.is_err();
            if is_late && !condition(self) {
                return Err(TimedOut {
                    waited: within,
                    sent: self.sent().len(),
                    webhooks: self.webhooks(),
                    injected: self.injected_in_all(),
                });
            }
        }
        Ok(())
    }

    /// Waits until at least `count` messages went out and returns all of them.
    pub async fn wait_for_sent(
        &self,
        count: usize,
        within: Duration,
    ) -> Result<Vec<SentMessage>, TimedOut> {
        self.wait_for(|graph| graph.sent().len() >= count, within)
            .await?;
        Ok(self.sent())
    }

    /// Waits until no webhook is queued or under way.
    pub async fn wait_until_delivered(&self, within: Duration) -> Result<(), TimedOut> {
        self.wait_for(|graph| graph.webhooks().open == 0, within)
            .await
    }

    /// Returns the id of the first Page, the one most calls mean.
    pub(super) fn first_page_id(&self) -> String {
        let state = self.site.lock();
        state
            .pages
            .first()
            .map(|page| page.options.id.clone())
            .unwrap_or_default()
    }
}
