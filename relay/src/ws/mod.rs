//! The desks' side: who is connected, what each may see, one connection at a time. No rules: those are the engine's.

mod follower;
mod hub;
mod lists;
mod reading;
mod requests;
mod ring;
mod session;
mod templates;
#[cfg(test)]
mod tests;
mod upgrade;
mod viewer;
mod visible;

use std::sync::Arc;

use async_trait::async_trait;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use shared::chat::{Chat, DeskCommand, Refusal};
use shared::model::{ChatId, CommandId, OperatorId, Policy, Presence, Seq};
use shared::protocol::ServerFrame;

pub use hub::Hub;
pub use upgrade::serve_desk;

/// What desks need of the engine.
#[async_trait]
pub trait Desks: Send + Sync {
    /// The policy in force.
    fn policy(&self) -> Arc<Policy>;
    /// Does what an operator asks; the answer is the last event it led to.
    async fn command(
        &self,
        operator: &OperatorId,
        id: &CommandId,
        chat: ChatId,
        command: DeskCommand,
    ) -> Result<Option<Seq>, CommandFailure>;
    /// An operator's first desk opened, or the last one closed.
    fn set_online(&self, operator: &OperatorId, is_online: bool);
    /// An operator looks at a chat or writes in it: signs for the visitor follow (OUT-19).
    fn presence(&self, operator: &OperatorId, chat: &Chat, presence: Presence);
}

/// Why a command was not done.
#[derive(Debug)]
pub enum CommandFailure {
    /// The rules say no.
    Refused(Refusal),
    /// Unknown: send it again.
    Unavailable,
}

/// Encodes a frame, once for all who get it.
fn encode(frame: &ServerFrame) -> Utf8Bytes {
    match serde_json::to_string(frame) {
        Ok(text) => text.into(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "could not encode a frame"
            );
            Utf8Bytes::from_static(
                r#"{"type":"goodbye","code":"bad_frame","sentence":"fault in the relay"}"#,
            )
        }
    }
}
