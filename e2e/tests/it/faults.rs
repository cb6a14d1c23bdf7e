//! A platform that fails in every way (F-14, OUT-02 … OUT-05): each reply is delivered at most once, and its end is told.

use std::time::Duration;

use sim::messenger::{Fault, Script};

use shared::chat::{Author, Chat, Trouble};
use shared::model::FailureReason;

use crate::harness::World;
use crate::harness::desk::Desk;

/// Longer than a doubtful reply waits for its echo.
const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Sent,
    Failed,
}

async fn end_of(desk: &Desk, chat: &Chat) -> End {
    desk.chat_when(chat.id, "the reply is seen", |chat| {
        chat.last_line
            .as_ref()
            .is_some_and(|line| line.author != Author::Visitor)
    })
    .await;
    let waiting = async {
        loop {
            let now = desk.look(|seen| seen.chats[&chat.id].clone());
            match now.outgoing.first().map(|outgoing| &outgoing.trouble) {
                None => return End::Sent,
                Some(Trouble::Failed { .. }) => return End::Failed,
                Some(Trouble::None | Trouble::Unconfirmed) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("the reply comes to an end")
}

/// What the platform does with the first call, how the reply ends, how often the visitor gets it.
fn cases() -> [(&'static str, Fault, End, usize); 10] {
    let error = Fault::error;
    [
        (
            "refused for good",
            error("no_matching_user"),
            End::Failed,
            0,
        ),
        (
            "window closed there",
            error("outside_window"),
            End::Failed,
            0,
        ),
        ("a passing error", error("temporary_1200"), End::Sent, 1),
        ("taken, then cut", Fault::CloseAfter, End::Sent, 1),
        ("answered with nonsense", Fault::GarbageAfter, End::Sent, 1),
        ("taken, yet an error", Fault::sent_but_error(), End::Sent, 1),
        ("answered without an id", Fault::EmptyAfter, End::Sent, 1),
        (
            "answered with a page",
            Fault::HtmlAfter { status: 502 },
            End::Sent,
            1,
        ),
        ("cut before it was taken", Fault::CloseBefore, End::Sent, 1),
        (
            "a page of the edge",
            Fault::Html { status: 500 },
            End::Sent,
            1,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reply_comes_to_a_stated_end_and_none_is_delivered_twice() {
    let cases = cases();
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    let mut chats = vec![];
    for (number, (name, fault, _, _)) in cases.iter().enumerate() {
        let psid = format!("70000000000000{number:02}");
        world.graph.visitor(&psid).writes(name);
        let chat = anna.chat_saying(name).await;
        let fault = world
            .graph
            .script(Script::next_message(fault.clone()).about(&psid));
        anna.reply(chat.id, &format!("reply to: {name}"))
            .await
            .unwrap();
        chats.push((psid, chat, fault));
    }
    for ((name, _, end, delivered), (psid, chat, fault)) in cases.iter().zip(&chats) {
        assert_eq!(end_of(&anna, chat).await, *end, "{name}");
        assert_eq!(
            world.graph.injected(*fault),
            1,
            "{name}: the fault really happened"
        );
        assert_eq!(world.graph.sent_to(psid).len(), *delivered, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_reply_says_why_and_can_be_tried_again() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    let psid = "7412589630147852";
    world.graph.visitor(psid).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await;
    world
        .graph
        .script(Script::next_message(Fault::error("person_unavailable")));
    anna.reply(chat.id, "Good afternoon").await.unwrap();
    assert_eq!(end_of(&anna, &chat).await, End::Failed);
    let failed = anna.look(|seen| seen.chats[&chat.id].outgoing[0].clone());
    let reason = FailureReason::VisitorUnreachable;
    assert_eq!(failed.trouble, Trouble::Failed { reason });

    let message = failed.message;
    anna.command(chat.id, shared::chat::DeskCommand::Retry { message })
        .await
        .unwrap();
    anna.chat_when(chat.id, "it has left", |chat| chat.outgoing.is_empty())
        .await;
    assert_eq!(world.graph.sent_to(psid).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_of_a_chat_leave_in_the_order_written_even_when_the_first_has_to_wait() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    let psid = "7412589630147852";
    world.graph.visitor(psid).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await;
    world
        .graph
        .script(Script::next_message(Fault::error("temporary_2")).times(2));
    for number in 0..5 {
        anna.reply(chat.id, &format!("reply {number}"))
            .await
            .unwrap();
    }
    anna.chat_when(chat.id, "all have left", |chat| chat.outgoing.is_empty())
        .await;
    let texts: Vec<_> = world
        .graph
        .sent_to(psid)
        .into_iter()
        .filter_map(|sent| sent.text)
        .collect();
    assert_eq!(
        texts,
        (0..5)
            .map(|number| format!("reply {number}"))
            .collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_visitors_wrote_while_the_relay_was_down_is_fetched_and_comes_once() {
    let mut world = World::start().await;
    let anna = world.desk("anna").await;
    let psid = "7412589630147852";
    world.graph.visitor(psid).writes("before");
    let chat = anna.chat_saying("before").await.id;
    crate::harness::eventually("the place to catch up from is noted", || {
        let noted = world.relay.log().contains("the channel works");
        async move { noted }
    })
    .await;
    world.relay.kill().await;
    world.graph.lose_webhooks(true);
    world.graph.visitor(psid).writes("missed one");
    world.graph.visitor(psid).writes("missed two");
    world.graph.lose_webhooks(false);
    world.relay.restart().await;
    let anna = anna.reconnect(&world.relay).await;
    anna.chat_saying("missed two").await;
    crate::harness::desk::settle(&anna).await;
    let texts = anna.look(|seen| crate::harness::desk::texts(seen, chat));
    assert_eq!(texts, ["before", "missed one", "missed two"]);
}
