//! What the relay and the desk agree on: the model, the rules of a chat and the frames between them.
//!
//! Everything here is pure. No clock, file, socket, randomness, SQL or terminal: times, ids and the policy come in as
//! arguments, so every rule can be tested in microseconds and gives the same answer on both sides of the line.
//!
//! * [`model`]: data only.
//! * [`chat`]: the rules everyone works by: [`chat::Chat::decide`] and [`chat::Chat::apply`].
//! * [`protocol`]: the websocket frames, each direction one enum.
//! * [`text`]: cleaning, measuring and splitting of text from outside.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

pub mod chat;
pub mod model;
pub mod protocol;
pub mod text;
