//! The Send API: what goes out, what is refused, what follows.

use std::time::Duration;

use serde_json::{Value, json};
use sim::messenger::{
    EchoTiming, Endpoint, Graph, GraphOptions, Habits, PAGE_INBOX_APP_ID, PageOptions, ThreadOwner,
    appsecret_proof,
};

use crate::harness::{
    PAGE, PSID, SECRET, SOON, TOKEN, client, code_of, graph_and_receiver, options, post, read,
    reply, send,
};

async fn graph_with_visitor() -> Graph {
    let graph = Graph::start(options()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    graph
}

#[tokio::test]
async fn a_reply_is_recorded_echoed_and_delivered() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    let asked = graph.visitor(PSID).writes("Is it in stock?");
    let mut body = reply("Yes, we have it.");
    body["message"]["metadata"] = json!("relay:1");
    body["reply_to"] = json!({ "mid": asked });
    let (status, answer) = send(&graph, &body).await;
    assert_eq!((status, &answer["recipient_id"]), (200, &json!(PSID)));

    let sent = graph.wait_for_sent(1, SOON).await.unwrap().remove(0);
    assert_eq!(answer["message_id"], sent.message_id);
    assert_eq!(sent.text.as_deref(), Some("Yes, we have it."));
    assert_eq!(sent.reply_to, Some(asked));
    assert_eq!(sent.messaging_type.as_deref(), Some("RESPONSE"));

    graph.wait_until_delivered(SOON).await.unwrap();
    let events = receiver.events();
    let echo = &events
        .iter()
        .find(|(_, event)| event["message"]["is_echo"] == true)
        .unwrap()
        .1;
    assert_eq!(echo["sender"]["id"], PAGE);
    assert_eq!(echo["recipient"]["id"], PSID);
    assert_eq!(echo["message"]["app_id"], 1_029_384_756_102_938_u64);
    assert_eq!(echo["message"]["metadata"], "relay:1");
    assert_eq!(echo["message"]["mid"], sent.message_id);
    let delivery = &events
        .iter()
        .find(|(_, event)| event["delivery"].is_object())
        .unwrap()
        .1;
    assert_eq!(
        delivery["delivery"],
        json!({ "mids": [sent.message_id], "watermark": sent.at_ms })
    );
}

#[tokio::test]
async fn the_echo_may_arrive_before_the_answer() {
    let habits = Habits {
        echo: EchoTiming::BeforeAnswer,
        delivered_after: None,
        read_after: Some(Duration::from_millis(1)),
    };
    let (graph, receiver) = graph_and_receiver(GraphOptions {
        habits,
        ..options()
    })
    .await;
    graph.visitor(PSID).writes("Hello");
    for round in 0..5 {
        let (_, answer) = send(&graph, &reply(&format!("answer {round}"))).await;
        let events = receiver.events();
        let is_echoed = events
            .iter()
            .any(|(_, event)| event["message"]["mid"] == answer["message_id"]);
        assert!(is_echoed, "round {round}");
    }
    graph.wait_until_delivered(SOON).await.unwrap();
    assert!(
        receiver
            .events()
            .iter()
            .any(|(_, event)| event["read"].is_object())
    );
}

#[tokio::test]
async fn the_window_closes_after_a_day_and_the_visitor_opens_it_again() {
    let graph = graph_with_visitor().await;
    graph.advance(Duration::from_hours(23));
    assert_eq!(send(&graph, &reply("in time")).await.0, 200);
    graph.advance(Duration::from_hours(1));
    let (status, body) = send(&graph, &reply("too late")).await;
    assert_eq!((status, code_of(&body)), (400, (10, 2_018_278)));
    graph.visitor(PSID).reads();
    assert_eq!(
        code_of(&send(&graph, &reply("still closed")).await.1),
        (10, 2_018_278)
    );
    graph.visitor(PSID).writes("hello again");
    assert_eq!(send(&graph, &reply("open")).await.0, 200);
    assert_eq!(graph.sent().len(), 2);
}

