//! The scripted people: they come, they write in order, they answer, they repeat exactly with a seed.

use std::time::Duration;

use serde_json::json;
use sim::messenger::Graph;
use sim::visitors::{Cast, CastOptions};

use crate::harness::{PAGE, Receiver, SOON, graph_and_receiver, options, post};

/// Everything at once, so that tests need not wait for people to type.
fn hurried() -> CastOptions {
    let blink = Duration::ZERO..=Duration::from_millis(2);
    CastOptions {
        first_after: Duration::ZERO,
        arrival: blink.clone(),
        line: blink.clone(),
        reading: blink.clone(),
        typing: blink.clone(),
        newcomer: blink,
        newcomers: 0,
        ..CastOptions::default()
    }
}

async fn wait_for_text(graph: &Graph, receiver: &Receiver, part: &str) {
    let is_there = |_: &Graph| receiver.texts().iter().any(|text| text.contains(part));
    graph
        .wait_for(is_there, SOON)
        .await
        .unwrap_or_else(|late| panic!("{part}: {late}"));
}

fn psid_of(receiver: &Receiver, part: &str) -> String {
    let events = receiver.events();
    let found = events.iter().find(|(_, event)| {
        event["message"]["text"]
            .as_str()
            .is_some_and(|text| text.contains(part))
    });
    found.unwrap().1["sender"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn say(graph: &Graph, psid: &str, text: &str) {
    let body = json!({ "recipient": { "id": psid }, "messaging_type": "RESPONSE", "message": { "text": text } });
    let (status, answer) = post(graph, &format!("{PAGE}/messages"), &body).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn everyone_comes_in_and_writes_in_order() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    let cast = Cast::start(&graph, hurried());
    wait_for_text(&graph, &receiver, "что делать?)").await;
    wait_for_text(&graph, &receiver, "[relay] connection lost").await;
    wait_for_text(&graph, &receiver, "oak shelf").await;
    let lisitsyn = psid_of(&receiver, "я заказывал лампу");
    let events = receiver.events();
    let lines: Vec<_> = events
        .iter()
        .filter(|(_, event)| event["sender"]["id"] == lisitsyn.as_str())
        .map(|(_, event)| event["message"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(lines.len(), 10);
    assert_eq!(
        (lines[0], lines[4], lines[9]),
        ("привет", "и ещё абажур к ней", "что делать?)")
    );
    let has_photo =
        |event: &serde_json::Value| event["message"]["attachments"][0]["type"] == "image";
    assert!(events.iter().any(|(_, event)| has_photo(event)));
    cast.stop().await;
}

#[tokio::test]
async fn they_read_and_answer_what_the_operator_writes() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    let _cast = Cast::start(&graph, hurried());
    for (opening, question, answer) in [
        (
            "дважды списали",
            "Назовите, пожалуйста, номер заказа",
            "4417-18",
        ),
        (
            "I ordered a kettle",
            "Could I have the order number?",
            "AC-20931",
        ),
        ("运费", "可以寄到上海", "几天能到"),
        ("совсем ох", "Простите за задержку", "извинения"),
    ] {
        wait_for_text(&graph, &receiver, opening).await;
        let psid = psid_of(&receiver, opening);
        say(&graph, &psid, question).await;
        wait_for_text(&graph, &receiver, answer).await;
        let events = receiver.events();
        let has_read = events
            .iter()
            .any(|(_, event)| event["sender"]["id"] == psid.as_str() && event["read"].is_object());
        assert!(has_read, "{opening}");
    }
}

#[tokio::test]
async fn they_fall_silent_when_nobody_writes_to_them() {
    let (graph, receiver) = graph_and_receiver(options()).await;
    let _cast = Cast::start(
        &graph,
        CastOptions {
            newcomers: 3,
            ..hurried()
        },
    );
    wait_for_text(&graph, &receiver, "[relay] connection lost").await;
    let openings = |receiver: &Receiver| {
        let mut senders: Vec<_> = receiver
            .events()
            .iter()
            .map(|(_, event)| event["sender"]["id"].as_str().unwrap().to_owned())
            .collect();
        senders.sort();
        senders.dedup();
        senders.len()
    };
    graph
        .wait_for(|_| openings(&receiver) == 11, SOON)
        .await
        .unwrap();
    assert_eq!(graph.sent(), []);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_people() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (graph, receiver) = graph_and_receiver(options()).await;
        let _cast = Cast::start(&graph, hurried());
        wait_for_text(&graph, &receiver, "[relay] connection lost").await;
        wait_for_text(&graph, &receiver, "что делать?)").await;
        wait_for_text(&graph, &receiver, "oak shelf").await;
        runs.push(
            ["дважды", "kettle", "运费", "mug", "лампу", "ох", "oak"]
                .map(|part| psid_of(&receiver, part)),
        );
    }
    assert_eq!(runs[0], runs[1]);
}
