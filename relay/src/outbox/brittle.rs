//! The sender of a channel over a store in memory, with a channel that panics.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use shared::chat::{DeskCommand, Opening, PlatformCommand, ReplyDraft, SettledAs};
use shared::model::{
    Abilities, Card, ChannelId, ChatId, CommandId, ContactAsk, Message, MessageId, PlatformId,
    Policy, Reconciles, Timestamp, Visitor, VisitorId,
};

use super::*;
use crate::channels::fake::nothing_missed;
use crate::channels::{
    Answer, CaughtUp, Channel, FetchError, History, LinkFault, Outbound, Profile, Receipt,
    Received, Rejected, SendError, Webhook,
};
use crate::clock::ManualClock;
use crate::engine::{Bells, Engine};
use crate::store::DeliveryStage;
use crate::store::memory::MemoryStore;

const NOON: Timestamp = Timestamp(1_795_190_400_000);
/// What a reply says that makes the channel panic.
const POISON: &str = "poison";

/// Panics over poison: when sending it, and when asked what became of it.
struct Brittle {
    account: PlatformId,
    abilities: Abilities,
}

#[async_trait]
impl Channel for Brittle {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        [0; 32]
    }

    fn handshake(&self, _query: &str) -> Result<Answer, Rejected> {
        Err(Rejected::WrongToken)
    }

    fn receive(&self, _webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        Err(Rejected::Missing)
    }

    fn message_key(&self, platform_id: &PlatformId) -> String {
        format!("msg:{platform_id}")
    }

    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        assert_ne!(reply.text, POISON, "on purpose");
        Ok(Receipt { platform_id: None })
    }

    async fn profile(&self, _visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        Ok(None)
    }

    async fn history(&self, _visitor: &PlatformId) -> Result<History, FetchError> {
        panic!("on purpose")
    }

    async fn catch_up(&self, _since: Timestamp, _: Duration) -> Result<CaughtUp, FetchError> {
        Ok(nothing_missed(None))
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        Ok(())
    }
}

struct BellsOf(Arc<ChannelBells>);

impl Bells for BellsOf {
    fn outbox(&self, channel: &ChannelId) {
        self.0.ring(channel);
    }

    fn timers(&self, _deadline: Timestamp) {}
}

struct SettlerOf(Arc<Engine>);

#[async_trait]
impl Settler for SettlerOf {
    async fn settle(&self, delivery: &Delivery, result: SettledAs) -> Result<bool, StoreError> {
        Ok(self.0.settle(delivery, result).await.is_ok())
    }
}

struct World {
    engine: Arc<Engine>,
    store: Arc<MemoryStore>,
    outbox: Outbox,
}

async fn world(reconciles: Reconciles) -> World {
    let mut policy: Policy =
        serde_json::from_str(include_str!("../engine/policy_of_tests.json")).unwrap();
    policy.channels[0].abilities.reconciles = reconciles;
    let channel: Arc<dyn Channel> = Arc::new(Brittle {
        account: "1048".into(),
        abilities: policy.channels[0].abilities.clone(),
    });
    let registry = Registry::default();
    registry.replace([(ChannelId::from("acme-page"), channel)].into());
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(ManualClock::at(NOON));
    let bells = Arc::new(ChannelBells::default());
    let rung = Arc::new(BellsOf(bells.clone()));
    let engine = Engine::start(store.clone(), clock.clone(), rung, policy);
    let engine = engine.await.unwrap();
    let outbox = Outbox {
        files: Files::in_memory(),
        store: store.clone(),
        settler: Arc::new(SettlerOf(engine.clone())),
        registry,
        clock,
        bells,
        health: Arc::new(Health::new(|_, _| {})),
        owner: "me".into(),
    };
    World {
        engine,
        store,
        outbox,
    }
}

impl World {
    /// A visitor writes, and anna answers.
    async fn answer(&self, chat: i64, text: &str) {
        let receive = PlatformCommand::Receive {
            opening: Opening {
                visitor: Visitor {
                    id: VisitorId(chat),
                    channel: "acme-page".into(),
                    platform_id: PlatformId(format!("visitor {chat}")),
                    card: Card::default(),
                },
                language: "en".into(),
                department: None,
                reserved_for: None,
                entry: None,
                window_from: None,
            },
            message: Message {
                id: MessageId(chat * 100),
                platform_id: Some(PlatformId(format!("m_{chat}"))),
                sent_at: NOON,
                text: "hello".to_owned(),
                attachments: vec![],
                quotes: None,
                quotes_unknown: false,
            },
            standby: false,
        };
        let (channel, event) = (ChannelId::from("acme-page"), format!("msg:{chat}"));
        let received = self
            .engine
            .by_platform(&channel, &event, ChatId(chat), receive);
        received.await.unwrap();
        let reply = DeskCommand::Reply(ReplyDraft {
            text: text.to_owned(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(0),
        });
        let (anna, id) = ("anna".into(), CommandId(format!("{chat} {text}")));
        let replied = self.engine.by_operator(&anna, &id, ChatId(chat), reply);
        replied.await.unwrap();
    }

    fn stage(&self, text: &str) -> Option<DeliveryStage> {
        let deliveries = self.store.deliveries();
        let delivery = deliveries.iter().find(|known| known.body.text == text);
        delivery.map(|delivery| delivery.state)
    }

    async fn until(&self, text: &str, stage: DeliveryStage) {
        let reached = async {
            while self.stage(text) != Some(stage) {
                sleep(Duration::from_millis(100)).await;
            }
        };
        let reached = timeout(Duration::from_secs(60), reached).await;
        assert!(reached.is_ok(), "{text} is {:?}", self.stage(text));
    }
}

async fn check(reconciles: Reconciles) {
    let world = world(reconciles).await;
    let (stop_tx, stopping) = watch::channel(false);
    let worker = Worker::new(world.outbox.clone(), "acme-page".into());
    let working = tokio::spawn(worker.run(stopping));

    world.answer(1, POISON).await;
    world.answer(2, "to another visitor").await;
    world.until("to another visitor", DeliveryStage::Sent).await;
    world.until(POISON, DeliveryStage::Unconfirmed).await;
    world.answer(3, "afterwards").await;
    world.until("afterwards", DeliveryStage::Sent).await;

    stop_tx.send_replace(true);
    working.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_panics_becomes_unconfirmed_and_holds_nobody_else_up() {
    check(Reconciles::Never).await;
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_panics_again_when_it_is_cleared_up_is_asked_of_the_operator() {
    check(Reconciles::ByEcho).await;
}
