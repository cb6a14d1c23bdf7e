//! The signature of a body: HMAC-SHA256 over the raw bytes, keyed with the bot's token (viber.md 2).

use http::HeaderMap;

use crate::channels::{Rejected, signed};

const HEADER: &str = "x-viber-content-signature";

/// Checks it. An empty token verifies nothing.
pub(super) fn check(headers: &HeaderMap, body: &[u8], token: &str) -> Result<(), Rejected> {
    signed::check(headers, HEADER, "", body, token)
}
