//! What every engine must hold (`storage.md` 11). Each point takes a way to open a store, so that another engine can be
//! put through the same.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use shared::chat::{
    Actor, Chat, Command, Context, DeskCommand, Event, FreshIds, Opening, PlatformCommand,
    ReplyDraft,
};
use shared::model::{
    Card, ChatId, ContactAsk, DeliveryId, Message, MessageId, PlatformId, Policy, Seq, Timestamp,
    Version, Visitor, VisitorId,
};

use super::sqlite::SqliteStore;
use super::{
    Change, Claim, DeliveryBody, DeliveryStage, Key, LONGEST_WAIT, LeaseToken, MessageRow,
    NewDelivery, Outcome, PutBack, Query, Settled, Store, Terms,
};

const NOON: Timestamp = Timestamp(1_795_190_400_000);

/// A store in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("desk.db")).unwrap();
    Place { folder, store }
}

fn policy() -> Policy {
    serde_json::from_str(include_str!("../engine/policy_of_tests.json")).unwrap()
}

/// Decides a visitor's message on a chat and returns the change.
fn received(chat: &Chat, id: i64, visitor: i64, text: &str, key: &str) -> Change {
    let policy = policy();
    let online = BTreeSet::new();
    let fresh = FreshIds {
        message: MessageId(id),
        delivery: DeliveryId(id),
    };
    let context = Context {
        now: NOON,
        policy: &policy,
        actor: &Actor::Platform,
        online: &online,
        fresh,
    };
    let visitor = Visitor {
        id: VisitorId(visitor),
        channel: "acme-page".into(),
        platform_id: PlatformId(format!("psid {visitor}")),
        card: Card {
            name: Some(format!("Visitor {visitor}")),
            ..Card::default()
        },
    };
    let message = Message {
        id: MessageId(id),
        platform_id: Some(PlatformId(format!("m_{id}"))),
        sent_at: NOON,
        text: text.into(),
        attachments: vec![],
        quotes: None,
        quotes_unknown: false,
    };
    let opening = Opening {
        visitor: visitor.clone(),
        language: "en".into(),
        department: None,
        reserved_for: None,
        entry: None,
        window_from: None,
    };
    let command = Command::Platform(PlatformCommand::Receive {
        opening,
        message,
        standby: false,
    });
    let events = chat.decide(&command, &context).unwrap();
    change(chat, events, key, text, Some(visitor), Some(MessageId(id)))
}

fn change(
    chat: &Chat,
    events: Vec<Event>,
    key: &str,
    text: &str,
    visitor: Option<Visitor>,
    message: Option<MessageId>,
) -> Change {
    let mut after = chat.clone();
    for event in &events {
        after.apply_unstored(event, NOON);
    }
    let place = u16::try_from(events.len().max(1) - 1).unwrap();
    Change {
        key: Key(key.into()),
        chat: chat.id,
        expected: chat.version,
        at: NOON,
        deadline: None,
        visitor,
        messages: message
            .into_iter()
            .map(|id| MessageRow {
                id,
                event: place,
                channel: "acme-page".into(),
                platform_id: Some(PlatformId(format!("m_{id}"))),
            })
            .collect(),
        deliveries: vec![],
        settled: vec![],
        terms: vec![(place, Terms::of(text))],
        block: None,
        events,
        after: after.into(),
    }
}

async fn one(store: &dyn Store, change: Change) -> Outcome {
    store.commit(vec![change]).await.unwrap().pop().unwrap()
}

/// Adds a message to a chat, deciding again whenever somebody was faster.
pub(super) async fn append(store: &dyn Store, chat: ChatId, id: i64) {
    loop {
        let before = store
            .find_chat(chat)
            .await
            .unwrap()
            .unwrap_or_else(|| Chat::unborn(chat));
        let change = received(
            &before,
            id,
            chat.0,
            &format!("text {id}"),
            &format!("in:{id}"),
        );
        match one(store, change).await {
            Outcome::Done { .. } => return,
            Outcome::Moved { .. } => {}
            Outcome::Already { .. } => panic!("a fresh key was taken"),
        }
    }
}

