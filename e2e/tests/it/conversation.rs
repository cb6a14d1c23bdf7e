//! Visitor → operator → visitor: the main job.

use shared::chat::Event;
use shared::model::DeliveryState;
use shared::protocol::{ClientFrame, ServerFrame};

use crate::harness::desk::texts;
use crate::harness::{PATIENCE, World};

const PSID: &str = "7412589630147852";

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_writes_an_operator_answers_and_the_visitor_answers_back() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;

    world
        .graph
        .visitor(PSID)
        .writes("Здравствуйте! Где мой заказ? 📦");
    let chat = anna.chat_saying("Где мой заказ? 📦").await;
    anna.claim(chat.id).await.unwrap();
    anna.reply(chat.id, "Здравствуйте! Уже едет 🚚")
        .await
        .unwrap();

    let sent = world
        .graph
        .wait_for_sent(1, PATIENCE)
        .await
        .expect("the reply arrives");
    assert_eq!(sent[0].text.as_deref(), Some("Здравствуйте! Уже едет 🚚"));
    assert_eq!(sent[0].psid, PSID);

    world.graph.visitor(PSID).writes("Спасибо!");
    anna.chat_saying("Спасибо!").await;
    let said = anna.look(|seen| texts(seen, chat.id));
    assert_eq!(
        said,
        [
            "Здравствуйте! Где мой заказ? 📦",
            "Здравствуйте! Уже едет 🚚",
            "Спасибо!"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_queued_then_sent_then_delivered_then_read() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await;
    anna.reply(chat.id, "Good afternoon!").await.unwrap();

    anna.wait("the reply is delivered", |seen| {
        seen.events
            .iter()
            .any(|stored| matches!(stored.event, Event::ReplyDelivered { .. }))
    })
    .await;
    world.graph.visitor(PSID).reads();
    anna.wait("the reply is read", |seen| {
        seen.events
            .iter()
            .any(|stored| matches!(stored.event, Event::ReplyRead { .. }))
    })
    .await;

    anna.send(ClientFrame::LoadTimeline {
        request: 7,
        chat: chat.id,
        before: None,
        limit: 50,
    });
    let page = |frame: &ServerFrame| match frame {
        ServerFrame::Timeline {
            request: 7, events, ..
        } => Some(events.clone()),
        _ => None,
    };
    anna.wait("the timeline", |seen| {
        seen.frames.iter().any(|frame| page(frame).is_some())
    })
    .await;
    let events = anna.look(|seen| seen.frames.iter().find_map(page).unwrap());
    let mut timeline = shared::chat::timeline::Timeline::default();
    for stored in events {
        timeline.push(stored);
    }
    let state = timeline.entries().iter().find_map(|entry| match entry {
        shared::chat::timeline::Entry::Message(entry) => entry.delivery.clone(),
        shared::chat::timeline::Entry::Event(_) => None,
    });
    assert_eq!(state, Some(DeliveryState::Read));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_the_pages_own_inbox_is_shown_as_such_and_opens_nothing() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await;
    world.graph.visitor(PSID).gets_inbox_reply("We are on it");
    anna.chat_when(chat.id, "the answer is in the chat", |chat| {
        chat.last_line
            .as_ref()
            .is_some_and(|line| line.author == shared::chat::Author::Outside)
    })
    .await;
    assert_eq!(anna.look(|seen| seen.chats.len()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_visitors_name_comes_from_the_platform() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    world
        .graph
        .visitor(PSID)
        .named("Olga", "Example")
        .writes("Hello?");
    let chat = anna.chat_saying("Hello?").await;
    let chat = anna
        .chat_when(chat.id, "the name is known", |chat| {
            chat.visitor.card.name.is_some()
        })
        .await;
    assert_eq!(chat.visitor.name(), "Olga Example");
}
