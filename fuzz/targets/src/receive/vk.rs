//! What knows the secret of a community of VK.

use std::sync::LazyLock;

use relay::channels::vk::{Receive, Vk, VkSettings};
use serde_json::Value;

const SECRET: &str = "aSecretOfACommunity";

static CHANNEL: LazyLock<Vk> = LazyLock::new(|| {
    let settings = VkSettings {
        group_id: "190000001".to_owned(),
        access_token: "a token".into(),
        receive: Receive::Callback {
            secret: SECRET.into(),
            confirmation: Some("0a1b2c3d".to_owned()),
            address: None,
        },
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Vk::new(settings, reqwest::Client::new())
});

/// The proof stands in the body: what is no object cannot be proved.
pub fn check(bytes: &[u8]) {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(bytes) else {
        return;
    };
    let is_question = body.get("type").and_then(Value::as_str) == Some("confirmation");
    if is_question {
        // Answered or refused: it brings nothing in.
        return;
    }
    body.insert("secret".to_owned(), SECRET.into());
    let body = Value::Object(body).to_string();
    super::check(&*CHANNEL, ("x-nothing", ""), body.as_bytes());
}
