//! The sender of a channel over a store in memory: what it does with each answer. Time is the test's, where it matters.

use shared::chat::{DeskCommand, Event, Opening, PlatformCommand, ReplyDraft, SettledAs, Trouble};
use shared::model::{
    Card, ChatId, CommandId, ContactAsk, FailureReason, Message, MessageId, PlatformId, Policy,
    Timestamp, Visitor, VisitorId,
};

use super::backoff::MOST_ATTEMPTS;
use super::*;
use crate::channels::fake::{CHANNEL, FakeChannel};
use crate::channels::{History, LinkFault, Outbound, PastMessage, Receipt, SendError};
use crate::clock::ManualClock;
use crate::engine::{Bells, Engine, EngineError};
use crate::store::memory::MemoryStore;
use crate::store::{DeliveryStage, StoreError};

const NOON: Timestamp = Timestamp(1_795_190_400_000);
const CHAT: ChatId = ChatId(1);
const DAY: Duration = Duration::from_secs(86_400);
const STEP: Duration = Duration::from_millis(100);
/// Longer than a doubtful reply waits for its echo.
const PATIENCE: Duration = Duration::from_secs(600);

struct Ring(Arc<ChannelBells>);

impl Bells for Ring {
    fn outbox(&self, channel: &ChannelId) {
        self.0.ring(channel);
    }
    fn timers(&self, _deadline: Timestamp) {}
}

/// Settles through the engine; refuses what it is told to.
struct Books {
    engine: Arc<Engine>,
    refuses: fn(&SettledAs) -> bool,
}

#[async_trait]
impl Settler for Books {
    async fn settle(&self, delivery: &Delivery, result: SettledAs) -> Result<bool, StoreError> {
        if (self.refuses)(&result) {
            return Err(StoreError::Refused(anyhow::anyhow!("the name is taken")));
        }
        match self.engine.settle(delivery, result).await {
            Ok(taken) => Ok(!taken.was_repeat),
            Err(EngineError::Store(error)) => Err(error),
            Err(EngineError::Busy) => Err(StoreError::Overloaded),
            Err(EngineError::Refused(_) | EngineError::Overtaken) => Ok(false),
        }
    }
}

struct World {
    channel: Arc<FakeChannel>,
    engine: Arc<Engine>,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    outbox: Outbox,
    stop_tx: watch::Sender<bool>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop_tx.send_replace(true);
    }
}

impl World {
    async fn new() -> Self {
        Self::refusing(|_| false).await
    }

    async fn refusing(refuses: fn(&SettledAs) -> bool) -> Self {
        let (channel, registry) = FakeChannel::registered();
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(ManualClock::at(NOON));
        let bells = Arc::new(ChannelBells::default());
        let policy: Policy =
            serde_json::from_str(include_str!("../engine/policy_of_tests.json")).unwrap();
        let ring = Arc::new(Ring(bells.clone()));
        let engine = Engine::start(store.clone(), clock.clone(), ring, policy)
            .await
            .unwrap();
        let outbox = Outbox {
            files: Files::in_memory(),
            store: store.clone(),
            settler: Arc::new(Books {
                engine: engine.clone(),
                refuses,
            }),
            registry,
            clock: clock.clone(),
            bells,
            health: Arc::new(Health::new(|_, _| {})),
            owner: "me".into(),
        };
        let (stop_tx, stopping) = watch::channel(false);
        tokio::spawn(Worker::new(outbox.clone(), CHANNEL.into()).run(stopping));
        let world = Self {
            channel,
            engine,
            store,
            clock,
            outbox,
            stop_tx,
        };
        world.visitor_writes("Is it blue?").await;
        world
    }

