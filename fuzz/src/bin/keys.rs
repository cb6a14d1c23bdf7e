//! See `fuzz_targets::keys`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::keys::check(bytes));
