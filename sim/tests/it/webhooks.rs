//! The webhook sender: handshake, signatures, shapes, retries, duplicates, order, batches.

use std::time::Duration;

use serde_json::{Value, json};
use sim::messenger::{
    CallbackError, Graph, GraphOptions, ReleaseOrder, Signing, WebhookOptions, signature,
};

use crate::harness::{
    PAGE, PSID, Receiver, SECRET, SOON, Say, fixture, graph_and_receiver, options, reply, send,
    shape, two_pages,
};

#[tokio::test]
async fn the_handshake_accepts_only_the_right_token() {
    let (graph, _receiver) = graph_and_receiver(options()).await;
    graph.verify_callback("open-sesame").await.unwrap();
    let refused = graph.verify_callback("wrong").await.unwrap_err();
    assert!(matches!(refused, CallbackError::Refused { status: 403 }));
    let lonely = Graph::start(options()).await.unwrap();
    let unset = lonely.verify_callback("open-sesame").await.unwrap_err();
    assert!(matches!(unset, CallbackError::NoAddress));
}

#[tokio::test]
async fn bodies_are_escaped_and_signed_over_the_bytes_on_the_wire() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    let text = "Привет 👋🏽 https://example.com/";
    graph.visitor(PSID).writes(text);
    graph.sign_wrongly(1);
    graph.visitor(PSID).writes("second");
    graph.wait_until_delivered(SOON).await.unwrap();
    let posts = receiver.posts();
    assert_eq!(posts[0].0.as_ref(), Some(&signature(SECRET, &posts[0].1)));
    assert_ne!(posts[1].0.as_ref(), Some(&signature(SECRET, &posts[1].1)));
    assert!(posts[0].1.is_ascii());
    assert!(String::from_utf8_lossy(&posts[0].1).contains(r"\u041f\u0440\u0438"));
    assert_eq!(receiver.texts(), [text, "second"]);
}

/// Lets a visitor act and compares the shape of the last event with a sample of the platform's.
async fn check_shape(sample: &str, act: impl Fn(&Graph, &str)) {
    let (graph, receiver) = graph_and_receiver(options()).await;
    let mid = graph.visitor(PSID).writes("Hello");
    act(&graph, &mid);
    graph.wait_until_delivered(SOON).await.unwrap();
    let ours = receiver.bodies().pop().unwrap();
    assert_eq!(shape(&ours), shape(&fixture(sample)), "{sample}");
}

#[tokio::test]
async fn every_act_has_the_shape_of_the_platforms_sample() {
    check_shape("messenger_message_edit", |graph, mid| {
        graph.visitor(PSID).edits(mid, "new", 1);
    })
    .await;
    check_shape("messenger_message_deleted_undocumented", |graph, mid| {
        graph.visitor(PSID).deletes(mid);
    })
    .await;
    check_shape("messenger_reaction", |graph, mid| {
        graph.visitor(PSID).reacts(mid, "❤️");
    })
    .await;
    check_shape("messenger_read", |graph, _| graph.visitor(PSID).reads()).await;
    check_shape("messenger_postback_button", |graph, _| {
        drop(graph.visitor(PSID).taps_button("A", "B"));
    })
    .await;
    check_shape("messenger_quick_reply", |graph, _| {
        drop(graph.visitor(PSID).taps_quick_reply("A", "B"));
    })
    .await;
    check_shape("messenger_take_thread_control", |graph, _| {
        graph.inbox_takes_thread(PSID);
    })
    .await;
    check_shape("messenger_standby_message", |graph, _| {
        graph.inbox_takes_thread(PSID);
        graph.visitor(PSID).writes("anyone there?");
    })
    .await;
    check_shape("messenger_text_wire_escaped", |graph, _| {
        drop(graph.visitor(PSID).writes("text"));
    })
    .await;
}

