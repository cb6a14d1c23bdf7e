//! Webhooks alone: how many, and how soon they are acknowledged.

use anyhow::Context as _;

use crate::Bench;
use crate::driver::Floor;
use crate::process::Server;
use crate::relay::Place;
use crate::report::{Figure, Round};

use super::{at_least, at_most, below, figure, number};

/// Added to each flush of the slow disk.
const SLOW_MS: u64 = 10;

#[derive(Clone, Copy)]
struct Load {
    connections: u32,
    /// Requests a second; 0: as many as go.
    rate: u32,
    slow_ms: u64,
    path: &'static str,
}

const CLOSED_LOOP: Load = Load {
    connections: 64,
    rate: 0,
    slow_ms: 0,
    path: "/req_per_s",
};

pub(super) async fn ingest(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let rounds = beside_floors(bench, CLOSED_LOOP).await?;
    Ok(vec![figure(
        "signed webhooks, 64 connections, durable",
        "/s",
        at_least(0.8, "classic"),
        at_least(1.5, "classic"),
        rounds,
    )])
}

pub(super) async fn slow_disk(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let load = Load {
        connections: 256,
        slow_ms: SLOW_MS,
        ..CLOSED_LOOP
    };
    let rounds = beside_floors(bench, load).await?;
    Ok(vec![figure(
        "the same, flushes 10 ms slower, 256 connections",
        "/s",
        at_least(0.8, "classic"),
        at_least(0.9, "lean"),
        rounds,
    )])
}

pub(super) async fn acknowledgement(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let load = Load {
        rate: 1000,
        path: "/ack/p99_us",
        ..CLOSED_LOOP
    };
    let rounds = beside_floors(bench, load).await?;
    Ok(vec![figure(
        "acknowledgement p99 at 1 000/s",
        "µs",
        at_most(2.0, "classic"),
        below(800.0),
        rounds,
    )])
}

async fn beside_floors(bench: &Bench, load: Load) -> anyhow::Result<Vec<Round>> {
    let mut rounds = vec![];
    for _ in 0..bench.rounds {
        let mut beside = vec![];
        for floor in [Floor::Classic, Floor::Lean] {
            let folder = tempfile::tempdir_in(&bench.scratch)?;
            let server = bench
                .driver
                .floor(floor, folder.path(), load.slow_ms)
                .await?;
            beside.push((floor.name(), offer(bench, &server, load).await?));
            server.stop().await?;
        }
        let place = Place::new(&bench.scratch)?;
        let server = if load.slow_ms == 0 {
            place.start().await?
        } else {
            place.start_with(&slowed(bench, load.slow_ms)?).await?
        };
        let ours = offer(bench, &server, load).await?;
        server.stop().await?;
        rounds.push(Round { ours, beside });
    }
    Ok(rounds)
}

/// What makes a process's flushes slower.
pub(super) fn slowed(bench: &Bench, ms: u64) -> anyhow::Result<[(String, String); 2]> {
    let library = bench.interposer.as_deref();
    let library = library.context("slow flushes need --interposer")?;
    Ok([
        ("LD_PRELOAD".to_owned(), library.display().to_string()),
        ("INTERPOSER_SLOW_SYNC_MS".to_owned(), ms.to_string()),
    ])
}

async fn offer(bench: &Bench, server: &Server, load: Load) -> anyhow::Result<f64> {
    let more = [
        format!("--conns={}", load.connections),
        format!("--rate={}", load.rate),
        format!("--secs={}", bench.secs),
    ];
    number(&bench.driver.ingest(server, &more).await?, load.path)
}
