//! Sleeps until the next deadline of a chat and hands the engine a tick. Overdue ones fire once, after a long stop too.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use shared::model::{ChatId, Timestamp};

use crate::clock::Clock;
use crate::engine::{Engine, EngineError};
use crate::store::{Store, StoreError};

/// Looks at least so often: the machine's clock may be set.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A store that does not answer is asked again after this.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// A chat whose timer cannot fire is tried again after this.
const PUT_OFF: Duration = Duration::from_secs(300);
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
    let mut timers = Timers {
        store,
        engine,
        clock,
        put_off: HashMap::new(),
    };
    while !*stopping.borrow() {
        let wait = match timers.fire_due().await {
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
            changed = stopping.changed() => {
                // Whoever could tell is gone: that is a stop as well.
                if changed.is_err() {
                    return;
                }
            }
            () = bell.bell.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

struct Timers {
    store: Arc<dyn Store>,
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    /// Chats whose timer could not fire for a reason of their own, and when to try again.
    put_off: HashMap<ChatId, Instant>,
}

impl Timers {
    /// Fires what is due; returns how long nothing is. A chat that cannot be ticked holds up no other.
    async fn fire_due(&mut self) -> Result<Duration, StoreError> {
        let now = Instant::now();
        self.put_off.retain(|_, until| *until > now);
        let page = PAGE.saturating_add(u32::try_from(self.put_off.len()).unwrap_or(u32::MAX));
        let due = self.store.list_due_chats(self.clock.now(), page).await?;
        let is_more = due.len() >= page as usize;
        for due in due {
            if self.put_off.contains_key(&due.chat) {
                continue;
            }
            if let Err(error) = self.engine.tick(due).await {
                tracing::warn!(chat = %due.chat, error = &error as &dyn std::error::Error, "a timer did not fire");
                if is_everybodys(&error) {
                    return Ok(STORE_PAUSE);
                }
                self.put_off.insert(due.chat, Instant::now() + PUT_OFF);
            }
        }
        if is_more {
            return Ok(Duration::ZERO);
        }
        let next = self.store.next_deadline().await?;
        let wait = next.map_or(LOOK_EVERY, |next| {
            next.since(self.clock.now()).min(LOOK_EVERY)
        });
        // What is put off stays the next deadline, and says nothing of those behind it.
        Ok(if self.put_off.is_empty() {
            wait
        } else {
            wait.max(STORE_PAUSE)
        })
    }
}

/// Whether the next chat would meet the same error.
fn is_everybodys(error: &EngineError) -> bool {
    match error {
        EngineError::Store(
            StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Overloaded,
        ) => true,
        EngineError::Store(
            StoreError::Newer { .. } | StoreError::Damaged(_) | StoreError::Refused(_),
        )
        | EngineError::Refused(_)
        | EngineError::Overtaken
        | EngineError::Busy => false,
    }
}

#[cfg(test)]
mod tests {
    use shared::chat::{Event, Opening, PlatformCommand};
    use shared::model::{
        Card, ChannelId, Message, MessageId, PlatformId, Policy, Visitor, VisitorId,
    };

    use super::*;
    use crate::clock::ManualClock;
    use crate::engine::Bells;
    use crate::store::memory::MemoryStore;

    const NOON: Timestamp = Timestamp(1_795_190_400_000);
    const DAY: Duration = Duration::from_secs(86_400);

    struct Silent;

    impl Bells for Silent {
        fn outbox(&self, _channel: &ChannelId) {}
        fn timers(&self, _deadline: Timestamp) {}
    }

    async fn engine(store: &Arc<MemoryStore>, clock: &Arc<ManualClock>) -> Arc<Engine> {
        let policy: Policy =
            serde_json::from_str(include_str!("engine/policy_of_tests.json")).unwrap();
        Engine::start(store.clone(), clock.clone(), Arc::new(Silent), policy)
            .await
            .unwrap()
    }

    async fn writes(engine: &Engine, number: i64) {
        let message = Message {
            id: MessageId(number),
            platform_id: Some(PlatformId(format!("m_{number}"))),
            sent_at: NOON,
            text: "hello".into(),
            attachments: vec![],
            quotes: None,
            quotes_unknown: false,
        };
        let opening = Opening {
            visitor: Visitor {
                id: VisitorId(number),
                channel: "acme-page".into(),
                platform_id: PlatformId(format!("70000{number}")),
                card: Card::default(),
            },
            language: "en".into(),
            department: None,
            reserved_for: None,
            entry: None,
            window_from: None,
        };
        let command = PlatformCommand::Receive {
            opening,
            message,
            standby: false,
        };
        engine
            .by_platform(
                &"acme-page".into(),
                &format!("msg:{number}"),
                ChatId(number),
                command,
            )
            .await
            .unwrap();
    }

    fn told(store: &MemoryStore) -> Vec<ChatId> {
        let events = store.events();
        let told = events
            .iter()
            .filter(|stored| stored.event == Event::WindowClosed);
        told.map(|stored| stored.chat).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_chat_that_cannot_be_ticked_holds_up_no_other_and_is_tried_again_later() {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(ManualClock::at(NOON));
        let before = engine(&store, &clock).await;
        for number in 1..=3 {
            writes(&before, number).await;
        }
        // An engine that remembers nothing has to read the damaged chat.
        let engine = engine(&store, &clock).await;
        let mut timers = Timers {
            store: store.clone(),
            engine,
            clock: clock.clone(),
            put_off: HashMap::new(),
        };
        clock.set(NOON.plus(DAY));
        store.spoil(Some(ChatId(1)));
        let wait = timers.fire_due().await.unwrap();
        assert_eq!(told(&store), [ChatId(2), ChatId(3)]);
        assert!(wait >= STORE_PAUSE, "it does not spin");

        store.spoil(None);
        timers.fire_due().await.unwrap();
        assert_eq!(told(&store).len(), 2, "it is put off");
        tokio::time::advance(PUT_OFF).await;
        timers.fire_due().await.unwrap();
        assert_eq!(told(&store), [ChatId(2), ChatId(3), ChatId(1)]);
    }
}
