//! The process ends: by kill −9 under load (F-01), at named points (F-02), by SIGTERM (F-20); and a second one comes (F-21).

use std::process::Command;
use std::sync::Arc;

use crate::harness::ledger::{Evidence, Ledger};
use crate::harness::load::Load;
use crate::harness::relay::{Setup, binary};
use crate::harness::steady::SteadyDesk;
use crate::harness::{PATIENCE, World};

use super::{Chance, Talk, Tally, times};

/// A relay under load: visitors, an operator who answers, and one who looks on.
struct Busy {
    world: World,
    ledger: Ledger,
    anna: Arc<SteadyDesk>,
    boris: SteadyDesk,
    load: Load,
    talk: Talk,
}

impl Busy {
    async fn begin(visitors: u32) -> Self {
        let world = World::start_stubborn(Setup::default()).await;
        let ledger = Ledger::default();
        let anna = Arc::new(SteadyDesk::connect(&world.relay, "anna").await);
        let boris = SteadyDesk::connect(&world.relay, "boris").await;
        let talk = Talk::begin(&world, &ledger, &anna, "talk").await;
        let load = Load::begin(&world, &ledger, 0, visitors);
        Self {
            world,
            ledger,
            anna,
            boris,
            load,
            talk,
        }
    }

    async fn end(self) -> World {
        self.talk.end().await;
        self.load.end().await;
        self.anna.all_answered().await;
        self.ledger.all_delivered(&self.world, PATIENCE).await;
        let desks = [self.anna.as_ref(), &self.boris];
        self.ledger.balance(&self.world, &desks).await;
        self.world
    }
}

/// F-01.
pub(crate) async fn kills(times: u32) -> Tally {
    let mut chance = Chance::begin("F-01");
    let mut busy = Busy::begin(64).await;
    let mut tally = Tally::default();
    for _ in 0..30 * times {
        busy.load.more(1).await;
        chance.pause(20, 400).await;
        let refused = busy.ledger.counts().1;
        busy.world.kill_and_restart().await;
        busy.load.more(1).await;
        tally.rounds += 1;
        tally.injected += u64::from(busy.ledger.counts().1 > refused);
    }
    busy.end().await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_when_the_relay_is_killed_under_load() {
    kills(times()).await.proven();
}

/// Where the process ends, and up to which pass of that place.
const POINTS: [(&str, u64); 8] = [
    ("before_commit", 60),
    ("committed", 60),
    ("published", 60),
    ("announcing", 200),
    ("answering", 200),
    ("claimed", 3),
    ("sent", 3),
    ("recorded", 3),
];

/// SIGABRT: it ended at its point, not by our kill.
const ABORTED: Option<i32> = Some(6);

fn crash(point: &str, pass: u64) -> Vec<(String, String)> {
    vec![("DESKWIRE_CRASH".to_owned(), format!("{point}:{pass}"))]
}

/// F-02, the nine points at work.
pub(crate) async fn crashes(times: u32) -> Tally {
    let mut chance = Chance::begin("F-02");
    let mut world = World::start_stubborn(Setup::default()).await;
    let ledger = Ledger::default();
    let anna = Arc::new(SteadyDesk::connect(&world.relay, "anna").await);
    let boris = SteadyDesk::connect(&world.relay, "boris").await;
    let mut tally = Tally::default();
    let talk = Talk::begin(&world, &ledger, &anna, "talk").await;
    for _ in 0..3 * times {
        for (point, passes) in POINTS {
            println!("{point}");
            let load = Load::begin(&world, &ledger, tally.rounds, 16);
            load.more(16).await;
            world.relay.kill().await;
            let doom = crash(point, chance.between(1, passes));
            world.relay.start_doomed(doom);
            assert_eq!(world.relay.ended_by().await, ABORTED, "{point}");
            world.relay.restart_with(vec![]).await;
            load.more(16).await;
            load.end().await;
            tally.rounds += 1;
            tally.injected += 1;
        }
    }
    talk.end().await;
    anna.all_answered().await;
    for _ in 0..3 * times {
        // Rows are merged when nothing else is to do.
        let load = Load::begin(&world, &ledger, tally.rounds, 16);
        load.more(16).await;
        load.end().await;
        world.relay.kill().await;
        let doom = crash("merged", chance.between(1, 2));
        world.relay.start_doomed(doom);
        assert_eq!(world.relay.ended_by().await, ABORTED, "merged");
        world.relay.restart_with(vec![]).await;
        tally.rounds += 1;
        tally.injected += 1;
    }
    ledger.all_delivered(&world, PATIENCE).await;
    ledger.balance(&world, &[&anna, &boris]).await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_when_the_process_ends_at_the_worst_points() {
    crashes(times()).await.proven();
}

/// F-02, while the store is made.
pub(crate) async fn crashes_in_migration(times: u32) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..times {
        for point in ["migrating", "migrated"] {
            let mut world = World::start_stubborn(Setup::default()).await;
            assert!(world.relay.stop().await);
            std::fs::remove_file(world.relay.database()).unwrap();
            world.relay.start_doomed(crash(point, 1));
            assert_eq!(world.relay.ended_by().await, ABORTED, "{point}");
            world.relay.restart_with(vec![]).await;
            let ledger = Ledger::default();
            let anna = SteadyDesk::connect(&world.relay, "anna").await;
            ledger.writes(&world, "7412589630147852", "the first");
            anna.chat_saying("the first").await;
            ledger.balance(&world, &[&anna]).await;
            tally.rounds += 1;
            tally.injected += 1;
        }
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_making_was_interrupted_is_made_whole() {
    crashes_in_migration(times()).await.proven();
}

/// F-20.
pub(crate) async fn stops(times: u32) -> Tally {
    let mut chance = Chance::begin("F-20");
    let mut busy = Busy::begin(32).await;
    let mut tally = Tally::default();
    for _ in 0..5 * times {
        busy.load.more(50).await;
        chance.pause(0, 300).await;
        let is_well = busy.world.relay.stop().await;
        assert!(is_well, "it ends well:\n{}", busy.world.relay.log());
        let evidence = Evidence::read(&busy.world.relay.database());
        let left = evidence.deliveries.iter();
        let left: Vec<_> = left.filter(|row| row.state == "sending").collect();
        assert!(left.is_empty(), "{} replies left in doubt", left.len());
        busy.world.relay.restart().await;
        tally.rounds += 1;
        tally.injected += 1;
    }
    let world = busy.end().await;
    let evidence = Evidence::read(&world.relay.database());
    let mut states = evidence.deliveries.iter().map(|row| row.state.as_str());
    assert!(states.all(|state| state == "sent"), "none is in doubt");
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_told_to_stop_under_load_leaves_nothing_in_doubt() {
    stops(times()).await.proven();
}

/// F-21.
pub(crate) async fn seconds(times: u32) -> Tally {
    let busy = Busy::begin(16).await;
    let mut tally = Tally::default();
    for _ in 0..times {
        busy.load.more(20).await;
        let mut second = Command::new(binary("deskwire-relay"));
        second
            .args(["serve", "--config"])
            .arg(busy.world.relay.config_path());
        let output = tokio::task::spawn_blocking(move || second.output());
        let output = output.await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        tally.rounds += 1;
        tally.injected += u64::from(output.status.code() == Some(1));
        assert!(said.contains("another relay works on"), "{said}");
        busy.load.more(20).await;
    }
    assert_eq!(busy.ledger.counts().1, 0, "the first refused nothing");
    busy.end().await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_relay_on_one_store_does_not_disturb_the_first_under_load() {
    seconds(times()).await.proven();
}
