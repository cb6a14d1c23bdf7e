//! The secret that comes back in the address of every call. Odnoklassniki signs nothing (ok.md 3), but it calls the address
//! it was given, and nobody else knows that one.

use url::form_urlencoded;

use crate::channels::{Rejected, signed};

/// Its name in the address.
const NAME: &str = "secret";

/// Checks it. An empty secret verifies nothing.
pub(super) fn check(query: &str, secret: &str) -> Result<(), Rejected> {
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == NAME);
    let values = pairs.map(|(_, value)| value.into_owned());
    signed::check_secret(values, secret)
}

/// Returns the address that Odnoklassniki is told. A secret is of letters that stand in an address as they are.
pub(super) fn address(address: &str, secret: &str) -> String {
    format!("{address}?{NAME}={secret}")
}
