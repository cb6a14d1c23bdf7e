//! The store: how fast a relay is there, how big its file grows, how much is written, whether it stays fast when full.

use std::time::Duration;

use anyhow::ensure;

use crate::Bench;
use crate::process::Server;
use crate::relay::Place;
use crate::report::{Figure, Round};

use super::load::slowed;
use super::{at_least, below, figure, number};

/// Bytes of the body of one message, as the platform sends it.
const BODY: f64 = 422.0;
/// For the log to be folded into the file after the last message.
const QUIET: Duration = Duration::from_secs(9);
/// Messages that a killed relay had taken since it started.
const BEFORE_THE_KILL: u64 = 20_000;
/// While a flush takes so long, half of the 64 connections wait for it and half for the next: 32 messages a commit, which is
/// what the row is about. On a quick disk a commit holds what came in a millisecond.
const FLUSH_MS: u64 = 10;
/// Messages of the row about bytes written.
const WRITTEN: u64 = 100_000;

pub(super) async fn start(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let place = Place::new(&bench.scratch)?;
    let mut rounds = vec![];
    for _ in 0..bench.rounds {
        rounds.push(alone(started(bench, &place).await?));
    }
    Ok(vec![figure(
        "start, empty",
        "ms",
        below(50.0),
        below(12.0),
        rounds,
    )])
}

pub(super) async fn full(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let place = Place::new(&bench.scratch)?;
    let server = place.start().await?;
    write(bench, &server, Writing::filling(bench.stored)).await?;
    tokio::time::sleep(QUIET).await;
    server.stop().await?;
    let size = std::fs::metadata(place.database())?.len();
    let size = alone(as_float(size) / as_float(bench.stored) / BODY);

    let (mut clean, mut killed, mut rates) = (vec![], vec![], vec![]);
    for _ in 0..bench.rounds {
        clean.push(alone(started(bench, &place).await?));
        let server = place.start().await?;
        write(bench, &server, Writing::filling(BEFORE_THE_KILL)).await?;
        server.kill().await?;
        killed.push(alone(started(bench, &place).await?));

        let empty = Place::new(&bench.scratch)?;
        let server = empty.start().await?;
        let beside = rate(bench, &server).await?;
        server.stop().await?;
        let server = place.start().await?;
        let ours = rate(bench, &server).await?;
        server.stop().await?;
        rates.push(Round {
            ours,
            beside: vec![("empty", beside)],
        });
    }
    Ok(vec![
        figure(
            "file per message, with search",
            "× body",
            below(2.1),
            below(1.6),
            vec![size],
        ),
        figure("start, full", "ms", below(200.0), below(50.0), clean),
        figure(
            "start, full, after kill −9",
            "ms",
            below(500.0),
            below(150.0),
            killed,
        ),
        figure(
            "signed webhooks into a full store",
            "/s",
            at_least(0.8, "empty"),
            at_least(0.95, "empty"),
            rates,
        ),
    ])
}

pub(super) async fn written(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let mut rounds = vec![];
    for _ in 0..bench.rounds {
        let place = Place::new(&bench.scratch)?;
        let server = place.start_with(&slowed(bench, FLUSH_MS)?).await?;
        let before = server.written_bytes()?;
        write(bench, &server, Writing::filling(WRITTEN)).await?;
        tokio::time::sleep(QUIET).await;
        let bytes = as_float(server.written_bytes()? - before);
        server.stop().await?;
        rounds.push(alone(bytes / as_float(WRITTEN) / BODY));
    }
    Ok(vec![figure(
        "bytes written per message, 32 a commit",
        "× body",
        below(25.0),
        below(8.0),
        rounds,
    )])
}

pub(super) fn alone(ours: f64) -> Round {
    Round {
        ours,
        beside: vec![],
    }
}

/// Milliseconds until the relay answers.
async fn started(bench: &Bench, place: &Place) -> anyhow::Result<f64> {
    let words = [
        "startup".to_owned(),
        format!("--cmd={}", place.command_line()),
        format!("--url={}", place.health_url()),
        "--runs=1".to_owned(),
    ];
    number(&bench.driver.run(&words).await?, "/ready_ms_median")
}

/// How much is written, by how many visitors, over how many connections.
#[derive(Clone, Copy)]
pub(super) struct Writing {
    pub(super) messages: u64,
    pub(super) visitors: u32,
    pub(super) connections: u32,
}

impl Writing {
    /// What fills a store.
    pub(super) fn filling(messages: u64) -> Self {
        Self {
            messages,
            visitors: 20_000,
            connections: 64,
        }
    }
}

/// Lets visitors write, and is done when everything is taken.
pub(super) async fn write(bench: &Bench, server: &Server, writing: Writing) -> anyhow::Result<()> {
    let more = [
        format!("--requests={}", writing.messages),
        format!("--visitors={}", writing.visitors),
        format!("--conns={}", writing.connections),
        "--warmup=0".to_owned(),
        "--secs=600".to_owned(),
    ];
    let measured = bench.driver.ingest(server, &more).await?;
    ensure!(measured["failed"] == 0, "not all were taken: {measured}");
    Ok(())
}

/// Webhooks a second.
async fn rate(bench: &Bench, server: &Server) -> anyhow::Result<f64> {
    let more = ["--conns=64".to_owned(), format!("--secs={}", bench.secs)];
    number(&bench.driver.ingest(server, &more).await?, "/req_per_s")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts, shown with three digits"
)]
pub(super) fn as_float(count: u64) -> f64 {
    count as f64
}