#[tokio::test]
async fn echo_and_delivery_have_the_shape_of_the_platforms_samples() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    graph.visitor(PSID).writes("Hello");
    let mut body = reply("Yes, we have it.");
    body["message"]["metadata"] = json!("relay:1");
    send(&graph, &body).await;
    graph.wait_until_delivered(SOON).await.unwrap();
    let bodies = receiver.bodies();
    assert_eq!(shape(&bodies[1]), shape(&fixture("messenger_echo_own_app")));
    assert_eq!(shape(&bodies[2]), shape(&fixture("messenger_delivery")));
}

#[tokio::test]
async fn staff_in_the_page_inbox_are_echoed_under_the_inbox_app() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    graph.visitor(PSID).writes("Hello");
    graph.visitor(PSID).gets_inbox_reply("from the inbox");
    graph.visitor(PSID).gets_reply_of("from nowhere", None);
    graph.wait_until_delivered(SOON).await.unwrap();
    let events = receiver.events();
    assert_eq!(events[1].1["message"]["app_id"], 263_902_037_430_900_u64);
    assert_eq!(events[2].1["message"].get("app_id"), None);
    assert_eq!(graph.sent(), []);
}

#[tokio::test]
async fn a_body_is_repeated_unchanged_until_it_is_acknowledged() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    receiver.says([Say::Status(500), Say::Status(403)]);
    graph.visitor(PSID).writes("Hello");
    graph.wait_until_delivered(SOON).await.unwrap();
    let posts = receiver.posts();
    assert_eq!(posts.len(), 3);
    assert!(posts.iter().all(|post| *post == posts[0]));
    let counts = graph.webhooks();
    assert_eq!(
        (counts.acknowledged, counts.retried, counts.given_up),
        (1, 2, 0)
    );
}

#[tokio::test]
async fn a_body_is_given_up_when_its_attempts_are_used_up() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    receiver.says([Say::Status(500); 4]);
    graph.visitor(PSID).writes("lost");
    graph.wait_until_delivered(SOON).await.unwrap();
    assert_eq!(
        (graph.webhooks().acknowledged, graph.webhooks().given_up),
        (0, 1)
    );
    graph.visitor(PSID).writes("found");
    graph.wait_until_delivered(SOON).await.unwrap();
    assert_eq!(
        (graph.webhooks().acknowledged, receiver.posts().len()),
        (1, 5)
    );
}

#[tokio::test]
async fn a_receiver_that_says_nothing_in_time_has_not_acknowledged() {
    let webhooks = WebhookOptions {
        deadline: Duration::from_millis(50),
        ..options().webhooks
    };
    let (graph, receiver) = graph_and_receiver(GraphOptions {
        webhooks,
        ..options()
    })
    .await;
    receiver.says([Say::Nothing]);
    graph.visitor(PSID).writes("Hello");
    graph
        .wait_for(|graph| graph.webhooks().acknowledged == 1, SOON)
        .await
        .unwrap();
    assert_eq!(graph.webhooks().retried, 1);
    assert_eq!(receiver.texts(), ["Hello", "Hello"]);
}

#[tokio::test]
async fn queued_bodies_follow_the_relay_to_its_new_address() {
    let webhooks = WebhookOptions {
        attempts: u32::MAX,
        ..options().webhooks
    };
    let (graph, first) = graph_and_receiver(GraphOptions {
        webhooks,
        ..options()
    })
    .await;
    drop(first);
    graph.visitor(PSID).writes("Hello");
    graph
        .wait_for(|graph| graph.webhooks().retried > 1, SOON)
        .await
        .unwrap();
    let second = Receiver::start().await;
    graph.set_callback(&second.url);
    graph.wait_until_delivered(SOON).await.unwrap();
    assert_eq!(second.texts(), ["Hello"]);
}

