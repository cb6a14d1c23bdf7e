//! What goes wrong in a world, and when: decided by the seed before it begins.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use shared::model::ChannelId;

use super::chance::Chance;
use super::line::State;
use super::world::World;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Killed, and started again after this.
    Crash { relay: usize, down: Duration },
    /// Told to stop, and started again after this.
    Stop { relay: usize, down: Duration },
    /// Frozen for this.
    Stall { relay: usize, lasts: Duration },
    /// Its clock is wrong by so many milliseconds for this long.
    Clock {
        relay: usize,
        wrong_by: i64,
        lasts: Duration,
    },
    /// The platform takes no credentials.
    Broken { channel: ChannelId, lasts: Duration },
}

/// Returns the faults of a seed, in order.
pub(super) fn of_seed(
    seed: u64,
    relays: usize,
    channels: &[ChannelId],
    trouble_for: Duration,
) -> Vec<(Duration, Fault)> {
    let chance = Chance::of(seed, "faults");
    let count = 4 + chance.below(10);
    let trouble = u64::try_from(trouble_for.as_millis()).unwrap();
    let one = || {
        let at = chance.millis(1_000..trouble);
        let relay = chance.below(relays);
        let fault = match chance.below(16) {
            0..5 => Fault::Crash {
                relay,
                down: chance.millis(200..15_000),
            },
            5 | 6 => Fault::Stop {
                relay,
                down: chance.millis(200..5_000),
            },
            7..12 => Fault::Stall {
                relay,
                lasts: chance.millis(500..25_000),
            },
            12..15 => Fault::Clock {
                relay,
                wrong_by: *chance
                    .pick(&[-3_600_000, -10_000, -1_500, 1_500, 10_000, 3_600_000])
                    .unwrap(),
                lasts: chance.millis(1_000..30_000),
            },
            _ => Fault::Broken {
                channel: chance.pick(channels).unwrap().clone(),
                lasts: chance.millis(1_000..60_000),
            },
        };
        (at, fault)
    };
    let mut faults: Vec<_> = std::iter::repeat_with(one).take(count).collect();
    faults.sort_by_key(|(at, _)| *at);
    faults
}

/// Lets them happen.
pub(super) async fn happen(world: Arc<World>, faults: Vec<(Duration, Fault)>) {
    for (at, fault) in faults {
        sleep_until(world.started + at).await;
        tokio::spawn(happens(Arc::clone(&world), fault));
    }
}

/// A fault of a relay that is down already does not happen.
async fn happens(world: Arc<World>, fault: Fault) {
    let injected = || world.injected(&fault);
    match fault.clone() {
        Fault::Crash { relay, down } => {
            if let Some(run) = world.take_run(relay) {
                injected();
                run.life.set(State::Dead);
                sleep(down).await;
                world.start_relay(relay).await;
            }
        }
        Fault::Stop { relay, down } => {
            if let Some(run) = world.take_run(relay) {
                injected();
                run.stop().await;
                sleep(down).await;
                world.start_relay(relay).await;
            }
        }
        Fault::Stall { relay, lasts } => {
            if let Some(life) = world.life_of(relay) {
                injected();
                life.set(State::Stalled);
                sleep(lasts).await;
                life.set(State::Running);
            }
        }
        Fault::Clock {
            relay,
            wrong_by,
            lasts,
        } => {
            injected();
            world.clocks[relay].set_wrong(wrong_by);
            sleep(lasts).await;
            world.clocks[relay].set_wrong(0);
        }
        Fault::Broken { channel, lasts } => {
            injected();
            world.platform.set_broken(&channel, true);
            sleep(lasts).await;
            world.platform.set_broken(&channel, false);
        }
    }
}

/// When the last of them is over.
pub(super) fn over_at(started: Instant, faults: &[(Duration, Fault)]) -> Instant {
    let ends = faults.iter().map(|(at, fault)| {
        *at + match fault {
            Fault::Crash { down, .. } | Fault::Stop { down, .. } => *down + Duration::from_secs(10),
            Fault::Stall { lasts, .. }
            | Fault::Clock { lasts, .. }
            | Fault::Broken { lasts, .. } => *lasts,
        }
    });
    started + ends.max().unwrap_or_default()
}
