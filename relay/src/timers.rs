//! Sleeps until the next deadline of a chat and hands the engine a tick. Overdue ones fire once, after a long stop too.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use shared::model::Timestamp;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::store::{Store, StoreError};

/// Looks at least so often: the machine's clock may be set.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A store that does not answer is asked again after this.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Due chats taken at once.
const PAGE: u32 = 100;

/// Wakes the timers when a deadline may have come closer.
#[derive(Default)]
pub struct TimerBell {
    bell: Notify,
}

impl TimerBell {
    /// A chat has this deadline.
    pub fn ring(&self, _deadline: Timestamp) {
        self.bell.notify_one();
    }
}

/// Runs until told to stop.
pub async fn run(
    store: Arc<dyn Store>,
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    bell: Arc<TimerBell>,
    mut stopping: watch::Receiver<bool>,
) {
    while !*stopping.borrow() {
        let wait = match fire_due(&store, &engine, &clock).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "timers could not reach the store"
                );
                STORE_PAUSE
            }
        };
        tokio::select! {
            biased;
            _ = stopping.changed() => {}
            () = bell.bell.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Fires what is due; returns how long nothing is.
async fn fire_due(
    store: &Arc<dyn Store>,
    engine: &Arc<Engine>,
    clock: &Arc<dyn Clock>,
) -> Result<Duration, StoreError> {
    for due in store.list_due_chats(clock.now(), PAGE).await? {
        if let Err(error) = engine.tick(due).await {
            tracing::warn!(chat = %due.chat, error = &error as &dyn std::error::Error, "a timer did not fire");
            return Ok(STORE_PAUSE);
        }
    }
    let next = store.next_deadline().await?;
    let wait = next.map_or(LOOK_EVERY, |next| next.since(clock.now()).min(LOOK_EVERY));
    Ok(wait)
}
