//! A desk's connection over a pipe: what is sent, in what order, to whom.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use shared::chat::{Chat, DeskCommand, Event};
use shared::model::{
    ChatId, CommandId, MessageId, OperatorId, Policy, Presence, Seq, Timestamp, VisitorId,
};
use shared::protocol::{
    ChatPage, ClientFrame, DraftText, GoodbyeCode, OpenSection, PROTOCOL, ResumePoint,
    SectionCounts, ServerFrame, Snapshot,
};

use super::{CommandFailure, Desks, Hub, session};
use crate::clock::ManualClock;
use crate::http::session::hash_of;
use crate::store::memory::MemoryStore;
use crate::store::testing::{NOON, change, commit, received};
use crate::store::{BlockChange, SessionEntry, Store, StoreError};

/// Long enough for the slowest machine; nothing waits for it in vain.
const PATIENCE: Duration = Duration::from_secs(30);

struct FakeDesks {
    policy: Mutex<Arc<Policy>>,
    store: Arc<MemoryStore>,
}

#[async_trait]
impl Desks for FakeDesks {
    fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes its time, so that whoever does not wait for their turn is faster.
    async fn command(
        &self,
        _operator: &OperatorId,
        _id: &CommandId,
        _chat: ChatId,
        _command: DeskCommand,
    ) -> Result<Option<Seq>, CommandFailure> {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        Ok(Some(self.store.head().await.unwrap().seq))
    }

    async fn blocks_changed(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn set_online(&self, _operator: &OperatorId, _is_online: bool) {}
    fn presence(&self, _operator: &OperatorId, _chat: &Chat, _presence: Presence) {}
}

struct World {
    store: Arc<MemoryStore>,
    desks: Arc<FakeDesks>,
    hub: Arc<Hub>,
}

async fn world() -> World {
    let store = Arc::new(MemoryStore::default());
    let policy: Policy =
        serde_json::from_str(include_str!("../engine/policy_of_tests.json")).unwrap();
    let desks = Arc::new(FakeDesks {
        policy: Mutex::new(Arc::new(policy)),
        store: Arc::clone(&store),
    });
    let clock = Arc::new(ManualClock::at(NOON));
    let hub = Hub::start(store.clone(), desks.clone(), clock).await;
    World {
        hub: hub.unwrap(),
        store,
        desks,
    }
}

impl World {
    /// A visitor writes in a chat of their own.
    async fn receive(&self, chat: i64, id: i64, text: &str) {
        let before = self.chat(chat).await;
        let change = received(&before, id, chat, text, &format!("in:{id}"));
        commit(self.store.as_ref(), change).await;
    }

    /// Something happens in a chat that no rule is asked about.
    async fn happen(&self, chat: i64, event: Event) {
        let before = self.chat(chat).await;
        let key = format!("happens:{chat}:{}", before.version.0);
        commit(self.store.as_ref(), change(&before, vec![event], &key)).await;
    }

    async fn chat(&self, id: i64) -> Chat {
        let found = self.store.find_chat(ChatId(id)).await.unwrap();
        found.unwrap_or_else(|| Chat::unborn(ChatId(id)))
    }

    /// Puts another policy in force, as a reload does.
    fn reload(&self, change: impl FnOnce(&mut Policy)) {
        let mut policy = self.desks.policy().as_ref().clone();
        change(&mut policy);
        *self.desks.policy.lock().unwrap() = Arc::new(policy.clone());
        self.hub.policy_changed(&policy);
    }

    /// Waits until the hub has followed the store to its end.
    async fn settle(&self) {
        let head = self.store.head().await.unwrap().seq;
        let mut last = self.hub.ring.subscribe();
        let followed = last.wait_for(|last| *last >= head);
        tokio::time::timeout(PATIENCE, followed)
            .await
            .expect("the store is followed")
            .unwrap();
    }

