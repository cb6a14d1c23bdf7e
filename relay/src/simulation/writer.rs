//! Writes replies in a world without desks: an engine of its own that nothing ever happens to.

use std::sync::Arc;

use shared::chat::{DeskCommand, ReplyDraft, Trouble};
use shared::model::{ChannelId, CommandId, ContactAsk, OperatorId, Timestamp};
use tokio::time::sleep;

use crate::engine::{Bells, Engine};
use crate::store::Store as _;

use super::chance::{Chance, SimClock};
use super::desk::{Answered, Commanded, DeskEvidence};
use super::world::World;

struct Silent;

impl Bells for Silent {
    fn outbox(&self, _channel: &ChannelId) {}
    fn timers(&self, _deadline: Timestamp) {}
}

/// Writes until the storm is over.
pub(super) async fn work(world: Arc<World>) -> DeskEvidence {
    let chance = Chance::of(world.seed, "writer");
    let clock = SimClock::new(world.started, Chance::of(world.seed, "writer's clock"));
    let engine = Engine::start(
        world.store.clone(),
        Arc::new(clock),
        Arc::new(Silent),
        world.policy.clone(),
    )
    .await
    .unwrap();
    let anna: OperatorId = "anna".into();
    let mut seen = DeskEvidence {
        operator: Some(anna.clone()),
        ..DeskEvidence::default()
    };
    while !world.storm.is_over() {
        sleep(chance.millis(100..4_000)).await;
        let chats = world.store.list_open_chats().await.unwrap();
        let Some(chat) = chance.pick(&chats) else {
            continue;
        };
        let place = seen.commands.len();
        let failed = chat
            .troubled()
            .find(|outgoing| matches!(outgoing.trouble, Trouble::Failed { .. }));
        let command = match failed {
            Some(outgoing) if chance.is(500) => DeskCommand::Retry {
                message: outgoing.message,
            },
            Some(_) | None => DeskCommand::Reply(ReplyDraft {
                text: format!("anna answers {place}"),
                quotes: None,
                asks: ContactAsk::default(),
                file: None,
                human_agent: false,
                hold_ms: Some(u32::try_from(chance.below(3) * 500).unwrap()),
            }),
        };
        let id = CommandId(format!("anna-{place}"));
        let done = engine
            .by_operator(&anna, &id, chat.id, command.clone())
            .await;
        seen.commands.push(Commanded {
            id,
            chat: chat.id,
            command,
            answered: match done {
                Ok(_) => Answered::Accepted,
                Err(_) => Answered::Refused,
            },
        });
    }
    world.over_tx.subscribe().wait_for(|over| *over).await.ok();
    seen
}
