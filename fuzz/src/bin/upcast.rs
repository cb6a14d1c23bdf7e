//! See `fuzz_targets::upcast`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::upcast::check(bytes));
