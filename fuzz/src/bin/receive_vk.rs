//! See `fuzz_targets::receive::vk`.
#![no_main]
#![forbid(unsafe_code)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::receive::vk::check(bytes));
