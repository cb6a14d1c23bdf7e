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

mod bad_http;
mod bad_logins;
mod bad_websocket;
mod claim_race;
mod clocks;
mod config_reload;
mod conversation;
mod crash;
mod demo;
mod faults;
mod files;
mod hostile;
mod http_channel;
mod hurt;
mod lifecycle;
mod links;
mod ok;
mod planted;
mod resent;
mod resume;
mod returns;
mod rights_table;
mod screen;
mod secrets;
mod shut_out;
mod telegram;
mod tidy;
mod token;
mod viber;
mod vk;
mod whatsapp;
mod window;
mod work;
