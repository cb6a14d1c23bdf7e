//! What one operator gets to see of one event: pure, from the chat's sight before and after it (invariant 7).

use shared::chat::Sight;
use shared::chat::rights::sees;
use shared::model::{Operator, Policy};

/// What a desk is sent for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visible {
    /// The event itself.
    Event,
    /// The whole chat: it came into sight.
    Shown,
    /// That the chat is gone: it went out of sight.
    Hidden,
    /// Nothing.
    Nothing,
}

/// `before` is none for a chat that begins with this event.
pub(super) fn visible(
    operator: &Operator,
    before: Option<&Sight>,
    after: &Sight,
    policy: &Policy,
) -> Visible {
    let saw = before.is_some_and(|before| sees(operator, before, policy));
    let has_begun = before.is_some();
    match (saw, sees(operator, after, policy)) {
        (true, true) => Visible::Event,
        (false, true) if !has_begun => Visible::Event,
        (false, true) => Visible::Shown,
        (true, false) => Visible::Hidden,
        (false, false) if planted!("wrong_desk") => Visible::Event,
        (false, false) => Visible::Nothing,
    }
}
