//! Guessing passwords (B-14): slowed down for whoever guesses, the same answer for every name, and nobody else is kept out.

use std::net::{Ipv4Addr, SocketAddr};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

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
    let socket = TcpSocket::new_v4().unwrap();
    let from = Ipv4Addr::new(127, 0, 1, last);
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let relay = world.relay.address().parse().unwrap();
    let mut line = socket.connect(relay).await.unwrap();
    let body = serde_json::json!({ "login": login, "password": password }).to_string();
    let request = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {relay}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let names = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split(':').next());
    Answer {
        status: head[9..12].parse().unwrap(),
        headers: names.map(str::to_owned).collect(),
        body: body.to_owned(),
    }
}

/// Tries more often at once than an address may; returns how often it was told to wait.
async fn hammer(world: &World, last: u8, login: &str, password: &str) -> usize {
    let tries = (0..4 * TRIES).map(|_| try_from(world, last, login, password));
    let answers = join_all(tries).await;
    let told = answers.iter().filter(|answer| answer.status == 429);
    let is_said = |answer: &&Answer| answer.body.contains("wait a minute");
    let count = told.clone().count();
    assert_eq!(told.filter(is_said).count(), count, "it is said what to do");
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_is_slowed_down_and_learns_nothing() {
    let world = World::start().await;
    // Wrong passwords of a known name and of an unknown one, of odd and empty names: one answer.
    let wrong = try_from(&world, 1, "anna", "guess").await;
    assert_eq!(wrong.status, 401);
    let long = "x".repeat(10_000);
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
    // Many of them are not looked at, not even with the right password. How many depends on the clock: one more in six
    // seconds is.
    for (last, login, password) in [
        (1, "anna", "guess"),
        (1, "nobody", "guess"),
        (5, "anna", PASSWORD),
    ] {
        let told = hammer(&world, last, login, password).await;
        assert!(told >= TRIES, "{login} was told to wait {told} times");
    }
    // The owner of the name comes in from elsewhere all the same.
    assert_eq!(try_from(&world, 2, "anna", PASSWORD).await.status, 200);
    let said = world.relay.log();
    assert!(said.contains("too many logins"), "{said}");
    assert!(
        !said.contains('\u{1b}'),
        "a name cannot write to the log's terminal"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_guessing_addresses_keep_nobody_out() {
    let world = World::start().await;
    let desk = world.desk("boris").await;
    // Logins cost a core each: the relay checks a few at a time, and the others wait their turn.
    let guesses = (0..ADDRESSES).map(|last| try_from(&world, last + 3, "anna", "guess"));
    let answers = join_all(guesses).await;
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
    assert!(hammer(&world, 3, "anna", "guess").await >= TRIES);
    assert_eq!(try_from(&world, 4, "anna", PASSWORD).await.status, 200);
}
