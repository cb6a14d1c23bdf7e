//! What the worlds of chance found, each as the shortest story that shows it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use shared::chat::{DeskCommand, Opening, PlatformCommand, ReplyDraft};
use shared::model::{
    Card, ChannelId, ChatId, CommandId, ContactAsk, Message, MessageId, PlatformId, Policy,
    Timestamp, Visitor, VisitorId,
};

use crate::app::SettlerOf;
use crate::channels::Channel;
use crate::channels::registry::Registry;
use crate::clock::Clock as _;
use crate::engine::{Bells, Engine};
use crate::outbox::{Health, Outbox, Worker};
use crate::store::memory::MemoryStore;
use crate::store::{DeliveryStage, Store};

use super::chance::{Chance, SimClock};
use super::channel::SimChannel;
use super::line::{Life, Line, State, Storm};
use super::platform::{Kind, Platform, Post};
use super::world::policy_of;

const CHAT: ChatId = ChatId(1);
const VISITOR: &str = "visitor";

struct Silent;

impl Bells for Silent {
    fn outbox(&self, _channel: &ChannelId) {}
    fn timers(&self, _deadline: Timestamp) {}
}

/// One visitor, one platform in good order, one operator; senders come and go.
struct Scene {
    started: Instant,
    channel: ChannelId,
    store: Arc<MemoryStore>,
    platform: Arc<Platform>,
    policy: Policy,
    clock: Arc<SimClock>,
    engine: Arc<Engine>,
    calm: Arc<Storm>,
    /// For the next sender.
    stalls_after: Option<&'static str>,
    _posts_rx: mpsc::UnboundedReceiver<Post>,
}

