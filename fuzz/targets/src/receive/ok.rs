//! What Odnoklassniki sends to an address with its secret.

use std::sync::LazyLock;

use http::HeaderMap;
use relay::channels::ok::{Odnoklassniki, OkSettings};

const SECRET: &str = "made-up_by_the_admin_1";
const QUERY: &str = "secret=made-up_by_the_admin_1";

static CHANNEL: LazyLock<Odnoklassniki> = LazyLock::new(|| {
    let settings = OkSettings {
        group_id: "group:70000000000001".to_owned(),
        access_token: "tkn1Fuzzed:CFUZZED".into(),
        secret: SECRET.into(),
        address: None,
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Odnoklassniki::new(settings, reqwest::Client::new())
});

pub fn check(bytes: &[u8]) {
    super::check_proved(&*CHANNEL, QUERY, &HeaderMap::new(), bytes);
}
