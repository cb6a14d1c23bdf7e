//! Guessing passwords (B-14): slowed down for whoever guesses, the same answer for every name, and nobody else is kept out.

use std::net::{IpAddr, Ipv4Addr};

use crate::harness::World;
use crate::harness::relay::PASSWORD;

/// Tries of one address in a row (SEC-03).
const TRIES: usize = 10;
/// Addresses that guess.
const ADDRESSES: u8 = 100;

/// An answer, as whoever guesses sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: Vec<String>,
    body: String,
}

/// Logs in from an address of this machine.
async fn try_from(world: &World, last: u8, login: &str, password: &str) -> Answer {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 1, last));
    let client = reqwest::Client::builder()
        .local_address(address)
        .build()
        .unwrap();
    let body = serde_json::json!({ "login": login, "password": password });
    let answer = client
        .post(world.relay.url("/api/v1/session"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let mut headers: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
    headers.sort();
    Answer {
        status: answer.status().as_u16(),
        headers,
        body: answer.text().await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_is_slowed_down_and_learns_nothing() {
    let world = World::start().await;
    // Wrong passwords of a known name and of an unknown one, of odd and empty names: one answer.
    let wrong = try_from(&world, 1, "anna", "guess").await;
    assert_eq!(wrong.status, 401);
    let long = "x".repeat(100_000);
    for (login, password) in [
        ("nobody", "guess"),
        ("anna", ""),
        ("", ""),
        ("ANNA", PASSWORD),
        ("anna ", PASSWORD),
        ("anna\0", PASSWORD),
        ("' OR 1=1 --", "guess"),
        ("\u{1b}[2Jанна", "guess"),
        (&*long, "guess"),
    ] {
        assert_eq!(
            try_from(&world, 1, login, password).await,
            wrong,
            "{login:.20?}"
        );
    }
    // Ten of them: the eleventh is not looked at, not even with the right password.
    for password in ["guess", PASSWORD] {
        for login in ["anna", "nobody"] {
            let answer = try_from(&world, 1, login, password).await;
            assert_eq!(answer.status, 429, "{login}: {answer:?}");
            assert!(answer.body.contains("wait a minute"), "{answer:?}");
        }
    }
    // The owner of the name comes in from elsewhere all the same.
    assert_eq!(try_from(&world, 2, "anna", PASSWORD).await.status, 200);
    let log = world.relay.log();
    assert!(log.contains("too many logins"), "{log}");
    assert!(
        !log.contains('\u{1b}'),
        "a name cannot write to the log's terminal"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_guessing_addresses_keep_nobody_out() {
    let world = World::start().await;
    let desk = world.desk("boris").await;
    // Logins cost a core each: the relay checks a few at a time, and the others wait their turn.
    let guesses = (0..ADDRESSES).map(|last| try_from(&world, last + 3, "anna", "guess"));
    let answers = futures_util::future::join_all(guesses).await;
    assert!(
        answers.iter().all(|answer| answer.status == 401),
        "{answers:?}"
    );
    assert_eq!(try_from(&world, 2, "anna", PASSWORD).await.status, 200);
    world
        .graph
        .visitor("7412589630147852")
        .writes("served meanwhile");
    desk.chat_saying("served meanwhile").await;
    // One of them goes on, and is stopped alone.
    for _ in 1..TRIES {
        assert_eq!(try_from(&world, 3, "anna", "guess").await.status, 401);
    }
    assert_eq!(try_from(&world, 3, "anna", "guess").await.status, 429);
    assert_eq!(try_from(&world, 4, "anna", PASSWORD).await.status, 200);
}
