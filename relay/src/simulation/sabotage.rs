//! Deliberate faults of the product, one for each thing the checker promises to find. What the checker is worth is that it
//! finds them.

use std::sync::Arc;

use async_trait::async_trait;

use shared::chat::{Chat, DeskCommand, Event, Refusal};
use shared::model::{ChatId, CommandId, OperatorId, Policy, Presence, Role, Seq};

use crate::app::EngineDesks;
use crate::store::memory::{MemoryStore, Weather};
use crate::store::{Change, Key, Outcome, StoreError};
use crate::ws::{CommandFailure, Desks};

use super::chance::Chance;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sabotage {
    /// Says *done* of a visitor's message and does not write it.
    LosesMessages,
    /// Does not remember what was taken already.
    ForgetsKeys,
    /// Takes every operator for a supervisor when it shows chats.
    ShowsTooMuch,
    /// A desk misses a frame now and then.
    SkipsFrames,
    /// Believes that every platform remembers our keys.
    SendsAgain,
    /// Takes a reply for sent that was not.
    PretendsToSend,
    /// Never learns what became of a call.
    WaitsForEver,
    /// Says *sent* before the reply has arrived.
    IsTooEarly,
    /// Writes rows that the events do not add up to.
    RowsDrift,
    /// Forgets from whom a chat was taken.
    TwoOwners,
    /// Says *refused* of what it did.
    DeniesWhatItDid,
    /// Timers do not fire.
    Oversleeps,
}

impl Sabotage {
    /// Commits, but wrongly.
    pub(super) fn commit(
        self,
        store: &MemoryStore,
        weather: Weather,
        mut changes: Vec<Change>,
        chance: &Chance,
    ) -> Result<Vec<Outcome>, StoreError> {
        for change in &mut changes {
            match self {
                Self::ForgetsKeys => {
                    change.key = Key(format!("{}:{}", change.key.0, chance.next()));
                    // The names of messages are a second guard: a relay that forgets keys forgets those as well.
                    for row in &mut change.messages {
                        row.platform_id = None;
                    }
                }
                Self::RowsDrift if !change.events.is_empty() => {
                    Arc::make_mut(&mut change.after).unread += 1;
                }
                Self::TwoOwners => forget_the_former(&mut change.events),
                Self::LosesMessages
                    if change.expected.0 > 0 && change.events.iter().any(is_received) =>
                {
                    change.events.clear();
                    change.messages.clear();
                    change.terms.clear();
                    Arc::make_mut(&mut change.after).version = change.expected;
                }
                _ => {}
            }
        }
        store.commit_in(weather, changes)
    }
}

fn is_received(event: &Event) -> bool {
    matches!(event, Event::Received { .. })
}

fn forget_the_former(events: &mut [Event]) {
    for event in events {
        if let Event::Claimed { from, .. } = event {
            *from = None;
        }
    }
}

/// What desks need of the engine, with the fault in between.
pub(super) struct WrongDesks {
    pub(super) right: EngineDesks,
    pub(super) sabotage: Option<Sabotage>,
}

#[async_trait]
impl Desks for WrongDesks {
    fn policy(&self) -> Arc<Policy> {
        let policy = self.right.policy();
        if self.sabotage != Some(Sabotage::ShowsTooMuch) {
            return policy;
        }
        let mut wrong = policy.as_ref().clone();
        for operator in &mut wrong.operators {
            operator.role = Role::Supervisor;
        }
        Arc::new(wrong)
    }

    async fn command(
        &self,
        operator: &OperatorId,
        id: &CommandId,
        chat: ChatId,
        command: DeskCommand,
    ) -> Result<Option<Seq>, CommandFailure> {
        let done = self.right.command(operator, id, chat, command).await?;
        if self.sabotage == Some(Sabotage::DeniesWhatItDid) {
            return Err(CommandFailure::Refused(Refusal::Closed));
        }
        Ok(done)
    }

    async fn blocks_changed(&self) -> Result<(), StoreError> {
        self.right.blocks_changed().await
    }

    fn set_online(&self, operator: &OperatorId, is_online: bool) {
        self.right.set_online(operator, is_online);
    }

    fn presence(&self, operator: &OperatorId, chat: &Chat, presence: Presence) {
        self.right.presence(operator, chat, presence);
    }
}
