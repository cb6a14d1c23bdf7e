//! Points 1 to 4 and 6: order, versions, repeats, batches, one open chat for each visitor.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use shared::chat::Chat;
use shared::model::{ChatId, Seq, Version};

use crate::store::testing::{commit, one, received, visitor_of};
use crate::store::{Change, MessageRow, Outcome, StoreError};

use super::{Place, append, on_every_engine};

const TASKS: i64 = 64;

on_every_engine! {
    a_visitor_is_found_by_every_name_and_a_name_of_their_own_is_theirs
    many_changes_of_twenty_hot_chats
    many_changes_of_five_thousand_chats
    the_same_change_at_once_is_taken_once
    a_repeat_is_answered_as_before_whatever_it_holds
    a_key_that_led_to_nothing_says_so
    a_batch_takes_all_that_fits_beside_what_does_not
    changes_of_many_callers_fail_alone
    a_visitor_never_has_two_open_chats
}

async fn many_changes_of_twenty_hot_chats(place: &Place) {
    many_changes(place, 20).await;
}

async fn many_changes_of_five_thousand_chats(place: &Place) {
    many_changes(place, 5_000).await;
}

/// 20 000; a file takes so many in the release profile only, as each waits for the disk.
fn changes(place: &Place) -> i64 {
    if place.sqlite.is_some() && cfg!(debug_assertions) {
        6_400
    } else {
        20_000
    }
}

