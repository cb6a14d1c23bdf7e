//! Point 7: claims, leases, late results; every arrow of a delivery, and every forbidden one.

use std::time::Duration;

use shared::chat::{Actor, Chat, Command, DeskCommand, ReplyDraft};
use shared::model::{ChatId, ContactAsk, DeliveryId, MessageId, Timestamp};

use crate::store::testing::{NOON, change, commit, decide, one, received};
use crate::store::{
    Claim, DeliveryBody, DeliveryStage, LONGEST_WAIT, LeaseToken, NewDelivery, Outcome, PutBack,
    Settled, Store,
};

use super::{Place, on_every_engine};

on_every_engine! {
    one_delivery_of_a_chat_is_under_way_in_order_and_only_under_the_lease
    a_delivery_takes_the_allowed_arrows_and_no_other
    a_reply_by_the_rules_becomes_what_the_engine_expects
    a_lease_that_ran_out_is_anybodys
    what_a_clock_that_was_ahead_put_off_is_due
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
            file: None,
        },
        not_before: NOON,
        window_ends: Some(Timestamp(NOON.0 + 1000)),
    });
    commit(store, change).await;
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
    let mut change = change(&chat, vec![], key);
    change.settled.push(Settled {
        delivery: DeliveryId(delivery),
        attempt,
        to,
        not_before: None,
        window_ends: None,
    });
    matches!(one(store, change).await, Outcome::Done { .. })
}

async fn one_delivery_of_a_chat_is_under_way_in_order_and_only_under_the_lease(place: &Place) {
    let store = place.store();
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

async fn a_delivery_takes_the_allowed_arrows_and_no_other(place: &Place) {
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
        (Sent, Failed, false),
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
    let store = place.store();
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

async fn a_reply_by_the_rules_becomes_what_the_engine_expects(place: &Place) {
    let store = place.store();
    commit(
        store,
        received(&Chat::unborn(ChatId(1)), 1, 1, "hello", "in:1"),
    )
    .await;
    let draft = ReplyDraft {
        text: "Yes".into(),
        quotes: None,
        asks: ContactAsk::default(),
        file: None,
        human_agent: false,
        hold_ms: Some(0),
    };
    let chat = place.chat(1).await;
    let command = Command::Desk(DeskCommand::Reply(draft));
    let events = decide(&chat, &Actor::Operator("anna".into()), &command, 2);
    assert_eq!(events.len(), 2);
    commit(store, change(&chat, events, "op:anna:1")).await;
    assert_eq!(place.chat(1).await.owner(), Some(&"anna".into()));
}

async fn a_lease_that_ran_out_is_anybodys(place: &Place) {
    let store = place.store();
    deliver(store, 1, 1).await;
    let brief = Duration::from_millis(1);
    let name = "send:acme-page";
    let first = store.take_lease(name, "me", brief).await.unwrap().unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let later = loop {
        if let Some(later) = lease(store, "other").await {
            break later;
        }
        assert!(tokio::time::Instant::now() < deadline, "it runs out");
        tokio::task::yield_now().await;
    };
    assert!(later > first);
    assert!(
        store
            .claim_deliveries(claim(first, "me"))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store
            .claim_deliveries(claim(later, "other"))
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn what_a_clock_that_was_ahead_put_off_is_due(place: &Place) {
    let store = place.store();
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
