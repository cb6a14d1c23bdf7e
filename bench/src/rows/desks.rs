//! Desks: how soon and how often they are told, what an idle one costs, how fast one is back.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::time::Instant;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use shared::protocol::{ResumePoint, ServerFrame};

use crate::Bench;
use crate::driver::{Floor, LIVE};
use crate::process::Server;
use crate::relay::{Place, hello};
use crate::report::{Figure, Round};

use super::store::{Writing, alone, as_float, write};
use super::{at_least, at_most, below, figure, number};

/// For a relay that has just started to become calm.
const SETTLE: Duration = Duration::from_secs(2);
/// The measured ratio of a server of pub/sub in memory (nginx with nchan) to the floor in memory, on the same machine.
const NCHAN: f64 = 13.0 / 10.6;

/// Every visitor has a chat before anything is measured.
const EARLIER: Writing = Writing {
    messages: 5_000,
    visitors: 200,
    connections: 32,
};

#[derive(Clone, Copy)]
struct Load {
    desks: u32,
    rate: u32,
    publishers: u32,
    path: &'static str,
}

pub(super) async fn latency_100(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let load = Load {
        desks: 100,
        rate: 50,
        publishers: 1,
        path: "/latency/p99_us",
    };
    let rounds = beside_floors(bench, load, &[Floor::Classic, Floor::Memory]).await?;
    Ok(vec![figure(
        "webhook → desk p99, 100 desks × 50/s, durable",
        "µs",
        at_most(1.5, "classic"),
        at_most(1.2, "axum"),
        rounds,
    )])
}

pub(super) async fn latency_1000(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let load = Load {
        desks: 1000,
        rate: 50,
        publishers: 1,
        path: "/latency/p99_us",
    };
    let rounds = beside_floors(bench, load, &[Floor::Memory]).await?;
    Ok(vec![figure(
        "webhook → desk p99, 1 000 desks × 50/s, durable",
        "µs",
        at_most(1.2 * NCHAN, "axum"),
        at_most(1.0, "axum"),
        rounds,
    )])
}

pub(super) async fn deliveries(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let load = Load {
        desks: 100,
        rate: 12_000,
        publishers: 64,
        path: "/delivered_per_s",
    };
    let rounds = beside_floors(bench, load, &[Floor::Memory]).await?;
    Ok(vec![figure(
        "most deliveries, 100 desks",
        "/s",
        at_least(1.0, "axum"),
        at_least(1.5, "axum"),
        rounds,
    )])
}

pub(super) async fn idle(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let (mut relay, mut desk) = (vec![], vec![]);
    for _ in 0..bench.rounds {
        let place = Place::new(&bench.scratch)?;
        let server = place.start().await?;
        tokio::time::sleep(SETTLE).await;
        let resident = server.resident_bytes()?;
        relay.push(alone(as_float(resident) / 1e6));
        desk.push(alone(per_idle_desk(bench, &server, 10_000).await?));
        server.stop().await?;
    }
    Ok(vec![
        figure("idle relay", "MB", below(20.0), below(10.0), relay),
        figure(
            "idle desk among 10 000",
            "kB",
            below(16.0),
            below(5.0),
            desk,
        ),
    ])
}

/// Opens so many desks; returns how many kB each takes once they are calm.
pub(super) async fn per_idle_desk(
    bench: &Bench,
    server: &Server,
    desks: u32,
) -> anyhow::Result<f64> {
    let more = [
        "--rate=0",
        "--secs=0",
        // By then the allocator has given back what the greetings took.
        "--settle-ms=12000",
    ];
    let hello = hello(server, None).await?;
    let more = more.map(str::to_owned);
    let measured = bench
        .driver
        .fanout(server, desks, Some(&hello), &more)
        .await?;
    ensure!(
        measured["alive"] == desks,
        "not all desks are there: {measured}"
    );
    Ok(number(&measured, "/rss_bytes_per_sub")? / 1000.0)
}

