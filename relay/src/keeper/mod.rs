//! Looks after the channels: do they still deliver to us, what did we miss, who are the visitors, what do they see of us.
//! Nothing here holds a message back.

mod link;
mod profiles;
mod signals;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;

use shared::model::{ChannelId, ChannelState, Timestamp};

use crate::channels::registry::Registry;
use crate::channels::{CatchUpEnd, Channel, Inbound};
use crate::clock::Clock;
use crate::outbox::Health;
use crate::store::{Store, StoreError};

pub use link::{LinkError, Recovered};
pub use profiles::{ProfileTaker, Profiles};
pub use signals::Signals;

/// A working link is looked at so often (meta.md 2.3) …
const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// … a broken one so often …
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// … and one whose config has just changed at once, after letting the rest start.
const FIRST_LOOK_AFTER: Duration = Duration::from_millis(200);
/// A platform that answers may still not deliver (a tunnel is down, a webhook was lost): so often it is asked for what it
/// did not bring. Within what it allows a Page with one visitor (meta.md 11).
const CATCH_UP_EVERY: Duration = Duration::from_secs(900);
/// Caught up twice rather than not at all: a platform may list late what it has.
const OVERLAP: Duration = Duration::from_secs(300);
/// No further back than this before the newest (CH-15).
const REACH: Duration = Duration::from_secs(86_400);
/// For a platform that tells whole seconds.
const SECOND: Duration = Duration::from_secs(1);
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
    /// Completes when something that the platform brought was not taken in: it may not bring it again.
    async fn not_taken(&self, channel: &ChannelId);
    /// Completes when the platform has lost something on the way: what it remembers is asked for at once.
    async fn lost_on_the_way(&self, channel: &ChannelId) {
        // Where nobody is asked instead of calling.
        let _ = channel;
        std::future::pending::<()>().await;
    }
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
        let mut catch_at = look_at + CATCH_UP_EVERY;
        let mut alerted_at: Option<Instant> = None;
        while !*stopping.borrow() {
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(look_at) => {
                    look_at = Instant::now() + self.look().await;
                    catch_at = Instant::now() + CATCH_UP_EVERY;
                }
                () = tokio::time::sleep_until(catch_at) => {
                    catch_at = Instant::now() + self.catch_up_again().await;
                }
                () = self.catcher.not_taken(&self.channel) => {
                    catch_at = catch_at.min(Instant::now() + LOOK_AGAIN_AFTER);
                }
                () = self.catcher.lost_on_the_way(&self.channel) => catch_at = Instant::now(),
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
                changed = stopping.changed() => {
                    // Whoever could tell is gone: that is a stop as well.
                    if changed.is_err() {
                        return;
                    }
                }
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
        let channel = self.registry.find(&self.channel);
        let is_linked = !self.health.is_unlinked(&self.channel);
        let Some(channel) = channel.filter(|_| is_linked) else {
            return LOOK_AGAIN_AFTER;
        };
        let link = channel.check_link().await;
        if self.health.is_unlinked(&self.channel) {
            // An admin took it off while it was looked at, and looking may have put it back.
            self.leave(&channel).await;
            return LOOK_AGAIN_AFTER;
        }
        match link {
            Ok(()) => {
                let is_caught_up = self.catch_up(&channel).await;
                if self.health.note(&self.channel, &ChannelState::Working) {
                    tracing::info!(channel = %self.channel, "the channel works");
                }
                if let Some(rest) = self.health.rests_for(&self.channel) {
                    return rest + SECOND;
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

    async fn leave(&self, channel: &Arc<dyn Channel>) {
        if let Err(fault) = channel.leave().await {
            tracing::warn!(channel = %self.channel, reason = %fault.reason, "the platform could not be told that the channel is unlinked");
        }
    }

    /// Catches up between looks. Returns when to do it again.
    async fn catch_up_again(&self) -> Duration {
        if self.health.is_unlinked(&self.channel) {
            return CATCH_UP_EVERY;
        }
        match self.registry.find(&self.channel) {
            Some(channel) if !self.catch_up(&channel).await => LOOK_AGAIN_AFTER,
            Some(_) | None => CATCH_UP_EVERY,
        }
    }

    /// Asks for what was said since the last time it was asked and answered in full. Only that moves the place to ask
    /// from: what webhooks bring says nothing of what they did not. All by the platform's clock.
    async fn catch_up(&self, channel: &Arc<dyn Channel>) -> bool {
        let asked = match self.asked().await {
            Ok(asked) => asked,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not read a bookmark"
                );
                return false;
            }
        };
        // The very first start begins after what is there: nothing old is brought in.
        let since = asked.unwrap_or(Timestamp(i64::MAX));
        match self.catch_up_since(channel, since, asked).await {
            Caught::All(_) | Caught::TooMuch(_) => true,
            Caught::InPart => false,
        }
    }

    /// Returns since when it was asked the last time; none: it never was.
    async fn asked(&self) -> Result<Option<Timestamp>, StoreError> {
        let text = self.store.bookmark(&self.bookmark_name()).await?;
        Ok(text.and_then(|text| text.parse().ok().map(Timestamp)))
    }

    async fn catch_up_since(
        &self,
        channel: &Arc<dyn Channel>,
        since: Timestamp,
        asked: Option<Timestamp>,
    ) -> Caught {
        let caught = match channel.catch_up(since, REACH).await {
            Ok(caught) => caught,
            Err(error) => {
                tracing::warn!(channel = %self.channel, %error, "could not ask for what was missed");
                return Caught::InPart;
            }
        };
        let count = caught.inbound.len();
        if let Err(error) = self
            .catcher
            .take_inbound(&self.channel, caught.inbound)
            .await
        {
            tracing::warn!(channel = %self.channel, error = &error as &dyn std::error::Error, "not caught up");
            return Caught::InPart;
        }
        let done = match caught.end {
            CatchUpEnd::Reached => {
                tracing::info!(channel = %self.channel, count, "caught up");
                Caught::All(count)
            }
            CatchUpEnd::Interrupted { cause } => {
                tracing::warn!(channel = %self.channel, count, cause, "caught up in part");
                return Caught::InPart;
            }
            CatchUpEnd::TooMuch => {
                tracing::error!(channel = %self.channel, count, "more was missed than can be fetched");
                self.catcher.alert(&self.channel, TOO_MUCH);
                Caught::TooMuch(count)
            }
        };
        let next = next_since(asked, caught.newest, self.clock.now());
        if self.set_bookmark(next).await {
            done
        } else {
            Caught::InPart
        }
    }

    async fn set_bookmark(&self, since: Timestamp) -> bool {
        let done = self
            .store
            .set_bookmark(&self.bookmark_name(), &since.0.to_string())
            .await;
        if let Err(error) = &done {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "could not move a bookmark"
            );
        }
        done.is_ok()
    }

    fn bookmark_name(&self) -> String {
        format!("caught_up:{}", self.channel)
    }
}

/// What became of asking for what was missed, and how many events were told.
enum Caught {
    /// It is all here.
    All(usize),
    /// All that the platform lets us fetch.
    TooMuch(usize),
    /// Ask again.
    InPart,
}

/// What an admin is told when not all that was missed could be fetched.
const TOO_MUCH: &str = "more was missed than the platform lets us fetch: look into the Page's own inbox for older messages";

/// Returns from when on to ask the next time, by the platform's clock.
fn next_since(asked: Option<Timestamp>, newest: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match (asked, newest) {
        (Some(asked), Some(newest)) => asked.max(newest.minus(OVERLAP)),
        (Some(asked), None) => asked,
        // Nobody has ever written: whatever comes is new.
        (None, None) => Timestamp(0),
        // Somebody who writes while we start for the first time is no old matter.
        (None, Some(newest)) if newest.plus(OVERLAP) >= now => newest,
        (None, Some(newest)) => newest.plus(SECOND),
    }
}

#[cfg(test)]
mod tests;
