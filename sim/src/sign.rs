//! Signatures of what platforms send: HMAC-SHA256 in lower-case hex.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Returns the signature of exactly these bytes.
pub(crate) fn hmac_hex(key: &str, message: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(message);
    hex(&mac.finalize().into_bytes())
}

/// Renders bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}
