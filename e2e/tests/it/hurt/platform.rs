//! A platform that fails in every way while many replies leave (F-14): each at most once, in order, one at a time in a chat.

use std::time::Duration;

use sim::messenger::{Fault, Script};

use crate::harness::World;
use crate::harness::ledger::Ledger;
use crate::harness::relay::Setup;
use crate::harness::steady::SteadyDesk;

use super::{Chance, Tally, open_chats, times};

/// Longer than the relay waits for an answer.
const FOR_EVER: Duration = Duration::from_secs(40);

/// What goes wrong with a call: a tenth each.
fn fault(kind: u64) -> Fault {
    match kind {
        0 => Fault::Html { status: 500 },
        1 => Fault::HtmlAfter { status: 502 },
        2 => Fault::error("rate_limit_613"),
        3 => Fault::HangBefore(FOR_EVER),
        4 => Fault::HangAfter(FOR_EVER),
        5 => Fault::CloseBefore,
        6 => Fault::CloseAfter,
        7 => Fault::GarbageAfter,
        8 => Fault::slow(),
        _ => Fault::Garbage,
    }
}

pub(crate) async fn outages(times: u32) -> Tally {
    let mut chance = Chance::begin("F-14");
    let world = World::start_stubborn(Setup::default()).await;
    let ledger = Ledger::default();
    let anna = SteadyDesk::connect(&world.relay, "anna").await;
    let chats = open_chats(&world, &ledger, &anna, "outage", 30).await;
    let mut tally = Tally::default();
    for round in 0..times {
        let mut faults = vec![];
        for (place, (psid, chat)) in (0..).zip(&chats) {
            // Every kind, and each at a reply that chance picks.
            let spoiled = chance.below(3);
            for number in 0..3 {
                anna.says(*chat, &format!("round {round}: reply {number} to {place}"));
                if number == spoiled {
                    let script = Script::next_message(fault(place % 10)).about(psid);
                    faults.push(world.graph.script(script));
                }
            }
            tokio::time::sleep(Duration::from_millis(70)).await;
        }
        anna.all_answered().await;
        tally.rounds += 1;
        let violations = ledger
            .reckon(&world, &[&anna], Duration::from_secs(300))
            .await;
        assert!(violations.is_empty(), "{violations:#?}");
        let injected: u64 = faults.iter().map(|id| world.graph.injected(*id)).sum();
        assert_eq!(injected, faults.len() as u64, "every fault happened");
        tally.injected += injected;
    }
    assert_eq!(
        world.graph.most_messages_under_way(),
        1,
        "one call for a visitor at a time"
    );
    dead_token(&world, &ledger, &anna, chats[0].1).await;
    tally
}

/// A token that dies under replies: they wait, and leave once with the new one.
async fn dead_token(
    world: &World,
    ledger: &Ledger,
    anna: &SteadyDesk,
    chat: shared::model::ChatId,
) {
    let fault = Script::next_message(Fault::error("token_expired"));
    let fault = world.graph.script(fault);
    for number in 0..3 {
        anna.says(chat, &format!("with a dead token {number}"));
    }
    anna.all_answered().await;
    crate::harness::eventually("the token is refused", || {
        let is_refused = world.graph.injected(fault) > 0;
        async move { is_refused }
    })
    .await;
    world
        .graph
        .issue_token("104820093344556", "EAARenewedPageToken");
    world
        .relay
        .rewrite_config(|text| text.replace("EAASimulatedPageToken", "EAARenewedPageToken"));
    ledger.balance(world, &[anna]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_through_every_outage_arrive_once_in_order_and_one_at_a_time() {
    outages(times()).await.proven();
}
