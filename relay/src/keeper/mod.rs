//! Looks after the channels: do they still deliver to us, what did we miss, who are the visitors, what do they see of us.
//! Nothing here holds a message back.

mod profiles;
mod signals;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;

use shared::model::{ChannelId, ChannelState, Timestamp};

use crate::channels::registry::Registry;
use crate::channels::{Channel, Inbound};
use crate::clock::Clock;
use crate::outbox::Health;
use crate::store::Store;

pub use profiles::{ProfileTaker, Profiles};
pub use signals::Signals;

/// A working link is looked at so often (meta.md 2.3) …
const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// … a broken one so often …
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// … and one whose config has just changed at once, after letting the rest start.
const FIRST_LOOK_AFTER: Duration = Duration::from_millis(200);
/// While a channel works, the place to catch up from moves on so often.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// Caught up twice rather than not at all: clocks differ, and what was under way was not counted.
const OVERLAP: Duration = Duration::from_secs(300);
/// No further back than this (CH-15).
const REACH: Duration = Duration::from_secs(86_400);
/// An admin is not told more often (CH-24).
const ALERT_EVERY: Duration = Duration::from_secs(1800);

/// Takes in what was missed.
#[async_trait]
pub trait Catcher: Send + Sync {
    /// Takes in events that a channel found by asking; repeats are harmless.
    ///
    /// # Errors
    ///
    /// Not all were taken; ask again later.
    async fn take_inbound(
        &self,
        channel: &ChannelId,
        inbound: Vec<Inbound>,
    ) -> Result<(), CatchError>;
    /// An admin should know that a channel does not work.
    fn alert(&self, channel: &ChannelId, reason: &str);
}

/// What was missed could not be taken in.
#[derive(Debug, thiserror::Error)]
#[error("could not take in what was missed")]
pub struct CatchError(#[source] pub anyhow::Error);

/// Looks after one channel.
#[derive(Clone)]
pub struct Keeper {
    /// Which.
    pub channel: ChannelId,
    /// How to reach it.
    pub registry: Registry,
    /// For bookmarks.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where its state is told.
    pub health: Arc<Health>,
    /// Who takes in what was missed.
    pub catcher: Arc<dyn Catcher>,
}

impl Keeper {
    /// Keeps until told to stop.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut health = self.health.watch(&self.channel);
        let mut look_at = Instant::now() + FIRST_LOOK_AFTER;
        let mut bookmark_at = look_at + BOOKMARK_EVERY;
        let mut alerted_at: Option<Instant> = None;
        while !*stopping.borrow() {
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(look_at) => look_at = Instant::now() + self.look().await,
                () = tokio::time::sleep_until(bookmark_at) => {
                    bookmark_at = Instant::now() + BOOKMARK_EVERY;
                    if *health.borrow() == ChannelState::Working {
                        self.set_bookmark(self.clock.now()).await;
                    }
                }
                changed = health.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let state = health.borrow_and_update().clone();
                    if let ChannelState::Broken { reason } = state {
                        // Somebody was refused: look soon whether that has passed.
                        look_at = look_at.min(Instant::now() + LOOK_AGAIN_AFTER);
                        self.alert(&reason, &mut alerted_at);
                    }
                }
                _ = stopping.changed() => {}
            }
        }
    }

    fn alert(&self, reason: &str, alerted_at: &mut Option<Instant>) {
        tracing::error!(channel = %self.channel, reason, "the channel does not work; replies wait");
        if alerted_at.is_none_or(|at| at.elapsed() >= ALERT_EVERY) {
            *alerted_at = Some(Instant::now());
            self.catcher.alert(&self.channel, reason);
        }
    }

    /// Looks at the link, and catches up when it works. Returns when to look again.
    async fn look(&self) -> Duration {
        let Some(channel) = self.registry.find(&self.channel) else {
            return LOOK_EVERY;
        };
        match channel.check_link().await {
            Ok(()) => {
                let is_caught_up = self.catch_up(&channel).await;
                if self.health.note(&self.channel, &ChannelState::Working) {
                    tracing::info!(channel = %self.channel, "the channel works");
                }
                if is_caught_up {
                    LOOK_EVERY
                } else {
                    LOOK_AGAIN_AFTER
                }
            }
            Err(fault) if fault.is_passing => {
                tracing::warn!(channel = %self.channel, reason = %fault.reason, "could not look at the link");
                LOOK_AGAIN_AFTER
            }
            Err(fault) => {
                self.health.note(
                    &self.channel,
                    &ChannelState::Broken {
                        reason: fault.reason,
                    },
                );
                LOOK_AGAIN_AFTER
            }
        }
    }

    /// Asks for what was said since the bookmark. The very first start begins now: nothing old is brought in.
    async fn catch_up(&self, channel: &Arc<dyn Channel>) -> bool {
        let now = self.clock.now();
        let name = self.bookmark_name();
        let since = match self.store.bookmark(&name).await {
            Ok(Some(text)) => text.parse().ok().map(Timestamp),
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not read a bookmark"
                );
                return false;
            }
        };
        let Some(since) = since else {
            self.set_bookmark(now).await;
            return true;
        };
        let since = since.minus(OVERLAP).max(now.minus(REACH));
        let inbound = match channel.catch_up(since).await {
            Ok(inbound) => inbound,
            Err(error) => {
                tracing::warn!(channel = %self.channel, %error, "could not ask for what was missed");
                return false;
            }
        };
        let count = inbound.len();
        match self.catcher.take_inbound(&self.channel, inbound).await {
            Ok(()) => {
                tracing::info!(channel = %self.channel, count, "caught up");
                self.set_bookmark(now).await;
                true
            }
            Err(error) => {
                tracing::warn!(channel = %self.channel, error = &error as &dyn std::error::Error, "not caught up");
                false
            }
        }
    }

    async fn set_bookmark(&self, now: Timestamp) {
        if let Err(error) = self
            .store
            .set_bookmark(&self.bookmark_name(), &now.0.to_string())
            .await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not move a bookmark"
            );
        }
    }

    fn bookmark_name(&self) -> String {
        format!("caught_up:{}", self.channel)
    }
}
