//! Meta's signature of a body (meta.md 2.2). The older sha1 header is not looked at.

use http::HeaderMap;

use crate::channels::{Rejected, signed};

const HEADER: &str = "x-hub-signature-256";
const PREFIX: &str = "sha256=";

/// Checks it. An empty secret verifies nothing.
pub(in crate::channels) fn check(
    headers: &HeaderMap,
    body: &[u8],
    secret: &str,
) -> Result<(), Rejected> {
    signed::check(headers, HEADER, PREFIX, body, secret)
}
