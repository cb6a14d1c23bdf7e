//! The platforms' side over real HTTP, and the visitors who write. Knows nothing of the relay; no other workspace crate
//! may be used here. The `demo` subcommand and the tests use it, `serve` never does.
//!
//! - [`messenger`] is the Graph API: Send, profiles, conversations, subscriptions, thread control, tokens, and a webhook
//!   sender that signs, retries, repeats, reorders and batches. Trouble is scripted with [`messenger::Fault`].
//! - [`visitors`] are scripted people who write to such a Graph in real time and answer the operator.

mod clock;
pub mod messenger;
mod random;
pub mod visitors;

pub use clock::Clock;
