//! The engine over a store in memory whose commits may stay unknown.

use std::sync::Arc;

use shared::chat::{DeskCommand, Event, Opening, PlatformCommand, Refusal, ReplyDraft, SettledAs};
use shared::model::{
    Card, ChannelId, ChatId, CommandId, ContactAsk, Message, MessageId, PlatformId, Policy, Seq,
    Timestamp, Visitor, VisitorId,
};

use super::{Bells, Engine, EngineError, Taken};
use crate::clock::ManualClock;
use crate::store::memory::{MemoryStore, Weather};
use crate::store::{Claim, DeliveryStage, Store};

const NOON: Timestamp = Timestamp(1_795_190_400_000);
const CHAT: ChatId = ChatId(1);

struct Silent;

impl Bells for Silent {
    fn outbox(&self, _channel: &ChannelId) {}
    fn timers(&self, _deadline: Timestamp) {}
}

struct World {
    engine: Arc<Engine>,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
}

async fn world() -> World {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(ManualClock::at(NOON));
    let engine = Engine::start(store.clone(), clock.clone(), Arc::new(Silent), policy()).await;
    World {
        engine: engine.expect("the store can be read"),
        store,
        clock,
    }
}

fn policy() -> Policy {
    serde_json::from_str(include_str!("policy_of_tests.json")).expect("a policy")
}

fn received(text: &str) -> PlatformCommand {
    PlatformCommand::Receive {
        opening: Opening {
            visitor: Visitor {
                id: VisitorId(5),
                channel: "acme-page".into(),
                platform_id: "7412589630147852".into(),
                card: Card::default(),
            },
            language: "en".into(),
            department: None,
            reserved_for: None,
            entry: None,
            window_from: None,
        },
        message: Message {
            id: MessageId(crate::clock::new_id(NOON)),
            platform_id: Some(PlatformId(format!("m_{text}"))),
            sent_at: NOON,
            text: text.into(),
            attachments: vec![],
            quotes: None,
            quotes_unknown: false,
        },
        standby: false,
    }
}

impl World {
    async fn receive(&self, text: &str) -> Result<Taken, EngineError> {
        let channel = ChannelId::from("acme-page");
        let event = format!("msg:{text}");
        self.engine
            .by_platform(&channel, &event, CHAT, received(text))
            .await
    }

    async fn by(&self, login: &str, id: &str, command: DeskCommand) -> Result<Taken, EngineError> {
        self.engine
            .by_operator(&login.into(), &CommandId::from(id), CHAT, command)
            .await
    }

    fn received_texts(&self) -> Vec<String> {
        let events = self.store.events();
        let texts = events.iter().filter_map(|stored| match &stored.event {
            Event::Received { message, .. } => Some(message.text.clone()),
            _ => None,
        });
        texts.collect()
    }
}

fn reply(text: &str) -> DeskCommand {
    DeskCommand::Reply(ReplyDraft {
        text: text.into(),
        quotes: None,
        asks: ContactAsk::default(),
        file: None,
        human_agent: false,
        hold_ms: Some(0),
    })
}

const CLAIM: DeskCommand = DeskCommand::Claim { take_over: false };

#[tokio::test]
async fn a_repeated_event_changes_nothing_and_is_answered_as_before() {
    let world = world().await;
    let first = world.receive("hello").await.unwrap();
    let again = world.receive("hello").await.unwrap();
    assert_eq!((first.seq, again.seq), (Some(Seq(2)), Some(Seq(2))));
    assert!(again.was_repeat);
    assert_eq!(world.received_texts(), ["hello"]);
}

#[tokio::test]
async fn a_commit_that_was_taken_unheard_is_not_done_twice() {
    let world = world().await;
    world.store.forecast(&[Weather::TakenUnheard]);
    assert!(matches!(
        world.receive("hello").await,
        Err(EngineError::Store(_))
    ));
    assert!(world.receive("hello").await.unwrap().was_repeat);
    assert_eq!(world.received_texts(), ["hello"]);
    world.receive("and more").await.unwrap();
    assert_eq!(world.received_texts(), ["hello", "and more"]);
}

#[tokio::test]
async fn a_commit_that_was_lost_unheard_is_done_the_next_time() {
    let world = world().await;
    world.store.forecast(&[Weather::LostUnheard]);
    assert!(matches!(
        world.receive("hello").await,
        Err(EngineError::Store(_))
    ));
    assert!(!world.receive("hello").await.unwrap().was_repeat);
    assert_eq!(world.received_texts(), ["hello"]);
}

#[tokio::test]
async fn a_refused_command_stays_refused_when_it_comes_again_and_would_be_allowed() {
    let world = world().await;
    let chat = world.receive("hello").await.unwrap().chat.id;
    let by = async |login: &str, id: &str, command| {
        let id = CommandId::from(id);
        world
            .engine
            .by_operator(&login.into(), &id, chat, command)
            .await
    };
    let note = |text: &str| DeskCommand::Note {
        text: text.into(),
        mentions: vec![],
    };
    let claim = || DeskCommand::Claim { take_over: false };
    by("boris", "b1", claim()).await.unwrap();
    let refused = by("anna", "a1", claim()).await;
    assert!(matches!(
        refused,
        Err(EngineError::Refused(Refusal::Owned { .. }))
    ));
    by("boris", "b2", DeskCommand::Release).await.unwrap();
    // From an older line to the same desk.
    let again = by("anna", "a1", claim()).await;
    assert!(matches!(
        again,
        Err(EngineError::Refused(Refusal::RefusedBefore))
    ));
    by("anna", "a2", claim()).await.unwrap();
    // What was done is answered as done, whatever the rules say now.
    by("anna", "a3", note("mine")).await.unwrap();
    assert!(by("anna", "a3", note("mine")).await.unwrap().was_repeat);
}