#[tokio::test]
async fn duplicates_come_regularly_and_on_demand() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    graph.duplicate_every(Some(2));
    let first = graph.visitor(PSID).writes("one");
    graph.visitor(PSID).writes("two");
    graph.visitor(PSID).writes("three");
    graph.duplicate_every(None);
    graph.wait_until_delivered(SOON).await.unwrap();
    assert!(graph.repeat_webhook(&first));
    assert!(!graph.repeat_webhook("m_unknown"));
    graph.wait_until_delivered(SOON).await.unwrap();
    assert_eq!(receiver.texts(), ["one", "two", "two", "three", "one"]);
    let posts = receiver.posts();
    assert_eq!((&posts[1], &posts[0]), (&posts[2], &posts[4]));
    assert_eq!(graph.webhooks().duplicated, 2);
}

#[tokio::test]
async fn held_events_come_out_in_the_order_asked_for() {
    let lines = ["one", "two", "three", "four", "five", "six"];
    for (order, expected) in [
        (ReleaseOrder::AsWritten, Some(lines.to_vec())),
        (
            ReleaseOrder::Reversed,
            Some(lines.iter().rev().copied().collect()),
        ),
        (ReleaseOrder::Shuffled, None),
    ] {
        let (graph, receiver) = graph_and_receiver(GraphOptions {
            seed: Some(5),
            ..options()
        })
        .await;
        graph.hold_webhooks();
        for line in lines {
            graph.visitor(PSID).writes(line);
        }
        assert_eq!(graph.webhooks().open, lines.len());
        graph.release_webhooks(order);
        graph.wait_until_delivered(SOON).await.unwrap();
        let mut texts = receiver.texts();
        if let Some(expected) = expected {
            assert_eq!(texts, expected);
        } else {
            assert_ne!(texts, lines);
            texts.sort();
            let mut sorted = lines;
            sorted.sort_unstable();
            assert_eq!(texts, sorted);
        }
    }
}

#[tokio::test]
async fn held_events_of_several_pages_fit_one_body() {
    let (graph, receiver) = graph_and_receiver(two_pages()).await;
    graph.hold_webhooks();
    graph.visitor(PSID).writes("first page");
    graph
        .visitor("7000000000000001")
        .writes("first page, second visitor");
    graph
        .visitor_of("107711223344889", "7000000000000002")
        .writes("second page");
    graph.release_webhooks_in_one_body(ReleaseOrder::AsWritten);
    graph.wait_until_delivered(SOON).await.unwrap();
    let bodies = receiver.bodies();
    assert_eq!(bodies.len(), 1);
    let entries = bodies[0]["entry"].as_array().unwrap();
    let sizes: Vec<_> = entries
        .iter()
        .map(|entry| entry["messaging"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [2, 1]);
}

#[tokio::test]
async fn lost_and_unsubscribed_events_are_counted_and_never_sent() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    graph.lose_webhooks(true);
    graph.visitor(PSID).writes("lost");
    graph.lose_webhooks(false);
    graph.unsubscribe();
    graph.visitor(PSID).writes("not subscribed");
    let counts = graph.webhooks();
    assert_eq!((counts.lost, counts.not_subscribed, counts.open), (1, 1, 0));
    assert_eq!(receiver.posts(), []);
}

#[tokio::test]
async fn raw_bodies_are_posted_as_they_are_with_the_signature_asked_for() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    receiver.says([Say::Status(418)]);
    let body = "not json at all";
    assert_eq!(graph.post_raw(body, Signing::Right).await.unwrap(), 418);
    for signing in [
        Signing::Wrong,
        Signing::Missing,
        Signing::Verbatim("sha256=abc".into()),
    ] {
        assert_eq!(graph.post_raw(body, signing).await.unwrap(), 200);
    }
    let right = signature(SECRET, body.as_bytes());
    let headers: Vec<_> = receiver
        .posts()
        .into_iter()
        .map(|(header, _)| header)
        .collect();
    assert_eq!(headers[0], Some(right.clone()));
    assert!(headers[1].as_ref().is_some_and(|header| *header != right));
    assert_eq!(headers[2..], [None, Some("sha256=abc".to_owned())]);
}

