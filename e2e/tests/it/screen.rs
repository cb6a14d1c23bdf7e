//! The built desk on a terminal: the main job by keys, and what happens when the terminal or the relay goes away.

use std::time::Duration;

use crate::harness::desk::settle;
use crate::harness::screen::Screen;
use crate::harness::{PATIENCE, World, eventually};

const PSID: &str = "7412589630147852";

#[tokio::test(flavor = "multi_thread")]
async fn claim_and_answer_by_keys() {
    let world = World::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::open(&world.relay, "anna", home.path(), 80, 24);
    world.graph.visitor(PSID).writes("Где мой заказ?");
    screen.shows("Где мой заказ?").await;
    screen.keys("c");
    screen.shows("Reply to").await;
    screen.keys("Уже едет 🚚\r");
    let sent = world
        .graph
        .wait_for_sent(1, PATIENCE)
        .await
        .expect("the reply arrives");
    assert_eq!(sent[0].text.as_deref(), Some("Уже едет 🚚"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_work_on_a_russian_layout() {
    let world = World::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::open(&world.relay, "anna", home.path(), 80, 24);
    world.graph.visitor(PSID).writes("Hello?");
    screen.shows("Hello?").await;
    let boris = world.desk("boris").await;
    let chat = boris.chat_saying("Hello?").await.id;
    screen.keys("с"); // Cyrillic es: the key of c
    boris
        .chat_when(chat, "anna claimed it", |chat| {
            chat.owner() == Some(&"anna".into())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_survives_a_killed_desk() {
    let world = World::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::open(&world.relay, "anna", home.path(), 80, 24);
    world.graph.visitor(PSID).writes("Hello?");
    screen.shows("Hello?").await;
    screen.keys("c");
    screen.shows("Reply to").await;
    screen.keys("half a sentence");
    screen.shows("half a sentence").await;
    crate::harness::relay::pause(Duration::from_millis(1500)).await;
    drop(screen);

    let mut screen = Screen::open(&world.relay, "anna", home.path(), 80, 24);
    screen.shows("Hello?").await;
    screen.keys("2");
    screen.keys("\r");
    screen.shows("half a sentence").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_ends_when_its_terminal_goes_away() {
    let world = World::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::open(&world.relay, "anna", home.path(), 80, 24);
    screen.shows("Queue").await;
    screen.hang_up();
    screen.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_comes_back_when_the_relay_does() {
    let mut world = World::start().await;
    let home = tempfile::tempdir().unwrap();
    let screen = Screen::open(&world.relay, "anna", home.path(), 120, 40);
    world.graph.visitor(PSID).writes("before");
    screen.shows("before").await;
    world.relay.kill().await;
    screen.shows("reconnecting").await;
    world.relay.restart().await;
    world.graph.visitor(PSID).writes("after the restart");
    screen.shows("after the restart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_size_is_drawn() {
    let world = World::start().await;
    let anna = world.desk("boris").await;
    world.graph.visitor(PSID).writes("Hello?");
    anna.chat_saying("Hello?").await;
    settle(&anna).await;
    for (columns, rows) in [(20, 5), (60, 16), (80, 24), (120, 40), (200, 50)] {
        let home = tempfile::tempdir().unwrap();
        let mut screen = Screen::open(&world.relay, "anna", home.path(), columns, rows);
        eventually("something is drawn", || {
            let drawn = !screen.text().trim().is_empty();
            async move { drawn }
        })
        .await;
        if columns >= 60 {
            screen.shows("Hello?").await;
        }
        assert!(screen.process_id() > 0);
        screen.keys("\x03");
        crate::harness::relay::pause(Duration::from_millis(50)).await;
        screen.keys("\x03");
        assert!(screen.ends().await, "it quits well at {columns}x{rows}");
    }
}
