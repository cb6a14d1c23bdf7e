//! Intake over a store in memory: which chat an event is about, and what overtakes what.

use http::HeaderMap;

use shared::chat::{Chat, DeskCommand, Event, Refusal, ReplyDraft, Stage};
use shared::model::{CommandId, ContactAsk, OnReturn, Policy, Timestamp};

use super::*;
use crate::channels::fake::{CHANNEL, FakeChannel};
use crate::clock::{Clock as _, ManualClock};
use crate::engine::Bells;
use crate::store::memory::{MemoryStore, Weather};

const NOON: Timestamp = Timestamp(1_795_190_400_000);
const PSID: &str = "7412589630147852";

struct Silent;

impl Bells for Silent {
    fn outbox(&self, _channel: &ChannelId) {}
    fn timers(&self, _deadline: Timestamp) {}
}

#[derive(Default)]
struct Notes {
    alarms: Mutex<Vec<String>>,
}

impl Listener for Notes {
    fn visitor_typing(&self, _chat: ChatId) {}
    fn alarm(&self, _channel: &ChannelId, text: &str) {
        self.alarms.lock().unwrap().push(text.to_owned());
    }
    fn visitor_seen(&self, _channel: &ChannelId, _chat: ChatId, _visitor: &Visitor) {}
}

pub(super) struct World {
    pub(super) intake: Arc<Intake>,
    pub(super) engine: Arc<Engine>,
    pub(super) store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    channel: Arc<FakeChannel>,
    notes: Arc<Notes>,
}

pub(super) async fn world() -> World {
    world_where(OnReturn::Reopen).await
}

async fn world_where(on_return: OnReturn) -> World {
    let (channel, registry) = FakeChannel::registered();
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(ManualClock::at(NOON));
    let mut policy: Policy =
        serde_json::from_str(include_str!("../engine/policy_of_tests.json")).unwrap();
    policy.channels[0].on_return = on_return;
    let engine = Engine::start(store.clone(), clock.clone(), Arc::new(Silent), policy)
        .await
        .unwrap();
    let notes = Arc::new(Notes::default());
    World {
        intake: Intake::new(engine.clone(), store.clone(), registry, notes.clone()),
        engine,
        store,
        clock,
        channel,
        notes,
    }
}

pub(super) fn said(mid: &str) -> Happening {
    Happening::Message {
        platform_id: mid.into(),
        text: format!("text of {mid}"),
        attachments: vec![],
        quotes: None,
        entry: None,
        standby: false,
    }
}

pub(super) fn echo(mid: &str) -> Happening {
    Happening::Echo {
        platform_id: mid.into(),
        text: "your parcel is here".into(),
        attachments: vec![],
        application: None,
        delivery: None,
    }
}

fn edit(mid: &str, text: &str) -> Happening {
    Happening::Edit {
        platform_id: mid.into(),
        text: text.into(),
        edit: 1,
    }
}

fn delete(mid: &str) -> Happening {
    Happening::Delete {
        platform_id: mid.into(),
    }
}

impl World {
    pub(super) async fn happens(&self, key: &str, what: Happening) {
        self.happens_to(PSID, key, what).await;
    }

    pub(super) async fn happens_to(&self, visitor: &str, key: &str, what: Happening) {
        self.take(visitor, key, what).await.unwrap();
    }

    /// Whether it was taken in; if not, the platform says it again.
    pub(super) async fn is_taken(&self, key: &str, what: Happening) -> bool {
        self.take(PSID, key, what).await.is_ok()
    }

    async fn take(&self, visitor: &str, key: &str, what: Happening) -> Result<(), CatchError> {
        let inbound = Inbound {
            account: "104820093344556".into(),
            visitor: visitor.into(),
            key: key.into(),
            at: self.clock.now(),
            what,
        };
        self.intake
            .take_inbound(&CHANNEL.into(), vec![inbound])
            .await
    }

