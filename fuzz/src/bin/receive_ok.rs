//! See `fuzz_targets::receive::ok`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::receive::ok::check(bytes));
