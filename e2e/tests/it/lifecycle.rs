//! Starting, stopping, copying: what an admin does (SC-07, ADM-13, F-20, F-21).

use std::process::Command;

use crate::harness::desk::texts;
use crate::harness::relay::binary;
use crate::harness::{PATIENCE, World};

const PSID: &str = "7412589630147852";

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_told_to_stop_sends_what_it_has_and_ends_well() {
    let mut world = World::start().await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    anna.reply(chat, "the last word").await.unwrap();
    world
        .graph
        .wait_for_sent(1, PATIENCE)
        .await
        .expect("it leaves");
    assert!(
        world.relay.stop().await,
        "it ends well:\n{}",
        world.relay.log()
    );
    anna.wait("the desk is told", |seen| seen.has_ended).await;

    world.relay.restart().await;
    let anna = anna.reconnect(&world.relay).await;
    anna.chat_when(chat, "nothing is left to send", |chat| {
        chat.outgoing.is_empty()
    })
    .await;
    assert_eq!(world.graph.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_that_it_is_up_and_ready() {
    let world = World::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = reqwest::get(world.relay.url(path)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_relay_on_one_store_ends_with_a_sentence_and_harms_nothing() {
    let world = World::start().await;
    let output = Command::new(binary("deskwire-relay"))
        .args(["serve", "--config"])
        .arg(world.relay.config_path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("another relay works on"), "{said}");
    assert!(!said.contains("RUST_BACKTRACE"), "no backtrace: {said}");

    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("still here");
    anna.chat_saying("still here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_it_runs_comes_back_as_another_history() {
    let mut world = World::start().await;
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("before the copy");
    let chat = anna.chat_saying("before the copy").await.id;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let run = |command: &str, config: std::path::PathBuf| {
        let output = Command::new(binary("deskwire-relay"))
            .arg(command)
            .arg(&copy)
            .arg("--config")
            .arg(config)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    run("backup", world.relay.config_path());
    world.graph.visitor(PSID).writes("after the copy");
    anna.chat_saying("after the copy").await;

    world.relay.kill().await;
    run("restore", world.relay.config_path());
    assert!(world.relay.database().exists());
    world.relay.restart().await;
    let anna = anna.reconnect(&world.relay).await;
    assert!(
        !anna.look(|seen| seen.was_resumed),
        "another history: begun anew"
    );
    anna.chat_when(chat, "the chat is as it was copied", |chat| {
        chat.last_line
            .as_ref()
            .is_some_and(|line| line.text == "before the copy")
    })
    .await;
    world.graph.visitor(PSID).writes("and on");
    anna.chat_saying("and on").await;
    assert!(
        anna.look(|seen| texts(seen, chat))
            .contains(&"and on".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_at_a_store_while_a_relay_works_on_it() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("how are you?");
    anna.chat_saying("how are you?").await;
    let output = Command::new(binary("deskwire-relay"))
        .args(["doctor", "--config"])
        .arg(world.relay.config_path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for words in [
        "events, 1 chats open",
        "clock: as that of 127.0.0.1",
        "public address: https://desk.acme.example is not reached from this machine",
        "acme-page: works",
        "object Page: type the callback address https://desk.acme.example/webhooks/acme-page",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
}