/// Points 1 and 2: versions have no holes, rows are replays, nothing acknowledged is missing, and a follower that runs
/// meanwhile sees each number once.
async fn many_changes(place: &Place, chats: i64) {
    let each = changes(place) / TASKS;
    let count = each * TASKS;
    let events = count + chats;
    let store = Arc::clone(&place.store);
    let follower = tokio::spawn(async move {
        let mut seen: Vec<Seq> = vec![];
        while (seen.len() as i64) < events {
            let last = seen.last().copied().unwrap_or_default();
            store.changed(last).await;
            let events = store.events_after(last, 500).await.unwrap();
            seen.extend(events.iter().map(|stored| stored.seq));
        }
        seen
    });
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(&place.store);
        tokio::spawn(async move {
            for number in 0..each {
                let id = task * each + number + 1;
                append(store.as_ref(), ChatId(id % chats + 1), id).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let seen = tokio::time::timeout(Duration::from_secs(60), follower);
    let seen = seen.await.expect("the follower sees the end").unwrap();
    assert!(seen.into_iter().eq((1..=events).map(Seq)));
    let mut found = 0;
    for chat in (1..=chats).map(ChatId) {
        let events = place.store.timeline(chat, None, u32::MAX).await.unwrap();
        let versions = events.iter().map(|stored| stored.version.0);
        assert!(versions.eq(1..=events.len() as i64), "{chat}");
        let row = place.store.find_chat(chat).await.unwrap();
        assert_eq!(Chat::replay(chat, &events), row);
        found += events.len() as i64 - 1;
    }
    assert_eq!(found, count, "all that was acknowledged");
}

/// Point 3, at once and later.
async fn the_same_change_at_once_is_taken_once(place: &Place) {
    let change = received(&Chat::unborn(ChatId(1)), 1, 1, "hello", "in:1");
    let tries = (0..TASKS).map(|_| {
        let (store, change) = (Arc::clone(&place.store), change.clone());
        tokio::spawn(async move { one(store.as_ref(), change).await })
    });
    let tries: Vec<_> = tries.collect();
    let mut done = 0;
    for outcome in join_all(tries).await {
        match outcome.unwrap() {
            Outcome::Done { first, .. } => {
                assert_eq!(first, Seq(1));
                done += 1;
            }
            outcome => assert_eq!(outcome, Outcome::Already { seq: Some(Seq(2)) }),
        }
    }
    assert_eq!(done, 1);
    let later = one(place.store(), change).await;
    assert_eq!(later, Outcome::Already { seq: Some(Seq(2)) });
    assert_eq!(place.store.head().await.unwrap().seq, Seq(2));
}

async fn a_repeat_is_answered_as_before_whatever_it_holds(place: &Place) {
    let first = received(&Chat::unborn(ChatId(1)), 1, 1, "hello", "in:1");
    commit(place.store(), first).await;
    let other = received(&Chat::unborn(ChatId(9)), 9, 9, "another", "in:1");
    let outcome = one(place.store(), other).await;
    assert_eq!(outcome, Outcome::Already { seq: Some(Seq(2)) });
    assert!(place.store.find_chat(ChatId(9)).await.unwrap().is_none());
}

async fn a_key_that_led_to_nothing_says_so(place: &Place) {
    let first = received(&Chat::unborn(ChatId(1)), 1, 1, "hello", "in:1");
    commit(place.store(), first).await;
    let mut nothing = received(&Chat::unborn(ChatId(9)), 9, 9, "another", "op:anna:1");
    nothing.events.clear();
    nothing.messages.clear();
    nothing.after = Arc::new(Chat::unborn(ChatId(9)));
    let done = one(place.store(), nothing.clone()).await;
    assert!(matches!(done, Outcome::Done { .. }));
    let again = one(place.store(), nothing).await;
    assert_eq!(again, Outcome::Already { seq: None });
}

/// Returns 100 changes: one moved, one taken before, one that no store takes, 97 good ones.
async fn hundred(place: &Place) -> Vec<Change> {
    let first = received(&Chat::unborn(ChatId(1)), 1, 1, "hello", "in:1");
    commit(place.store(), first.clone()).await;
    let stale = received(&Chat::unborn(ChatId(1)), 2, 1, "stale", "in:2");
    let poison = received(&Chat::unborn(ChatId(3)), 3, 3, "poison", "in:3");
    // The platform's name of another message: impossible.
    let poison = Change {
        messages: vec![MessageRow {
            platform_id: Some("m_1".into()),
            ..poison.messages[0].clone()
        }],
        ..poison
    };
    let mut all = vec![stale, first, poison];
    all.extend((4..=100).map(|id| {
        let unborn = Chat::unborn(ChatId(id));
        received(&unborn, id, id, "good", &format!("in:{id}"))
    }));
    assert_eq!(all.len(), 100);
    all
}

/// Point 4, in one call.
async fn a_batch_takes_all_that_fits_beside_what_does_not(place: &Place) {
    let mut all = hundred(place).await;
    let refused = place.store.commit(all.clone()).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(place.store.list_open_chats().await.unwrap().len(), 98);
    assert!(
        place.store.find_chat(ChatId(3)).await.unwrap().is_none(),
        "no half change"
    );
    all.remove(2);
    let again = place.store.commit(all).await.unwrap();
    assert_eq!(again[0], Outcome::Moved { now: Version(2) });
    let is_taken = |outcome: &Outcome| matches!(outcome, Outcome::Already { .. });
    assert_eq!(again.iter().filter(|outcome| is_taken(outcome)).count(), 98);
    assert_eq!(place.store.head().await.unwrap().seq, Seq(2 + 97 * 2));
}

/// Point 4, of a hundred callers whose changes meet in one batch.
async fn changes_of_many_callers_fail_alone(place: &Place) {
    let all = hundred(place).await;
    let calls = all
        .into_iter()
        .map(|change| place.store.commit(vec![change]));
    let (mut done, mut moved, mut already, mut refused) = (0, 0, 0, 0);
    for outcome in join_all(calls).await {
        match outcome.map(|outcomes| outcomes[0]) {
            Ok(Outcome::Done { .. }) => done += 1,
            Ok(Outcome::Moved { .. }) => moved += 1,
            Ok(Outcome::Already { .. }) => already += 1,
            Err(_) => refused += 1,
        }
    }
    assert_eq!((done, moved, already, refused), (97, 1, 1, 1));
    assert!(place.store.find_chat(ChatId(3)).await.unwrap().is_none());
}

/// Point 6.
async fn a_visitor_never_has_two_open_chats(place: &Place) {
    const TRIES: i64 = 1_000;
    let tries = (0..TRIES).map(|number| {
        let store = Arc::clone(&place.store);
        tokio::spawn(async move {
            let id = 100 + number;
            let unborn = Chat::unborn(ChatId(id));
            let change = received(&unborn, id, 7, "me first", &format!("in:{id}"));
            one(store.as_ref(), change).await
        })
    });
    let tries: Vec<_> = tries.collect();
    let mut done = 0;
    for outcome in join_all(tries).await {
        match outcome.unwrap() {
            Outcome::Done { .. } => done += 1,
            Outcome::Moved { now } => assert_eq!(now, Version(0)),
            Outcome::Already { .. } => panic!("keys differ"),
        }
    }
    assert_eq!(done, 1);
    assert_eq!(place.store.list_open_chats().await.unwrap().len(), 1);
}

async fn a_visitor_is_found_by_every_name_and_a_name_of_their_own_is_theirs(place: &Place) {
    let store = place.store();
    let page = "acme-page".into();
    let find = async |name: &str| {
        let found = store.find_visitor(&page, &name.into()).await.unwrap();
        found.map(|visitor| visitor.id)
    };
    let (one, two) = (visitor_of(1), visitor_of(2));
    let other = "US.1".into();
    store.name_visitor(one.id, &page, &other).await.unwrap();
    assert_eq!(find("US.1").await, None, "not written down yet");
    for id in [1, 2] {
        let first = received(&Chat::unborn(ChatId(id)), id, id, "hi", &format!("in:{id}"));
        commit(store, first).await;
    }
    assert_eq!(find("US.1").await, Some(one.id));
    assert_eq!(find(one.platform_id.as_str()).await, Some(one.id));
    let taken = two.platform_id.clone();
    store.name_visitor(one.id, &page, &taken).await.unwrap();
    assert_eq!(find(taken.as_str()).await, Some(two.id));
    let elsewhere = store.find_visitor(&"another-page".into(), &other).await;
    assert_eq!(elsewhere.unwrap(), None);
}
