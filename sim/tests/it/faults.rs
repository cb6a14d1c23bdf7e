//! Every fault does what it says, to the calls it is meant for, and says that it did.

use std::time::Duration;

use serde_json::json;
use sim::messenger::{Endpoint, Fault, Graph, GraphError, Script};

use crate::harness::{
    PAGE, PSID, SOON, TOKEN, client, code_of, get_json, graph_and_receiver, options, reply, send,
    two_pages,
};

/// What the caller gets to see.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Answer(u16, String),
    NoAnswer,
}

async fn call(graph: &Graph) -> (Seen, reqwest::header::HeaderMap) {
    let request = client().post(format!("{}/v26.0/{PAGE}/messages", graph.url()));
    match request
        .bearer_auth(TOKEN)
        .json(&reply("hello"))
        .send()
        .await
    {
        Ok(response) => {
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            (
                Seen::Answer(status, response.text().await.unwrap()),
                headers,
            )
        }
        Err(fault) => {
            assert!(fault.is_request(), "{fault:?}");
            (Seen::NoAnswer, reqwest::header::HeaderMap::new())
        }
    }
}

/// Spoils one send and checks what was seen and whether the message went out, with its echo.
async fn check(fault: Fault, seen: impl Fn(&Seen) -> bool, is_sent: bool) {
    let (graph, receiver) = graph_and_receiver(options()).await;
    graph.visitor(PSID).writes("Hello");
    let id = graph.script(Script::next_message(fault.clone()));
    assert_eq!(graph.injected(id), 0);
    let (answer, _) = call(&graph).await;
    assert!(seen(&answer), "{fault:?}: {answer:?}");
    assert_eq!(graph.injected(id), 1, "{fault:?}");
    assert_eq!(graph.sent().len(), usize::from(is_sent), "{fault:?}");
    assert_eq!(fault.has_effect(), is_sent, "{fault:?}");
    graph.wait_until_delivered(SOON).await.unwrap();
    let echoes = receiver
        .events()
        .iter()
        .filter(|(_, event)| event["message"]["is_echo"] == true)
        .count();
    assert_eq!(echoes, usize::from(is_sent), "{fault:?}");

    assert!(
        matches!(call(&graph).await.0, Seen::Answer(200, _)),
        "{fault:?} happens once"
    );
    graph.stop().await;
}

fn error(status: u16, code: i64) -> impl Fn(&Seen) -> bool {
    move |seen| match seen {
        Seen::Answer(found, body) => {
            let body = serde_json::from_str(body).unwrap();
            *found == status && code_of(&body).0 == code
        }
        Seen::NoAnswer => false,
    }
}

fn is_html(status: u16) -> impl Fn(&Seen) -> bool {
    move |seen| matches!(seen, Seen::Answer(found, body) if *found == status && body.contains("<html>"))
}

fn is_garbage(seen: &Seen) -> bool {
    matches!(seen, Seen::Answer(200, body) if serde_json::from_str::<serde_json::Value>(body).is_err())
}

fn is_silent(seen: &Seen) -> bool {
    *seen == Seen::NoAnswer
}

#[tokio::test]
async fn faults_before_the_effect_send_nothing() {
    let blink = Duration::from_millis(20);
    check(Fault::error("token_expired"), error(400, 190), false).await;
    check(
        Fault::Refuse(GraphError::named("temporary_2").status(503)),
        error(503, 2),
        false,
    )
    .await;
    check(Fault::throttled(7), error(429, 80_006), false).await;
    check(Fault::Html { status: 500 }, is_html(500), false).await;
    check(Fault::Html { status: 502 }, is_html(502), false).await;
    check(Fault::Garbage, is_garbage, false).await;
    check(Fault::HangBefore(blink), is_silent, false).await;
    check(Fault::CloseBefore, is_silent, false).await;
}

#[tokio::test]
async fn faults_after_the_effect_send_once() {
    let blink = Duration::from_millis(20);
    check(Fault::HangAfter(blink), is_silent, true).await;
    check(Fault::CloseAfter, is_silent, true).await;
    check(Fault::sent_but_error(), error(500, 1), true).await;
    check(Fault::HtmlAfter { status: 502 }, is_html(502), true).await;
    check(Fault::GarbageAfter, is_garbage, true).await;
    check(
        Fault::EmptyAfter,
        |seen| *seen == Seen::Answer(200, "{}".into()),
        true,
    )
    .await;
    let pause = Duration::from_millis(1);
    let is_whole =
        |seen: &Seen| matches!(seen, Seen::Answer(200, body) if body.contains("message_id"));
    check(Fault::Slow { pause }, is_whole, true).await;
}

