//! The secret that comes back in a header of every call (telegram.md 2.1). Bodies are not signed.

use http::HeaderMap;
use subtle::ConstantTimeEq;

use crate::channels::Rejected;

const HEADER: &str = "x-telegram-bot-api-secret-token";

/// Checks it. An empty secret verifies nothing.
pub(super) fn check(headers: &HeaderMap, secret: &str) -> Result<(), Rejected> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next().ok_or(Rejected::Missing)?;
    if values.next().is_some() || secret.is_empty() {
        return Err(Rejected::Malformed);
    }
    if bool::from(value.as_bytes().ct_eq(secret.as_bytes())) {
        Ok(())
    } else {
        Err(Rejected::Wrong)
    }
}
