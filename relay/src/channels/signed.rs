//! What proves that a body is the platform's, checked before anything else (CH-06): HMAC-SHA256 over the raw bytes, in hex,
//! in a header; or, where a platform signs nothing, a secret that comes back with every call.

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Rejected;

/// Checks the signature that stands in `header` after `prefix`. An empty secret verifies nothing.
pub(super) fn check(
    headers: &HeaderMap,
    header: &str,
    prefix: &str,
    body: &[u8],
    secret: &str,
) -> Result<(), Rejected> {
    let mut values = headers.get_all(header).iter();
    let value = values.next().ok_or(Rejected::Missing)?;
    if values.next().is_some() || secret.is_empty() {
        return Err(Rejected::Malformed);
    }
    let claimed = value
        .to_str()
        .ok()
        .and_then(|value| value.strip_prefix(prefix))
        .and_then(parse_hex);
    let claimed = claimed.ok_or(Rejected::Malformed)?;
    let expected = mac(secret, body);
    if bool::from(expected.ct_eq(&claimed)) {
        Ok(())
    } else {
        Err(Rejected::Wrong)
    }
}

/// Checks a secret that comes back as it is. An empty one verifies nothing.
pub(super) fn check_secret<T: AsRef<[u8]>>(
    mut values: impl Iterator<Item = T>,
    secret: &str,
) -> Result<(), Rejected> {
    let value = values.next().ok_or(Rejected::Missing)?;
    if values.next().is_some() || secret.is_empty() {
        return Err(Rejected::Malformed);
    }
    if bool::from(value.as_ref().ct_eq(secret.as_bytes())) {
        Ok(())
    } else {
        Err(Rejected::Wrong)
    }
}

/// Returns the code that proves that whoever made it knows the secret.
pub(crate) fn mac(secret: &str, body: &[u8]) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// Reads 64 lower-case hex digits; nothing else.
fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let [high, low] = pair else { return None };
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(bytes)
}

fn digit(char: u8) -> Option<u8> {
    match char {
        b'0'..=b'9' => Some(char - b'0'),
        b'a'..=b'f' => Some(char - b'a' + 10),
        _ => None,
    }
}
