//! The disk: the power fails (F-03), it is full (F-04), a sync fails (F-05), it is slow (F-06). Linux only.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::harness::interposer::Interposer;
use crate::harness::ledger::{Clause, Evidence, Ledger, Violation};
use crate::harness::load::Load;
use crate::harness::relay::Setup;
use crate::harness::steady::SteadyDesk;
use crate::harness::{PATIENCE, World, eventually};

use super::{Chance, Talk, Tally, times};

/// kill −9 by itself: the interposer cut the power.
const CUT: Option<i32> = Some(9);

/// A relay on a disk that can be hurt, an operator who answers, and one who looks on.
struct OnDisk {
    disk: Arc<Interposer>,
    world: World,
    ledger: Ledger,
    anna: Arc<SteadyDesk>,
    boris: SteadyDesk,
}

impl OnDisk {
    async fn begin() -> Option<Self> {
        let disk = Arc::new(Interposer::new()?);
        let setup = Setup {
            interposer: Some(Arc::clone(&disk)),
            ..Setup::default()
        };
        let world = World::start_stubborn(setup).await;
        Some(Self {
            anna: Arc::new(SteadyDesk::connect(&world.relay, "anna").await),
            boris: SteadyDesk::connect(&world.relay, "boris").await,
            disk,
            world,
            ledger: Ledger::default(),
        })
    }

    async fn talk(&self) -> Talk {
        Talk::begin(&self.world, &self.ledger, &self.anna, "talk").await
    }

    fn load(&self, name: u32, visitors: u32) -> Load {
        Load::begin(&self.world, &self.ledger, name, visitors)
    }

    /// The power fails after some more operations; then it is back.
    async fn cut(&mut self, chance: &mut Chance, within: u64) {
        let torn = if chance.below(2) == 0 {
            0
        } else {
            chance.between(1, 1 << 40)
        };
        let cut_in = chance.between(1, within).cast_signed();
        self.disk
            .set(&[("cut_torn", torn.cast_signed()), ("cut_in", cut_in)]);
        assert_eq!(self.world.relay.ended_by().await, CUT, "the power fails");
        self.disk.set(&[("cut_in", 0)]);
        self.world.relay.restart().await;
        self.check_integrity();
    }

    fn check_integrity(&self) {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let store = Connection::open_with_flags(self.world.relay.database(), flags).unwrap();
        let found: String = store
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(found, "ok");
    }

    async fn end(&self) {
        self.anna.all_answered().await;
        self.ledger.all_delivered(&self.world, PATIENCE).await;
        let desks = [self.anna.as_ref(), &self.boris];
        self.ledger.balance(&self.world, &desks).await;
        self.check_integrity();
    }

    async fn rows_are_merged(&self) {
        eventually("rows are merged", || {
            let evidence = Evidence::read(&self.world.relay.database());
            let is_done = evidence.settled == evidence.last_seq();
            async move { is_done }
        })
        .await;
    }

    async fn is_ready(&self) -> bool {
        let answer = reqwest::get(self.world.relay.url("/readyz")).await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }
}

