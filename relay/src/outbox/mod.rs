//! Replies on their way to platforms (`ARCHITECTURE.md`, "a reply goes out"). One sender per channel, under a lease; the
//! intent is on disk before the first byte leaves; what nobody can know becomes *unconfirmed* and is asked of an operator.
//! Knows no platform.

mod backoff;
#[cfg(test)]
mod brittle;
mod doubt;
mod reconcile;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use shared::chat::SettledAs;
use shared::model::{ChannelId, ChannelState};

use crate::channels::registry::Registry;
use crate::clock::Clock;
use crate::files::Files;
use crate::store::{Delivery, Store, StoreError};

pub use worker::Worker;

/// Commits what became of a delivery together with the chat's event.
#[async_trait]
pub trait Settler: Send + Sync {
    /// False: the delivery had moved on already; nothing happened.
    ///
    /// # Errors
    ///
    /// The store does not answer; ask again.
    async fn settle(&self, delivery: &Delivery, result: SettledAs) -> Result<bool, StoreError>;
}

/// Wakes who works for a channel. Ringing is cheap and may be for nothing.
#[derive(Default)]
pub struct ChannelBells {
    bells: Mutex<HashMap<ChannelId, Arc<Notify>>>,
}

impl ChannelBells {
    /// Something of this channel may be due.
    pub fn ring(&self, channel: &ChannelId) {
        self.of(channel).notify_one();
    }

    /// Returns what rings for a channel.
    pub fn of(&self, channel: &ChannelId) -> Arc<Notify> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(bells.entry(channel.clone()).or_default())
    }
}

/// Told every change of a channel.
type Listener = Box<dyn Fn(&ChannelId, &ChannelState) + Send + Sync>;

/// How the channels are, told by whoever finds out: the keeper by asking, the outbox by being refused (CH-13, CH-24).
pub struct Health {
    states: Mutex<HashMap<ChannelId, Watched>>,
    /// Channels that keep still, and until when: nothing that is found out meanwhile makes them work.
    rests: Mutex<HashMap<ChannelId, Instant>>,
    /// Channels that an admin has taken off their accounts (CH-13); whatever is found out, they stay so.
    unlinked: Mutex<HashSet<ChannelId>>,
    listener: Listener,
}

/// A channel's state, and who waits for another. Each has a line of their own, so that they are told in the order in which
/// they came: simulated worlds repeat.
struct Watched {
    state: ChannelState,
    watchers: Vec<watch::Sender<ChannelState>>,
}

impl Health {
    /// Returns a record that tells every change to `listener`.
    pub fn new(listener: impl Fn(&ChannelId, &ChannelState) + Send + Sync + 'static) -> Self {
        Self {
            states: Mutex::default(),
            rests: Mutex::default(),
            unlinked: Mutex::default(),
            listener: Box::new(listener),
        }
    }

    /// Stops a channel for a while, whatever its link says: the platform punishes it.
    pub fn rest(&self, channel: &ChannelId, reason: String, length: Duration) {
        self.rests()
            .insert(channel.clone(), Instant::now() + length);
        self.note(channel, &ChannelState::Broken { reason });
    }

    /// Returns how long a channel still keeps still.
    pub fn rests_for(&self, channel: &ChannelId) -> Option<Duration> {
        let until = *self.rests().get(channel)?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    fn rests(&self) -> MutexGuard<'_, HashMap<ChannelId, Instant>> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a channel off its account.
    pub fn unlink(&self, channel: &ChannelId) {
        self.unlinked_ones().insert(channel.clone());
        self.note(channel, &ChannelState::Unlinked);
    }

    /// Puts a channel back to its account; how it is must be found out.
    pub fn relink(&self, channel: &ChannelId) {
        self.unlinked_ones().remove(channel);
        self.note(channel, &ChannelState::Unknown);
    }

    /// Whether an admin has taken the channel off its account.
    pub fn is_unlinked(&self, channel: &ChannelId) -> bool {
        self.unlinked_ones().contains(channel)
    }

    fn unlinked_ones(&self) -> MutexGuard<'_, HashSet<ChannelId>> {
        self.unlinked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a channel is; true: that is news.
    pub fn note(&self, channel: &ChannelId, state: &ChannelState) -> bool {
        let state = match state {
            ChannelState::Inactive => state,
            _ if self.is_unlinked(channel) => &ChannelState::Unlinked,
            ChannelState::Unknown
            | ChannelState::Working
            | ChannelState::Broken { .. }
            | ChannelState::Unlinked => state,
        };
        match state {
            ChannelState::Working if self.rests_for(channel).is_some() => return false,
            // Set up anew: what was found out about the old settings is void.
            ChannelState::Unknown | ChannelState::Inactive => {
                self.rests().remove(channel);
            }
            ChannelState::Working | ChannelState::Broken { .. } | ChannelState::Unlinked => {}
        }
        let is_news = self.with(channel, |watched| {
            let is_news = watched.state != *state;
            if is_news {
                watched.state.clone_from(state);
                for watcher in &watched.watchers {
                    watcher.send_replace(state.clone());
                }
            }
            is_news
        });
        if is_news {
            (self.listener)(channel, state);
        }
        is_news
    }

    /// Returns how a channel is.
    pub fn state(&self, channel: &ChannelId) -> ChannelState {
        self.with(channel, |watched| watched.state.clone())
    }

    /// Returns a receiver of a channel's state.
    pub fn watch(&self, channel: &ChannelId) -> watch::Receiver<ChannelState> {
        self.with(channel, |watched| {
            let (state_tx, state_rx) = watch::channel(watched.state.clone());
            watched.watchers.push(state_tx);
            state_rx
        })
    }

    fn with<T>(&self, channel: &ChannelId, look: impl FnOnce(&mut Watched) -> T) -> T {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = states.entry(channel.clone()).or_insert_with(|| Watched {
            state: ChannelState::Unknown,
            watchers: vec![],
        });
        watched.watchers.retain(|watcher| !watcher.is_closed());
        look(watched)
    }
}

/// What every sender needs.
#[derive(Clone)]
pub struct Outbox {
    /// Where the rows are.
    pub store: Arc<dyn Store>,
    /// Who records results.
    pub settler: Arc<dyn Settler>,
    /// Through whom replies leave.
    pub registry: Registry,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What wakes senders.
    pub bells: Arc<ChannelBells>,
    /// For replies that are files.
    pub files: Files,
    /// How channels are.
    pub health: Arc<Health>,
    /// Random name of this run, for leases.
    pub owner: Arc<str>,
}
