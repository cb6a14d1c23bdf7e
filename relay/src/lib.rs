//! The relay daemon as a library: takes webhooks, keeps the chats, sends the replies, serves the desks.

pub mod channels;
pub mod clock;
pub mod config;
pub mod engine;
pub mod http;
pub mod intake;
pub mod keeper;
pub mod outbox;
pub mod password;
pub mod store;
pub mod timers;
pub mod ws;
