//! The sim over real HTTP: one binary, one file per subject, a receiver in place of the relay.

mod cast;
mod catch_up;
mod faults;
mod harness;
mod pages;
mod send;
mod webhooks;
