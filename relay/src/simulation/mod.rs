//! The relay in simulated worlds: several relays over one store whose commits may stay unknown, platforms that lose, double
//! and reorder, operators who come and go, under a clock that moves on only when nobody has anything to do. A seed decides
//! everything, so a world that breaks a promise can be lived through again.
//!
//! ```text
//! DESKWIRE_SEED=123 cargo test -p relay simulation::whole       one world again, the same in every detail
//! DESKWIRE_SEEDS=200000 cargo test -p relay --release simulation the long campaign
//! ```

mod chance;
mod channel;
mod checker;
mod desk;
mod faults;
mod line;
mod platform;
mod run;
mod sabotage;
mod stories;
mod tests;
mod world;
mod writer;
