//! Point 10, odd values come back as they were; and what small tables promise: drafts, revisions, pages of chats.

use bytes::Bytes;

use shared::chat::{Chat, Event, Revision};
use shared::model::{ChatId, MessageId, PlatformId, Timestamp};
use shared::protocol::{ChatPlace, DraftText};

use crate::store::sqlite::SqliteStore;
use crate::store::testing::{NOON, change, commit, received, received_from, visitor_of};
use crate::store::{Change, DRAFTS_KEPT, DRAFTS_KEPT_FOR, Outcome, Store, UnreadBody};

use super::{Place, on_every_engine};

on_every_engine! {
    odd_texts_and_limits_are_kept_as_they_are
    only_the_newest_drafts_are_kept_and_not_for_ever
    revisions_are_found_by_message
    pages_of_chats_reach_each_once_though_all_ended_at_once
    a_block_that_ends_is_due_in_a_chat_that_is_closed_for_good
}

fn odd_texts() -> Vec<String> {
    vec![
        String::new(),
        " ".into(),
        "a\u{0}b".into(),
        "\u{0}".into(),
        "👨‍👩‍👧‍👦".repeat(64 * 1024 / 25 + 1),
        "x".repeat(1 << 20),
        "'; DROP TABLE event; --".into(),
        "\u{202e}\u{feff}\u{2028}\r\n\t\\\"{}[]".into(),
        "\u{10ffff}\u{fffd}".into(),
    ]
}

#[expect(
    clippy::too_many_lines,
    reason = "every table that holds a text, one after the other"
)]
async fn odd_texts_and_limits_are_kept_as_they_are(place: &Place) {
    let store = place.store();
    for (number, text) in (1..).zip(odd_texts()) {
        // Ids from one end of the numbers to the other.
        let id = match number {
            1 => i64::MAX,
            2 => i64::MIN + 1,
            other => other,
        };
        let mut visitor = visitor_of(id);
        visitor.platform_id = PlatformId(format!("{id} {text}"));
        visitor.card.name = Some(text.clone());
        let mut message = match &received(&Chat::unborn(ChatId(id)), id, id, "", "").events[1] {
            Event::Received { message, .. } => message.clone(),
            event => panic!("{event:?}"),
        };
        message.text.clone_from(&text);
        message.platform_id = Some(PlatformId(format!("m {id} {text}")));
        let unborn = Chat::unborn(ChatId(id));
        let key = format!("in:{number}:{text}");
        let sent = received_from(&unborn, visitor.clone(), message.clone(), &key);
        let at = [Timestamp(i64::MAX), Timestamp(0), NOON][usize::try_from(number % 3).unwrap()];
        commit(store, Change { at, ..sent.clone() }).await;
        let repeat = store.commit(vec![sent]).await.unwrap();
        assert!(
            matches!(repeat[0], Outcome::Already { .. }),
            "its key is found"
        );

        let events = store.timeline(ChatId(id), None, 10).await.unwrap();
        let Event::Received { message: found, .. } = &events[1].event else {
            panic!("received")
        };
        assert_eq!((&found.text, events[1].at), (&text, at));
        let named = message.platform_id.as_ref().unwrap();
        let found = store
            .find_message(&"acme-page".into(), named)
            .await
            .unwrap();
        assert_eq!(found.map(|found| found.id), Some(MessageId(id)));
        let found = store
            .find_visitor(&visitor.channel, &visitor.platform_id)
            .await;
        assert_eq!(found.unwrap(), Some(visitor.clone()));
        assert_eq!(place.chat(id).await.visitor, visitor);

        let draft = DraftText {
            text: format!("{text}."),
            caret: u32::MAX,
            is_note: true,
        };
        let login = format!("{text}{number}").as_str().into();
        store
            .save_draft(&login, ChatId(id), &draft, NOON)
            .await
            .unwrap();
        let drafts = store.list_drafts(&login).await.unwrap();
        assert_eq!(drafts, [(ChatId(id), draft)]);
        store
            .set_bookmark(&format!("{text}{number}"), &text)
            .await
            .unwrap();
        let found = store.bookmark(&format!("{text}{number}")).await.unwrap();
        assert_eq!(found.as_deref(), Some(&*text));
        let unread = UnreadBody {
            channel: "acme-page".into(),
            at: NOON,
            reason: text.clone(),
            body: Bytes::from(text.clone()),
        };
        store.keep_unread(unread).await.unwrap();
        assert_eq!(store.count_unread().await.unwrap(), number.unsigned_abs());
    }
    let count = odd_texts().len();
    assert_eq!(store.list_open_chats().await.unwrap().len(), count);
}