    pub(super) async fn by_anna(
        &self,
        id: &str,
        chat: ChatId,
        command: DeskCommand,
    ) -> Result<(), Refusal> {
        let done = self
            .engine
            .by_operator(&"anna".into(), &CommandId::from(id), chat, command)
            .await;
        match done {
            Ok(_) => Ok(()),
            Err(EngineError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) async fn chats(&self) -> Vec<Chat> {
        let mut chats = self.store.list_open_chats().await.unwrap();
        let closed = self.store.list_closed_chats(None, 100).await.unwrap();
        chats.extend(closed.into_iter().filter(Chat::is_finished));
        chats.sort_by_key(|chat| chat.number);
        chats
    }

    pub(super) fn kinds(&self) -> Vec<&'static str> {
        let events = self.store.events();
        events.iter().map(|stored| stored.event.kind()).collect()
    }
}

#[tokio::test]
async fn a_message_that_was_taken_back_before_it_came_is_not_shown() {
    let world = world().await;
    world.happens("del:m_1", delete("m_1")).await;
    world.happens("msg:m_1", said("m_1")).await;
    assert_eq!(world.kinds(), Vec::<&str>::new());
    world.happens("msg:m_2", said("m_2")).await;
    assert_eq!(world.kinds(), ["opened", "received"]);
}

#[tokio::test]
async fn a_message_that_is_here_is_taken_back_in_its_chat() {
    let world = world().await;
    world.happens("msg:m_1", said("m_1")).await;
    world.happens("del:m_1", delete("m_1")).await;
    assert_eq!(world.kinds(), ["opened", "received", "deleted"]);
    let line = world.chats().await[0].last_line.clone().unwrap();
    assert!(line.is_deleted && line.text.is_empty());
}

#[tokio::test]
async fn an_edit_that_overtakes_its_message_is_what_the_message_says() {
    let world = world().await;
    world
        .happens("edit:m_1:1", edit("m_1", "the red one"))
        .await;
    world.happens("msg:m_1", said("m_1")).await;
    assert_eq!(world.kinds(), ["opened", "received", "edited"]);
    let chat = &world.chats().await[0];
    assert_eq!(chat.last_line.as_ref().unwrap().text, "the red one");
    let known = world.store.events().iter().any(|stored| {
        matches!(&stored.event, Event::Edited { message: Some(_), text, .. } if text == "the red one")
    });
    assert!(known, "the edit is of a message that is here");
}

fn block(for_seconds: Option<u32>) -> DeskCommand {
    DeskCommand::Block {
        for_seconds,
        reason: "spam".into(),
        close: true,
    }
}

pub(super) fn reply() -> DeskCommand {
    DeskCommand::Reply(ReplyDraft {
        text: "Yes".into(),
        quotes: None,
        asks: ContactAsk::default(),
        file: None,
        human_agent: false,
        hold_ms: Some(0),
    })
}

#[tokio::test]
async fn words_of_ours_open_no_chat_with_a_silenced_visitor() {
    let world = world().await;
    world.happens("msg:m_1", said("m_1")).await;
    let chat = world.chats().await[0].id;
    world.by_anna("b", chat, block(None)).await.unwrap();
    world
        .engine
        .finish(&CHANNEL.into(), "x", chat)
        .await
        .unwrap();
    world.intake.directory.forget(&CHANNEL.into(), &PSID.into());
    world.happens("msg:m_9", echo("m_9")).await;
    assert_eq!(world.chats().await.len(), 1);
}

#[tokio::test]
async fn what_a_silenced_visitor_says_is_counted_once_and_not_brought_in_later() {
    let world = world().await;
    world.happens("msg:m_1", said("m_1")).await;
    let chat = world.chats().await[0].id;
    world.by_anna("b", chat, block(None)).await.unwrap();
    for _ in 0..3 {
        world.happens("msg:m_2", said("m_2")).await;
    }
    let counts = world.engine.blocks().take_counts();
    assert_eq!(counts.len(), 1);
    assert_eq!(counts[0].1, 1);
    world
        .by_anna("u", chat, DeskCommand::Unblock)
        .await
        .unwrap();
    world.happens("msg:m_2", said("m_2")).await;
    assert!(!world.kinds().contains(&"reopened"));
    world.happens("msg:m_3", said("m_3")).await;
    assert_eq!(*world.kinds().last().unwrap(), "received");
}

#[tokio::test]
async fn a_chat_that_our_words_begin_can_be_answered_while_the_window_is_open() {
    let world = world().await;
    world.happens("msg:m_1", said("m_1")).await;
    let first = world.chats().await[0].id;
    world.by_anna("x", first, DeskCommand::Close).await.unwrap();
    world
        .engine
        .finish(&CHANNEL.into(), "x", first)
        .await
        .unwrap();
    world.happens("msg:m_9", echo("m_9")).await;
    let second = world.chats().await[1].clone();
    assert_eq!(second.window_from, Some(NOON));
    world.by_anna("r", second.id, reply()).await.unwrap();
}

#[tokio::test]
async fn a_returning_visitor_is_put_where_the_channel_says() {
    for (on_return, is_final, chats) in [
        (OnReturn::Reopen, false, 1),
        (OnReturn::Reopen, true, 2),
        (OnReturn::New, false, 2),
        (OnReturn::New, true, 2),
        (OnReturn::Resume, false, 1),
        (OnReturn::Resume, true, 1),
    ] {
        let world = world_where(on_return).await;
        world.happens("msg:m_1", said("m_1")).await;
        let first = world.chats().await[0].id;
        world.by_anna("x", first, DeskCommand::Close).await.unwrap();
        if is_final {
            world
                .engine
                .finish(&CHANNEL.into(), "x", first)
                .await
                .unwrap();
        }
        world.happens("msg:m_2", said("m_2")).await;
        let found = world.chats().await;
        assert_eq!(found.len(), chats, "{on_return:?} {is_final}");
        assert_eq!(found.last().unwrap().stage, Stage::Queue);
        if chats == 2 {
            assert!(found[0].is_finished());
        }
    }
}

#[tokio::test]
async fn an_admin_hears_of_many_wrong_signatures() {
    let world = world().await;
    world.channel.reject(Rejected::Wrong);
    for _ in 0..30 {
        let outcome = world
            .intake
            .webhook(&CHANNEL.into(), "", &HeaderMap::new(), Bytes::new())
            .await;
        assert_eq!(outcome, WebhookOutcome::Rejected);
    }
    assert_eq!(*world.notes.alarms.lock().unwrap(), [WRONG_SECRET]);
}

#[tokio::test]
async fn an_event_that_the_store_did_not_take_is_not_acknowledged_and_taken_the_next_time() {
    let world = world().await;
    world.store.forecast(&[Weather::LostUnheard]);
    let inbound = |what| Inbound {
        account: "104820093344556".into(),
        visitor: PSID.into(),
        key: "msg:m_1".into(),
        at: NOON,
        what,
    };
    let first = world
        .intake
        .take_inbound(&CHANNEL.into(), vec![inbound(said("m_1"))])
        .await;
    assert!(first.is_err());
    world.happens("msg:m_1", said("m_1")).await;
    assert_eq!(world.kinds(), ["opened", "received"]);
}