    async fn visitor_writes(&self, text: &str) {
        let message = Message {
            id: MessageId(crate::clock::new_id(NOON)),
            platform_id: Some(PlatformId(format!("m_{text}"))),
            sent_at: self.engine.now(),
            text: text.into(),
            attachments: vec![],
            quotes: None,
            quotes_unknown: false,
        };
        let opening = Opening {
            visitor: Visitor {
                id: VisitorId(5),
                channel: CHANNEL.into(),
                platform_id: "7412589630147852".into(),
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
        let key = format!("msg:{text}");
        self.engine
            .by_platform(&CHANNEL.into(), &key, CHAT, command)
            .await
            .unwrap();
    }

    async fn reply(&self, text: &str, human_agent: bool) -> MessageId {
        let draft = ReplyDraft {
            text: text.into(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent,
            hold_ms: Some(0),
        };
        let taken = self.by_anna(text, DeskCommand::Reply(draft)).await;
        taken.unwrap();
        let chat = self.store.find_chat(CHAT).await.unwrap().unwrap();
        chat.outgoing.last().unwrap().message
    }

    async fn by_anna(
        &self,
        id: &str,
        command: DeskCommand,
    ) -> Result<crate::engine::Taken, EngineError> {
        self.engine
            .by_operator(&"anna".into(), &CommandId::from(id), CHAT, command)
            .await
    }

    /// Lets the sender work until the condition holds.
    async fn send_until(&self, condition: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !condition(self) {
                // Waits between attempts go by the wall clock.
                self.clock.set(self.engine.now().plus(STEP));
                tokio::time::sleep(STEP).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("it comes to that");
    }

    fn stage(&self) -> DeliveryStage {
        self.store.deliveries().last().unwrap().state
    }

    fn sent(&self) -> Vec<Outbound> {
        self.channel.sent()
    }
}

fn unclear() -> Result<Receipt, SendError> {
    Err(SendError::Unclear {
        cause: "the line was cut".into(),
    })
}

fn not_sent(tries: Option<u32>) -> Result<Receipt, SendError> {
    Err(SendError::NotSent {
        cause: "unknown".into(),
        tries,
    })
}

fn past(is_ours: bool, text: &str, sent_at: Timestamp) -> PastMessage {
    PastMessage {
        platform_id: PlatformId(format!("m_{text}")),
        is_ours,
        sent_at,
        text: text.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_reply_that_is_in_the_history_is_not_sent_again_however_far_the_clocks_are_apart()
 {
    for skew in [Duration::from_secs(5), Duration::from_secs(3600), DAY] {
        for platform_now in [NOON.minus(skew), NOON.plus(skew)] {
            let world = World::new().await;
            world.channel.will_answer(unclear());
            world.channel.set_history(History {
                messages: vec![
                    past(false, "Is it blue?", platform_now),
                    past(true, "Yes", platform_now),
                ],
                is_whole: false,
            });
            world.reply("Yes", false).await;
            world
                .send_until(|world| {
                    world.stage() != DeliveryStage::Sending && !world.sent().is_empty()
                })
                .await;
            assert_eq!(world.stage(), DeliveryStage::Sent, "{platform_now:?}");
            assert_eq!(world.sent().len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_reply_that_is_not_in_the_history_is_sent_again() {
    let world = World::new().await;
    world.channel.will_answer(unclear());
    world.channel.set_history(History {
        // The same words from the day before are another reply.
        messages: vec![
            past(true, "Yes", NOON.minus(DAY)),
            past(false, "Is it blue?", NOON),
        ],
        is_whole: false,
    });
    world.reply("Yes", false).await;
    world
        .send_until(|world| world.stage() == DeliveryStage::Sent)
        .await;
    assert_eq!(world.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_reply_of_which_the_history_says_nothing_is_for_the_operator() {
    let world = World::new().await;
    world.channel.will_answer(unclear());
    world.reply("Yes", false).await;
    world
        .send_until(|world| world.stage() == DeliveryStage::Unconfirmed)
        .await;
    assert_eq!(world.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_whose_name_is_taken_is_recorded_without_it_and_the_next_reply_leaves() {
    let world = World::refusing(|result| {
        matches!(
            result,
            SettledAs::Sent {
                platform_id: Some(_),
                ..
            }
        )
    })
    .await;
    world.reply("one", false).await;
    world.reply("two", false).await;
    world
        .send_until(|world| {
            let all = world.store.deliveries();
            all.iter()
                .all(|delivery| delivery.state == DeliveryStage::Sent)
        })
        .await;
    assert_eq!(world.sent().len(), 2);
    let is_named = |stored: &shared::chat::Stored| {
        matches!(
            stored.event,
            Event::ReplySent {
                platform_id: Some(_),
                ..
            }
        )
    };
    assert!(!world.store.events().iter().any(is_named));
}

#[tokio::test(start_paused = true)]
async fn what_the_platform_says_too_often_is_a_no() {
    let world = World::new().await;
    for _ in 0..3 {
        world.channel.will_answer(not_sent(Some(3)));
    }
    world.reply("Yes", false).await;
    world
        .send_until(|world| world.stage() == DeliveryStage::Failed)
        .await;
    assert_eq!(world.sent().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_cannot_be_reached_is_tried_for_as_long_as_it_takes() {
    let world = World::new().await;
    for _ in 0..8 {
        world.channel.will_answer(not_sent(None));
    }
    world.reply("Yes", false).await;
    world
        .send_until(|world| world.stage() == DeliveryStage::Sent)
        .await;
    assert_eq!(world.sent().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_no_try_of_a_day_brought_fails_with_the_reason() {
    let world = World::new().await;
    for _ in 0..MOST_ATTEMPTS {
        world.channel.will_answer(not_sent(None));
    }
    world.reply("Yes", false).await;
    for attempt in 1..MOST_ATTEMPTS {
        let made = usize::try_from(attempt).unwrap();
        world
            .send_until(|world| world.sent().len() == made && world.stage() == DeliveryStage::Due)
            .await;
        let due = world.store.deliveries().last().unwrap().not_before;
        world.clock.set(due.max(world.clock.now()));
    }
    world
        .send_until(|world| world.stage() == DeliveryStage::Failed)
        .await;
    let chat = world.store.find_chat(CHAT).await.unwrap().unwrap();
    let text = "tried for a day: unknown".to_owned();
    let reason = FailureReason::Refused { text };
    assert_eq!(chat.outgoing[0].trouble, Trouble::Failed { reason });
}

#[tokio::test(start_paused = true)]
async fn a_punished_channel_keeps_its_replies_and_sends_nothing() {
    let world = World::new().await;
    world.channel.will_answer(Err(SendError::Restricted {
        fault: LinkFault {
            reason: "restricted".into(),
            is_passing: false,
        },
        rest: Duration::from_secs(3600),
    }));
    world.reply("Yes", false).await;
    world
        .send_until(|world| world.sent().len() == 1 && world.stage() == DeliveryStage::Due)
        .await;
    assert!(world.outbox.health.rests_for(&CHANNEL.into()).is_some());
    assert!(
        !world
            .outbox
            .health
            .note(&CHANNEL.into(), &ChannelState::Working)
    );
    assert!(
        world
            .outbox
            .health
            .note(&CHANNEL.into(), &ChannelState::Unknown),
        "set up anew"
    );
    world
        .send_until(|world| world.stage() == DeliveryStage::Sent)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_waits_past_its_window_fails_also_when_it_was_tried_again_before() {
    let world = World::new().await;
    world
        .channel
        .will_answer(Err(SendError::Refused(FailureReason::VisitorUnreachable)));
    let message = world.reply("Yes", false).await;
    world
        .send_until(|world| world.stage() == DeliveryStage::Failed)
        .await;
    // The channel breaks, and the operator tries again.
    let reason = "the token is dead".to_owned();
    world
        .outbox
        .health
        .note(&CHANNEL.into(), &ChannelState::Broken { reason });
    world
        .by_anna("again", DeskCommand::Retry { message })
        .await
        .unwrap();
    assert_eq!(world.stage(), DeliveryStage::Due);
    world.clock.set(NOON.plus(DAY));
    world
        .send_until(|world| world.stage() == DeliveryStage::Failed)
        .await;
    let chat = world.store.find_chat(CHAT).await.unwrap().unwrap();
    let reason = FailureReason::WindowClosed;
    assert_eq!(chat.outgoing[0].trouble, Trouble::Failed { reason });
    assert_eq!(world.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_left_out_when_the_visitor_has_written_since() {
    let world = World::new().await;
    let mut policy = (*world.engine.policy()).clone();
    policy.channels[0].abilities.human_window = Some(shared::model::Seconds(7 * 86_400));
    world.engine.set_policy(policy);
    world.clock.set(NOON.plus(2 * DAY));
    world
        .channel
        .will_answer(Err(SendError::Refused(FailureReason::VisitorUnreachable)));
    let message = world.reply("Sorry for the delay", true).await;
    world
        .send_until(|world| world.stage() == DeliveryStage::Failed)
        .await;
    assert!(world.sent()[0].human_agent, "the window is closed");
    world.visitor_writes("still there?").await;
    world
        .by_anna("again", DeskCommand::Retry { message })
        .await
        .unwrap();
    world
        .send_until(|world| world.stage() == DeliveryStage::Sent)
        .await;
    assert!(!world.sent()[1].human_agent, "it is open again");
}