#[tokio::test]
async fn of_many_claims_at_once_exactly_one_wins() {
    let world = Arc::new(world().await);
    world.receive("hello").await.unwrap();
    let claims = (0..32).map(|number| {
        let world = Arc::clone(&world);
        let login = if number % 2 == 0 { "anna" } else { "boris" };
        async move {
            world
                .by(login, &format!("c{number}"), CLAIM)
                .await
                .map(|_| login)
        }
    });
    let results = futures_util::future::join_all(claims).await;
    let winners: std::collections::BTreeSet<_> = results.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let claimed = world
        .store
        .events()
        .into_iter()
        .filter(|s| matches!(s.event, Event::Claimed { .. }));
    assert_eq!(claimed.count(), 1);
}

#[tokio::test]
async fn a_command_that_was_done_is_answered_so_even_when_it_would_be_refused_now() {
    let world = world().await;
    world.receive("hello").await.unwrap();
    let first = world.by("anna", "r1", reply("Hello!")).await.unwrap();
    world
        .by("sofia", "t1", DeskCommand::Claim { take_over: true })
        .await
        .unwrap();
    let again = world.by("anna", "r1", reply("Hello!")).await.unwrap();
    assert_eq!(again.seq, first.seq);
    let fresh = world.by("anna", "r2", reply("Hello!")).await;
    assert!(matches!(
        fresh,
        Err(EngineError::Refused(Refusal::Owned { .. }))
    ));
    assert_eq!(world.store.deliveries().len(), 1);
}

#[tokio::test]
async fn a_reply_that_is_being_sent_cannot_be_taken_back() {
    let world = world().await;
    world.receive("hello").await.unwrap();
    let held = DeskCommand::Reply(ReplyDraft {
        text: "oops".into(),
        quotes: None,
        asks: ContactAsk::default(),
        file: None,
        human_agent: false,
        hold_ms: Some(3000),
    });
    let written = world.by("anna", "r1", held).await.unwrap();
    let message = written.chat.outgoing[0].message;
    let lease = std::time::Duration::from_secs(10);
    let token = world
        .store
        .take_lease("send:acme-page", "me", lease)
        .await
        .unwrap()
        .unwrap();
    let claim = Claim {
        channel: "acme-page".into(),
        token,
        owner: "me".into(),
        now: Timestamp(NOON.0 + 3000),
        limit: 16,
    };
    let claimed = world.store.claim_deliveries(claim).await.unwrap();
    assert_eq!(claimed.len(), 1);
    // The desk's clock is a little behind: to the rules it is still held.
    let refusal = world
        .by("anna", "w1", DeskCommand::Withdraw { message })
        .await;
    assert!(matches!(
        refusal,
        Err(EngineError::Refused(Refusal::AlreadyLeaving))
    ));

    let sent = SettledAs::Sent {
        platform_id: Some("m_1".into()),
        begun_at: NOON,
    };
    world.engine.settle(&claimed[0], sent).await.unwrap();
    assert_eq!(world.store.deliveries()[0].state, DeliveryStage::Sent);
    assert!(
        world
            .store
            .find_chat(CHAT)
            .await
            .unwrap()
            .unwrap()
            .outgoing
            .is_empty()
    );
}

#[tokio::test]
async fn a_reply_that_is_tried_again_and_never_begun_still_fails_when_its_window_closes() {
    let world = world().await;
    world.receive("hello").await.unwrap();
    let written = world.by("anna", "r1", reply("Hello!")).await.unwrap();
    let message = written.chat.outgoing[0].message;
    let store = &world.store;
    let lease = std::time::Duration::from_secs(10);
    let token = store.take_lease("send:acme-page", "me", lease).await;
    let claim = Claim {
        channel: "acme-page".into(),
        token: token.unwrap().unwrap(),
        owner: "me".into(),
        now: NOON,
        limit: 16,
    };
    let begun = store.claim_deliveries(claim).await.unwrap();
    let unknown = SettledAs::Unconfirmed;
    world.engine.settle(&begun[0], unknown).await.unwrap();
    let again = DeskCommand::Retry { message };
    world.by("anna", "t1", again).await.unwrap();

    let closed_at = Timestamp(NOON.0 + 86_400_000);
    world.clock.set(closed_at);
    let overdue = store.list_overdue(&"acme-page".into(), closed_at).await;
    let overdue = overdue.unwrap();
    let late = SettledAs::Failed(shared::model::FailureReason::WindowClosed);
    world.engine.settle(&overdue[0], late).await.unwrap();
    assert_eq!(store.deliveries()[0].state, DeliveryStage::Failed);
}

#[tokio::test]
async fn time_that_runs_backwards_does_not_turn_a_chat_around() {
    let world = world().await;
    world.receive("hello").await.unwrap();
    world.clock.set(Timestamp(0));
    world.receive("again").await.unwrap();
    let times: Vec<_> = world
        .store
        .events()
        .iter()
        .map(|stored| stored.at)
        .collect();
    assert!(times.is_sorted());
}

#[tokio::test]
async fn the_row_is_what_the_events_add_up_to() {
    let world = world().await;
    world.receive("hello").await.unwrap();
    world.by("anna", "r1", reply("Hello!")).await.unwrap();
    world.receive("thanks").await.unwrap();
    world.by("anna", "x1", DeskCommand::Close).await.unwrap();
    let replayed = shared::chat::Chat::replay(CHAT, &world.store.events());
    assert_eq!(replayed, world.store.find_chat(CHAT).await.unwrap());
}
