//! See `fuzz_targets::wrapping`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::wrapping::check(bytes));
