//! The desk's budgets (`desk.md` 8.3): on a terminal of 200 × 50, 300 chats, one of them with 10 000 messages.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use crate::relay::{self, PASSWORD, Place};
use crate::report::Figure;
use crate::terminal::Terminal;
use crate::{Bench, process};

use super::marks::message;
use super::store::{Writing, alone, as_float, write};
use super::{below, figure};

/// Whoever the driver's only visitor is.
const TALKER: &str = "7000000000000000";
/// Keys whose frames are timed.
const KEYS: usize = 100;
/// For the desk to have drawn everything.
const CALM: Duration = Duration::from_millis(500);
/// How long an idle desk is watched.
const WATCHED: Duration = Duration::from_secs(10);

/// What one desk did, in the units of [`measure`].
#[derive(Default)]
struct Seen {
    first_frame: f64,
    first_bytes: f64,
    key: f64,
    letter: f64,
    arriving: f64,
    woken: f64,
    memory: f64,
}

type Budget = (&'static str, &'static str, f64, f64, fn(&Seen) -> f64);

/// What, its unit, the budget, and what the prototype took.
const BUDGETS: [Budget; 7] = [
    (
        "desk: start to first whole frame",
        "ms",
        30.0,
        16.0,
        |seen| seen.first_frame,
    ),
    ("desk: first paint", "bytes", 20_000.0, 14_600.0, |seen| {
        seen.first_bytes
    }),
    ("desk: key to frame, p95 of 100", "ms", 5.0, 1.9, |seen| {
        seen.key
    }),
    ("desk: a typed letter", "bytes", 80.0, 59.0, |seen| {
        seen.letter
    }),
    (
        "desk: an arriving message",
        "bytes",
        12_000.0,
        8_400.0,
        |seen| seen.arriving,
    ),
    (
        "desk: woken while idle for 10 s",
        "times",
        20.0,
        0.0,
        |seen| seen.woken,
    ),
    ("desk: memory", "MB", 30.0, 6.6, |seen| seen.memory),
];

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let place = Place::new(&bench.scratch)?;
    let server = place.start().await?;
    for (messages, visitors) in [(10_000, 1), (3_000, 300)] {
        let writing = Writing {
            messages,
            visitors,
            connections: 32,
        };
        write(bench, &server, writing).await?;
    }
    let mut all = vec![];
    for round in 0..bench.rounds {
        all.push(look(bench, &server, round).await?);
    }
    server.stop().await?;
    let size = std::fs::metadata(relay::built("deskwire")?)?.len();
    let program = vec![alone(as_float(size) / 1e6)];
    let mut figures: Vec<_> = BUDGETS
        .iter()
        .map(|(what, unit, must, prototype, of)| {
            let rounds = all.iter().map(|seen| alone(of(seen))).collect();
            figure(what, unit, below(*must), below(*prototype), rounds)
        })
        .collect();
    figures.push(figure(
        "desk: program",
        "MB",
        below(10.0),
        below(6.0),
        program,
    ));
    Ok(figures)
}

async fn look(bench: &Bench, server: &process::Server, round: u32) -> anyhow::Result<Seen> {
    let home = tempfile::tempdir_in(&bench.scratch)?;
    let words = [
        "--server".to_owned(),
        format!("http://{}", server.address),
        "--login".to_owned(),
        "anna".to_owned(),
    ];
    let program = relay::built("deskwire")?;
    let mut seen = Seen::default();
    let begun = Instant::now();
    let mut desk = Terminal::open(&program, &words, PASSWORD, home.path())?;
    let first = desk.drawing().await?;
    seen.first_frame = milliseconds(first.shown_at, begun);
    seen.first_bytes = as_float(first.bytes as u64);
    desk.calm(CALM).await;

    desk.keys("1")?;
    desk.calm(CALM).await;
    let mut took = vec![];
    for number in 0..KEYS {
        let pressed = Instant::now();
        desk.keys(if number % 2 == 0 { "j" } else { "k" })?;
        took.push(milliseconds(desk.drawing().await?.ended_at, pressed));
    }
    took.sort_by(f64::total_cmp);
    seen.key = *took.get(KEYS * 95 / 100).context("keys were pressed")?;

    // The long chat is first: its visitor has waited longest.
    desk.keys("\r")?;
    desk.calm(CALM).await;
    let arriving = message(
        TALKER,
        &format!("arriving_{round}"),
        "one more line at the bottom of the screen",
    );
    relay::post(server, &arriving).await?;
    seen.arriving = as_float(desk.drawing().await?.bytes as u64);
    desk.calm(CALM).await;

    desk.keys("c")?;
    desk.calm(CALM).await;
    desk.keys("a")?;
    seen.letter = as_float(desk.drawing().await?.bytes as u64);
    desk.calm(CALM * 4).await;

    let id = desk.process_id();
    let before = switches(id)?;
    tokio::time::sleep(WATCHED).await;
    seen.woken = as_float(switches(id)?.saturating_sub(before));
    seen.memory = as_float(process::number_of(&id.to_string(), "status", "VmRSS:")? * 1024) / 1e6;
    Ok(seen)
}

fn milliseconds(at: Instant, since: Instant) -> f64 {
    at.duration_since(since).as_secs_f64() * 1e3
}

/// How often the threads of a process have waited and were woken.
fn switches(id: u32) -> anyhow::Result<u64> {
    let mut sum = 0;
    for task in std::fs::read_dir(format!("/proc/{id}/task"))? {
        let status = std::fs::read_to_string(task?.path().join("status"))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sum += line
            .context("the kernel counts switches")?
            .trim()
            .parse::<u64>()?;
    }
    Ok(sum)
}
