//! What runs out: the log behind a long read (F-18), descriptors and memory (F-19).

use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::net::TcpStream;

use crate::harness::ledger::Ledger;
use crate::harness::load::Load;
use crate::harness::relay::Setup;
use crate::harness::steady::SteadyDesk;
use crate::harness::{PATIENCE, World, eventually};

use super::{Tally, open_chats, times};

fn log_size(world: &World) -> u64 {
    let mut path = world.relay.database().into_os_string();
    path.push("-wal");
    std::fs::metadata(path).map_or(0, |log| log.len())
}

/// F-18: somebody reads for long; the relay goes on, its log stays bounded and shrinks when the reader is gone.
pub(crate) async fn long_reads(times: u32) -> Tally {
    let world = World::start_stubborn(Setup::default()).await;
    let ledger = Ledger::default();
    let anna = SteadyDesk::connect(&world.relay, "anna").await;
    let load = Load::begin(&world, &ledger, 0, 16);
    load.more(20).await;
    let reader =
        Connection::open_with_flags(world.relay.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = "SELECT count(*) FROM event";
    let before: i64 = reader.query_row(count, [], |row| row.get(0)).unwrap();
    let length = Duration::from_secs(u64::from(5 * times).min(30));
    let until = tokio::time::Instant::now() + length;
    let mut largest = 0;
    while tokio::time::Instant::now() < until {
        load.more(20).await;
        largest = largest.max(log_size(&world));
    }
    let still: i64 = reader.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(before, still, "one moment was read all the while");
    println!("the log grew to {} KiB", largest >> 10);
    assert!(largest < 256 << 20, "{largest} bytes of log");
    let held = log_size(&world);
    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    load.end().await;
    eventually("the log is cut when nobody reads it", || {
        let is_cut = log_size(&world) < held / 2;
        async move { is_cut }
    })
    .await;
    ledger.balance(&world, &[&anna]).await;
    Tally {
        rounds: 1,
        injected: u64::from(held > 0),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_read_stops_nobody_and_its_log_is_cut_afterwards() {
    long_reads(times()).await.proven();
}

/// F-19: descriptors run out.
pub(crate) async fn few_descriptors(times: u32) -> Tally {
    let setup = Setup {
        limits: "ulimit -n 256".into(),
        ..Setup::default()
    };
    let world = World::start_stubborn(setup).await;
    let ledger = Ledger::default();
    let anna = SteadyDesk::connect(&world.relay, "anna").await;
    let chats = open_chats(&world, &ledger, &anna, "few", 2).await;
    let address = world.relay.url("").trim_start_matches("http://").to_owned();
    let mut tally = Tally::default();
    for round in 0..times {
        let says_why = |world: &World| {
            let log = world.relay.log();
            log.matches("could not take a connection").count()
        };
        let before = says_why(&world);
        let mut idle = vec![];
        for _ in 0..400 {
            idle.push(TcpStream::connect(&address).await);
        }
        eventually("it says why it takes no more", || {
            let is_said = says_why(&world) > before;
            async move { is_said }
        })
        .await;
        tally.injected += 1;
        // Who is there is served.
        anna.says(chats[0].1, &format!("none left {round}"));
        anna.all_answered().await;
        drop(idle);
        let load = Load::begin(&world, &ledger, round, 16);
        load.more(50).await;
        load.end().await;
        tally.rounds += 1;
    }
    ledger.all_delivered(&world, PATIENCE).await;
    ledger.balance(&world, &[&anna]).await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_those_connected_are_served_and_the_others_later() {
    few_descriptors(times()).await.proven();
}

/// F-19: little memory, and fifty bodies as large as may be at once.
pub(crate) async fn little_memory(times: u32) -> Tally {
    let setup = Setup {
        // Addresses, not pages: what a thread's stack or an allocator only reserves counts as well.
        limits: "ulimit -v 1572864".into(),
        ..Setup::default()
    };
    let mut world = World::start_stubborn(setup).await;
    let ledger = Ledger::default();
    let anna = SteadyDesk::connect(&world.relay, "anna").await;
    let load = Load::begin(&world, &ledger, 0, 8);
    let mut tally = Tally::default();
    for _ in 0..times {
        load.more(10).await;
        let before = world.relay.memory();
        let large = vec![b' '; (1 << 20) - 64];
        let posts = (0..50).map(|_| {
            let signing = sim::messenger::Signing::Right;
            world.graph.post_raw(large.clone(), signing)
        });
        let answers = futures_util::future::join_all(posts).await;
        let answered = answers.iter().filter(|answer| answer.is_ok()).count();
        println!(
            "{answered} of 50 answered; {} → {} MiB",
            before >> 20,
            world.relay.memory() >> 20
        );
        assert!(world.relay.is_running(), "it lives");
        load.more(10).await;
        tally.rounds += 1;
        tally.injected += answers.len() as u64;
    }
    load.end().await;
    ledger.balance(&world, &[&anna]).await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn with_little_memory_large_bodies_do_not_end_the_relay() {
    little_memory(times()).await.proven();
}
