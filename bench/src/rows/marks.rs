//! The pass marks of `reliability.md` 2.3: a minute of load on a full store with somebody searching (L-01, L-08), a burst
//! (L-02), idle desks and big bodies (L-05).

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use shared::protocol::{ClientFrame, ServerFrame};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::Bench;
use crate::process::Server;
use crate::relay::{Place, hello, post};
use crate::report::Figure;

use super::desks::per_idle_desk;
use super::store::{Writing, alone, write};
use super::{below, figure, number};

/// Seconds of the load (L-01, on every commit).
const LOAD_SECS: u64 = 60;
/// Words that are searched for, one for each language: every message of the driver has the first.
const WORDS: [&str; 3] = ["parcel", "посылка", "包裹"];
/// Messages with each of the other words.
const WITH_A_WORD: usize = 200;
/// Between two searches.
const THINK: Duration = Duration::from_millis(200);
/// For an answer to a search.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// L-01 and L-08.
pub(super) async fn load(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let place = Place::new(&bench.scratch)?;
    let server = place.start().await?;
    write(bench, &server, Writing::filling(bench.stored)).await?;
    for number in 0..WITH_A_WORD {
        for word in &WORDS[1..] {
            let text = format!("{word} {number}");
            let message = message(&format!("99{:014}", number % 50), &text, &text);
            post(&server, &message).await?;
        }
    }
    let more = [
        "--rate=500".to_owned(),
        "--pub-conns=32".to_owned(),
        format!("--secs={LOAD_SECS}"),
        "--drain-ms=10000".to_owned(),
    ];
    let hello = hello(&server, None).await?;
    let loading = bench.driver.fanout(&server, 200, Some(&hello), &more);
    let searching = search(&server, &hello);
    let (measured, searched) = tokio::join!(loading, searching);
    let (measured, mut searched) = (measured?, searched?);
    server.stop().await?;
    let milliseconds = |path| Ok::<_, anyhow::Error>(alone(number(&measured, path)? / 1e3));
    searched.sort_by(f64::total_cmp);
    let late = searched.len() * 95 / 100;
    let late = searched.get(late).context("nothing was searched for")?;
    Ok(vec![
        figure(
            "webhook → frame p99, 200 desks × 500/s, full store (L-01)",
            "ms",
            below(250.0),
            below(100.0),
            vec![milliseconds("/latency/p99_us")?],
        ),
        figure(
            "acknowledgement p99 meanwhile",
            "ms",
            below(100.0),
            below(20.0),
            vec![milliseconds("/ack/p99_us")?],
        ),
        figure(
            "search p95 meanwhile, en, ru, zh (L-08)",
            "ms",
            below(100.0),
            below(50.0),
            vec![alone(*late)],
        ),
    ])
}

/// L-02.
pub(super) async fn burst(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let mut rounds = vec![];
    for _ in 0..bench.rounds {
        let place = Place::new(&bench.scratch)?;
        let server = place.start().await?;
        let hello = hello(&server, None).await?;
        let more = [
            "--rate=5000",
            "--pub-conns=64",
            "--secs=1",
            "--drain-ms=10000",
        ];
        let more = more.map(str::to_owned);
        let measured = bench.driver.fanout(&server, 1, Some(&hello), &more).await?;
        rounds.push(alone(number(&measured, "/latency/max_us")? / 1e3));
        server.stop().await?;
    }
    Ok(vec![figure(
        "5 000 webhooks in a second, until the desk has the last (L-02)",
        "ms",
        below(5000.0),
        below(500.0),
        rounds,
    )])
}

/// L-05.
pub(super) async fn bodies(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let (mut desk, mut most) = (vec![], vec![]);
    for _ in 0..bench.rounds {
        let place = Place::new(&bench.scratch)?;
        let server = place.start().await?;
        desk.push(alone(per_idle_desk(bench, &server, 1000).await?));
        let more = [
            "--conns=50",
            "--requests=50",
            "--warmup=0",
            "--text-bytes=1040000",
        ];
        let measured = bench
            .driver
            .ingest(&server, &more.map(str::to_owned))
            .await?;
        ensure!(measured["failed"] == 0, "not all were taken: {measured}");
        most.push(alone(server.most_resident_bytes()? / 1e6));
        server.stop().await?;
    }
    Ok(vec![
        figure(
            "idle desk among 1 000 (L-05)",
            "kB",
            below(40.0),
            below(10.0),
            desk,
        ),
        figure(
            "relay at most, 1 000 desks, then 50 bodies of 1 MiB at once (L-05)",
            "MB",
            below(200.0),
            below(100.0),
            most,
        ),
    ])
}

pub(super) fn message(psid: &str, mid: &str, text: &str) -> serde_json::Value {
    json!({
        "sender": { "id": psid }, "recipient": { "id": crate::relay::PAGE }, "timestamp": 1_700_000_000_000_u64,
        "message": { "mid": format!("m_bench_{mid}"), "text": text },
    })
}

/// Searches for a minute, as long as the load lasts; returns how many milliseconds each first page took.
async fn search(server: &Server, hello: &str) -> anyhow::Result<Vec<f64>> {
    let (mut socket, _) = connect_async(server.ws_url()).await?;
    socket.send(Message::text(hello)).await?;
    let until = Instant::now() + Duration::from_secs(LOAD_SECS);
    let mut took = vec![];
    for (request, word) in (1..).zip(WORDS.iter().cycle()) {
        if Instant::now() >= until {
            break;
        }
        let asked = ClientFrame::Search {
            request,
            text: (*word).to_owned(),
            before: None,
            limit: 50,
        };
        let begun = Instant::now();
        socket
            .send(Message::text(serde_json::to_string(&asked)?))
            .await?;
        let answer = async {
            while let Some(message) = socket.next().await {
                let Message::Text(text) = message? else {
                    continue;
                };
                if !text.contains(r#""type":"hits""#) {
                    continue;
                }
                if let ServerFrame::Hits { hits, .. } = serde_json::from_str(&text)? {
                    return Ok(hits.len());
                }
            }
            bail!("the relay hung up")
        };
        let found = timeout(ANSWER_WITHIN, answer)
            .await
            .context("no answer to a search")??;
        ensure!(found > 0, "nothing is found for {word}");
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        // What is told meanwhile is read, as a desk does.
        let think = Instant::now() + THINK;
        while let Ok(Some(read)) = timeout_at(think, socket.next()).await {
            read?;
        }
    }
    Ok(took)
}
