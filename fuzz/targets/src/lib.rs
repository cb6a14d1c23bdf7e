//! What is fuzzed. Each target takes any bytes and panics where the product does not keep its promise for them. No fuzzer
//! is known here: `fuzz/` runs these under one, `tests/corpora.rs` replays what it found.

pub mod cleaning;
pub mod config;
pub mod decide;
pub mod desk;
pub mod frames;
pub mod handshake;
pub mod keys;
mod promise;
pub mod receive;
pub mod search;
pub mod signature;
mod source;
pub mod upcast;
pub mod wrapping;

/// The name of a target: of its corpus, of its seeds, and of its program under `fuzz/`; and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 18] = [
    ("cleaning", cleaning::check),
    ("config", config::check),
    ("decide", decide::check),
    ("desk", desk::check),
    ("frames", frames::check),
    ("handshake", handshake::check),
    ("keys", keys::check),
    ("receive_http", receive::http::check),
    ("receive_messenger", receive::messenger::check),
    ("receive_ok", receive::ok::check),
    ("receive_telegram", receive::telegram::check),
    ("receive_viber", receive::viber::check),
    ("receive_vk", receive::vk::check),
    ("receive_whatsapp", receive::whatsapp::check),
    ("search", search::check),
    ("signature", signature::check),
    ("upcast", upcast::check),
    ("wrapping", wrapping::check),
];
