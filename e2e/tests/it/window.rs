//! The 24-hour window (OUT-06): a reply in time leaves, one too late is refused before it is sent.

use std::time::Duration;

use sim::messenger::Signing;

use shared::chat::{Event, Refusal};

use crate::harness::{PATIENCE, World};

const PSID: &str = "7412589630147852";

/// Returns a webhook with a message whose time by the platform's clock is that long ago.
fn message_of_age(text: &str, age: Duration) -> String {
    #[expect(clippy::disallowed_methods, reason = "the platform lives in real time")]
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let at = now.saturating_sub(age).as_millis();
    serde_json::json!({
        "object": "page",
        "entry": [{ "id": "104820093344556", "time": at, "messaging": [{
            "sender": { "id": PSID },
            "recipient": { "id": "104820093344556" },
            "timestamp": at,
            "message": { "mid": "m_of_yesterday", "text": text },
        }] }],
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_closes_refuses_replies_and_says_so_once() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    // The platform knows the visitor, and has not told us yet.
    world.graph.lose_webhooks(true);
    world.graph.visitor(PSID).writes("lost");
    world.graph.lose_webhooks(false);
    // The visitor wrote almost a day ago; the message comes only now, with its true time.
    let age = Duration::from_secs(24 * 3600) - Duration::from_secs(4);
    let status = world
        .graph
        .post_raw(message_of_age("yesterday", age), Signing::Right)
        .await;
    assert_eq!(status.unwrap(), 200);
    let chat = anna.chat_saying("yesterday").await.id;
    anna.reply(chat, "just in time").await.unwrap();
    world
        .graph
        .wait_for_sent(1, PATIENCE)
        .await
        .expect("it leaves");

    anna.wait("the end of the window is told", |seen| {
        seen.events
            .iter()
            .any(|stored| stored.event == Event::WindowClosed)
    })
    .await;
    assert_eq!(
        anna.reply(chat, "too late").await,
        Err(Refusal::WindowClosed { human_agent: false })
    );
    assert_eq!(world.graph.sent().len(), 1, "nothing was tried");

    world.graph.visitor(PSID).writes("still there?");
    anna.chat_saying("still there?").await;
    anna.reply(chat, "yes").await.unwrap();
    world
        .graph
        .wait_for_sent(2, PATIENCE)
        .await
        .expect("a new window");
}
