//! The webhook sender: posts what `queue` says is due, signed and on time, and lets tests disturb it. Knows no endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::graph::{Graph, Site};
use super::queue::{Delivery, Notice, WebhookCounts};
use super::wire;

/// How webhooks are delivered. The defaults are Meta's five seconds and a few retries, but quicker ones.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// How long the receiver has for its 2xx.
    pub deadline: Duration,
    /// Attempts per body, the first included; then it is given up.
    pub attempts: u32,
    /// Waits before the second attempt, the third and so on; the last one repeats.
    pub backoff: Vec<Duration>,
    /// Bodies under way at once; those of one visitor never overlap.
    pub parallel: usize,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            attempts: 5,
            backoff: [100, 500, 1000, 3000].map(Duration::from_millis).to_vec(),
            parallel: 8,
        }
    }
}

/// In what order held-back events are let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseOrder {
    AsWritten,
    Reversed,
    Shuffled,
}

/// Builds the sender's HTTP client. Callbacks are plain HTTP on this machine, so no roots and no proxy.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// Sends what is due until told to stop.
pub(super) async fn run(site: Arc<Site>, mut stopping: watch::Receiver<bool>) {
    let mut flying = JoinSet::new();
    let parallel = site.webhook_options.parallel.max(1);
    loop {
        while flying.len() < parallel {
            let Some(delivery) = site.lock().queue.take_due(Instant::now()) else {
                break;
            };
            flying.spawn(attempt(Arc::clone(&site), delivery));
        }
        let is_full = flying.len() >= parallel;
        let next_due = site.lock().queue.next_due().filter(|_| !is_full);
        tokio::select! {
            () = site.queued.notified() => {}
            Some(_) = flying.join_next() => {}
            () = sleep_until(next_due.unwrap_or_else(Instant::now)), if next_due.is_some() => {}
            _ = stopping.changed() => break,
        }
    }
    flying.shutdown().await;
}

async fn attempt(site: Arc<Site>, delivery: Delivery) {
    let (callback, header) = {
        let state = site.lock();
        let secret = state
            .find_app_secret(&delivery.parcel.app_id)
            .unwrap_or_default();
        let header = if delivery.is_signed_wrongly {
            wire::signature("not the secret", &delivery.parcel.body)
        } else {
            wire::signature(secret, &delivery.parcel.body)
        };
        (
            state
                .queue
                .find_callback(&delivery.parcel.app_id)
                .map(str::to_owned),
            header,
        )
    };
    let is_acknowledged = match callback {
        Some(url) => post(&site, &url, Some(&header), delivery.parcel.body.clone())
            .await
            .is_ok_and(|status| (200..300).contains(&status)),
        None => false,
    };
    tracing::debug!(
        sequence = delivery.sequence,
        is_acknowledged,
        "webhook attempt"
    );
    site.lock()
        .queue
        .settle(delivery, is_acknowledged, Instant::now());
    site.touch();
}

/// Posts one body and returns the status.
pub(super) async fn post(
    site: &Site,
    url: &str,
    signature: Option<&str>,
    body: Bytes,
) -> Result<u16, reqwest::Error> {
    let mut request = site
        .client
        .post(url)
        .timeout(site.webhook_options.deadline)
        .header("Content-Type", "application/json")
        .header("User-Agent", "facebookexternalua")
        .body(body);
    if let Some(signature) = signature {
        request = request.header("X-Hub-Signature-256", signature);
    }
    request
        .send()
        .await
        .map(|response| response.status().as_u16())
}

impl Graph {
    /// Returns what became of the webhooks so far.
    pub fn webhooks(&self) -> WebhookCounts {
        self.site.lock().queue.counts()
    }

    /// Queues every `every`-th body twice; `None` ends it.
    pub fn duplicate_every(&self, every: Option<u64>) {
        self.site.lock().queue.duplicate_every = every.filter(|every| *every > 0);
    }

    /// Sends the body that carried this mid once more; false when no such body is remembered.
    pub fn repeat_webhook(&self, mid: &str) -> bool {
        let is_known = self.site.lock().queue.repeat(mid);
        self.site.touch();
        is_known
    }

    /// Signs the next `count` bodies with a wrong secret, on all their attempts.
    pub fn sign_wrongly(&self, count: u64) {
        self.site.lock().queue.sign_wrongly = count;
    }

    /// Drops all events while on, as when Meta has disabled the webhooks: only the history keeps the messages.
    pub fn lose_webhooks(&self, is_losing: bool) {
        self.site.lock().queue.is_losing = is_losing;
    }

    /// Holds events back until one of the `release_` calls.
    pub fn hold_webhooks(&self) {
        self.site.lock().queue.held.get_or_insert_default();
    }

    /// Lets held events go, one body each. The order is strict per visitor.
    pub fn release_webhooks(&self, order: ReleaseOrder) {
        for notice in self.take_held(order) {
            self.site.lock().queue.push(&[notice], Instant::now(), None);
        }
        self.site.touch();
    }

    /// Lets held events go in one body per app, as Meta batches.
    pub fn release_webhooks_in_one_body(&self, order: ReleaseOrder) {
        let mut bodies: BTreeMap<String, Vec<Notice>> = BTreeMap::new();
        for notice in self.take_held(order) {
            bodies
                .entry(notice.app_id.clone())
                .or_default()
                .push(notice);
        }
        for notices in bodies.values() {
            self.site.lock().queue.push(notices, Instant::now(), None);
        }
        self.site.touch();
    }

    fn take_held(&self, order: ReleaseOrder) -> Vec<Notice> {
        let mut state = self.site.lock();
        let mut held = state.queue.held.take().unwrap_or_default();
        match order {
            ReleaseOrder::AsWritten => {}
            ReleaseOrder::Reversed => held.reverse(),
            ReleaseOrder::Shuffled => {
                for last in (1..held.len()).rev() {
                    held.swap(last, state.random.below(last + 1));
                }
            }
        }
        held
    }
}
