//! See `fuzz_targets::config`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::config::check(bytes));