#[tokio::test]
async fn a_throttled_answer_carries_the_usage_headers() {
    let graph = Graph::start(options()).await.unwrap();
    graph.script(Script::next_message(Fault::throttled(7)));
    let (_, headers) = call(&graph).await;
    let usage = headers["x-business-use-case-usage"].to_str().unwrap();
    let usage: serde_json::Value = serde_json::from_str(usage).unwrap();
    assert_eq!(usage[PAGE][0]["estimated_time_to_regain_access"], 7);
    assert!(headers.contains_key("x-app-usage"));
}

#[tokio::test]
async fn a_caller_that_gives_up_waiting_finds_the_message_sent_and_stopping_is_not_held_up() {
    let graph = Graph::start(options()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    graph.script(Script::next_message(Fault::HangAfter(
        Duration::from_hours(1),
    )));
    let url = format!("{}/v26.0/{PAGE}/messages", graph.url());
    let request = client().post(url).bearer_auth(TOKEN).json(&reply("hello"));
    let calling = tokio::spawn(request.send());
    graph.wait_for_sent(1, SOON).await.unwrap();
    assert!(!calling.is_finished());
    tokio::time::timeout(SOON, graph.stop()).await.unwrap();
    assert!(calling.await.unwrap().is_err());
}

#[tokio::test]
async fn a_fault_waits_for_its_own_visitor_page_and_endpoint() {
    let graph = Graph::start(two_pages()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    let temporary = || Fault::error("temporary_1200");
    let other_visitor = graph.script(Script::next_message(temporary()).about("7000000000000009"));
    let other_page = graph.script(Script::next_message(temporary()).on_page("107711223344889"));
    let profile =
        graph.script(Script::new(Endpoint::Profile, Fault::error("profile_consent")).about(PSID));
    assert_eq!(send(&graph, &reply("through")).await.0, 200);
    let typing = json!({ "recipient": { "id": PSID }, "sender_action": "typing_on" });
    assert_eq!(send(&graph, &typing).await.0, 200);
    assert_eq!(code_of(&get_json(&graph, PSID).await.1), (230, 0));
    let counts = [other_visitor, other_page, profile].map(|id| graph.injected(id));
    assert_eq!(counts, [0, 0, 1]);
}

#[tokio::test]
async fn faults_queue_up_repeat_and_end() {
    let graph = Graph::start(options()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    graph.script(Script::next_message(Fault::error("temporary_2")).times(2));
    let always = graph.script(Script::next_message(Fault::error("rate_limit_app")).always());
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(code_of(&send(&graph, &reply("x")).await.1).0);
    }
    assert_eq!(codes, [2, 2, 4, 4]);
    graph.clear_faults();
    assert_eq!(send(&graph, &reply("x")).await.0, 200);
    assert_eq!((graph.injected(always), graph.injected_in_all()), (2, 4));
}

#[tokio::test]
async fn a_fault_after_the_effect_is_kept_when_the_call_is_refused_anyway() {
    let graph = Graph::start(options()).await.unwrap();
    let id = graph.script(Script::next_message(Fault::CloseAfter));
    assert_eq!(
        code_of(&send(&graph, &reply("nobody there")).await.1),
        (100, 2_018_001)
    );
    assert_eq!(graph.injected(id), 0);
    graph.visitor(PSID).writes("Hello");
    assert_eq!(call(&graph).await.0, Seen::NoAnswer);
    assert_eq!(graph.injected(id), 1);
}

#[tokio::test]
async fn a_slow_answer_begins_at_once_and_is_not_whole_for_long() {
    let graph = Graph::start(options()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    let pause = Duration::from_hours(1);
    graph.script(Script::next_message(Fault::Slow { pause }));
    let url = format!("{}/v26.0/{PAGE}/messages", graph.url());
    let request = client().post(url).bearer_auth(TOKEN).json(&reply("hello"));
    let mut response = request.send().await.unwrap();
    assert_eq!((response.status().as_u16(), graph.sent().len()), (200, 1));
    let chunk = tokio::time::timeout(Duration::from_millis(30), response.chunk()).await;
    assert!(chunk.is_err(), "the first byte is an hour away");
}
