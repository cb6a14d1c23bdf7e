//! The ledger itself is tested: a relay with a bug put in on purpose breaks a promise, and the ledger names the right one;
//! a relay without one breaks none.

use std::time::Duration;

use futures_util::StreamExt as _;

use crate::harness::World;
use crate::harness::ledger::{Clause, Ledger, Violation};
use crate::harness::load::{Load, body, now_ms, post};
use crate::harness::relay::Setup;
use crate::harness::steady::SteadyDesk;

/// A bug, where it strikes, and the promise that it breaks.
const PLANTED: [(&str, Clause); 10] = [
    ("lose:7", Clause::Kept),
    ("double", Clause::Once),
    ("swap", Clause::Shown),
    ("wrong_desk", Clause::Shown),
    ("double_send:3", Clause::Delivered),
    ("lose_reply:3", Clause::Delivered),
    ("overtake", Clause::InOrder),
    ("stale_row", Clause::Replayed),
    ("hole:9", Clause::Numbered),
    ("double,refuse_taken:9", Clause::AskedAgain),
];

/// Chats that Anna answers, and words for each.
const CHATS: usize = 3;
const REPLIES: usize = 6;
/// How often a visitor says hello who is not heard.
const ASKS: u32 = 20;

/// A little of everything: many visitors, repeats, replies, and a desk that may not see what Anna owns.
async fn live_through(planted: &str) -> Vec<Violation> {
    let setup = Setup {
        more_config: "[assignment]\nhide_others = true\n".into(),
        env: vec![("DESKWIRE_PLANT".into(), planted.into())],
        ..Setup::default()
    };
    let world = World::start_stubborn(setup).await;
    for bug in planted.split(',').filter(|bug| !bug.is_empty()) {
        let said = format!("planted bug {}", bug.replace(':', " at "));
        let is_in = world.relay.log().contains(&said);
        assert!(is_in, "built without the feature `faults`: no {said}");
    }
    let ledger = Ledger::default();
    let anna = SteadyDesk::connect(&world.relay, "anna").await;
    let boris = SteadyDesk::connect(&world.relay, "boris").await;
    let load = Load::begin(&world, &ledger, 0, 24);
    let mut chats = vec![];
    for chat in 0..CHATS {
        let psid = format!("70000000000000{chat:02}");
        let hello = format!("hello from {chat}");
        // A bug may swallow any message: then the visitor asks again.
        for _ in 0..ASKS {
            ledger.writes(&world, &psid, &hello);
            tokio::time::sleep(Duration::from_millis(300)).await;
            if anna.look(|record| record.has_heard(&hello)) {
                break;
            }
        }
        chats.push(anna.chat_saying(&hello).await);
    }
    for number in 0..REPLIES {
        for (place, chat) in chats.iter().enumerate() {
            anna.says(*chat, &format!("reply {number} to {place}"));
        }
    }
    anna.all_answered().await;
    load.more(100).await;
    load.end().await;
    for number in 0..5 {
        let (psid, mid) = ("8999900000000000", format!("m_thrice_{number}"));
        let text = format!("thrice {number}");
        ledger.says(psid, &mid, &text);
        let body = body(&[(psid, &mid, &text, now_ms())]);
        let mut taken = 0;
        while taken < 3 {
            taken += u32::from(post(&world.graph, &ledger, &[&mid], &body).await);
        }
    }
    ledger
        .reckon(&world, &[&anna, &boris], Duration::from_secs(6))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_a_planted_bug_keeps_every_promise() {
    let violations = live_through("").await;
    assert!(violations.is_empty(), "{violations:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_planted_bug_is_found_by_the_clause_that_forbids_it() {
    let lives = PLANTED
        .map(|(planted, clause)| async move { (planted, clause, live_through(planted).await) });
    let mut lives = futures_util::stream::iter(lives).buffer_unordered(3);
    while let Some((planted, clause, violations)) = lives.next().await {
        let is_found = violations.iter().any(|found| found.clause == clause);
        assert!(
            is_found,
            "{planted} breaks {clause:?}, found {violations:#?}"
        );
    }
}
