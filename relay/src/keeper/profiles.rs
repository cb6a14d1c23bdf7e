//! Names and pictures of visitors (V-01): asked for once, kept for days, never waited for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use shared::model::{ChannelId, ChatId, PlatformId, Timestamp, VisitorId};

use crate::channels::registry::Registry;
use crate::channels::{FetchError, Profile};
use crate::clock::Clock;

/// A profile that was told holds so long.
const GOOD_FOR: Duration = Duration::from_secs(7 * 86_400);
/// One that was not told is asked for again after this …
const REFUSED_FOR: Duration = Duration::from_secs(6 * 3600);
/// … and after this when the platform did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Asked at once.
const AT_ONCE: usize = 4;
/// Visitors remembered; then the memory begins anew.
const REMEMBERED: usize = 50_000;

/// Takes a profile in.
#[async_trait]
pub trait ProfileTaker: Send + Sync {
    /// The platform told who a visitor is.
    async fn profile_known(&self, chat: ChatId, visitor: VisitorId, profile: Profile);
}

/// Asks for profiles.
pub struct Profiles {
    registry: Registry,
    clock: Arc<dyn Clock>,
    ask_again_at: Mutex<HashMap<VisitorId, Timestamp>>,
    turns: Arc<Semaphore>,
}

impl Profiles {
    /// Returns an asker that has asked nobody.
    pub fn new(registry: Registry, clock: Arc<dyn Clock>) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Arc::new(Self {
            registry,
            clock,
            ask_again_at: Mutex::default(),
            turns,
        })
    }

    /// Asks for a visitor's profile in the background, unless it was asked for lately.
    pub fn ask(
        self: &Arc<Self>,
        taker: &Arc<dyn ProfileTaker>,
        channel: &ChannelId,
        chat: ChatId,
        visitor: VisitorId,
        platform_id: &PlatformId,
    ) {
        if !self.is_time(visitor) {
            return;
        }
        let (profiles, taker) = (Arc::clone(self), Arc::clone(taker));
        let (channel, platform_id) = (channel.clone(), platform_id.clone());
        tokio::spawn(async move {
            let Ok(_turn) = profiles.turns.acquire().await else {
                return;
            };
            let Some(channel) = profiles.registry.find(&channel) else {
                return;
            };
            match channel.profile(&platform_id).await {
                Ok(Some(profile)) => taker.profile_known(chat, visitor, profile).await,
                Ok(None) | Err(FetchError::Refused { .. }) => {
                    profiles.ask_again(visitor, REFUSED_FOR);
                }
                Err(FetchError::Later { .. }) => profiles.ask_again(visitor, RETRY_AFTER),
            }
        });
    }

    fn is_time(&self, visitor: VisitorId) -> bool {
        let now = self.clock.now();
        let mut times = self
            .ask_again_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if times.get(&visitor).is_some_and(|at| *at > now) {
            return false;
        }
        if times.len() >= REMEMBERED {
            times.clear();
        }
        times.insert(visitor, now.plus(GOOD_FOR));
        true
    }

    fn ask_again(&self, visitor: VisitorId, after: Duration) {
        let at = self.clock.now().plus(after);
        self.ask_again_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(visitor, at);
    }
}
