//! kill −9 of the relay: nothing acknowledged is lost, nothing is doubled (SC-04, invariants 1 to 3).

use std::collections::BTreeSet;
use std::time::Duration;

use sim::messenger::{EchoTiming, Fault, Habits, Script};

use crate::harness::desk::{settle, texts};
use crate::harness::relay::{Setup, pause};
use crate::harness::{PATIENCE, World};

const PSID: &str = "7412589630147852";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_kill_is_there_after_it_once() {
    let mut world = World::start_stubborn(Setup::default()).await;
    let mut written = vec![];
    for round in 0..8 {
        for number in 0..12 {
            let text = format!("round {round} message {number}");
            world.graph.visitor(PSID).writes(&text);
            written.push(text);
        }
        // Somewhere between the acknowledgement of the first and of the last.
        pause(Duration::from_millis(3 + round * 4)).await;
        world.kill_and_restart().await;
    }
    world
        .graph
        .wait_until_delivered(PATIENCE)
        .await
        .expect("every webhook is acknowledged in the end");
    // What a platform gives up was never acknowledged, and would look like a loss.
    assert_eq!(world.graph.webhooks().given_up, 0);

    let anna = world.desk("anna").await;
    let chat = anna.chat_saying("message").await;
    anna.send(shared::protocol::ClientFrame::LoadTimeline {
        request: 1,
        chat: chat.id,
        before: None,
        limit: 200,
    });
    let events = |seen: &crate::harness::desk::Seen| {
        seen.frames.iter().find_map(|frame| match frame {
            shared::protocol::ServerFrame::Timeline {
                request: 1, events, ..
            } => Some(events.clone()),
            _ => None,
        })
    };
    anna.wait("the timeline", |seen| events(seen).is_some())
        .await;
    let events = anna.look(|seen| events(seen).unwrap());
    let mut got: Vec<String> = events
        .iter()
        .filter_map(|stored| match &stored.event {
            shared::chat::Event::Received { message, .. } => Some(message.text.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        got.len(),
        got.iter().collect::<BTreeSet<_>>().len(),
        "none twice"
    );
    got.sort();
    written.sort();
    assert_eq!(got, written, "none missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_acknowledgement_and_announcement_loses_nothing() {
    let mut world = World::start().await;
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("before");
    let chat = anna.chat_saying("before").await.id;
    settle(&anna).await;

    // The desk is not there when the next one is acknowledged, and the relay dies before anybody is told.
    let point = anna.look(|seen| seen.point.clone()).unwrap();
    world.graph.visitor(PSID).writes("acknowledged");
    world
        .graph
        .wait_until_delivered(PATIENCE)
        .await
        .expect("acknowledged");
    world.kill_and_restart().await;

    let back = anna.reconnect(&world.relay).await;
    back.chat_saying("acknowledged").await;
    assert_eq!(
        back.look(|seen| texts(seen, chat)),
        ["before", "acknowledged"]
    );
    assert!(back.look(|seen| seen.point.clone()).unwrap().seq > point.seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_claim_and_reply_keeps_the_owner_and_the_reply_goes_out_once() {
    let mut world = World::start().await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    anna.claim(chat).await.unwrap();
    world.kill_and_restart().await;

    let mut anna = anna.reconnect(&world.relay).await;
    anna.chat_when(chat, "anna still owns it", |chat| {
        chat.owner() == Some(&"anna".into())
    })
    .await;
    anna.reply(chat, "here I am").await.unwrap();
    world.kill_and_restart().await;
    let anna = anna.reconnect(&world.relay).await;
    anna.chat_when(chat, "the reply has left", |chat| chat.outgoing.is_empty())
        .await;
    let texts: Vec<_> = world
        .graph
        .sent()
        .into_iter()
        .filter_map(|sent| sent.text)
        .collect();
    assert_eq!(texts, ["here I am"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_the_platform_took_a_reply_does_not_send_it_again() {
    let mut world = World::start().await;
    // The platform takes the reply and never answers; its echo comes only later.
    let echo = EchoTiming::After(Duration::from_secs(3));
    world.graph.set_habits(Habits {
        echo,
        delivered_after: None,
        read_after: None,
    });
    let fault = world
        .graph
        .script(Script::next_message(Fault::HangAfter(Duration::from_secs(
            60,
        ))));
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    anna.reply(chat, "only once").await.unwrap();
    world
        .graph
        .wait_for_sent(1, PATIENCE)
        .await
        .expect("it left");
    world.kill_and_restart().await;
    assert_eq!(world.graph.injected(fault), 1, "the fault really happened");

    let anna = anna.reconnect(&world.relay).await;
    anna.chat_when(chat, "the echo proves it", |chat| chat.outgoing.is_empty())
        .await;
    assert_eq!(world.graph.sent().len(), 1, "never twice");
}
