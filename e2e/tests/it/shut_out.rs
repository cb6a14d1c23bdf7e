//! What must not get in, and what is said to those outside (CH-05, CH-06, SEC-03, SEC-13, SEC-15, bad input of the issue).

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use sim::messenger::Signing;

use shared::protocol::{ClientFrame, GoodbyeCode, ServerFrame};

use crate::harness::World;
use crate::harness::desk::{log_in, settle};
use crate::harness::relay::PASSWORD;

const PSID: &str = "7412589630147852";

#[tokio::test(flavor = "multi_thread")]
async fn a_body_with_a_wrong_signature_is_refused_and_leaves_nothing() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    let client = reqwest::Client::new();
    let body = r#"{"object":"page","entry":[{"id":"104820093344556","time":1,"messaging":[{"sender":{"id":"1"},
        "recipient":{"id":"104820093344556"},"timestamp":1795190148123,"message":{"mid":"m_forged","text":"forged"}}]}]}"#;
    for signature in [
        None,
        Some("sha256="),
        Some("sha1=00"),
        Some(&*format!("sha256={}", "0".repeat(64))),
    ] {
        let mut request = client.post(world.relay.webhook_url()).body(body);
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        assert_eq!(request.send().await.unwrap().status(), 403, "{signature:?}");
    }
    settle(&anna).await;
    assert!(anna.look(|seen| seen.chats.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_echoes_the_challenge_for_the_right_token_only() {
    let world = World::start().await;
    let ask = async |query: &str| {
        let answer = reqwest::get(format!("{}?{query}", world.relay.webhook_url()))
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let right = "hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444";
    assert_eq!(ask(right).await, (200, "1158201444".to_owned()));
    assert_eq!(ask(&right.replace("verify-me", "guess")).await.0, 403);
    assert_eq!(ask("").await.0, 403);
    let nowhere = reqwest::get(world.relay.url("/webhooks/nobody"))
        .await
        .unwrap();
    assert_eq!(nowhere.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_body_is_413_and_a_strange_one_is_kept() {
    let world = World::start().await;
    let big = reqwest::Client::new()
        .post(world.relay.webhook_url())
        .body(vec![b' '; 2 << 20])
        .send()
        .await
        .unwrap();
    assert_eq!(big.status(), 413);

    let strange = world
        .graph
        .post_raw(
            br#"{"object":"page","entry":"surprise"}"#.to_vec(),
            Signing::Right,
        )
        .await;
    assert_eq!(
        strange.unwrap(),
        200,
        "or the platform switches the page off"
    );
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("all is well");
    anna.chat_saying("all is well").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let world = World::start().await;
    assert_eq!(
        log_in(&world.relay, "anna", "guess").await.unwrap_err(),
        401
    );
    assert_eq!(
        log_in(&world.relay, "nobody", "guess").await.unwrap_err(),
        401
    );
    assert!(log_in(&world.relay, "anna", PASSWORD).await.is_ok());
}

/// Says hello and returns the relay's last word.
async fn last_word(world: &World, hello: ClientFrame) -> ServerFrame {
    let (mut socket, _) = tokio_tungstenite::connect_async(world.relay.ws_url())
        .await
        .unwrap();
    socket
        .send(Message::text(serde_json::to_string(&hello).unwrap()))
        .await
        .unwrap();
    let mut last = None;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            last = Some(serde_json::from_str(&text).unwrap());
        }
    }
    last.expect("a frame before the end")
}

fn hello(protocol: u32, token: &str) -> ClientFrame {
    ClientFrame::Hello {
        protocol,
        token: token.into(),
        resume: None,
        program: "story".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_may_not_come_in_is_told_what_to_do() {
    let world = World::start().await;
    let token = log_in(&world.relay, "anna", PASSWORD).await.unwrap().token;
    let token = token.reveal();
    let check = async |hello: ClientFrame, code: GoodbyeCode| {
        let ServerFrame::Goodbye(goodbye) = last_word(&world, hello).await else {
            panic!("no goodbye")
        };
        assert_eq!(goodbye.code, code);
        assert!(
            goodbye.sentence.len() > 20,
            "a sentence: {:?}",
            goodbye.sentence
        );
    };
    check(hello(0, token), GoodbyeCode::WrongProtocol).await;
    check(hello(1, "0000"), GoodbyeCode::NotLoggedIn).await;

    let logout = reqwest::Client::new()
        .delete(world.relay.url("/api/v1/session"))
        .bearer_auth(token)
        .send()
        .await;
    assert!(logout.unwrap().status().is_success());
    check(hello(1, token), GoodbyeCode::NotLoggedIn).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_closed_the_moment_its_session_is_ended() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    let logout = reqwest::Client::new()
        .delete(world.relay.url("/api/v1/session"))
        .bearer_auth(anna.token())
        .send()
        .await;
    assert!(logout.unwrap().status().is_success());
    anna.wait("the goodbye", |seen| {
        let is_goodbye = |frame: &ServerFrame| matches!(frame, ServerFrame::Goodbye(_));
        seen.has_ended && seen.frames.iter().any(is_goodbye)
    })
    .await;
}
