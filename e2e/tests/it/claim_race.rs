//! Two operators, one chat, the same instant (Q-11, OUT-22).

use shared::chat::{DeskCommand, Refusal};

use crate::harness::World;
use crate::harness::desk::reply;

const PSID: &str = "7412589630147852";

#[tokio::test(flavor = "multi_thread")]
async fn of_two_claims_at_once_one_wins_and_the_other_learns_who() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    let mut boris = world.desk("boris").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    boris.chat_saying("Hello?").await;

    let claim = DeskCommand::Claim { take_over: false };
    let (a, b) = (
        anna.send_command(chat, claim.clone()),
        boris.send_command(chat, claim),
    );
    let (a, b) = (anna.answer(&a).await, boris.answer(&b).await);

    let (winner, refusal) = match (a, b) {
        (Ok(_), Err(refusal)) => ("anna", refusal),
        (Err(refusal), Ok(_)) => ("boris", refusal),
        other => panic!("exactly one wins, got {other:?}"),
    };
    assert_eq!(refusal, Refusal::Owned { by: winner.into() });
    for desk in [&anna, &boris] {
        desk.chat_when(chat, "both see the owner", |chat| {
            chat.owner() == Some(&winner.into())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_of_the_loser_is_refused_and_only_the_winners_leaves() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    let mut boris = world.desk("boris").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    boris.chat_saying("Hello?").await;

    let ids = (
        anna.send_command(chat, DeskCommand::Reply(reply("from anna"))),
        boris.send_command(chat, DeskCommand::Reply(reply("from boris"))),
    );
    let (a, b) = (anna.answer(&ids.0).await, boris.answer(&ids.1).await);
    assert!(a.is_ok() != b.is_ok(), "one of {a:?} and {b:?}");
    let expected = if a.is_ok() { "from anna" } else { "from boris" };

    let sent = world
        .graph
        .wait_for_sent(1, crate::harness::PATIENCE)
        .await
        .expect("one reply arrives");
    assert_eq!(sent[0].text.as_deref(), Some(expected));
    crate::harness::desk::settle(&anna).await;
    assert_eq!(world.graph.sent().len(), 1);
}