/// Point 1 and 2: many tasks at few chats; versions without holes, rows are replays, a follower sees each number once.
#[tokio::test(flavor = "multi_thread")]
async fn versions_have_no_holes_rows_are_replays_and_a_follower_misses_nothing() {
    const CHATS: i64 = 20;
    const TASKS: i64 = 32;
    const EACH: i64 = 60;
    let place = place();
    let store = place.store.clone();
    let follower = tokio::spawn({
        let store = store.clone();
        async move {
            let mut seen: Vec<Seq> = vec![];
            while (seen.len() as i64) < TASKS * EACH + CHATS {
                let last = seen.last().copied().unwrap_or_default();
                store.changed(last).await;
                let events = store.events_after(last, 500).await.unwrap();
                seen.extend(events.iter().map(|stored| stored.seq));
            }
            seen
        }
    });
    let tasks = (0..TASKS).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                let id = task * EACH + number + 1;
                append(store.as_ref(), ChatId(id % CHATS + 1), id).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let seen = tokio::time::timeout(Duration::from_secs(20), follower)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        seen,
        (1..=TASKS * EACH + CHATS).map(Seq).collect::<Vec<_>>()
    );
    for chat in 1..=CHATS {
        let events = store.timeline(ChatId(chat), None, 10_000).await.unwrap();
        let versions: Vec<_> = events.iter().map(|stored| stored.version.0).collect();
        assert_eq!(versions, (1..=events.len() as i64).collect::<Vec<_>>());
        assert_eq!(
            Chat::replay(ChatId(chat), &events),
            store.find_chat(ChatId(chat)).await.unwrap()
        );
    }
}

/// Points 3 and 4: repeats, moved versions, one bad change among good ones.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_are_answered_as_before_and_a_batch_takes_what_fits() {
    let place = place();
    let store = place.store.as_ref();
    let first = received(&Chat::unborn(ChatId(1)), 1, 1, "hello", "in:1");
    let Outcome::Done { first: seq, .. } = one(store, first.clone()).await else {
        panic!("done")
    };
    assert_eq!(
        one(store, first.clone()).await,
        Outcome::Already {
            seq: Seq(seq.0 + 1)
        }
    );
    let other_body = received(&Chat::unborn(ChatId(9)), 9, 9, "another", "in:1");
    assert_eq!(
        one(store, other_body).await,
        Outcome::Already {
            seq: Seq(seq.0 + 1)
        }
    );

    let chat = store.find_chat(ChatId(1)).await.unwrap().unwrap();
    let stale = received(&Chat::unborn(ChatId(1)), 2, 1, "stale", "in:2");
    let mut batch = vec![stale, first];
    for id in 10..40 {
        batch.push(received(
            &Chat::unborn(ChatId(id)),
            id,
            id,
            "good",
            &format!("in:{id}"),
        ));
    }
    // A message id that is taken by another chat's message: this one change fails alone.
    let poison = received(&Chat::unborn(ChatId(50)), 50, 50, "poison", "in:50");
    let poison = Change {
        messages: vec![MessageRow {
            platform_id: Some("m_1".into()),
            ..poison.messages[0].clone()
        }],
        ..poison
    };
    let (good, bad) = tokio::join!(store.commit(batch), store.commit(vec![poison]));
    let good = good.unwrap();
    assert_eq!(good[0], Outcome::Moved { now: chat.version });
    assert!(matches!(good[1], Outcome::Already { .. }));
    assert!(
        good[2..]
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Done { .. }))
    );
    assert!(bad.is_err());
    assert!(
        store.find_chat(ChatId(50)).await.unwrap().is_none(),
        "no half change"
    );
}

