//! A relay that is hurt in every way of `reliability.md` 2.1, and the ledger that must balance after it. Each story is a
//! function of how many times more than on every commit it is to be told; the campaign (`campaign.rs`) tells them for hours.

mod campaign;
mod clock;
mod desks;
mod disk;
mod killed;
mod limits;
mod platform;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shared::model::ChatId;

use crate::harness::World;
use crate::harness::ledger::Ledger;
use crate::harness::load::now_ms;
use crate::harness::steady::SteadyDesk;

/// What a story did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) rounds: u32,
    /// Faults that really happened.
    pub(crate) injected: u64,
}

impl Tally {
    /// A fault test that never injected its fault fails.
    fn proven(self) -> Self {
        println!("{self:?}");
        assert!(self.rounds > 0, "nothing was tried");
        assert!(
            self.injected >= u64::from(self.rounds),
            "not every round had its fault: {self:?}"
        );
        self
    }
}

/// How many times more than on every commit.
fn times() -> u32 {
    let told = std::env::var("DESKWIRE_TIMES").ok();
    told.and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Chance that can be had again: `DESKWIRE_SEED`.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn begin(story: &str) -> Self {
        let told = std::env::var("DESKWIRE_SEED").ok();
        let seed = told.and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(now_ms);
        println!("{story}: DESKWIRE_SEED={seed}");
        Self(seed)
    }

    /// Returns a number from 0 to below `bound` (splitmix64).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    async fn pause(&mut self, low_ms: u64, high_ms: u64) {
        tokio::time::sleep(Duration::from_millis(self.between(low_ms, high_ms))).await;
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            items.swap(last, other);
        }
    }
}

/// An operator who answers some chats, one reply after the other.
struct Talk {
    is_over: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

/// Opens chats with visitors of the simulated platform.
async fn open_chats(
    world: &World,
    ledger: &Ledger,
    desk: &SteadyDesk,
    name: &str,
    count: u32,
) -> Vec<(String, ChatId)> {
    let mut chats = vec![];
    for number in 0..count {
        let psid = format!("7{:03}00000000{number:04}", name.len());
        let hello = format!("hello from {name} {number}");
        ledger.writes(world, &psid, &hello);
        chats.push((psid, desk.chat_saying(&hello).await));
    }
    chats
}

impl Talk {
    async fn begin(world: &World, ledger: &Ledger, desk: &Arc<SteadyDesk>, name: &str) -> Self {
        let chats = open_chats(world, ledger, desk, name, 4).await;
        let is_over = Arc::<AtomicBool>::default();
        let (over, desk, name) = (Arc::clone(&is_over), Arc::clone(desk), name.to_owned());
        let task = tokio::spawn(async move {
            for number in 0_usize.. {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let place = number % chats.len();
                desk.says(
                    chats[place].1,
                    &format!("{name}: reply {number} to {place}"),
                );
                tokio::time::sleep(Duration::from_millis(120)).await;
            }
        });
        Self { is_over, task }
    }

    async fn end(self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.task.await.expect("the talk ends well");
    }
}
