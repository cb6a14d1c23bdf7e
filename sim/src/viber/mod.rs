//! Viber's bot API with one bot: calls that are answered 200 whatever happened, events that are signed and repeated until
//! they are taken (viber.md).

mod bot;
mod http;
mod methods;

pub use bot::{Bot, BotOptions, Person, Sent};
