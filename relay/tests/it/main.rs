//! The relay in one process, from the router to the files on disk: what a hostile or broken outside sends, and what
//! becomes of it. The tables are the `hostile` crate's.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails, and says where"
)]

mod bad_config;
mod bad_fields;
mod bad_json;
mod bad_names;
mod bad_queries;
mod bad_signatures;
mod bad_times;
mod cli;
mod door;
