//! A token that expires: replies wait, the desks see it, and they go out after renewal (CH-24).

use sim::messenger::TokenState;

use shared::model::ChannelState;
use shared::protocol::ServerFrame;

use crate::harness::desk::Seen;
use crate::harness::{PATIENCE, World};

const PSID: &str = "7412589630147852";

fn is_broken(seen: &Seen) -> bool {
    let last = seen.frames.iter().rev().find_map(|frame| match frame {
        ServerFrame::Channel(health) => Some(health.health.clone()),
        _ => None,
    });
    matches!(last, Some(ChannelState::Broken { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_wait_while_the_token_is_expired_and_leave_once_it_is_renewed() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;

    world.graph.set_token_state(TokenState::Expired);
    anna.reply(chat, "first").await.unwrap();
    anna.reply(chat, "second").await.unwrap();
    anna.wait("the channel is shown as broken", is_broken).await;
    anna.chat_when(chat, "both wait", |chat| chat.outgoing.len() == 2)
        .await;
    assert!(world.graph.sent().is_empty());

    world
        .graph
        .issue_token("104820093344556", "EAARenewedPageToken");
    world
        .relay
        .rewrite_config(|text| text.replace("EAASimulatedPageToken", "EAARenewedPageToken"));
    anna.chat_when(chat, "both have left", |chat| chat.outgoing.is_empty())
        .await;
    let sent = world
        .graph
        .wait_for_sent(2, PATIENCE)
        .await
        .expect("they arrive");
    let texts: Vec<_> = sent
        .iter()
        .filter_map(|sent| sent.text.as_deref())
        .collect();
    assert_eq!(
        texts,
        ["first", "second"],
        "in the order written, each once"
    );
    assert!(
        !world.relay.log().contains("EAARenewed"),
        "a secret in the log"
    );
    assert!(
        !world.relay.log().contains("EAASimulated"),
        "a secret in the log"
    );
}
