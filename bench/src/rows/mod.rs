//! What is measured, and what it is held to: one row for each line of the table.

mod desks;
mod load;
mod marks;
mod store;
mod terminal;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::Bench;
use crate::report::{Figure, Limit, Mark, Round};

/// One row, which may give several figures.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Ingest,
    SlowDisk,
    Acknowledgement,
    Desks100,
    Desks1000,
    Deliveries,
    Idle,
    Start,
    Full,
    Written,
    Resume,
    Load,
    Burst,
    Bodies,
    Terminal,
}

/// All rows, in the order they are measured.
pub(crate) const ROWS: [Row; 15] = [
    row(
        "ingest",
        "signed webhooks over 64 connections, on disk before the answer",
        Kind::Ingest,
    ),
    row(
        "slow-disk",
        "the same with flushes 10 ms slower, 256 connections",
        Kind::SlowDisk,
    ),
    row(
        "ack",
        "acknowledgement at 1 000 webhooks a second",
        Kind::Acknowledgement,
    ),
    row(
        "desks-100",
        "from webhook to desk, 100 desks, 50 messages a second",
        Kind::Desks100,
    ),
    row(
        "desks-1000",
        "from webhook to desk, 1 000 desks, 50 messages a second",
        Kind::Desks1000,
    ),
    row(
        "deliveries",
        "most deliveries a second to 100 desks",
        Kind::Deliveries,
    ),
    row(
        "idle",
        "memory of an idle relay, and of a desk among 10 000",
        Kind::Idle,
    ),
    row("start", "start of an empty relay", Kind::Start),
    row("full", "a store with a million messages", Kind::Full),
    row(
        "written",
        "bytes written, 32 messages a commit",
        Kind::Written,
    ),
    row("resume", "a desk resumes after a gap", Kind::Resume),
    row(
        "load",
        "a minute of load on a full store, and somebody searches",
        Kind::Load,
    ),
    row("burst", "5 000 webhooks in a second", Kind::Burst),
    row("bodies", "1 000 idle desks, and big bodies", Kind::Bodies),
    row("terminal", "the desk on a terminal", Kind::Terminal),
];

const fn row(name: &'static str, what: &'static str, kind: Kind) -> Row {
    Row { name, what, kind }
}

pub(crate) fn find(name: &str) -> anyhow::Result<&'static Row> {
    let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
    ROWS.iter()
        .find(|row| row.name == name)
        .with_context(|| format!("there is no row {name}; there are {}", names.join(", ")))
}

pub(crate) async fn measure(row: &Row, bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    match row.kind {
        Kind::Ingest => load::ingest(bench).await,
        Kind::SlowDisk => load::slow_disk(bench).await,
        Kind::Acknowledgement => load::acknowledgement(bench).await,
        Kind::Desks100 => desks::latency_100(bench).await,
        Kind::Desks1000 => desks::latency_1000(bench).await,
        Kind::Deliveries => desks::deliveries(bench).await,
        Kind::Idle => desks::idle(bench).await,
        Kind::Start => store::start(bench).await,
        Kind::Full => store::full(bench).await,
        Kind::Written => store::written(bench).await,
        Kind::Resume => desks::resume(bench).await,
        Kind::Load => marks::load(bench).await,
        Kind::Burst => marks::burst(bench).await,
        Kind::Bodies => marks::bodies(bench).await,
        Kind::Terminal => terminal::measure(bench).await,
    }
}

fn figure(
    what: &'static str,
    unit: &'static str,
    must: Mark,
    world_class: Mark,
    rounds: Vec<Round>,
) -> Figure {
    Figure {
        what,
        unit,
        must,
        world_class,
        rounds,
    }
}

fn at_least(limit: f64, of: &'static str) -> Mark {
    Mark {
        limit: Limit::AtLeast(limit),
        of: Some(of),
    }
}

fn at_most(limit: f64, of: &'static str) -> Mark {
    Mark {
        limit: Limit::AtMost(limit),
        of: Some(of),
    }
}

fn below(limit: f64) -> Mark {
    Mark {
        limit: Limit::AtMost(limit),
        of: None,
    }
}

/// Returns a number that the driver measured. A run with failed requests is no measurement.
fn number(measured: &Value, path: &str) -> anyhow::Result<f64> {
    let failed =
        measured["failed"].as_u64().unwrap_or(0) + measured["missing"].as_u64().unwrap_or(0);
    let doubled = measured["duplicates"].as_u64().unwrap_or(0);
    if failed + doubled > 0 {
        bail!("{failed} failed or missing, {doubled} doubled: {measured}");
    }
    let found = measured.pointer(path).and_then(Value::as_f64);
    found.with_context(|| format!("the driver measured no {path}: {measured}"))
}
