//! Channels that are asked instead of calling us (CH-09): asks, hands over, and only then moves the place to ask from. A
//! crash between the two asks again, and what was taken already is recognised.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use shared::model::{ChannelId, ChannelState};

use crate::channels::registry::Registry;
use crate::channels::{LinkFault, PollError, Polled, Received};
use crate::keeper::CatchError;
use crate::outbox::Health;
use crate::store::Store;

/// After the first failure; doubled with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// No longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// An admin is not told more often (CH-24).
const ALERT_EVERY: Duration = Duration::from_secs(1800);

/// Takes in what a platform answered.
#[async_trait]
pub trait Taker: Send + Sync {
    /// Takes one update in; repeats are harmless.
    ///
    /// # Errors
    ///
    /// Not on disk: bring it again.
    async fn take_update(
        &self,
        channel: &ChannelId,
        received: Received,
        body: &Bytes,
    ) -> Result<(), CatchError>;
    /// The platform has lost something on the way: it is asked for soon.
    fn missed(&self, channel: &ChannelId);
    /// An admin should know.
    fn alert(&self, channel: &ChannelId, reason: &str);
}

/// Asks for one channel.
#[derive(Clone)]
pub struct Poller {
    /// Which.
    pub channel: ChannelId,
    /// How to reach it.
    pub registry: Registry,
    /// For the place to ask from.
    pub store: Arc<dyn Store>,
    /// Where its state is told.
    pub health: Arc<Health>,
    /// Who takes in what came.
    pub taker: Arc<dyn Taker>,
}

impl Poller {
    /// Asks until told to stop; returns at once where the platform calls us.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let channel = self.registry.find(&self.channel);
        if !channel.is_some_and(|channel| channel.is_polled()) {
            return;
        }
        let mut wait = FIRST_WAIT;
        let mut alerted_at = None;
        let mut health = self.health.watch(&self.channel);
        loop {
            // What happens while it is unlinked, the platform keeps or forgets; relinking asks for it (CH-13, CH-15).
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                _ = health.wait_for(|state| *state != ChannelState::Unlinked) => {}
            }
            let pause = tokio::select! {
                biased;
                // An error means that whoever could tell is gone: that is a stop as well.
                _ = stopping.wait_for(|stopping| *stopping) => return,
                _ = health.wait_for(|state| *state == ChannelState::Unlinked) => Duration::ZERO,
                asked = self.ask_once() => match asked {
                    Ok(()) => {
                        wait = FIRST_WAIT;
                        Duration::ZERO
                    }
                    Err(trouble) => {
                        let pause = self.tell(trouble, wait, &mut alerted_at);
                        wait = (wait * 2).min(LONGEST_WAIT);
                        pause
                    }
                },
            };
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn ask_once(&self) -> Result<(), Trouble> {
        let Some(channel) = self.registry.find(&self.channel) else {
            return Err(Trouble::Gone);
        };
        // Another account behind the same channel counts anew.
        let name = format!("polled:{}:{}", self.channel, channel.account());
        let after = self.store.bookmark(&name).await.map_err(Trouble::own)?;
        let polled = channel.poll(after.as_deref()).await;
        let polled = polled.map_err(Trouble::Platform)?;
        let Polled {
            updates,
            bookmark,
            has_gap,
        } = polled;
        if self.health.state(&self.channel) == ChannelState::Unknown {
            self.health.note(&self.channel, &ChannelState::Working);
        }
        for (body, received) in updates {
            let taken = self.taker.take_update(&self.channel, received, &body).await;
            taken.map_err(Trouble::own)?;
        }
        crash_point!("polled");
        if let Some(bookmark) = bookmark {
            let moved = self.store.set_bookmark(&name, &bookmark).await;
            moved.map_err(Trouble::own)?;
        }
        if has_gap {
            tracing::warn!(channel = %self.channel, "the platform lost some of what happened; asking for it");
            self.taker.missed(&self.channel);
        }
        Ok(())
    }

    /// Tells of trouble; returns how long to wait.
    fn tell(&self, trouble: Trouble, wait: Duration, alerted_at: &mut Option<Instant>) -> Duration {
        let channel = &self.channel;
        match trouble {
            Trouble::Gone => LONGEST_WAIT,
            Trouble::Own(error) => {
                tracing::warn!(%channel, error = &*error as &dyn std::error::Error, "what the platform brought was not taken in; it is asked for again");
                wait
            }
            Trouble::Platform(PollError::Later { cause, wait: asked }) => {
                tracing::warn!(%channel, %cause, "the platform did not say what happened; asking again");
                asked.unwrap_or(wait)
            }
            Trouble::Platform(PollError::Fault(fault)) => {
                let pause = if fault.is_passing { wait } else { LONGEST_WAIT };
                self.tell_fault(fault, alerted_at);
                pause
            }
        }
    }

    fn tell_fault(&self, fault: LinkFault, alerted_at: &mut Option<Instant>) {
        let channel = &self.channel;
        tracing::error!(%channel, reason = %fault.reason, "nothing comes in through the channel");
        if !fault.is_passing {
            let reason = fault.reason;
            self.health.note(channel, &ChannelState::Broken { reason });
        } else if alerted_at.is_none_or(|at| at.elapsed() >= ALERT_EVERY) {
            *alerted_at = Some(Instant::now());
            self.taker.alert(channel, &fault.reason);
        }
    }
}

/// Why nothing came in.
enum Trouble {
    /// The channel was taken out.
    Gone,
    /// The platform.
    Platform(PollError),
    /// The relay itself.
    Own(Box<dyn std::error::Error + Send + Sync>),
}

impl Trouble {
    fn own(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Own(Box::new(error))
    }
}

#[cfg(test)]
mod tests;