async fn only_the_newest_drafts_are_kept_and_not_for_ever(place: &Place) {
    let (store, anna) = (place.store(), "anna".into());
    let draft = |text: &str| DraftText {
        text: text.into(),
        caret: 0,
        is_note: false,
    };
    let count = i64::try_from(DRAFTS_KEPT).unwrap() + 20;
    store
        .save_draft(&"boris".into(), ChatId(1), &draft("his"), NOON)
        .await
        .unwrap();
    for number in 1..=count {
        let at = Timestamp(NOON.0 + number);
        store
            .save_draft(&anna, ChatId(number), &draft("x"), at)
            .await
            .unwrap();
    }
    let kept = store.list_drafts(&anna).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|(chat, _)| chat.0).collect();
    assert_eq!(
        kept,
        (21..=count).rev().collect::<Vec<_>>(),
        "the newest first"
    );
    store
        .save_draft(&anna, ChatId(count), &draft(""), NOON)
        .await
        .unwrap();
    assert_eq!(
        store.list_drafts(&anna).await.unwrap().len(),
        DRAFTS_KEPT - 1
    );
    let late = Timestamp(NOON.0 + count + 1).plus(DRAFTS_KEPT_FOR);
    store
        .save_draft(&anna, ChatId(1), &draft("new"), late)
        .await
        .unwrap();
    let kept = store.list_drafts(&anna).await.unwrap();
    assert_eq!(kept, [(ChatId(1), draft("new"))]);
    assert_eq!(store.list_drafts(&"boris".into()).await.unwrap().len(), 1);
}

async fn revisions_are_found_by_message(place: &Place) {
    let store = place.store();
    for id in 1..=3 {
        let before = place.chat(1).await;
        commit(
            store,
            received(&before, id, 1, "hello", &format!("in:{id}")),
        )
        .await;
    }
    let edited = |edit| Event::Edited {
        message: Some(MessageId(1)),
        text: "changed".into(),
        edit,
        edited_at: NOON,
    };
    for (number, event) in [
        edited(2),
        edited(1),
        Event::Deleted {
            message: MessageId(2),
        },
    ]
    .into_iter()
    .enumerate()
    {
        let chat = place.chat(1).await;
        commit(store, change(&chat, vec![event], &format!("edit:{number}"))).await;
    }
    let found = store
        .find_revisions([1, 2, 3, 4].map(MessageId).to_vec())
        .await
        .unwrap();
    let changed = Revision {
        last_edit: 2,
        is_deleted: false,
    };
    let deleted = Revision {
        last_edit: 0,
        is_deleted: true,
    };
    assert_eq!(found.get(&MessageId(1)), Some(&changed));
    assert_eq!(found.get(&MessageId(2)), Some(&deleted));
    assert_eq!(found.len(), 2);
}

async fn pages_of_chats_reach_each_once_though_all_ended_at_once(place: &Place) {
    let store = place.store();
    for id in 1..=45 {
        // All of one visitor, one after the other.
        commit(
            store,
            received(
                &Chat::unborn(ChatId(id)),
                id,
                7,
                "hello",
                &format!("in:{id}"),
            ),
        )
        .await;
        let chat = place.chat(id).await;
        commit(
            store,
            change(&chat, vec![Event::Finished], &format!("end:{id}")),
        )
        .await;
    }
    let (mut closed, mut theirs) = (vec![], vec![]);
    let place_of = |chat: &Chat| ChatPlace {
        at: chat.last_at,
        chat: chat.id,
    };
    let mut before = None;
    loop {
        let page = store.list_closed_chats(before, 10).await.unwrap();
        closed.extend(page.iter().map(|chat| chat.id.0));
        let Some(last) = page.last() else { break };
        before = Some(place_of(last));
    }
    before = None;
    loop {
        let page = store
            .list_visitor_chats(visitor_of(7).id, before, 10)
            .await
            .unwrap();
        theirs.extend(page.iter().map(|chat| chat.id.0));
        let Some(last) = page.last() else { break };
        before = Some(place_of(last));
    }
    let all: Vec<i64> = (1..=45).rev().collect();
    assert_eq!((closed, theirs), (all.clone(), all));
}

async fn a_block_that_ends_is_due_in_a_chat_that_is_closed_for_good(place: &Place) {
    let store = place.store();
    commit(
        store,
        received(&Chat::unborn(ChatId(1)), 1, 1, "hello", "in:1"),
    )
    .await;
    let until = Timestamp(NOON.0 + 60_000);
    let blocked = Event::Blocked {
        by: "anna".into(),
        until: Some(until),
        reason: "spam".into(),
    };
    let chat = place.chat(1).await;
    let ended = change(&chat, vec![blocked, Event::Finished], "op:1");
    let deadline = Some(until);
    commit(store, Change { deadline, ..ended }).await;
    assert_eq!(store.next_deadline().await.unwrap(), deadline);
    assert_eq!(store.list_due_chats(until, 10).await.unwrap().len(), 1);
    if let Some((folder, sqlite)) = &place.sqlite {
        sqlite.close().await;
        let copy = folder.path().join("copy.db");
        std::fs::copy(folder.path().join("desk.db"), &copy).unwrap();
        let again = SqliteStore::open(&copy).unwrap();
        assert_eq!(
            again.next_deadline().await.unwrap(),
            deadline,
            "after a restart as well"
        );
        again.close().await;
    }
}