#[tokio::test]
async fn the_human_agent_tag_reaches_seven_days_where_it_was_granted() {
    let mut tagged = reply("Sorry for the delay");
    tagged["messaging_type"] = json!("MESSAGE_TAG");
    tagged["tag"] = json!("HUMAN_AGENT");
    for (has_human_agent, days, expected) in [
        (true, 6, (0, 0)),
        (true, 7, (10, 2_018_278)),
        (false, 6, (10, 0)),
    ] {
        let page = PageOptions {
            has_human_agent,
            ..PageOptions::default()
        };
        let graph = Graph::start(GraphOptions {
            pages: vec![page],
            ..options()
        })
        .await
        .unwrap();
        graph.visitor(PSID).writes("Hello");
        graph.advance(Duration::from_hours(24 * days));
        let (_, body) = send(&graph, &tagged).await;
        assert_eq!(code_of(&body), expected, "{has_human_agent} {days}");
    }
}

/// Sends `change`d replies and checks the error, and that nothing went out.
async fn check_refused(cases: Vec<(&str, Value, (i64, i64))>) {
    let graph = graph_with_visitor().await;
    for (pointer, value, expected) in cases {
        let mut body = reply("text");
        set(&mut body, pointer, value.clone());
        let (status, answer) = send(&graph, &body).await;
        assert_eq!(
            (status, code_of(&answer)),
            (400, expected),
            "{pointer} = {value}"
        );
    }
    assert_eq!(graph.sent(), []);
}

fn set(body: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[key] = value;
}

#[tokio::test]
async fn requests_the_platform_refuses_are_refused() {
    let quick = |title: &str| json!({ "content_type": "text", "title": title, "payload": "P" });
    check_refused(vec![
        ("/recipient/id", json!("7000000000000001"), (100, 2_018_001)),
        ("/recipient", json!({}), (100, 0)),
        ("/sender_action", json!("typing_on"), (100, 2_018_014)),
        ("/message", Value::Null, (100, 0)),
        ("/message/text", json!(""), (100, 0)),
        ("/message/text", json!("x".repeat(2001)), (100, 0)),
        ("/message/text", json!("👍".repeat(1001)), (100, 0)),
        ("/message/metadata", json!("m".repeat(1000)), (100, 0)),
        (
            "/message/quick_replies",
            json!(vec![quick("ok"); 14]),
            (100, 0),
        ),
        (
            "/message/quick_replies",
            json!([quick(&"x".repeat(21))]),
            (100, 0),
        ),
        (
            "/message/quick_replies",
            json!([{ "content_type": "location" }]),
            (100, 0),
        ),
        (
            "/message/quick_replies",
            json!([{ "content_type": "user_email", "title": "t" }]),
            (100, 0),
        ),
        (
            "/message/attachment",
            json!({ "type": "image", "payload": { "url": "u" } }),
            (100, 0),
        ),
        (
            "/message",
            json!({ "attachment": { "type": "file", "payload": { "attachment_id": "1" } } }),
            (100, 2_018_074),
        ),
        ("/messaging_type", json!("PROMOTION"), (100, 0)),
        ("/messaging_type", json!("MESSAGE_TAG"), (100, 0)),
        ("/tag", json!("ACCOUNT_UPDATE"), (100, 0)),
        ("/tag", json!("HUMAN_AGENT"), (10, 0)),
    ])
    .await;
}

#[tokio::test]
async fn the_limits_themselves_are_allowed() {
    let graph = graph_with_visitor().await;
    let mut body = reply(&"👍".repeat(1000));
    body["message"]["metadata"] = json!("m".repeat(999));
    body["message"]["quick_replies"] = (0..13)
        .map(|index| json!({ "content_type": "text", "title": format!("title {index}"), "payload": "P" }))
        .collect();
    assert_eq!(send(&graph, &body).await.0, 200);
    assert_eq!(graph.sent()[0].quick_replies.len(), 13);
}

#[tokio::test]
async fn attachments_go_out_by_url_by_upload_and_as_a_sticker() {
    let graph = graph_with_visitor().await;
    let image = json!({ "type": "image", "payload": { "url": "https://files.example.com/a.jpg" } });
    let upload = json!({ "message": { "attachment": image } });
    let (_, uploaded) = post(&graph, &format!("{PAGE}/message_attachments"), &upload).await;
    let by_id =
        json!({ "type": "image", "payload": { "attachment_id": uploaded["attachment_id"] } });
    for message in [
        json!({ "attachment": image }),
        json!({ "attachment": by_id }),
        json!({ "attachments": [image, image] }),
        json!({ "sticker_id": 369_239_263_222_822_u64 }),
    ] {
        let body = json!({ "recipient": { "id": PSID }, "message": message });
        assert_eq!(send(&graph, &body).await.0, 200, "{message}");
    }
    let counts: Vec<_> = graph
        .sent()
        .iter()
        .map(|sent| sent.attachments.len())
        .collect();
    assert_eq!(counts, [1, 1, 2, 1]);
}

