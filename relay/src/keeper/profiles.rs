//! Names and pictures of visitors (V-01): asked for once, kept for days, never waited for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use shared::model::{ChannelId, ChatId, Timestamp, Visitor, VisitorId};

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
    async fn profile_known(&self, chat: ChatId, profile: Profile);
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

    /// Asks for a visitor's profile in the background, unless it was told lately: in this run, or in one before.
    pub fn ask(
        self: &Arc<Self>,
        taker: &Arc<dyn ProfileTaker>,
        channel: &ChannelId,
        chat: ChatId,
        visitor: &Visitor,
    ) {
        if !self.is_time(visitor) {
            return;
        }
        let (profiles, taker) = (Arc::clone(self), Arc::clone(taker));
        let (channel, platform_id) = (channel.clone(), visitor.platform_id.clone());
        let visitor = visitor.id;
        tokio::spawn(async move {
            let Ok(_turn) = profiles.turns.acquire().await else {
                return;
            };
            let Some(channel) = profiles.registry.find(&channel) else {
                return;
            };
            match channel.profile(&platform_id).await {
                Ok(Some(profile)) => taker.profile_known(chat, profile).await,
                Ok(None) | Err(FetchError::Refused { .. }) => {
                    profiles.ask_again(visitor, REFUSED_FOR);
                }
                Err(FetchError::Later { .. }) => profiles.ask_again(visitor, RETRY_AFTER),
            }
        });
    }

    fn is_time(&self, visitor: &Visitor) -> bool {
        let now = self.clock.now();
        let told_at = visitor.card.profile_asked_at;
        let mut times = self
            .ask_again_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if times.len() >= REMEMBERED {
            times.clear();
        }
        let again_at = times
            .get(&visitor.id)
            .copied()
            .or_else(|| told_at.map(|at| at.plus(GOOD_FOR)));
        if again_at.is_some_and(|at| at > now) {
            return false;
        }
        times.insert(visitor.id, now.plus(GOOD_FOR));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use shared::model::Card;

    const NOON: Timestamp = Timestamp(1_795_190_400_000);

    fn visitor(profile_asked_at: Option<Timestamp>) -> Visitor {
        Visitor {
            id: VisitorId(5),
            channel: "acme-page".into(),
            platform_id: "7412589630147852".into(),
            card: Card {
                profile_asked_at,
                ..Card::default()
            },
        }
    }

    #[test]
    fn a_profile_that_an_earlier_run_was_told_is_good_for_a_week() {
        let clock = Arc::new(ManualClock::at(NOON));
        let profiles = Profiles::new(Registry::default(), clock.clone());
        assert!(!profiles.is_time(&visitor(Some(NOON))), "told just now");
        clock.set(NOON.plus(GOOD_FOR));
        assert!(profiles.is_time(&visitor(Some(NOON))), "a week is over");
        assert!(!profiles.is_time(&visitor(Some(NOON))), "asked once");
    }

    #[test]
    fn a_stranger_is_asked_for_at_once_and_again_when_the_platform_did_not_answer() {
        let clock = Arc::new(ManualClock::at(NOON));
        let profiles = Profiles::new(Registry::default(), clock.clone());
        assert!(profiles.is_time(&visitor(None)));
        profiles.ask_again(VisitorId(5), RETRY_AFTER);
        assert!(!profiles.is_time(&visitor(None)));
        clock.set(NOON.plus(RETRY_AFTER));
        assert!(profiles.is_time(&visitor(None)));
    }
}
