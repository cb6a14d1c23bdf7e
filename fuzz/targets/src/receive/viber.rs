//! What Viber signs.

use std::sync::LazyLock;

use relay::channels::viber::{Viber, ViberSettings};

use crate::signature::hmac_hex;

const TOKEN: &str = "a bot's token";

static CHANNEL: LazyLock<Viber> = LazyLock::new(|| {
    let settings = ViberSettings {
        token: TOKEN.into(),
        sender: "Acme".to_owned(),
        address: None,
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Viber::new(settings, reqwest::Client::new())
});

pub fn check(bytes: &[u8]) {
    let proof = hmac_hex(TOKEN, bytes);
    super::check(&*CHANNEL, ("x-viber-content-signature", &proof), bytes);
}
