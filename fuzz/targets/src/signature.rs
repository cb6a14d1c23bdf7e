//! Only a body with its one right signature is read: whatever the headers say, the answer is that of a plain comparison.

use std::sync::LazyLock;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use relay::channels::messenger::Messenger;
use relay::channels::{Channel, Webhook};
use sha2::Sha256;
use shared::model::Timestamp;

use crate::receive::messenger::{APP_SECRET, messenger};
use crate::source::Source;

static CHANNEL: LazyLock<Messenger> = LazyLock::new(messenger);

pub fn check(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let body = source.text().into_owned().into_bytes();
    let right = signature(&body);
    let mut values = vec![];
    let mut headers = HeaderMap::new();
    while !source.is_empty() && values.len() < 4 {
        let (name, value) = header(&mut source, &right, &body);
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.append(name, value.clone());
            if name == HEADER {
                values.push(value);
            }
        }
    }
    let is_right = values.len() == 1 && values.first().is_some_and(|value| *value == right);
    let webhook = Webhook {
        query: "",
        headers: &headers,
        body: &Bytes::from(body),
        received_at: Timestamp(0),
    };
    assert_eq!(
        CHANNEL.receive(&webhook).is_ok(),
        is_right,
        "{values:?} against {right}"
    );
}

const HEADER: &str = "x-hub-signature-256";

/// A header: the right one, something like it, or anything.
fn header(source: &mut Source<'_>, right: &str, body: &[u8]) -> (&'static str, Vec<u8>) {
    let right = right.as_bytes();
    let name = source.pick(&[HEADER, HEADER, HEADER, "x-hub-signature"]);
    let value = match source.byte() % 8 {
        0 | 1 => right.to_vec(),
        2 => {
            let mut value = right.to_vec();
            let place = usize::from(source.byte()) % value.len();
            let change = source.byte();
            value
                .iter_mut()
                .skip(place)
                .take(1)
                .for_each(|byte| *byte ^= change);
            value
        }
        3 => right
            .iter()
            .copied()
            .take(usize::from(source.byte()))
            .collect(),
        4 => right.to_ascii_uppercase(),
        5 => [right, source.text().as_bytes()].concat(),
        6 => signature(&[body, source.text().as_bytes()].concat()).into_bytes(),
        _ => source.text().as_bytes().to_vec(),
    };
    (name, value)
}

/// What Meta writes for a body.
pub(crate) fn signature(body: &[u8]) -> String {
    format!("sha256={}", hmac_hex(APP_SECRET, body))
}

/// Returns HMAC-SHA256 in hex.
pub(crate) fn hmac_hex(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key is good");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let digits: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
