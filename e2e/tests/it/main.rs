//! Stories: the built relay and desk, a simulated platform, real sockets and files. One file per story.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a story that cannot go on fails, and says where"
)]

mod harness;

mod claim_race;
mod config_reload;
mod conversation;
mod crash;
mod demo;
mod faults;
mod hostile;
mod hurt;
mod lifecycle;
mod planted;
mod resent;
mod resume;
mod screen;
mod shut_out;
mod tidy;
mod token;
mod window;
mod work;
