//! The sim over real HTTP: one binary, one file per subject, a receiver in place of the relay.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this binary is all tests, its shared parts too"
)]

mod cast;
mod catch_up;
mod faults;
mod harness;
mod pages;
mod send;
mod webhooks;
