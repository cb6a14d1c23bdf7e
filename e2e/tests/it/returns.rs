//! A visitor who comes back after the close (IN-03), as the channel is set.

use shared::chat::{DeskCommand, Stage};

use crate::harness::World;
use crate::harness::relay::Setup;

const PSID: &str = "7412589630147852";

async fn world(on_return: &str) -> World {
    let setup = Setup {
        channel_config: format!("on_return = \"{on_return}\""),
        more_config: "[timeouts]\nclose_final = 0\n".into(),
        ..Setup::default()
    };
    World::start_with(setup).await
}

/// Closes the visitor's chat for good; the visitor writes again. Returns both chats' numbers.
async fn numbers(on_return: &str) -> (shared::model::Seq, shared::model::Seq) {
    let world = world(on_return).await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await;
    anna.command(chat.id, DeskCommand::Claim { take_over: false })
        .await
        .unwrap();
    anna.command(chat.id, DeskCommand::Close).await.unwrap();
    // A desk that was not there when it ended.
    let sofia = world.desk("sofia").await;
    world.graph.visitor(PSID).writes("one more thing");
    let again = sofia.chat_saying("one more thing").await;
    assert_ne!(again.stage, Stage::Closed);
    anna.chat_saying("one more thing").await;
    (chat.number.unwrap(), again.number.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_was_closed_for_good_goes_on_where_the_channel_resumes() {
    let (first, again) = numbers("resume").await;
    assert_eq!(first, again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_was_closed_for_good_is_followed_by_another_elsewhere() {
    let (first, again) = numbers("reopen").await;
    assert_ne!(first, again);
}
