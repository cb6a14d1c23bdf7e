//! See `fuzz_targets::desk`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::desk::check(bytes));
