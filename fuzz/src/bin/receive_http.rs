//! See `fuzz_targets::receive::http`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::receive::http::check(bytes));