/// Point 6: a visitor with two open chats is impossible.
#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_never_has_two_open_chats() {
    let place = place();
    let tries = (0..200).map(|number| {
        let store = place.store.clone();
        tokio::spawn(async move {
            let id = 100 + number;
            let change = received(
                &Chat::unborn(ChatId(id)),
                id,
                7,
                "me first",
                &format!("in:{id}"),
            );
            one(store.as_ref(), change).await
        })
    });
    let mut done = 0;
    for task in tries.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Outcome::Done { .. } => done += 1,
            Outcome::Moved { now } => assert_eq!(now, Version(0)),
            Outcome::Already { .. } => panic!("keys differ"),
        }
    }
    assert_eq!(done, 1);
    assert_eq!(place.store.list_open_chats().await.unwrap().len(), 1);
}

/// Puts a delivery into the outbox.
async fn deliver(store: &dyn Store, chat: i64, delivery: i64) {
    let before = store
        .find_chat(ChatId(chat))
        .await
        .unwrap()
        .unwrap_or_else(|| Chat::unborn(ChatId(chat)));
    let mut change = received(&before, delivery, chat, "hello", &format!("in:{delivery}"));
    change.deliveries.push(NewDelivery {
        id: DeliveryId(delivery),
        channel: "acme-page".into(),
        body: DeliveryBody {
            message: MessageId(delivery),
            visitor: "1".into(),
            text: "Yes".into(),
            quotes: None,
            asks: ContactAsk::default(),
            human_agent: false,
        },
        not_before: NOON,
        window_ends: Some(Timestamp(NOON.0 + 1000)),
    });
    assert!(matches!(one(store, change).await, Outcome::Done { .. }));
}

async fn lease(store: &dyn Store, owner: &str) -> Option<LeaseToken> {
    store
        .take_lease("send:acme-page", owner, Duration::from_secs(10))
        .await
        .unwrap()
}

fn claim(token: LeaseToken, owner: &str) -> Claim {
    Claim {
        channel: "acme-page".into(),
        token,
        owner: owner.into(),
        now: NOON,
        limit: 16,
    }
}

async fn settle(
    store: &dyn Store,
    delivery: i64,
    attempt: Option<u32>,
    to: DeliveryStage,
    key: &str,
) -> bool {
    let chat = store
        .find_delivery(DeliveryId(delivery))
        .await
        .unwrap()
        .unwrap()
        .chat;
    let chat = store.find_chat(chat).await.unwrap().unwrap();
    let mut change = change(&chat, vec![], key, "", None, None);
    change.terms.clear();
    change.settled.push(Settled {
        delivery: DeliveryId(delivery),
        attempt,
        to,
        not_before: None,
        window_ends: None,
    });
    matches!(one(store, change).await, Outcome::Done { .. })
}