pub(super) async fn resume(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let (mut short, mut long) = (vec![], vec![]);
    for _ in 0..bench.rounds {
        let place = Place::new(&bench.scratch)?;
        let server = place.start().await?;
        write(bench, &server, EARLIER).await?;
        for (missed, rounds) in [(1_000, &mut short), (10_000, &mut long)] {
            let frame = hello(&server, None).await?;
            let point = visit(&server, &frame).await?.point;
            write(
                bench,
                &server,
                Writing {
                    messages: missed.into(),
                    ..EARLIER
                },
            )
            .await?;
            let visit = visit(&server, &hello(&server, Some(point)).await?).await?;
            ensure!(
                visit.events >= missed,
                "{} of {missed} events came: not resumed",
                visit.events
            );
            rounds.push(alone(visit.took.as_secs_f64() * 1e3));
        }
        server.stop().await?;
    }
    Ok(vec![
        figure(
            "resume of 1 000 missed events",
            "ms",
            below(5.0),
            below(2.0),
            short,
        ),
        figure(
            "resume of 10 000 missed events",
            "ms",
            below(60.0),
            below(25.0),
            long,
        ),
    ])
}

async fn beside_floors(bench: &Bench, load: Load, floors: &[Floor]) -> anyhow::Result<Vec<Round>> {
    let mut rounds = vec![];
    for _ in 0..bench.rounds {
        let mut beside = vec![];
        for floor in floors {
            let folder = tempfile::tempdir_in(&bench.scratch)?;
            let server = bench.driver.floor(*floor, folder.path(), 0).await?;
            let measured = tell(bench, &server, load, None).await?;
            // A floor in memory drops what a slow desk has no room for: what arrives counts.
            let arrived = measured.pointer(load.path).and_then(Value::as_f64);
            beside.push((
                floor.name(),
                arrived.context("the driver measured nothing")?,
            ));
            server.stop().await?;
        }
        let place = Place::new(&bench.scratch)?;
        let server = place.start().await?;
        // The driver's clock stands in 2023: in each new chat the reply window has ended, and desks are told so, once.
        write(bench, &server, EARLIER).await?;
        tokio::time::sleep(SETTLE).await;
        let hello = hello(&server, None).await?;
        let ours = number(&tell(bench, &server, load, Some(&hello)).await?, load.path)?;
        server.stop().await?;
        rounds.push(Round { ours, beside });
    }
    Ok(rounds)
}

async fn tell(
    bench: &Bench,
    server: &Server,
    load: Load,
    hello: Option<&str>,
) -> anyhow::Result<Value> {
    let more = [
        format!("--rate={}", load.rate),
        format!("--pub-conns={}", load.publishers),
        format!("--secs={}", bench.secs),
        "--drain-ms=5000".to_owned(),
    ];
    bench.driver.fanout(server, load.desks, hello, &more).await
}

struct Visit {
    point: ResumePoint,
    events: u32,
    took: Duration,
}

/// Opens a desk, and leaves when it is told everything.
async fn visit(server: &Server, hello: &str) -> anyhow::Result<Visit> {
    let begun = Instant::now();
    let (mut socket, _) = connect_async(server.ws_url()).await?;
    socket.send(Message::text(hello)).await?;
    let mut texts = vec![];
    loop {
        match socket.next().await.context("the relay hung up")?? {
            Message::Text(text) => {
                let is_last = text.contains(LIVE);
                texts.push(text);
                if is_last {
                    break;
                }
            }
            Message::Close(_) => bail!("the relay closed the desk: {texts:?}"),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
    let took = begun.elapsed();
    let (mut point, mut events) = (None, 0);
    for text in &texts {
        match serde_json::from_str(text)? {
            ServerFrame::Live { at } => point = Some(at),
            ServerFrame::Event(_) => events += 1,
            _ => {}
        }
    }
    Ok(Visit {
        point: point.context("no frame told where the desk is")?,
        events,
        took,
    })
}
