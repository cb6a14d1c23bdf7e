//! See `fuzz_targets::receive::whatsapp`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::receive::whatsapp::check(bytes));
