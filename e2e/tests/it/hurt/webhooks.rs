//! Webhooks as platforms really send them (F-15): three times, in disorder, a hundred in a body, an hour late, and the same
//! one twice in the same moment.

use tokio::task::JoinSet;

use crate::harness::World;
use crate::harness::ledger::Ledger;
use crate::harness::load::{body, now_ms, post};
use crate::harness::relay::Setup;
use crate::harness::steady::SteadyDesk;

use super::{Chance, Tally, times};

const HOUR_MS: u64 = 3_600_000;

struct Message {
    psid: String,
    mid: String,
    text: String,
}

fn messages(ledger: &Ledger, name: &str, count: u32) -> Vec<Message> {
    let each = (0..count).map(|number| {
        let message = Message {
            psid: format!("86000000000{:05}", number % 20),
            mid: format!("m_{name}_{number}"),
            text: format!("{name} {number}"),
        };
        ledger.says(&message.psid, &message.mid, &message.text);
        message
    });
    each.collect()
}

/// Posts a message until it is taken.
async fn deliver(world: &World, ledger: &Ledger, message: &Message, at: u64) {
    let body = body(&[(&message.psid, &message.mid, &message.text, at)]);
    while !post(&world.graph, ledger, &[&message.mid], &body).await {}
}

/// Each three times, disordered among fifty neighbours, sixteen at once.
async fn thrice(world: &World, ledger: &Ledger, chance: &mut Chance, round: u32) {
    let messages = messages(ledger, &format!("thrice {round}"), 200);
    let copies = (0..3).flat_map(|_| messages.iter());
    let mut copies: Vec<_> = copies.collect();
    for neighbours in copies.chunks_mut(50) {
        chance.shuffle(neighbours);
    }
    for some in copies.chunks(16) {
        let posts = some
            .iter()
            .map(|message| deliver(world, ledger, message, now_ms()));
        futures_util::future::join_all(posts).await;
    }
}

/// A hundred in one body, of twenty visitors; twice.
async fn in_one_body(world: &World, ledger: &Ledger, round: u32) {
    let messages = messages(ledger, &format!("batch {round}"), 100);
    let parts: Vec<_> = messages
        .iter()
        .map(|m| (m.psid.as_str(), m.mid.as_str(), m.text.as_str(), now_ms()))
        .collect();
    let body = body(&parts);
    for _ in 0..2 {
        while !post(&world.graph, ledger, &[&messages[0].mid], &body).await {}
    }
    for message in &messages {
        ledger.answered(&message.mid, true);
    }
}

/// The same one twice at the same moment, over two connections.
async fn at_once(world: &World, ledger: &Ledger, round: u32, count: u32) {
    for message in messages(ledger, &format!("at once {round}"), count) {
        let mut posts = JoinSet::new();
        let body = body(&[(&message.psid, &message.mid, &message.text, now_ms())]);
        for _ in 0..2 {
            let (graph, ledger) = (world.graph.clone(), ledger.clone());
            let (mid, body) = (message.mid.clone(), body.clone());
            posts.spawn(async move { while !post(&graph, &ledger, &[&mid], &body).await {} });
        }
        posts.join_all().await;
    }
}

pub(crate) async fn strange_webhooks(times: u32) -> Tally {
    let mut chance = Chance::begin("F-15");
    let world = World::start_stubborn(Setup::default()).await;
    let ledger = Ledger::shuffled();
    let anna = SteadyDesk::connect(&world.relay, "anna").await;
    let mut tally = Tally::default();
    for round in 0..times {
        thrice(&world, &ledger, &mut chance, round).await;
        in_one_body(&world, &ledger, round).await;
        for message in messages(&ledger, &format!("late {round}"), 20) {
            deliver(&world, &ledger, &message, now_ms() - HOUR_MS).await;
        }
        at_once(&world, &ledger, round, 250).await;
        tally.rounds += 1;
        // Copies beyond the first, and those that came late.
        tally.injected += 400 + 100 + 20 + 250;
    }
    assert_eq!(ledger.counts().1, 0, "none was refused");
    ledger.balance(&world, &[&anna]).await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_disorder_batches_and_late_webhooks_make_each_message_once() {
    strange_webhooks(times()).await.proven();
}