/// Point 7: claims, leases, late results; every arrow and every forbidden one.
#[tokio::test(flavor = "multi_thread")]
async fn one_delivery_of_a_chat_is_under_way_in_order_and_only_under_the_lease() {
    let place = place();
    let store = place.store.as_ref();
    for delivery in [1, 2] {
        deliver(store, 1, delivery).await;
    }
    deliver(store, 2, 3).await;
    let token = lease(store, "me").await.unwrap();
    assert_eq!(lease(store, "other").await, None, "held");
    assert_eq!(lease(store, "me").await, Some(token), "renewed");
    let stranger = LeaseToken(token.0 + 1);
    assert!(
        store
            .claim_deliveries(claim(stranger, "other"))
            .await
            .unwrap()
            .is_empty()
    );

    let claimed = store.claim_deliveries(claim(token, "me")).await.unwrap();
    let ids: Vec<_> = claimed
        .iter()
        .map(|delivery| (delivery.id.0, delivery.attempt))
        .collect();
    assert_eq!(ids, [(1, 1), (3, 1)], "the first of each chat");
    assert!(
        store
            .claim_deliveries(claim(token, "me"))
            .await
            .unwrap()
            .is_empty(),
        "one under way per chat"
    );

    let due = PutBack::Due {
        not_before: NOON,
        error: "again".into(),
    };
    assert!(
        !store.put_back(DeliveryId(1), 9, due.clone()).await.unwrap(),
        "another attempt's"
    );
    assert!(store.put_back(DeliveryId(1), 1, due).await.unwrap());
    let again = store.claim_deliveries(claim(token, "me")).await.unwrap();
    assert_eq!(
        again
            .iter()
            .map(|d| (d.id.0, d.attempt))
            .collect::<Vec<_>>(),
        [(1, 2)]
    );
    assert!(settle(store, 1, Some(2), DeliveryStage::Sent, "out:1:2").await);
    let next = store.claim_deliveries(claim(token, "me")).await.unwrap();
    assert_eq!(next[0].id, DeliveryId(2), "only then the second");

    store.give_lease_back("send:acme-page", "me").await.unwrap();
    let later = lease(store, "other").await.unwrap();
    assert!(later > token, "the token rises with the owner");
    let abandoned = store
        .list_abandoned(&"acme-page".into(), later)
        .await
        .unwrap();
    assert_eq!(abandoned.iter().map(|d| d.id.0).collect::<Vec<_>>(), [2, 3]);
    let overdue = store
        .list_overdue(&"acme-page".into(), Timestamp(NOON.0 + 1000))
        .await
        .unwrap();
    assert!(overdue.is_empty(), "what is being sent is not overdue");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clock_that_was_ahead_put_off_is_due() {
    let place = place();
    let store: &dyn Store = place.store.as_ref();
    deliver(store, 1, 1).await;
    let token = lease(store, "me").await.unwrap();
    let begun = store.claim_deliveries(claim(token, "me")).await.unwrap();
    assert_eq!(begun.len(), 1);
    for (attempt, wait, begins) in [(1, 2 * LONGEST_WAIT, 1), (2, LONGEST_WAIT, 0)] {
        let due = PutBack::Due {
            not_before: NOON.plus(wait),
            error: "later".into(),
        };
        assert!(store.put_back(DeliveryId(1), attempt, due).await.unwrap());
        let begun = store.claim_deliveries(claim(token, "me")).await.unwrap();
        assert_eq!(begun.len(), begins, "put off by {wait:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_takes_the_allowed_arrows_and_no_other() {
    use DeliveryStage::{Due, Failed, Sending, Sent, Unconfirmed, Withdrawn};
    let all = [Due, Sending, Sent, Failed, Unconfirmed, Withdrawn];
    // From, to, with the attempt's own number.
    let allowed = [
        (Due, Sent, true),
        (Due, Sent, false),
        (Due, Failed, true),
        (Due, Failed, false),
        (Due, Withdrawn, true),
        (Due, Withdrawn, false),
        (Sending, Sent, true),
        (Sending, Sent, false),
        (Sending, Failed, true),
        (Sending, Unconfirmed, true),
        (Unconfirmed, Sent, true),
        (Unconfirmed, Sent, false),
        (Unconfirmed, Due, true),
        (Unconfirmed, Due, false),
        (Unconfirmed, Failed, true),
        (Unconfirmed, Failed, false),
        (Failed, Sent, true),
        (Failed, Sent, false),
        (Failed, Due, true),
        (Failed, Due, false),
    ];
    let place = place();
    let store = place.store.as_ref();
    let token = lease(store, "me").await.unwrap();
    let mut id = 0;
    for (from, to) in all.into_iter().flat_map(|from| all.map(|to| (from, to))) {
        for own in [true, false] {
            id += 1;
            let done = try_arrow(store, token, id, (from, to, own)).await;
            assert_eq!(
                done,
                allowed.contains(&(from, to, own)),
                "{from:?} → {to:?}, own attempt {own}"
            );
        }
    }
}

/// Brings a fresh delivery to a state and tries to move it on.
async fn try_arrow(
    store: &dyn Store,
    token: LeaseToken,
    id: i64,
    (from, to, own): (DeliveryStage, DeliveryStage, bool),
) -> bool {
    use DeliveryStage::{Due, Sending, Sent, Withdrawn};
    deliver(store, id, id).await;
    let is_begun = ![Due, Withdrawn].contains(&from);
    if is_begun {
        assert_eq!(
            store
                .claim_deliveries(claim(token, "me"))
                .await
                .unwrap()
                .len(),
            1
        );
    }
    let attempt = u32::from(is_begun);
    if ![Due, Sending].contains(&from) {
        assert!(
            settle(store, id, Some(attempt), from, &format!("to:{id}")).await,
            "{from:?} can be reached"
        );
    }
    let done = settle(store, id, own.then_some(attempt), to, &format!("try:{id}")).await;
    let late = settle(store, id, Some(99), Sent, &format!("late:{id}")).await;
    assert!(!late, "a result of another attempt is news, not authority");
    // Out of the way of the next one.
    let state = store
        .find_delivery(DeliveryId(id))
        .await
        .unwrap()
        .unwrap()
        .state;
    if [Due, Sending].contains(&state) {
        assert!(settle(store, id, None, Sent, &format!("end:{id}")).await);
    }
    done
}

/// Point 8: search in three scripts.
#[tokio::test(flavor = "multi_thread")]
async fn search_finds_words_in_three_scripts_newest_first() {
    let place = place();
    let store = place.store.as_ref();
    let texts = [
        "Где мой заказ? Оплатила ещё вчера",
        "Заказы приходят вовремя",
        "Could you check the orders please",
        "I ordered a kettle",
        "退款什么时候到账",
        "请问退货怎么办",
        "\" OR AND NOT NEAR * ^ : ( )",
    ];
    for (number, text) in (1..).zip(texts) {
        let change = received(
            &Chat::unborn(ChatId(number)),
            number,
            number,
            text,
            &format!("in:{number}"),
        );
        assert!(matches!(one(store, change).await, Outcome::Done { .. }));
    }
    let find = async |words: &str| {
        let Some(query) = Query::parse(words) else {
            return vec![];
        };
        let found = store.search(&query, None, 50).await.unwrap();
        found.iter().map(|stored| stored.chat.0).collect::<Vec<_>>()
    };
    for (words, expected) in [
        ("заказ", vec![2, 1]),
        ("ЗАКАЗОВ", vec![2, 1]),
        ("еще", vec![1]),
        ("order", vec![4, 3]),
        ("kett", vec![4]),
        ("退款", vec![5]),
        ("退", vec![6, 5]),
        ("order заказ", vec![]),
        ("\"", vec![]),
        ("OR", vec![]),
        ("* ^ : ( )", vec![]),
        ("nothing", vec![]),
    ] {
        let found = find(words).await;
        // The stranger's text holds the operators as words: it may be found by them, and nothing else may.
        let found: Vec<_> = found.into_iter().filter(|chat| *chat != 7).collect();
        assert_eq!(found, expected, "{words}");
    }
}

/// Point 9: after an erasure no trace is in the files.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_visitor_is_left_in_the_files() {
    let place = place();
    let store = place.store.as_ref();
    let marker = "xyzzymarkerxyzzy";
    let mut change = received(
        &Chat::unborn(ChatId(1)),
        1,
        1,
        &format!("my name is {marker}"),
        "in:1",
    );
    change.visitor.as_mut().unwrap().card.name = Some(marker.into());
    assert!(matches!(one(store, change).await, Outcome::Done { .. }));
    let other = received(&Chat::unborn(ChatId(2)), 2, 2, "somebody else", "in:2");
    assert!(matches!(one(store, other).await, Outcome::Done { .. }));

    assert_eq!(store.redact(VisitorId(1), NOON).await.unwrap(), [ChatId(1)]);
    let events = store.timeline(ChatId(1), None, 100).await.unwrap();
    assert_eq!(events.last().unwrap().event, Event::Redacted);
    assert_eq!(
        Chat::replay(ChatId(1), &events),
        store.find_chat(ChatId(1)).await.unwrap()
    );
    assert!(
        store
            .find_chat(ChatId(2))
            .await
            .unwrap()
            .unwrap()
            .last_line
            .is_some()
    );
    place.store.close().await;
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let is_there = bytes
            .windows(marker.len())
            .any(|window| window == marker.as_bytes());
        assert!(!is_there, "a trace in {}", path.display());
    }
}

/// Point 10: odd values come back as they were.
#[tokio::test(flavor = "multi_thread")]
async fn odd_values_are_kept_as_they_are() {
    let place = place();
    let store = place.store.as_ref();
    let texts = [
        "",
        "a\u{0}b",
        &"👨‍👩‍👧‍👦".repeat(2600),
        &"x".repeat(1 << 20),
        "'; DROP TABLE event; --",
    ];
    for (number, text) in (1..).zip(texts) {
        let id = if number == 1 { i64::MAX } else { number };
        let change = received(
            &Chat::unborn(ChatId(id)),
            id,
            id,
            text,
            &format!("in:{number}"),
        );
        assert!(matches!(one(store, change).await, Outcome::Done { .. }));
        let events = store.timeline(ChatId(id), None, 10).await.unwrap();
        let Event::Received { message, .. } = &events[1].event else {
            panic!("received")
        };
        assert_eq!(message.text, text);
        assert_eq!(
            store
                .find_chat(ChatId(id))
                .await
                .unwrap()
                .unwrap()
                .visitor
                .id,
            VisitorId(id)
        );
    }
}

/// Point 5, in one process: what was answered is there when the file is opened again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_opening_again() {
    let place = place();
    let database = place.folder.path().join("desk.db");
    for id in 1..=50 {
        let change = received(
            &Chat::unborn(ChatId(id)),
            id,
            id,
            "hello",
            &format!("in:{id}"),
        );
        assert!(matches!(
            one(place.store.as_ref(), change).await,
            Outcome::Done { .. }
        ));
    }
    let head = place.store.head().await.unwrap();
    assert!(SqliteStore::open(&database).is_err(), "one relay at a time");
    place.store.close().await;
    let Place { folder, store } = place;
    drop(store);
    let again = SqliteStore::open(&database).unwrap();
    assert_eq!(again.head().await.unwrap(), head);
    assert_eq!(again.list_open_chats().await.unwrap().len(), 50);
    assert!(again.find_chat_by_number(Seq(1)).await.unwrap().is_some());
    again.close().await;
    drop(folder);
}