/// A sender at work.
struct Sender {
    life: Arc<Life>,
    clock: Arc<SimClock>,
    stop_tx: watch::Sender<bool>,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let started = Instant::now();
        let channel = ChannelId::from("channel-0");
        let kinds = BTreeMap::from([(channel.clone(), kind)]);
        let policy = policy_of(0, &kinds);
        let calm = Arc::new(Storm::default());
        calm.end();
        let chance = Chance::of(0, "platform");
        let (platform, posts_rx) = Platform::new(started, kinds, chance, calm.clone());
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(SimClock::new(started, Chance::of(0, "clock")));
        let engine = Engine::start(
            store.clone(),
            clock.clone(),
            Arc::new(Silent),
            policy.clone(),
        );
        Self {
            started,
            engine: engine.await.unwrap(),
            channel,
            store,
            platform,
            policy,
            clock,
            calm,
            stalls_after: None,
            _posts_rx: posts_rx,
        }
    }

    async fn sender(&self, name: &str) -> Sender {
        let life = Arc::new(Life::default());
        let clock = Arc::new(SimClock::new(self.started, Chance::of(0, name)));
        let store: Arc<dyn Store> = Arc::new(Line {
            store: self.store.clone(),
            life: life.clone(),
            storm: self.calm.clone(),
            chance: Chance::of(1, name),
            sabotage: None,
            stalls_after: Mutex::new(self.stalls_after),
        });
        let registry = Registry::default();
        let channel: Arc<dyn Channel> = Arc::new(SimChannel::new(
            self.channel.clone(),
            self.platform.clone(),
            life.clone(),
            None,
        ));
        registry.replace(BTreeMap::from([(self.channel.clone(), channel)]));
        let policy = self.policy.clone();
        let engine = Engine::start(store.clone(), clock.clone(), Arc::new(Silent), policy);
        let outbox = Outbox {
            files: crate::files::Files::in_memory(),
            store,
            settler: Arc::new(SettlerOf {
                engine: engine.await.unwrap(),
            }),
            registry,
            clock: clock.clone(),
            bells: Arc::default(),
            health: Arc::new(Health::new(|_, _| {})),
            owner: name.into(),
        };
        let (stop_tx, stopping) = watch::channel(false);
        tokio::spawn(Worker::new(outbox, self.channel.clone()).run(stopping));
        Sender {
            life,
            clock,
            stop_tx,
        }
    }

    async fn visitor_writes(&self, text: &str) {
        let message = Message {
            id: MessageId(self.clock.new_id(self.clock.now())),
            platform_id: Some(PlatformId(format!("v_{text}"))),
            sent_at: self.clock.now(),
            text: text.into(),
            attachments: vec![],
            quotes: None,
            quotes_unknown: false,
        };
        let opening = Opening {
            visitor: Visitor {
                id: VisitorId(5),
                channel: self.channel.clone(),
                platform_id: VISITOR.into(),
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
        let taken = self.engine.by_platform(&self.channel, text, CHAT, command);
        taken.await.unwrap();
    }

    async fn anna_replies(&self, text: &str) {
        let command = DeskCommand::Reply(ReplyDraft {
            text: text.into(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(0),
        });
        let id = CommandId::from(text);
        self.engine
            .by_operator(&"anna".into(), &id, CHAT, command)
            .await
            .unwrap();
    }

    fn stage(&self) -> DeliveryStage {
        self.store.deliveries()[0].state
    }

    async fn until(&self, stage: DeliveryStage) {
        let reached = async {
            while self.stage() != stage {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let reached = timeout(Duration::from_secs(120), reached).await;
        assert!(reached.is_ok(), "still {:?}, not {stage:?}", self.stage());
    }

    fn arrivals(&self) -> usize {
        self.platform.arrivals().len()
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_never_came_is_taken_up() {
    let scene = Scene::new(Kind::Neither).await;
    scene.visitor_writes("hello").await;
    scene.anna_replies("yes").await;
    scene.store.lose_the_answer_of_a_claim();
    let sender = scene.sender("first").await;
    scene.until(DeliveryStage::Sent).await;
    assert_eq!(scene.arrivals(), 1);
    assert_eq!(scene.store.deliveries()[0].attempt, 2, "the first was lost");
    sender.stop_tx.send_replace(true);
}

#[tokio::test(start_paused = true)]
async fn a_reply_does_not_wait_for_the_time_of_a_clock_that_was_ahead() {
    let scene = Scene::new(Kind::Neither).await;
    // Less than what a store takes for a wrong clock by itself.
    scene.clock.set_wrong(300_000);
    scene.visitor_writes("hello").await;
    scene.clock.set_wrong(0);
    scene.anna_replies("yes").await;
    let _sender = scene.sender("first").await;
    scene.until(DeliveryStage::Sent).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_clock_that_was_ahead_sent_is_found_in_the_history() {
    let scene = Scene::new(Kind::History).await;
    scene.visitor_writes("hello").await;
    scene.anna_replies("yes").await;
    let killed = scene.sender("first").await;
    killed.clock.set_wrong(3_600_000);
    scene.until(DeliveryStage::Sending).await;
    let arrives = async {
        while scene.arrivals() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        killed.life.set(State::Dead);
    };
    timeout(Duration::from_secs(60), arrives).await.unwrap();
    assert_eq!(scene.stage(), DeliveryStage::Sending, "killed in between");
    let _next = scene.sender("second").await;
    scene.until(DeliveryStage::Sent).await;
    assert_eq!(scene.arrivals(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_was_stopped_in_the_middle_does_not_send_what_another_has_sent() {
    let scene = Scene::new(Kind::History).await;
    scene.visitor_writes("hello").await;
    scene.anna_replies("yes").await;
    let stopped = scene.sender("first").await;
    scene.until(DeliveryStage::Sending).await;
    stopped.life.set(State::Stalled);
    let _next = scene.sender("second").await;
    sleep(Duration::from_secs(25)).await;
    stopped.life.set(State::Running);
    scene.until(DeliveryStage::Sent).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(scene.arrivals(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_was_stopped_before_it_began_does_not_begin() {
    let mut scene = Scene::new(Kind::History).await;
    scene.visitor_writes("hello").await;
    scene.anna_replies("yes").await;
    scene.stalls_after = Some("claim_deliveries");
    let stopped = scene.sender("first").await;
    scene.stalls_after = None;
    scene.until(DeliveryStage::Sending).await;
    let _next = scene.sender("second").await;
    scene.until(DeliveryStage::Sent).await;
    sleep(Duration::from_secs(60)).await;
    stopped.life.set(State::Running);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(scene.arrivals(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_echo_is_believed_of_a_reply_that_another_relay_took() {
    let scene = Scene::new(Kind::Echo).await;
    scene.visitor_writes("hello").await;
    let policy = scene.policy.clone();
    let clock = scene.clock.clone();
    let other = Engine::start(scene.store.clone(), clock, Arc::new(Silent), policy)
        .await
        .unwrap();
    let claim = DeskCommand::Claim { take_over: false };
    let id = CommandId::from("claim");
    // Now the other relay remembers the chat …
    other
        .by_operator(&"anna".into(), &id, CHAT, claim)
        .await
        .unwrap();
    // … and does not hear of this.
    scene.anna_replies("yes").await;
    let message = scene.store.deliveries()[0].body.message;
    let echo = PlatformCommand::EchoOurs {
        message,
        platform_id: "m_1".into(),
        echoed_at: scene.clock.now(),
    };
    let taken = other.by_platform(&scene.channel, "echo", CHAT, echo);
    taken.await.unwrap();
    assert_eq!(scene.stage(), DeliveryStage::Sent);
}