    /// Opens a desk over a pipe that holds so many bytes.
    async fn open(&self, login: &str, resume: Option<ResumePoint>, pipe: usize) -> TestDesk {
        self.settle().await;
        let token = format!("token of {login}");
        let entry = SessionEntry {
            hash: hash_of(&token),
            operator: login.into(),
            created_at: NOON,
            expires_at: Timestamp(NOON.0 + 1_000_000),
            used_at: NOON,
            address: "127.0.0.1".into(),
        };
        self.store.save_session(entry).await.unwrap();
        let (theirs, ours) = tokio::io::duplex(pipe);
        let hub = Arc::clone(&self.hub);
        tokio::spawn(async move {
            let socket = WebSocketStream::from_raw_socket(ours, Role::Server, None).await;
            session::serve(hub, socket).await;
        });
        // It refuses pieces that are too long.
        let config = WebSocketConfig::default().max_frame_size(Some(session::PIECE));
        let line = WebSocketStream::from_raw_socket(theirs, Role::Client, Some(config)).await;
        let mut desk = TestDesk { line };
        let hello = ClientFrame::Hello {
            protocol: PROTOCOL,
            token: token.into(),
            resume,
            program: "test".into(),
        };
        desk.send(&hello).await;
        desk
    }

    async fn desk(&self, login: &str) -> (TestDesk, Vec<ServerFrame>, ResumePoint) {
        self.desk_from(login, None).await
    }

    async fn desk_from(
        &self,
        login: &str,
        resume: Option<ResumePoint>,
    ) -> (TestDesk, Vec<ServerFrame>, ResumePoint) {
        let mut desk = self.open(login, resume, 1 << 20).await;
        let (frames, at) = desk.until_live().await;
        (desk, frames, at)
    }
}

struct TestDesk {
    line: WebSocketStream<DuplexStream>,
}

impl TestDesk {
    async fn send(&mut self, frame: &ClientFrame) {
        let text = serde_json::to_string(frame).unwrap();
        self.line.send(Message::text(text)).await.unwrap();
    }

    async fn frame(&mut self) -> ServerFrame {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.line.next());
            let message = message.await.expect("a frame comes").expect("no end");
            if let Message::Text(text) = message.unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    async fn until_live(&mut self) -> (Vec<ServerFrame>, ResumePoint) {
        let mut frames = vec![];
        loop {
            match self.frame().await {
                ServerFrame::Live { at } => return (frames, at),
                frame => frames.push(frame),
            }
        }
    }

    /// Reads until the answer to a ping: everything sent before it is here then.
    async fn until_pong(&mut self) -> Vec<ServerFrame> {
        self.send(&ClientFrame::Ping { stamp: 7 }).await;
        let mut frames = vec![];
        loop {
            match self.frame().await {
                ServerFrame::Pong { .. } => return frames,
                frame => frames.push(frame),
            }
        }
    }

    /// Reads until a frame of the kind waited for.
    async fn find<T>(&mut self, pick: impl Fn(ServerFrame) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.frame().await) {
                return found;
            }
        }
    }

    async fn until_goodbye(&mut self) -> GoodbyeCode {
        loop {
            if let ServerFrame::Goodbye(goodbye) = self.frame().await {
                return goodbye.code;
            }
        }
    }

    async fn page(&mut self, frame: &ClientFrame) -> ChatPage {
        self.send(frame).await;
        loop {
            if let ServerFrame::Chats { page, .. } = self.frame().await {
                return page;
            }
        }
    }
}

fn snapshot(frames: &[ServerFrame]) -> Option<&Snapshot> {
    frames.iter().find_map(|frame| match frame {
        ServerFrame::Snapshot(snapshot) => Some(snapshot.as_ref()),
        _ => None,
    })
}

fn shown(snapshot: &Snapshot) -> Vec<i64> {
    let mut ids: Vec<_> = snapshot.chats.iter().map(|chat| chat.id.0).collect();
    ids.sort_unstable();
    ids
}

