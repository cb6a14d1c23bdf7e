//! A desk that was away (D-22, invariant 6).

use crate::harness::World;
use crate::harness::desk::{Desk, settle, texts};

const PSID: &str = "7412589630147852";

/// The events of a desk that went away are those of one that stayed.
fn assert_same(away: &Desk, stayed: &Desk) {
    let seqs = |desk: &Desk| {
        desk.look(|seen| {
            seen.events
                .iter()
                .map(|stored| stored.seq)
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(seqs(away), seqs(stayed));
    let chats = |desk: &Desk| {
        let mut chats: Vec<_> = desk.look(|seen| seen.chats.values().cloned().collect());
        chats.sort_by_key(|chat| chat.id);
        chats
    };
    assert_eq!(chats(away), chats(stayed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_comes_back_sees_exactly_what_it_missed() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    let mut boris = world.desk("boris").await;
    world.graph.visitor(PSID).writes("before");
    let chat = anna.chat_saying("before").await.id;
    boris.chat_saying("before").await;
    settle(&anna).await;

    let point = anna.look(|seen| seen.point.clone());
    assert!(point.is_some());
    let gone = anna;
    gone.send(shared::protocol::ClientFrame::Ping { stamp: 1 });
    boris.claim(chat).await.unwrap();
    for number in 0..30 {
        world
            .graph
            .visitor(PSID)
            .writes(&format!("missed {number}"));
    }
    boris
        .wait("boris sees all", |seen| texts(seen, chat).len() == 31)
        .await;
    settle(&boris).await;

    let back = gone.reconnect(&world.relay).await;
    settle(&back).await;
    assert!(
        back.look(|seen| seen.was_resumed),
        "resumed, not begun anew"
    );
    assert_same(&back, &boris);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_resumes_across_a_killed_relay() {
    let mut world = World::start().await;
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("before");
    let chat = anna.chat_saying("before").await.id;
    settle(&anna).await;

    world.kill_and_restart().await;
    world.graph.visitor(PSID).writes("after");
    let back = anna.reconnect(&world.relay).await;
    back.chat_saying("after").await;
    assert!(
        back.look(|seen| seen.was_resumed),
        "the relay knows the point though it was killed"
    );
    assert_eq!(back.look(|seen| texts(seen, chat)), ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_of_another_history_gets_a_snapshot() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("before");
    anna.chat_saying("before").await;

    let other = World::start().await;
    other.graph.visitor(PSID).writes("another world");
    // The same secret works nowhere else, so log in anew and offer the old point.
    let point = anna.look(|seen| seen.point.clone()).expect("a point");
    let stranger = Desk::connect_from(&other.relay, "anna", point).await;
    stranger.chat_saying("another world").await;
    assert!(!stranger.look(|seen| seen.was_resumed));
    assert!(
        stranger.look(|seen| seen.chats.len()) == 1,
        "nothing of the old history is left"
    );
}
