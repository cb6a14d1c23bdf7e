//! What a caller of the generic channel needs (CH-11): a secret, and an address that takes replies.

use secrecy::ExposeSecret as _;

use crate::channels::http::HttpSettings;

use super::super::section::Section;
use super::{api_url, is_same_secret};

/// What an address looks like; there is none of ours.
const EXAMPLE: &str = "https://app.example/deskwire";
/// The shortest secret that is none to guess.
const SHORTEST: usize = 16;

pub(super) fn read(section: &Section<'_, '_>, id: &str) -> HttpSettings {
    let secret = section.secret("secret");
    let length = secret.expose_secret().len();
    if (1..SHORTEST).contains(&length) {
        let message =
            format!("secret: expected at least {SHORTEST} characters: it proves who calls");
        section.fault(section.place("secret"), message);
    }
    if !section.has("api_url") {
        let message = format!(
            "channel {id} needs api_url, the address that is called with replies, such as {EXAMPLE}"
        );
        section.fault(section.place("kind"), message);
    }
    HttpSettings {
        id: id.to_owned(),
        secret,
        api_url: api_url(section, EXAMPLE),
    }
}

pub(super) fn is_same(a: &HttpSettings, b: &HttpSettings) -> bool {
    a.api_url == b.api_url && is_same_secret(&a.secret, &b.secret)
}
