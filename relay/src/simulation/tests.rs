//! Worlds, and what they must hold.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use super::chance::NOON;
use super::checker::{Clause, Evidence, Violation, check};
use super::faults::Fault;
use super::platform::Kind;
use super::sabotage::Sabotage;
use super::world::{Plan, live};

const EVERY_KIND: [Kind; 5] = [
    Kind::Key,
    Kind::EchoAndHistory,
    Kind::Echo,
    Kind::History,
    Kind::Neither,
];

/// Senders only.
fn outbox() -> Plan {
    Plan {
        is_whole: false,
        kinds: EVERY_KIND.to_vec(),
        visitors: 1,
        trouble_for: Duration::from_secs(90),
        peace_for: Duration::from_secs(110),
        sabotage: None,
    }
}

/// Everything.
fn whole() -> Plan {
    Plan {
        is_whole: true,
        kinds: vec![Kind::EchoAndHistory, Kind::Key, Kind::Neither],
        visitors: 2,
        trouble_for: Duration::from_secs(270),
        peace_for: Duration::from_secs(130),
        sabotage: None,
    }
}

/// The seeds to try: the one asked for, or as many as are asked for.
fn seeds(usual: u64) -> Range<u64> {
    let number = |name| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().expect("a number"))
    };
    match (number("DESKWIRE_SEED"), number("DESKWIRE_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(count)) => 0..count,
        (None, None) => 0..usual,
    }
}

/// Lives through the worlds of these seeds, and says which broke what.
#[track_caller]
fn campaign(test: &str, plan: &Plan, seeds: Range<u64>) {
    let mut seen = Seen::default();
    let mut broken: Vec<(u64, Vec<Violation>)> = vec![];
    for seed in seeds {
        let evidence = live(seed, plan);
        seen.add(&evidence);
        let violations = check(&evidence);
        if !violations.is_empty() {
            broken.push((seed, violations));
        }
    }
    if let Some((seed, first)) = broken.first() {
        tell(&live(*seed, plan));
        let clauses = |found: &[Violation]| -> BTreeSet<Clause> {
            found.iter().map(|violation| violation.clause).collect()
        };
        let all: Vec<_> = broken
            .iter()
            .map(|(seed, found)| (seed, clauses(found)))
            .collect();
        panic!(
            "{} worlds break promises: {all:?}\nseed {seed}: {first:#?}\n\
             again: DESKWIRE_SEED={seed} cargo test -p relay simulation::tests::{test}",
            broken.len()
        );
    }
    println!("{test}: {seen:?}");
    seen.must_have_everything(plan);
}

/// Tells a world's story.
fn tell(evidence: &Evidence) {
    for (after, fault) in &evidence.faults {
        println!("{after:>12?} {fault:?}");
    }
    for (stored, seen_at) in evidence.events.iter().zip(&evidence.seen_at) {
        let after = seen_at.since(NOON);
        println!(
            "{after:>12?} {:>4} {}/{} {:?}",
            stored.seq, stored.chat, stored.version.0, stored.event
        );
    }
    for arrival in &evidence.arrivals {
        println!("{:>12?} {arrival:?}", arrival.at.since(NOON));
    }
}

/// What worlds had in them: a campaign in which nothing happened proves nothing.
#[derive(Debug, Default)]
struct Seen {
    worlds: usize,
    events: usize,
    arrivals: usize,
    faults: BTreeSet<&'static str>,
    resumes: usize,
    unconfirmed: usize,
}

impl Seen {
    /// So many worlds have had each fault, and something of everything.
    #[track_caller]
    fn must_have_everything(&self, plan: &Plan) {
        if self.worlds < 40 {
            return;
        }
        assert_eq!(self.faults.len(), 5, "of the faults only {:?}", self.faults);
        assert!(self.events > 0 && self.arrivals > 0 && self.unconfirmed > 0);
        assert!(self.resumes > 0 || !plan.is_whole, "no desk came back");
    }

    fn add(&mut self, evidence: &Evidence) {
        self.worlds += 1;
        self.events += evidence.events.len();
        self.arrivals += evidence.arrivals.len();
        self.resumes += evidence
            .desks
            .iter()
            .map(|desk| desk.resumes)
            .sum::<usize>();
        self.faults
            .extend(evidence.faults.iter().map(|(_, fault)| match fault {
                Fault::Crash { .. } => "crash",
                Fault::Stop { .. } => "stop",
                Fault::Stall { .. } => "stall",
                Fault::Clock { .. } => "clock",
                Fault::Broken { .. } => "broken",
            }));
        self.unconfirmed += evidence
            .deliveries
            .iter()
            .filter(|delivery| delivery.state == crate::store::DeliveryStage::Unconfirmed)
            .count();
    }
}

#[test]
fn senders_deliver_at_most_once_and_never_get_stuck() {
    let test = "senders_deliver_at_most_once_and_never_get_stuck";
    campaign(test, &outbox(), seeds(200));
}

#[test]
fn whole_relays_keep_every_promise() {
    let test = "whole_relays_keep_every_promise";
    campaign(test, &whole(), seeds(60));
}

#[test]
fn a_seed_gives_the_same_world_in_every_detail() {
    for plan in [outbox(), whole()] {
        for seed in seeds(3) {
            let (first, again) = (live(seed, &plan), live(seed, &plan));
            assert!(!first.events.is_empty() && !first.arrivals.is_empty());
            for (one, other) in first.events.iter().zip(&again.events) {
                assert_eq!(one, other, "seed {seed}");
            }
            assert!(first == again, "seed {seed} ends in another way");
            assert!(
                first != live(seed + 100, &plan),
                "another seed is another world"
            );
        }
    }
}

/// Each promise, and a fault of the product that breaks it.
const FAULTS: [(Sabotage, Clause); 12] = [
    (Sabotage::LosesMessages, Clause::Stored),
    (Sabotage::ForgetsKeys, Clause::Once),
    (Sabotage::SkipsFrames, Clause::DeskSees),
    (Sabotage::ShowsTooMuch, Clause::DeskMay),
    (Sabotage::SendsAgain, Clause::AtMostOnce),
    (Sabotage::PretendsToSend, Clause::StateIsTrue),
    (Sabotage::WaitsForEver, Clause::NeverStuck),
    (Sabotage::IsTooEarly, Clause::InOrder),
    (Sabotage::RowsDrift, Clause::Replays),
    (Sabotage::DeniesWhatItDid, Clause::CommandOnce),
    (Sabotage::TwoOwners, Clause::OneOwner),
    (Sabotage::Oversleeps, Clause::TimersFire),
];

#[test]
fn every_promise_has_a_fault_that_the_checker_finds() {
    for (sabotage, clause) in FAULTS {
        let plan = Plan {
            sabotage: Some(sabotage),
            ..whole()
        };
        let finds = |seed: &u64| {
            let found = check(&live(*seed, &plan));
            found.iter().any(|violation| violation.clause == clause)
        };
        let found = (0..8).find(finds);
        assert!(
            found.is_some(),
            "nobody noticed that the relay {sabotage:?}"
        );
    }
}

#[test]
fn a_hole_in_the_numbers_is_found() {
    let mut evidence = live(1, &whole());
    assert_eq!(check(&evidence), []);
    let middle = evidence.events.len() / 2;
    evidence.events.remove(middle);
    let found = check(&evidence);
    assert!(
        found
            .iter()
            .any(|violation| violation.clause == Clause::NoHoles)
    );
}
