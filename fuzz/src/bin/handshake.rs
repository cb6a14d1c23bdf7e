//! See `fuzz_targets::handshake`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::handshake::check(bytes));
