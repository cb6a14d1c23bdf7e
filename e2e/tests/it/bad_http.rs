//! Requests that are hardly any, on the built relay's own sockets (B-04): refused or let go, and whoever behaves is served
//! meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use hostile::http::{Client, Outcome, Step, clients};

use crate::harness::relay::Relay;
use crate::harness::{PATIENCE, World};

const PSID: &str = "7412589630147852";
/// Connections that say nothing, all at once.
const SILENT: usize = 1_000;

/// How a connection went.
#[derive(Debug)]
struct End {
    statuses: Vec<u16>,
    has_ended: bool,
}

async fn connect(relay: &Relay) -> TcpStream {
    TcpStream::connect(relay.address()).await.unwrap()
}

/// Does what a client does, and reads until the relay ends the connection, or the client would be answered for ever.
async fn play(relay: &Relay, client: &Client) -> End {
    let (mut incoming, mut outgoing) = connect(relay).await.into_split();
    let steps = client.steps.clone();
    let writing = tokio::spawn(async move {
        for step in steps {
            // A relay that has ended the connection takes nothing more: that is an outcome, not a fault.
            let done = match step {
                Step::Send(bytes) => outgoing.write_all(&bytes).await,
                Step::Finish => outgoing.shutdown().await,
                Step::Drip(every) => drip(&mut outgoing, every).await,
            };
            if done.is_err() {
                break;
            }
        }
        // Held until the relay lets go.
        std::future::pending::<()>().await;
        drop(outgoing);
    });
    let mut answer = vec![];
    let has_ended = timeout(PATIENCE, async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = incoming.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..count]);
        }
    })
    .await
    .is_ok();
    writing.abort();
    End {
        statuses: statuses(&answer),
        has_ended,
    }
}

async fn drip(
    outgoing: &mut tokio::net::tcp::OwnedWriteHalf,
    every: Duration,
) -> std::io::Result<()> {
    loop {
        outgoing.write_all(b"a").await?;
        tokio::time::sleep(every).await;
    }
}

fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    let lines = text.split("HTTP/1.").skip(1);
    lines
        .filter_map(|line| line.get(2..5)?.parse().ok())
        .collect()
}

fn check(client: &Client, end: &End) {
    let name = client.name;
    let allowed = |wanted: &[u16]| end.statuses.iter().all(|status| wanted.contains(status));
    assert!(end.has_ended, "{name}: the relay holds on: {end:?}");
    match client.outcome {
        Outcome::Answered(wanted) => assert!(
            !end.statuses.is_empty() && allowed(wanted),
            "{name}: {end:?}, not {wanted:?}"
        ),
        Outcome::Refused(wanted) => assert!(allowed(wanted), "{name}: {end:?}, not {wanted:?}"),
        Outcome::AnsweredTimes(times, status) => {
            assert_eq!(end.statuses, vec![status; times], "{name}");
        }
    }
}

/// A platform and a probe that behave, until told to stop; returns how often they were served.
async fn behave(world: &World, stop: &AtomicBool) -> u32 {
    let client = reqwest::Client::new();
    let mut served = 0;
    while !stop.load(Ordering::SeqCst) {
        let answer = client.get(world.relay.url("/healthz")).send().await;
        assert_eq!(answer.expect("a probe is answered").status(), 200);
        served += 1;
        world.graph.visitor(PSID).writes(&format!("good {served}"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    served
}

#[tokio::test(flavor = "multi_thread")]
async fn hardly_any_request_is_refused_and_good_clients_are_served_meanwhile() {
    let world = Arc::new(World::start().await);
    let anna = world.desk("anna").await;
    let stop = Arc::new(AtomicBool::new(false));
    let good = tokio::spawn({
        let (world, stop) = (Arc::clone(&world), Arc::clone(&stop));
        async move { behave(&world, &stop).await }
    });
    let cases = clients("/webhooks/acme-page");
    assert!(cases.len() >= 60, "the whole table: {}", cases.len());
    let mut playing = JoinSet::new();
    for client in cases {
        let world = Arc::clone(&world);
        playing.spawn(async move {
            let end = play(&world.relay, &client).await;
            (client, end)
        });
    }
    let mut faults = vec![];
    while let Some(played) = playing.join_next().await {
        let (client, end) = played.unwrap();
        let checked = std::panic::catch_unwind(|| check(&client, &end));
        if checked.is_err() {
            faults.push(format!("{}: {end:?}", client.name));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    stop.store(true, Ordering::SeqCst);
    let served = good.await.expect("good clients are served");
    anna.chat_saying(&format!("good {served}")).await;
    let chats = anna.look(|seen| seen.chats.len());
    assert_eq!(chats, 1, "nothing of all this became a chat");
    assert!(
        !world.relay.log().contains("panicked"),
        "{}",
        world.relay.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_silent_connections_are_let_go_and_keep_nobody_out() {
    let world = Arc::new(World::start().await);
    let anna = world.desk("anna").await;
    let ended = Arc::new(AtomicU32::new(0));
    let mut silent = JoinSet::new();
    for number in 0..SILENT {
        let mut line = connect(&world.relay).await;
        let ended = Arc::clone(&ended);
        silent.spawn(async move {
            // Every second one has begun to say something.
            if number % 2 == 0 {
                line.write_all(b"POST /webhooks/acme-page HTTP/1.1\r\nX: ")
                    .await
                    .ok();
            }
            let mut rest = vec![];
            let read = timeout(PATIENCE, line.read_to_end(&mut rest)).await;
            // An error is a reset: the connection has ended as well.
            if read.is_ok() {
                ended.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    world.graph.visitor(PSID).writes("between them");
    anna.chat_saying("between them").await;
    let still_held = SILENT - ended.load(Ordering::SeqCst) as usize;
    assert!(
        still_held > 0,
        "the good ones were served while the others were held"
    );
    while silent.join_next().await.is_some() {}
    assert_eq!(
        ended.load(Ordering::SeqCst) as usize,
        SILENT,
        "all are let go"
    );
}
