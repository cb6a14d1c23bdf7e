//! A channel's address is confirmed to whoever knows the verify token, and to nobody else.

use std::sync::LazyLock;

use relay::channels::Channel;
use relay::channels::messenger::Messenger;
use url::form_urlencoded;

use crate::receive::messenger::{VERIFY_TOKEN, messenger};

static CHANNEL: LazyLock<Messenger> = LazyLock::new(messenger);

pub fn check(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    let last = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .filter(|(found, _)| found == name)
            .last()
            .map(|(_, value)| value.into_owned())
    };
    let is_asked = last("hub.mode").as_deref() == Some("subscribe");
    let knows_us = last("hub.verify_token").as_deref() == Some(VERIFY_TOKEN);
    let echoed = last("hub.challenge").filter(|_| is_asked && knows_us);
    let answer = CHANNEL.handshake(&query).ok().map(|answer| answer.body);
    assert_eq!(answer, echoed);
}