/// The desk's own things: drafts and blocks go and come.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_by_the_rules_becomes_a_row_of_the_outbox() {
    let place = place();
    let store = place.store.as_ref();
    assert!(matches!(
        one(
            store,
            received(&Chat::unborn(ChatId(1)), 1, 1, "hello", "in:1")
        )
        .await,
        Outcome::Done { .. }
    ));
    let chat = store.find_chat(ChatId(1)).await.unwrap().unwrap();
    let policy = policy();
    let online = BTreeSet::new();
    let actor = Actor::Operator("anna".into());
    let fresh = FreshIds {
        message: MessageId(2),
        delivery: DeliveryId(2),
    };
    let context = Context {
        now: NOON,
        policy: &policy,
        actor: &actor,
        online: &online,
        fresh,
    };
    let draft = ReplyDraft {
        text: "Yes".into(),
        quotes: None,
        asks: ContactAsk::default(),
        human_agent: false,
        hold_ms: Some(0),
    };
    let events = chat
        .decide(&Command::Desk(DeskCommand::Reply(draft)), &context)
        .unwrap();
    assert_eq!(events.len(), 2);
    assert!(matches!(
        one(store, change(&chat, events, "op:anna:1", "Yes", None, None)).await,
        Outcome::Done { .. }
    ));
    assert_eq!(
        store.find_chat(ChatId(1)).await.unwrap().unwrap().owner(),
        Some(&"anna".into())
    );
}