#[tokio::test]
async fn a_standby_postback_has_no_payload() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    graph.visitor(PSID).writes("Hello");
    graph.inbox_takes_thread(PSID);
    graph
        .visitor(PSID)
        .taps_button("Talk to a person", "CARE_HUMAN");
    graph.inbox_passes_thread(PSID);
    graph.wait_until_delivered(SOON).await.unwrap();
    let events = receiver.events();
    assert_eq!(events[2].0, "standby");
    assert_eq!(events[2].1["postback"]["title"], "Talk to a person");
    assert_eq!(events[2].1["postback"].get("payload"), None);
    assert_eq!(
        events[3].1["pass_thread_control"]["new_owner_app_id"],
        "1029384756102938"
    );
}

#[tokio::test]
async fn other_events_and_attachments_are_passed_on_as_given() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    let value = json!({ "type": "notification_messages", "payload": "TOPIC_1" });
    graph.visitor(PSID).does("optin", value.clone());
    graph.visitor(PSID).follows_link("qr_table_7");
    let sticker = json!({ "type": "sticker", "payload": { "sticker_id": 1 } });
    graph.visitor(PSID).sends_attachment(sticker.clone());
    graph.visitor(PSID).sends_photo();
    graph.wait_until_delivered(SOON).await.unwrap();
    let events: Vec<Value> = receiver
        .events()
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    assert_eq!(events[0]["optin"], value);
    assert_eq!(events[1]["referral"]["ref"], "qr_table_7");
    assert_eq!(events[2]["message"]["attachments"], json!([sticker]));
    let url = events[3]["message"]["attachments"][0]["payload"]["url"]
        .as_str()
        .unwrap();
    let photo = crate::harness::client().get(url).send().await.unwrap();
    assert_eq!(photo.headers()["content-type"], "image/png");
    assert!(photo.bytes().await.unwrap().starts_with(b"\x89PNG"));
    assert_eq!(events[0]["recipient"]["id"], PAGE);
}

#[tokio::test]
async fn a_failing_body_is_overtaken_by_later_ones() {
    let webhooks = WebhookOptions {
        backoff: vec![Duration::from_hours(1)],
        ..options().webhooks
    };
    let (graph, receiver) = graph_and_receiver(GraphOptions {
        webhooks,
        ..options()
    })
    .await;
    receiver.says([Say::Status(500)]);
    graph.visitor(PSID).writes("one");
    graph.visitor(PSID).writes("two");
    graph
        .wait_for(|graph| graph.webhooks().acknowledged == 1, SOON)
        .await
        .unwrap();
    assert_eq!(receiver.texts(), ["one", "two"]);
    assert_eq!(graph.webhooks().open, 1);
}

#[tokio::test]
async fn nothing_shown_for_debugging_holds_a_secret() {
    let (graph, _receiver) = graph_and_receiver(options()).await;
    let visitor = graph.visitor(PSID);
    let shown = format!("{graph:?} {visitor:?} {:?}", options());
    assert!(
        !shown.contains(SECRET) && !shown.contains(crate::harness::TOKEN),
        "{shown}"
    );
}

#[tokio::test]
async fn bodies_of_one_visitor_never_overlap_and_hold_nobody_else_up() {
    let webhooks = WebhookOptions {
        deadline: Duration::from_hours(1),
        ..options().webhooks
    };
    let (graph, receiver) = graph_and_receiver(GraphOptions {
        webhooks,
        ..options()
    })
    .await;
    receiver.says([Say::Nothing]);
    graph.visitor(PSID).writes("one");
    graph.visitor(PSID).writes("two, held up by one");
    graph.visitor("7000000000000001").writes("other");
    graph
        .wait_for(|graph| graph.webhooks().acknowledged == 1, SOON)
        .await
        .unwrap();
    assert_eq!(receiver.texts(), ["one", "other"]);
}
