//! The relay daemon as a library: takes webhooks, keeps the chats, sends the replies, serves the desks.

#[macro_use]
mod faults;

pub mod app;
pub mod channels;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod engine;
pub mod files;
mod hex;
pub mod http;
pub mod intake;
pub mod keeper;
pub mod outbox;
pub mod password;
pub mod poller;
#[cfg(test)]
mod simulation;
pub mod store;
mod supervise;
pub mod telemetry;
pub mod timers;
pub mod tls;
pub mod ws;
