//! The long campaign (column N): every fault again and again in an order of chance, for as long as told, and a report.
//!
//! `DESKWIRE_CAMPAIGN_MINUTES`: how long; `DESKWIRE_TIMES`: how many times more than on every commit each is told (default 2);
//! `DESKWIRE_SEED`: the order and all chance again.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::{Chance, Tally, clock, desks, disk, killed, limits, platform, webhooks};

type Story = fn(u32) -> Pin<Box<dyn Future<Output = Tally> + Send>>;

/// By the name of `reliability.md`.
const STORIES: [(&str, Story); 18] = [
    ("F-01 killed under load", |n| Box::pin(killed::kills(n))),
    ("F-02 ends at a point", |n| Box::pin(killed::crashes(n))),
    ("F-02 ends in a migration", |n| {
        Box::pin(killed::crashes_in_migration(n))
    }),
    ("F-03 power fails", |n| Box::pin(disk::power_cuts(n))),
    ("F-04 disk is full", |n| Box::pin(disk::full_disks(n))),
    ("F-05 sync fails", |n| Box::pin(disk::failed_syncs(n))),
    ("F-06 disk is slow", |n| Box::pin(disk::slow_syncs(n))),
    ("F-13 clock is set", |n| Box::pin(clock::steps(n))),
    ("F-14 platform fails", |n| Box::pin(platform::outages(n))),
    ("F-15 strange webhooks", |n| {
        Box::pin(webhooks::strange_webhooks(n))
    }),
    ("F-16 deaf desks", |n| Box::pin(desks::deaf_desks(n))),
    ("F-17 reconnect storm", |n| Box::pin(desks::storms(n))),
    ("F-18 long read", |n| Box::pin(limits::long_reads(n))),
    ("F-19 few descriptors", |n| {
        Box::pin(limits::few_descriptors(n))
    }),
    ("F-19 little memory", |n| Box::pin(limits::little_memory(n))),
    ("F-20 told to stop", |n| Box::pin(killed::stops(n))),
    ("F-21 a second relay", |n| Box::pin(killed::seconds(n))),
    ("F-24 bad line", |n| Box::pin(desks::bad_lines(n))),
];

/// What became of one fault in all.
#[derive(Default)]
struct Sum {
    stories: u32,
    rounds: u32,
    injected: u64,
    broken: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs as long as told: `just campaign 30`"]
async fn campaign() {
    let number = |name: &str, default: u32| {
        let told = std::env::var(name).ok();
        told.and_then(|told| told.parse().ok()).unwrap_or(default)
    };
    let minutes = number("DESKWIRE_CAMPAIGN_MINUTES", 10);
    let times = number("DESKWIRE_TIMES", 2);
    let until = Instant::now() + Duration::from_secs(u64::from(minutes) * 60);
    let mut chance = Chance::begin("campaign");
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut stories = STORIES.to_vec();
    loop {
        chance.shuffle(&mut stories);
        for (name, story) in &stories {
            if Instant::now() >= until {
                return report(&sums);
            }
            println!("{name} …");
            sums.entry(name).or_default().tell(*story, times).await;
        }
    }
}

impl Sum {
    async fn tell(&mut self, story: Story, times: u32) {
        self.stories += 1;
        match tokio::spawn(story(times)).await {
            Ok(tally) => {
                self.rounds += tally.rounds;
                self.injected += tally.injected;
                if tally.injected < u64::from(tally.rounds) {
                    self.broken.push(format!("not injected: {tally:?}"));
                }
            }
            Err(panic) => self.broken.push(panic.to_string()),
        }
    }
}

fn report(sums: &BTreeMap<&str, Sum>) {
    println!(
        "\n{:<26}{:>8}{:>8}{:>10}{:>8}",
        "fault", "stories", "rounds", "injected", "broken"
    );
    for (name, sum) in sums {
        let (stories, rounds) = (sum.stories, sum.rounds);
        let (injected, broken) = (sum.injected, sum.broken.len());
        println!("{name:<26}{stories:>8}{rounds:>8}{injected:>10}{broken:>8}");
    }
    let broken: Vec<_> = sums.values().flat_map(|sum| &sum.broken).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}