/// F-03.
pub(crate) async fn power_cuts(times: u32) -> Tally {
    let mut chance = Chance::begin("F-03");
    let Some(mut on) = OnDisk::begin().await else {
        return Tally::default();
    };
    let (talk, load) = (on.talk().await, on.load(0, 32));
    let mut tally = Tally::default();
    for round in 0..20 * times {
        if round % 5 == 4 {
            // While it starts and reads what the last cut left.
            on.world.relay.kill().await;
            on.disk
                .set(&[("cut_in", chance.between(1, 40).cast_signed())]);
            on.world.relay.start_doomed(vec![]);
            assert_eq!(on.world.relay.ended_by().await, CUT, "at the start");
            on.disk.set(&[("cut_in", 0)]);
            on.world.relay.restart().await;
        } else {
            load.more(10).await;
            on.cut(&mut chance, 400).await;
        }
        tally.rounds += 1;
    }
    talk.end().await;
    load.end().await;
    on.end().await;
    tally.injected = on.disk.count("cut") as u64;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_power_failure() {
    let tally = power_cuts(times()).await;
    if cfg!(target_os = "linux") {
        tally.proven();
    }
}

/// F-04.
pub(crate) async fn full_disks(times: u32) -> Tally {
    let Some(on) = OnDisk::begin().await else {
        return Tally::default();
    };
    let (talk, load) = (on.talk().await, on.load(0, 32));
    let mut tally = Tally::default();
    for _ in 0..3 * times {
        load.more(50).await;
        let refused = on.ledger.counts().1;
        let before = on.disk.count("full");
        // No byte more than there is.
        on.disk.set(&[("full_at", 1)]);
        eventually("webhooks are refused", || {
            let is_refused = on.ledger.counts().1 > refused;
            async move { is_refused }
        })
        .await;
        eventually("it says that it is not ready", || async {
            !on.is_ready().await
        })
        .await;
        on.disk.set(&[("full_at", 100 << 20)]);
        eventually("it is ready again", || on.is_ready()).await;
        load.more(50).await;
        tally.rounds += 1;
        tally.injected += u64::from(on.disk.count("full") > before);
    }
    talk.end().await;
    load.end().await;
    on.end().await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_a_disk_with_room_again_is_used_without_a_restart() {
    let tally = full_disks(times()).await;
    if cfg!(target_os = "linux") {
        tally.proven();
    }
}

/// F-05: the k-th sync fails. What was not synced then is lost when the power fails a little later.
pub(crate) async fn failed_syncs(times: u32) -> Tally {
    let mut chance = Chance::begin("F-05");
    let Some(mut on) = OnDisk::begin().await else {
        return Tally::default();
    };
    let (talk, load) = (on.talk().await, on.load(0, 32));
    let mut tally = Tally::default();
    let all: Vec<i64> = (1..=50).collect();
    let some = [1, 2, 3, 4, 6, 9, 14, 22, 35, 50];
    let which = if times > 1 { &all[..] } else { &some[..] };
    for k in which {
        load.more(5).await;
        let before = on.disk.count("eio");
        on.disk.set(&[("fail_sync", *k)]);
        eventually("the sync fails", || {
            let has_failed = on.disk.count("eio") > before;
            async move { has_failed }
        })
        .await;
        on.disk.set(&[("fail_sync", 0)]);
        load.more(20).await;
        if chance.below(2) == 0 {
            on.cut(&mut chance, 60).await;
        }
        tally.rounds += 1;
    }
    talk.end().await;
    load.end().await;
    on.end().await;
    tally.injected = on.disk.count("eio") as u64;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_failed_is_never_trusted() {
    let tally = failed_syncs(times()).await;
    if cfg!(target_os = "linux") {
        tally.proven();
    }
}

/// A failed sync takes rows along that were merged without a sync of their own; what is acknowledged after it survives.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_that_lost_merged_rows_does_not_take_later_messages_along() {
    let Some(mut on) = OnDisk::begin().await else {
        return;
    };
    for round in 0..3 {
        let load = on.load(round, 16);
        load.more(100).await;
        load.end().await;
        on.rows_are_merged().await;
        let before = on.disk.count("eio");
        on.disk.set(&[("fail_sync", 1)]);
        eventually("the sync fails", || {
            let has_failed = on.disk.count("eio") > before;
            async move { has_failed }
        })
        .await;
        on.disk.set(&[("fail_sync", 0), ("cut_torn", 0)]);
        let load = on.load(100 + round, 16);
        load.more(100).await;
        on.disk.set(&[("cut_in", 5)]);
        assert_eq!(on.world.relay.ended_by().await, CUT, "the power fails");
        on.disk.set(&[("cut_in", 0)]);
        on.world.relay.restart().await;
        load.end().await;
        on.end().await;
    }
}

/// The stories of this file can fail: with a disk that says yes and writes nothing, the ledger finds what is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_lies_is_found_out() {
    let Some(mut on) = OnDisk::begin().await else {
        return;
    };
    let load = on.load(0, 16);
    load.more(20).await;
    on.disk.set(&[("sync_lies", 1), ("cut_torn", 0)]);
    load.more(100).await;
    on.disk.set(&[("cut_in", 1)]);
    assert_eq!(on.world.relay.ended_by().await, CUT, "the power fails");
    assert!(on.disk.count("lie") > 0, "it lied");
    on.disk.set(&[("cut_in", 0), ("sync_lies", 0)]);
    on.world.relay.restart().await;
    load.end().await;
    let within = Duration::from_secs(5);
    let violations = on.ledger.reckon(&on.world, &[], within).await;
    let is_lost = |found: &Violation| found.clause == Clause::Kept;
    assert!(violations.iter().any(is_lost), "{violations:#?}");
}

/// F-06: how many messages are taken while the disk is slow, by one visitor and by many.
pub(crate) async fn slow_syncs(times: u32) -> Tally {
    let Some(on) = OnDisk::begin().await else {
        return Tally::default();
    };
    let talk = on.talk().await;
    let mut tally = Tally::default();
    for round in 0..times {
        for (place, slow_ms) in [2, 10, 100].into_iter().enumerate() {
            on.disk.set(&[("slow_sync_ms", slow_ms)]);
            let before = on.disk.count("slow");
            let name = round * 6 + u32::try_from(place).unwrap() * 2;
            let one = on.load(name, 1);
            tokio::time::sleep(Duration::from_secs(2)).await;
            let alone = one.end().await;
            let many = on.load(name + 1, 64);
            tokio::time::sleep(Duration::from_secs(2)).await;
            let together = many.end().await;
            println!("a sync of {slow_ms} ms: {alone} alone, {together} together");
            // With a faster disk the machine, not the disk, is what many wait for.
            if slow_ms == 100 {
                assert!(together >= 10 * alone, "{together} together, {alone} alone");
            }
            tally.rounds += 1;
            tally.injected += u64::from(on.disk.count("slow") > before);
        }
    }
    on.disk.set(&[("slow_sync_ms", 0)]);
    talk.end().await;
    on.end().await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_slow_disk_many_share_one_sync() {
    let tally = slow_syncs(times()).await;
    if cfg!(target_os = "linux") {
        tally.proven();
    }
}
