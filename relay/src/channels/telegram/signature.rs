//! The secret that comes back in a header of every call (telegram.md 2.1). Bodies are not signed.

use http::HeaderMap;

use crate::channels::{Rejected, signed};

const HEADER: &str = "x-telegram-bot-api-secret-token";

/// Checks it. An empty secret verifies nothing.
pub(super) fn check(headers: &HeaderMap, secret: &str) -> Result<(), Rejected> {
    signed::check_secret(headers.get_all(HEADER).iter(), secret)
}
