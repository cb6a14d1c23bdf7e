//! What Telegram sends with its secret.

use std::sync::LazyLock;

use relay::channels::telegram::{Receive, Telegram, TelegramSettings};

const SECRET: &str = "sesame";

static CHANNEL: LazyLock<Telegram> = LazyLock::new(|| {
    let settings = TelegramSettings {
        token: "6000000002:AAfuzzedFuzzedFuzzedFuzzedFuzzed_00".into(),
        receive: Receive::Webhook {
            secret: SECRET.into(),
            address: None,
        },
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Telegram::new(settings, reqwest::Client::new())
});

pub fn check(bytes: &[u8]) {
    super::check(
        &*CHANNEL,
        ("x-telegram-bot-api-secret-token", SECRET),
        bytes,
    );
}
