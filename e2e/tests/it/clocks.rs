//! Clocks that are apart (F-13): whether a reply arrived is not told by comparing ours with the platform's.

use std::time::Duration;

use sim::Clock;
use sim::messenger::{EchoTiming, Fault, GraphOptions, Habits, Script};

use crate::harness::World;
use crate::harness::relay::Setup;

const PSID: &str = "7412589630147852";
/// Longer than a doubtful reply waits for its echo.
const PATIENCE: Duration = Duration::from_secs(60);

/// A reply is taken, the line is cut, and no echo comes: the platform's history alone tells.
async fn check(clock: Clock) {
    let graph = GraphOptions {
        clock,
        habits: Habits {
            echo: EchoTiming::Never,
            delivered_after: None,
            read_after: None,
        },
        ..GraphOptions::default()
    };
    let world = World::start_on(graph, Setup::default()).await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Is it blue?");
    let chat = anna.chat_saying("Is it blue?").await;
    let fault = world.graph.script(Script::next_message(Fault::CloseAfter));
    anna.reply(chat.id, "Yes").await.unwrap();
    let settled = async {
        loop {
            let outgoing = anna.look(|seen| seen.chats[&chat.id].clone());
            let has_said = outgoing
                .last_line
                .as_ref()
                .is_some_and(|line| line.text == "Yes");
            if has_said && outgoing.outgoing.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, settled)
        .await
        .expect("the reply is known to have arrived");
    assert_eq!(world.graph.injected(fault), 1, "the line was really cut");
    assert_eq!(world.graph.sent_to(PSID).len(), 1, "and it came once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubtful_reply_arrives_once_when_the_clocks_are_seconds_or_hours_apart() {
    let (seconds, hour) = (Duration::from_secs(5), Duration::from_secs(3600));
    tokio::join!(
        check(Clock::behind(seconds)),
        check(Clock::ahead(seconds)),
        check(Clock::behind(hour)),
        check(Clock::ahead(hour)),
    );
}