fn received_texts(frames: &[ServerFrame]) -> Vec<String> {
    let texts = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Event(stored) => match &stored.event {
            Event::Received { message, .. } => Some(message.text.clone()),
            Event::Edited { text, .. } => Some(text.clone()),
            _ => None,
        },
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn what_happens_while_a_snapshot_is_being_sent_follows_it_at_once() {
    let world = world().await;
    world.receive(1, 1, "before").await;
    // A pipe so small that the relay waits in the middle of the welcome.
    let mut desk = world.open("anna", None, 64).await;
    let ServerFrame::Welcome { .. } = desk.frame().await else {
        panic!("a welcome comes first");
    };
    // It goes on to the snapshot, and stands still in the middle of that.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    world.receive(1, 2, "meanwhile").await;
    world.settle().await;
    let (frames, at) = desk.until_live().await;
    let lines = snapshot(&frames).unwrap().chats.iter();
    let lines: Vec<_> = lines
        .filter_map(|chat| Some(chat.last_line.as_ref()?.text.clone()))
        .collect();
    assert_eq!(lines, ["before"], "the snapshot was taken before");
    assert_eq!(at.seq, Seq(2));
    // Nothing else happens: what came meanwhile has to come by itself.
    let mut news = vec![];
    while received_texts(&news) != ["meanwhile"] {
        news.push(desk.frame().await);
    }
}

#[tokio::test]
async fn a_long_frame_comes_in_pieces_and_is_whole() {
    let world = world().await;
    let (mut desk, _, _) = world.desk("anna").await;
    // Pieces end within characters.
    let long = "ж".repeat(3 * session::PIECE);
    world.receive(1, 1, &long).await;
    world.receive(1, 2, "after").await;
    world.settle().await;
    assert_eq!(
        received_texts(&desk.until_pong().await),
        [long, "after".to_owned()]
    );
}

#[tokio::test]
async fn a_desk_resumes_only_under_the_rights_it_left_with() {
    type Change = fn(&mut Policy);
    let changes: [(&str, Change, &[i64]); 3] = [
        (
            "switched off",
            |policy| policy.channels[0].active = false,
            &[],
        ),
        (
            "hidden",
            |policy| {
                policy.hide_others = true;
            },
            &[1],
        ),
        (
            "nothing",
            |policy| policy.company.name = "Renamed".into(),
            &[1, 2],
        ),
    ];
    for (what, change, left) in changes {
        let world = world().await;
        world.receive(1, 1, "hello").await;
        world.receive(2, 2, "hello").await;
        let claimed = Event::Claimed {
            by: "boris".into(),
            from: None,
        };
        world.happen(2, claimed).await;
        let (desk, frames, at) = world.desk("anna").await;
        assert_eq!(shown(snapshot(&frames).unwrap()), [1, 2]);
        drop(desk);
        world.reload(change);
        let (_desk, frames, _) = world.desk_from("anna", Some(at)).await;
        match snapshot(&frames) {
            Some(snapshot) => assert_eq!(shown(snapshot), left, "{what}"),
            None => assert_eq!(what, "nothing", "only then what was shown holds"),
        }
        assert_eq!(snapshot(&frames).is_none(), what == "nothing");
    }
}

#[tokio::test]
async fn nobody_resumes_from_the_point_of_another_operator() {
    let world = world().await;
    world.receive(1, 1, "hello").await;
    let (_desk, _, at) = world.desk("sofia").await;
    let (_other, frames, _) = world.desk_from("anna", Some(at)).await;
    assert!(snapshot(&frames).is_some());
}

#[tokio::test]
async fn a_desk_that_is_there_is_shown_anew_what_a_reload_leaves_it() {
    let world = world().await;
    world.receive(1, 1, "hello").await;
    let (mut desk, _, before) = world.desk("anna").await;
    world.reload(|policy| policy.channels[0].active = false);
    let (frames, at) = desk.until_live().await;
    assert!(shown(snapshot(&frames).unwrap()).is_empty());
    assert_ne!(at.outlook, before.outlook);
    world.receive(1, 2, "unseen").await;
    world.settle().await;
    assert!(received_texts(&desk.until_pong().await).is_empty());
}

#[tokio::test]
async fn originals_are_resumed_by_supervisors_only() {
    let world = world().await;
    world.receive(3, 3, "before").await;
    let (anna, _, anna_at) = world.desk("anna").await;
    let (sofia, _, sofia_at) = world.desk("sofia").await;
    drop((anna, sofia));
    world.receive(1, 1, "taken back").await;
    world.receive(1, 2, "first words").await;
    world
        .happen(
            1,
            Event::Deleted {
                message: MessageId(1),
            },
        )
        .await;
    for (edit, text) in [(1, "second words"), (2, "last words")] {
        let edited = Event::Edited {
            message: Some(MessageId(2)),
            text: text.into(),
            edit,
            edited_at: NOON,
        };
        world.happen(1, edited).await;
    }
    let (mut anna, frames, _) = world.desk_from("anna", Some(anna_at)).await;
    assert!(snapshot(&frames).is_none(), "resumed");
    assert_eq!(received_texts(&frames), ["", "", "", "last words"]);
    let (_sofia, frames, _) = world.desk_from("sofia", Some(sofia_at)).await;
    let all = ["taken back", "first words", "second words", "last words"];
    assert_eq!(received_texts(&frames), all);

    // Nor are they in a page, or found.
    let load = ClientFrame::LoadTimeline {
        request: 1,
        chat: ChatId(1),
        before: None,
        limit: 50,
    };
    anna.send(&load).await;
    let events = anna.find(|frame| match frame {
        ServerFrame::Timeline { events, .. } => Some(events),
        _ => None,
    });
    let events = events.await;
    let frames: Vec<_> = events.into_iter().map(ServerFrame::Event).collect();
    assert_eq!(received_texts(&frames), ["", "", "", "last words"]);
    for (text, count) in [("taken", 0), ("first", 0), ("second", 0), ("last", 1)] {
        let search = ClientFrame::Search {
            request: 2,
            text: text.into(),
            before: None,
            limit: 50,
        };
        anna.send(&search).await;
        let hits = anna.find(|frame| match frame {
            ServerFrame::Hits { hits, .. } => Some(hits),
            _ => None,
        });
        let hits = hits.await;
        assert_eq!(hits.len(), count, "{text}");
    }
}

#[tokio::test]
async fn an_erased_visitor_is_in_no_frame_that_a_desk_resumes_with() {
    let world = world().await;
    world.receive(3, 3, "before").await;
    let (anna, _, at) = world.desk("anna").await;
    drop(anna);
    world.receive(1, 1, "my name is Marker").await;
    world.settle().await;
    world.store.redact(VisitorId(1), NOON).await.unwrap();
    let (_desk, frames, _) = world.desk_from("anna", Some(at)).await;
    assert!(snapshot(&frames).is_none(), "resumed");
    let said = serde_json::to_string(&frames).unwrap();
    assert!(!said.contains("Marker"), "{said}");
    assert!(said.contains("redacted"));
}

#[tokio::test]
async fn drafts_are_kept_in_the_order_sent_where_they_may_be() {
    let world = world().await;
    world.receive(1, 1, "hello").await;
    world.receive(2, 2, "hello").await;
    let (mut desk, _, _) = world.desk("anna").await;
    let draft = |text: &str| DraftText {
        text: text.into(),
        caret: 0,
        is_note: false,
    };
    for number in 0..60 {
        let frame = ClientFrame::SaveDraft {
            chat: ChatId(1),
            draft: draft(&format!("word {number}")),
        };
        desk.send(&frame).await;
    }
    for chat in [99, 2] {
        let frame = ClientFrame::SaveDraft {
            chat: ChatId(chat),
            draft: draft("elsewhere"),
        };
        desk.send(&frame).await;
    }
    // A command is answered after the drafts before it are kept.
    let command = ClientFrame::Command {
        id: "c1".into(),
        chat: ChatId(1),
        command: DeskCommand::Release,
    };
    desk.send(&command).await;
    while !matches!(desk.frame().await, ServerFrame::Accepted { .. }) {}
    let mut kept = world.store.list_drafts(&"anna".into()).await.unwrap();
    kept.sort_by_key(|(chat, _)| *chat);
    let expected = [
        (ChatId(1), draft("word 59")),
        (ChatId(2), draft("elsewhere")),
    ];
    assert_eq!(kept, expected, "none of a chat that is not there");

    // What went out of sight is not brought back by a welcome.
    world.happen(2, Event::Finished).await;
    let (_other, frames, _) = world.desk("anna").await;
    let Some(ServerFrame::Welcome { drafts, .. }) = frames.first() else {
        panic!("a welcome");
    };
    assert_eq!(drafts[..], expected[..1]);
}

#[tokio::test]
async fn a_policy_holds_no_template_of_a_department_one_is_not_in() {
    let world = world().await;
    let of = |department: &str| shared::model::Template {
        id: None,
        scope: shared::model::TemplateScope::Department {
            department: department.into(),
        },
        language: "en".into(),
        section: None,
        title: None,
        text: format!("of {department}"),
        key: None,
        code: None,
    };
    let texts = |policy: &Policy| -> Vec<String> {
        let templates = policy.templates.iter();
        templates.map(|template| template.text.clone()).collect()
    };
    let anna = world.desks.policy().find_operator(&"anna".into()).cloned();
    let own = anna.unwrap().departments[0].0.clone();
    let (mut desk, _, _) = world.desk("anna").await;
    world.reload(|policy| policy.templates = vec![of(&own), of("elsewhere")]);
    let (frames, _) = desk.until_live().await;
    let policy = frames.iter().find_map(|frame| match frame {
        ServerFrame::Policy { policy } => Some(policy),
        _ => None,
    });
    assert_eq!(texts(policy.expect("the policy")), [format!("of {own}")]);
    let (_other, frames, _) = world.desk("anna").await;
    let Some(ServerFrame::Welcome { policy, .. }) = frames.first() else {
        panic!("a welcome");
    };
    assert_eq!(texts(policy), [format!("of {own}")]);
}

#[tokio::test]
async fn closed_chats_are_paged_to_the_last_though_all_ended_at_once() {
    let world = world().await;
    for chat in 1..=90 {
        world.receive(chat, chat, "hello").await;
        world.happen(chat, Event::Finished).await;
    }
    let (mut desk, _, _) = world.desk("anna").await;
    let (mut found, mut before) = (vec![], None);
    loop {
        let load = ClientFrame::LoadClosed {
            request: 1,
            before,
            limit: 20,
        };
        let page = desk.page(&load).await;
        assert_eq!(page.has_more, page.next.is_some());
        found.extend(page.chats.iter().map(|chat| chat.id.0));
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    found.sort_unstable();
    assert_eq!(found, (1..=90).collect::<Vec<_>>());
}

#[tokio::test]
async fn closed_chats_out_of_sight_end_a_page_where_the_next_goes_on() {
    let world = world().await;
    // More than are looked through for one answer.
    for chat in 1..=2_050 {
        world.receive(chat, chat, "hello").await;
        // The first one to have begun is the last in the list, and the only one to be seen.
        if chat > 1 {
            let claimed = Event::Claimed {
                by: "boris".into(),
                from: None,
            };
            world.happen(chat, claimed).await;
            let closed = Event::Closed { by: "boris".into() };
            world.happen(chat, closed).await;
        } else {
            world.happen(chat, Event::Finished).await;
        }
    }
    world.reload(|policy| policy.hide_others = true);
    let (mut desk, _, _) = world.desk("anna").await;
    let (mut pages, mut before) = (0, None);
    let found = loop {
        let load = ClientFrame::LoadClosed {
            request: 1,
            before,
            limit: 2,
        };
        let page = desk.page(&load).await;
        pages += 1;
        if let Some(chat) = page.chats.first() {
            break chat.id;
        }
        assert!(page.next.is_some() && page.next != before, "it gets on");
        before = page.next;
    };
    assert_eq!(found, ChatId(1));
    assert!(pages > 1, "empty pages came before it");
}

#[tokio::test]
async fn counts_are_told_while_a_list_is_longer_than_what_was_sent() {
    let world = world().await;
    for chat in 1..=301 {
        world.receive(chat, chat, "hello").await;
    }
    let (mut desk, frames, at) = world.desk("anna").await;
    let first = snapshot(&frames).unwrap();
    assert_eq!((first.chats.len(), first.counts.awaiting), (300, 301));
    let rest = ClientFrame::LoadOpen {
        request: 1,
        section: OpenSection::Awaiting,
        after: first.next.awaiting,
        limit: 50,
    };
    let page = desk.page(&rest).await;
    assert_eq!(page.chats.len(), 1, "the one that was cut");
    assert_eq!(page.next, None);

    let claimed = Event::Claimed {
        by: "anna".into(),
        from: None,
    };
    world.receive(302, 302, "hello").await;
    world.happen(302, claimed).await;
    world.receive(303, 303, "hello").await;
    let counts = SectionCounts {
        awaiting: 302,
        mine: 1,
        others: 0,
    };
    while desk.frame().await != ServerFrame::Counts(counts) {}
    let (_back, frames, _) = world.desk_from("anna", Some(at)).await;
    assert!(snapshot(&frames).is_none(), "resumed");
    assert!(
        frames.contains(&ServerFrame::Counts(counts)),
        "told what was missed"
    );
}

#[tokio::test]
async fn a_removed_operator_is_sent_away_and_a_stopping_relay_says_so() {
    let world = world().await;
    let (mut desk, _, _) = world.desk("anna").await;
    world.reload(|policy| policy.operators.retain(|known| known.id != "anna".into()));
    assert_eq!(desk.until_goodbye().await, GoodbyeCode::Removed);
    let (mut other, _, _) = world.desk("boris").await;
    world.hub.stop();
    assert_eq!(other.until_goodbye().await, GoodbyeCode::Stopping);
}

/// SC-06. Time stands still until everybody waits, and then jumps.
#[tokio::test(start_paused = true)]
async fn a_desk_that_takes_nothing_is_cut_and_delays_nobody() {
    let world = world().await;
    let slow = world.open("anna", None, 64).await;
    let (mut quick, _, _) = world.desk("boris").await;
    for id in 1..=50 {
        world.receive(1, id, &format!("word {id}")).await;
    }
    let mut frames = vec![];
    while received_texts(&frames).len() < 50 {
        frames.push(quick.frame().await);
    }
    assert_eq!(world.hub.count(), 2, "the slow one has its time");
    let cut = async {
        while world.hub.count() > 1 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3_600), cut)
        .await
        .expect("it does not hold its place for ever");
    drop(slow);
    let (_back, frames, _) = world.desk("anna").await;
    assert_eq!(
        shown(snapshot(&frames).unwrap()),
        [1],
        "it comes back to everything"
    );
}

#[tokio::test]
async fn blocks_of_chats_out_of_sight_are_in_nobodys_list() {
    let world = world().await;
    for chat in [1, 2] {
        world.receive(chat, chat, "hello").await;
        let by: OperatorId = if chat == 1 { "anna" } else { "boris" }.into();
        let claimed = Event::Claimed {
            by: by.clone(),
            from: None,
        };
        world.happen(chat, claimed).await;
        let blocked = Event::Blocked {
            by: by.clone(),
            until: None,
            reason: "spam".into(),
        };
        let before = world.chat(chat).await;
        let mut change = change(&before, vec![blocked], &format!("block:{chat}"));
        change.block = Some(BlockChange::Set {
            by,
            until: None,
            reason: "spam".into(),
        });
        commit(world.store.as_ref(), change).await;
    }
    world.reload(|policy| policy.hide_others = true);
    for (login, expected) in [("anna", vec![1]), ("sofia", vec![1, 2])] {
        let (mut desk, _, _) = world.desk(login).await;
        desk.send(&ClientFrame::LoadBlocks { request: 1 }).await;
        let blocks = desk.find(|frame| match frame {
            ServerFrame::Blocks { blocks, .. } => Some(blocks),
            _ => None,
        });
        let blocks = blocks.await;
        let mut chats: Vec<_> = blocks.iter().map(|row| row.chat.0).collect();
        chats.sort_unstable();
        assert_eq!(chats, expected, "{login}");
    }
}

#[tokio::test]
async fn a_hub_that_was_stopped_follows_the_store_no_more() {
    let world = world().await;
    world.receive(1, 1, "before").await;
    world.settle().await;
    world.hub.stop();
    // The follower takes its leave at the next turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let point = world.hub.ring.point();
    world.receive(1, 2, "after").await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.hub.ring.point(), point);
}
