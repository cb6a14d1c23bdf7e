//! The one checker of all stories that hurt the relay (`reliability.md` 2.0). Every webhook and every reply carries words
//! of its own; written down is what was answered, what the store holds, what each desk saw and what the platform got.
//! After quiet these must agree, clause by clause.

mod clauses;
mod frames;
mod stored;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use sim::messenger::SentMessage;

use super::World;
use super::steady::SteadyDesk;

pub(crate) use stored::Evidence;

/// Between two looks at everything.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looks without a change after which the world is quiet.
const CALM: u32 = 4;
/// Looks without a change after which what is wrong stays wrong.
const HOPELESS: u32 = 25;

/// What was promised (`reliability.md` 2.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clause {
    /// (a) What was answered with yes is stored.
    Kept,
    /// (b) One message for each id of the platform.
    Once,
    /// (c) A desk's frames are the events it may see, in order, once.
    Shown,
    /// (d) A reply is delivered as its state says, at most once, and comes to an end.
    Delivered,
    /// (e) In a chat everything is in the order it was said.
    InOrder,
    /// (f) Rows are what the events add up to.
    Replayed,
    /// (g) Numbers have no holes.
    Numbered,
    /// (h) What was refused and asked again exists once.
    AskedAgain,
}

/// A broken promise.
pub(crate) struct Violation {
    pub(crate) clause: Clause,
    pub(crate) what: String,
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.clause, self.what)
    }
}

/// A webhook's message as it was posted, and how often that was refused before it was taken.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) psid: String,
    pub(crate) text: String,
    pub(crate) refusals: u32,
    pub(crate) is_taken: bool,
}

/// What was posted, in the order it was said.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) posted: Vec<Posted>,
    places: HashMap<String, usize>,
    /// Webhooks are sent in another order than they were said.
    pub(crate) is_shuffled: bool,
}

/// See the module. Clones share one book.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    book: Arc<Mutex<Book>>,
}

impl Ledger {
    /// Webhooks of this story may overtake one another: their order is not looked at.
    pub(crate) fn shuffled() -> Self {
        let ledger = Self::default();
        ledger.book.lock().unwrap().is_shuffled = true;
        ledger
    }

    /// Notes a message before it is posted.
    pub(crate) fn says(&self, psid: &str, mid: &str, text: &str) {
        let mut book = self.book.lock().unwrap();
        let place = book.posted.len();
        book.places.insert(mid.to_owned(), place);
        book.posted.push(Posted {
            psid: psid.to_owned(),
            text: text.to_owned(),
            refusals: 0,
            is_taken: false,
        });
    }

    /// Notes what the relay answered; no answer is a refusal.
    pub(crate) fn answered(&self, mid: &str, is_taken: bool) {
        let mut book = self.book.lock().unwrap();
        let place = book.places[mid];
        let posted = &mut book.posted[place];
        posted.is_taken |= is_taken;
        posted.refusals += u32::from(!is_taken);
    }

    /// A visitor of the simulated platform writes; it sends the webhook, until it is taken.
    pub(crate) fn writes(&self, world: &World, psid: &str, text: &str) -> String {
        let mid = world.graph.visitor(psid).writes(text);
        self.says(psid, &mid, text);
        mid
    }

    /// Notes that all the platform's own webhooks were taken.
    pub(crate) async fn all_delivered(&self, world: &World, within: Duration) {
        let done = world.graph.wait_until_delivered(within).await;
        done.expect("every webhook is taken in the end");
        assert_eq!(world.graph.webhooks().given_up, 0, "none is given up");
        for posted in &mut self.book.lock().unwrap().posted {
            posted.is_taken = true;
        }
    }

    /// Returns how many messages were taken, and how often one was refused.
    pub(crate) fn counts(&self) -> (usize, u32) {
        let book = self.book.lock().unwrap();
        let taken = book.posted.iter().filter(|posted| posted.is_taken).count();
        (
            taken,
            book.posted.iter().map(|posted| posted.refusals).sum(),
        )
    }

    /// Waits until the world is quiet, and returns what is wrong then.
    pub(crate) async fn reckon(
        &self,
        world: &World,
        desks: &[&SteadyDesk],
        within: Duration,
    ) -> Vec<Violation> {
        let give_up_at = Instant::now() + within;
        let mut before = None;
        let mut calm = 0;
        loop {
            let evidence = Evidence::read(&world.relay.database());
            let sent = world.graph.sent();
            let heard: usize = desks.iter().map(|desk| desk.look(|r| r.heard.len())).sum();
            let now = (evidence.digest(), sent.len(), heard);
            calm = if before.as_ref() == Some(&now) {
                calm + 1
            } else {
                0
            };
            before = Some(now);
            let is_late = Instant::now() >= give_up_at;
            if calm >= CALM || is_late {
                let violations = self.check(&evidence, &sent, desks);
                let is_hopeless = calm >= HOPELESS && !evidence.is_under_way();
                if violations.is_empty() || is_hopeless || is_late {
                    return violations;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the world is quiet, and fails if anything is wrong then.
    pub(crate) async fn balance(&self, world: &World, desks: &[&SteadyDesk]) {
        let violations = self.reckon(world, desks, Duration::from_secs(60)).await;
        assert!(
            violations.is_empty(),
            "{} promises broken: {:#?}\nrelay:\n{}",
            violations.len(),
            &violations[..violations.len().min(10)],
            tail(&world.relay.log()),
        );
    }

    fn check(
        &self,
        evidence: &Evidence,
        sent: &[SentMessage],
        desks: &[&SteadyDesk],
    ) -> Vec<Violation> {
        let book = self.book.lock().unwrap();
        let asked: Vec<_> = desks.iter().flat_map(|desk| desk.asked()).collect();
        let mut violations = clauses::check(&book, evidence, sent, &asked);
        for desk in desks {
            desk.look(|record| frames::check(&desk.login, record, evidence, &mut violations));
        }
        violations.sort_by_key(|violation| violation.clause);
        violations
    }
}

/// Returns the last lines of a log.
pub(crate) fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().rev().take(30).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
