//! A channel taken off its account and put back by commands: replies wait, and the last day comes in (CH-13, CH-15).

use std::process::{Command, Output};

use sim::messenger::TokenState;

use shared::chat::Event;
use shared::model::{ChannelState, ChatId};
use shared::protocol::ServerFrame;

use crate::harness::desk::{Desk, texts};
use crate::harness::relay::binary;
use crate::harness::{PATIENCE, World, eventually};

const PSID: &str = "7412589630147852";

/// Runs `deskwire-relay channel …` against the relay of a world.
fn channel(world: &World, words: &[&str]) -> Output {
    Command::new(binary("deskwire-relay"))
        .arg("channel")
        .args(words)
        .arg("--config")
        .arg(world.relay.config_path())
        .output()
        .unwrap()
}

/// Runs it, and returns what it says.
pub(crate) fn done(world: &World, words: &[&str]) -> String {
    let output = channel(world, words);
    let said = String::from_utf8(output.stdout).unwrap();
    let trouble = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}{trouble}");
    said
}

fn refused(world: &World, words: &[&str]) -> String {
    let output = channel(world, words);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

async fn is_shown_as(desk: &Desk, state: ChannelState) {
    desk.wait("the desk is told", |seen| {
        let mut frames = seen.frames.iter().rev();
        let last = frames.find_map(|frame| match frame {
            ServerFrame::Channel(health) => Some(health.health.clone()),
            _ => None,
        });
        last == Some(state.clone())
    })
    .await;
}

/// What the visitor said, in the order of the chat's events.
fn words_of_visitor(desk: &Desk, chat: ChatId) -> Vec<String> {
    desk.look(|seen| {
        let mine = seen.events.iter().filter(|stored| stored.chat == chat);
        let words = mine.filter_map(|stored| match &stored.event {
            Event::Received { message, .. } => Some(message.text.clone()),
            _ => None,
        });
        words.collect()
    })
}

fn place(desk: &Desk, is_it: impl Fn(&Event) -> bool) -> Option<usize> {
    desk.look(|seen| seen.events.iter().position(|stored| is_it(&stored.event)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlinked_channel_keeps_replies_and_a_relinked_one_brings_in_what_was_missed() {
    let mut world = World::start().await;
    let mut anna = world.desk("anna").await;
    let visitor = world.graph.visitor(PSID);
    visitor.writes("before");
    let chat = anna.chat_saying("before").await.id;
    anna.claim(chat).await.unwrap();
    eventually("it works", || async {
        done(&world, &["list"]).contains("works")
    })
    .await;

    let said = done(&world, &["unlink", "acme-page"]);
    assert!(said.contains("calls this relay no more"), "{said}");
    is_shown_as(&anna, ChannelState::Unlinked).await;
    let not_told = world.graph.webhooks().not_subscribed;
    visitor.writes("is anybody there?");
    visitor.writes("hello?");
    assert!(
        world.graph.webhooks().not_subscribed >= not_told + 2,
        "Meta tells nobody"
    );
    anna.reply(chat, "in a moment").await.unwrap();

    world.kill_and_restart().await;
    let anna = anna.reconnect(&world.relay).await;
    assert!(
        done(&world, &["list"]).contains("unlinked"),
        "it is remembered"
    );
    let trouble = refused(&world, &["recover", "acme-page"]);
    assert!(trouble.contains("channel relink"), "{trouble}");
    anna.chat_when(chat, "the reply waits", |chat| chat.outgoing.len() == 1)
        .await;
    assert!(world.graph.sent().is_empty());

    let said = done(&world, &["relink", "acme-page"]);
    assert!(said.contains("relinked and works"), "{said}");
    anna.chat_when(chat, "the reply has left", |chat| chat.outgoing.is_empty())
        .await;
    world.graph.wait_for_sent(1, PATIENCE).await.unwrap();
    anna.wait("what was missed is there", |seen| {
        texts(seen, chat).len() >= 4
    })
    .await;
    let missed = place(
        &anna,
        |event| matches!(event, Event::Received { message, .. } if message.text == "hello?"),
    );
    let sent = place(&anna, |event| matches!(event, Event::ReplySent { .. }));
    assert!(missed.is_some() && missed < sent, "the reply left first");

    let said = done(&world, &["recover", "acme-page"]);
    assert!(said.contains("of the last 24 hours"), "{said}");
    visitor.writes("and on");
    anna.chat_saying("and on").await;
    assert_eq!(
        words_of_visitor(&anna, chat),
        ["before", "is anybody there?", "hello?", "and on"],
        "in order, none twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_does_not_put_an_unlinked_channel_back() {
    let world = World::start().await;
    done(&world, &["unlink", "acme-page"]);
    let doctor = Command::new(binary("deskwire-relay"))
        .args(["doctor", "--config"])
        .arg(world.relay.config_path())
        .output()
        .unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains("acme-page: unlinked"), "{said}");
    let not_told = world.graph.webhooks().not_subscribed;
    world.graph.visitor(PSID).writes("hello?");
    assert!(world.graph.webhooks().not_subscribed > not_told);
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_a_channel_up_does_what_it_can_and_says_what_is_left_and_where() {
    let world = World::start().await;
    let said = done(&world, &["setup", "acme-page"]);
    for words in [
        "what can be set up from here is set up",
        "object Page",
        "https://desk.acme.example/webhooks/acme-page",
        "message_echoes",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    world.graph.set_token_state(TokenState::Expired);
    let output = channel(&world, &["setup", "acme-page"]);
    assert_eq!(output.status.code(), Some(1));
    let trouble = String::from_utf8(output.stderr).unwrap();
    assert!(
        trouble.contains("the access token has expired"),
        "{trouble}"
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("object Page"), "what is left is said as well");
    assert!(
        !said.contains("verify-me") && !trouble.contains("EAA"),
        "{said}{trouble}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_for_nobody_says_what_there_is() {
    let mut world = World::start().await;
    let trouble = refused(&world, &["unlink", "acme-pgae"]);
    assert!(trouble.contains("there are: acme-page"), "{trouble}");
    assert!(world.relay.stop().await);
    let trouble = refused(&world, &["list"]);
    assert!(trouble.contains("no relay runs on"), "{trouble}");
}
