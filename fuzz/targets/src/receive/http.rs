//! What a caller of the generic channel signs.

use std::sync::LazyLock;

use relay::channels::http::{Http, HttpSettings};

use crate::signature::hmac_hex;

const SECRET: &str = "a secret of both sides";

static CHANNEL: LazyLock<Http> = LazyLock::new(|| {
    let settings = HttpSettings {
        id: "acme-app".to_owned(),
        secret: SECRET.into(),
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Http::new(settings, reqwest::Client::new())
});

pub fn check(bytes: &[u8]) {
    let proof = format!("sha256={}", hmac_hex(SECRET, bytes));
    super::check(&*CHANNEL, ("x-deskwire-signature", &proof), bytes);
}
