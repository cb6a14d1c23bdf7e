//! What Meta signs for a number of WhatsApp.

use std::sync::LazyLock;

use relay::channels::whatsapp::{Whatsapp, WhatsappSettings};

use super::messenger::APP_SECRET;
use crate::signature::signature;

static CHANNEL: LazyLock<Whatsapp> = LazyLock::new(|| {
    let settings = WhatsappSettings {
        phone_number_id: "106540352242922".to_owned(),
        access_token: "a system user's token".into(),
        verify_token: "sesame".into(),
        app_secret: APP_SECRET.into(),
        waba_id: None,
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Whatsapp::new(settings, reqwest::Client::new())
});

pub fn check(bytes: &[u8]) {
    let proof = signature(bytes);
    super::check(&*CHANNEL, ("x-hub-signature-256", &proof), bytes);
}
