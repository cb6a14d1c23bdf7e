//! What Meta signs.

use std::sync::LazyLock;

use relay::channels::messenger::{Messenger, MessengerSettings};

use crate::signature::signature;

/// Of the application.
pub(crate) const APP_SECRET: &str = "an application's secret";
/// Made up by an admin.
pub(crate) const VERIFY_TOKEN: &str = "sesame";

static CHANNEL: LazyLock<Messenger> = LazyLock::new(messenger);

/// Returns a channel that calls nobody.
pub(crate) fn messenger() -> Messenger {
    let settings = MessengerSettings {
        page_id: "104820093344556".to_owned(),
        access_token: "a page's token".into(),
        verify_token: VERIFY_TOKEN.into(),
        app_secret: APP_SECRET.into(),
        app_id: Some("263902037430900".to_owned()),
        human_agent: true,
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Messenger::new(settings, reqwest::Client::new())
}

pub fn check(bytes: &[u8]) {
    let proof = signature(bytes);
    super::check(&*CHANNEL, ("x-hub-signature-256", &proof), bytes);
}
