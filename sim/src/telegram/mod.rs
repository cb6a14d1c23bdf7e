//! A Telegram Bot API server with one bot: updates by question or by call, messages, and whatever goes wrong on the way.

mod bot;
mod hooks;
mod http;
mod methods;
mod state;

pub use bot::{BotApi, BotOptions, People, Person};
pub use state::{Fault, Sent};
