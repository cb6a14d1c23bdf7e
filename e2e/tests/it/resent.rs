//! A platform that sends things twice, late and in the wrong order (IN-04, IN-07, F-15).

use crate::harness::World;
use crate::harness::desk::{settle, texts};

const PSID: &str = "7412589630147852";

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_comes_three_times_is_one_message() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    let mid = world.graph.visitor(PSID).writes("only once");
    let chat = anna.chat_saying("only once").await.id;
    for _ in 0..2 {
        assert!(world.graph.repeat_webhook(&mid));
    }
    world.graph.visitor(PSID).writes("and after");
    anna.chat_saying("and after").await;
    settle(&anna).await;
    assert_eq!(
        anna.look(|seen| texts(seen, chat)),
        ["only once", "and after"]
    );
    assert!(
        world.graph.webhooks().acknowledged >= 4,
        "the repeats really arrived: {:?}",
        world.graph.webhooks()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_out_of_order_are_all_there_and_the_late_ones_say_so() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("zero");
    let chat = anna.chat_saying("zero").await.id;
    world.graph.hold_webhooks();
    for text in ["one", "two", "three"] {
        world.graph.visitor(PSID).writes(text);
        crate::harness::relay::pause(std::time::Duration::from_millis(5)).await;
    }
    world
        .graph
        .release_webhooks(sim::messenger::ReleaseOrder::Reversed);
    anna.wait("all four", |seen| texts(seen, chat).len() == 4)
        .await;
    let late = anna.look(|seen| {
        let is_late = |stored: &&shared::chat::Stored| {
            matches!(
                stored.event,
                shared::chat::Event::Received { late: true, .. }
            )
        };
        seen.events.iter().filter(is_late).count()
    });
    assert!(late >= 1, "a message that was overtaken is marked");
}
