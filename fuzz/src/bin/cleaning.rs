//! See `fuzz_targets::cleaning`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::cleaning::check(bytes));