#[tokio::test]
async fn sender_actions_are_recorded_and_counted_apart_from_messages() {
    let graph = graph_with_visitor().await;
    let asked = graph.visitor(PSID).writes("look");
    let action = |action: &str, payload: Value| json!({ "recipient": { "id": PSID }, "sender_action": action, "payload": payload });
    for (body, expected) in [
        (
            json!({ "recipient": { "id": PSID }, "sender_action": "typing_on" }),
            200,
        ),
        (
            json!({ "recipient": { "id": PSID }, "sender_action": "mark_seen" }),
            200,
        ),
        (
            action("react", json!({ "message_id": asked, "reaction": "👍" })),
            200,
        ),
        (
            action(
                "react",
                json!({ "message_id": "m_unknown", "reaction": "👍" }),
            ),
            400,
        ),
        (
            json!({ "recipient": { "id": PSID }, "sender_action": "dance" }),
            400,
        ),
    ] {
        let (status, answer) = send(&graph, &body).await;
        assert_eq!(status, expected, "{body}");
        assert!(answer.get("message_id").is_none());
    }
    let actions: Vec<_> = graph
        .sender_actions()
        .into_iter()
        .map(|action| action.action)
        .collect();
    assert_eq!(actions, ["typing_on", "mark_seen", "react"]);
    assert_eq!(
        (
            graph.calls(Endpoint::SenderActions),
            graph.calls(Endpoint::Messages)
        ),
        (5, 0)
    );
}

#[tokio::test]
async fn forms_tokens_in_parameters_and_proofs_are_understood() {
    let graph = graph_with_visitor().await;
    for (proof, expected) in [(appsecret_proof(SECRET, TOKEN), 200), ("00".into(), 400)] {
        let url = format!("{}/v21.0/me/messages", graph.url());
        let query = [("access_token", TOKEN), ("appsecret_proof", proof.as_str())];
        let form = "recipient=%7B%22id%22%3A%227412589630147852%22%7D&message=%7B%22text%22%3A%22form%22%7D";
        let request = client()
            .post(url)
            .query(&query)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form);
        assert_eq!(read(request).await.0, expected, "{proof}");
    }
    assert_eq!(graph.sent()[0].text.as_deref(), Some("form"));
}

#[tokio::test]
async fn a_visitor_who_blocked_the_page_cannot_be_written_to() {
    let graph = graph_with_visitor().await;
    graph.visitor(PSID).blocks_page();
    assert_eq!(
        code_of(&send(&graph, &reply("hello?")).await.1),
        (551, 1_545_041)
    );
    graph.visitor(PSID).unblocks_page();
    assert_eq!(send(&graph, &reply("hello!")).await.0, 200);
}

#[tokio::test]
async fn a_thread_another_app_holds_is_read_only_until_it_is_taken() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    graph.visitor(PSID).writes("Hello");
    graph.set_thread_owner(PSID, ThreadOwner::App(PAGE_INBOX_APP_ID.into()));
    graph.visitor(PSID).writes("anyone there?");
    assert_eq!(
        code_of(&send(&graph, &reply("no")).await.1),
        (10, 2_018_300)
    );
    graph.wait_until_delivered(SOON).await.unwrap();
    let lists: Vec<_> = receiver
        .events()
        .into_iter()
        .map(|(list, _)| list)
        .collect();
    assert_eq!(lists, ["messaging", "standby"]);

    let control = json!({ "recipient": { "id": PSID } });
    let (status, answer) = post(&graph, &format!("{PAGE}/take_thread_control"), &control).await;
    assert_eq!((status, answer), (200, json!({ "success": true })));
    assert_eq!(send(&graph, &reply("yes")).await.0, 200);
    assert_eq!(
        post(&graph, &format!("{PAGE}/release_thread_control"), &control)
            .await
            .0,
        200
    );
}
