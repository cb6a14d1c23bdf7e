//! What a body costs before it is stored: every sample of every platform through `Channel::receive`, its proof included. What
//! is reported is the time of one sample, on average of all.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on fails, and says where"
)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use sha2::Sha256;

use relay::channels::http::{Http, HttpSettings};
use relay::channels::messenger::{Messenger, MessengerSettings};
use relay::channels::ok::{Odnoklassniki, OkSettings};
use relay::channels::telegram::{self, Telegram, TelegramSettings};
use relay::channels::viber::{Viber, ViberSettings};
use relay::channels::vk::{self, Vk, VkSettings};
use relay::channels::whatsapp::{Whatsapp, WhatsappSettings};
use relay::channels::{Channel, Webhook};
use shared::model::Timestamp;

const SECRET: &str = "a-secret-of-both-sides";
const NOWHERE: &str = "http://127.0.0.1:9";
const NOON: Timestamp = Timestamp(1_795_190_400_000);

/// A platform: the folder of its samples, how the names of bodies begin, and what takes them.
struct Platform {
    name: &'static str,
    bodies: &'static str,
    channel: Box<dyn Channel>,
    proof: Proof,
}

/// How a platform proves that a body is its own.
enum Proof {
    /// A signature in this header, after this prefix.
    Signature(&'static str, &'static str),
    /// The secret itself in this header.
    Header(&'static str),
    /// The secret itself in this member of the body.
    Member(&'static str),
    /// The secret itself in the address.
    Query(&'static str),
}

/// A body as it comes.
struct Call {
    query: &'static str,
    headers: HeaderMap,
    body: Bytes,
}

#[expect(clippy::too_many_lines, reason = "a row for each platform")]
fn platforms() -> Vec<Platform> {
    let client = reqwest::Client::new();
    let api_url = || NOWHERE.to_owned();
    vec![
        Platform {
            name: "messenger",
            bodies: "messenger_",
            channel: Box::new(Messenger::new(
                MessengerSettings {
                    page_id: "104820093344556".to_owned(),
                    access_token: SECRET.into(),
                    verify_token: SECRET.into(),
                    app_secret: SECRET.into(),
                    app_id: None,
                    human_agent: false,
                    api_url: api_url(),
                },
                client.clone(),
            )),
            proof: Proof::Signature("x-hub-signature-256", "sha256="),
        },
        Platform {
            name: "whatsapp",
            bodies: "event_",
            channel: Box::new(Whatsapp::new(
                WhatsappSettings {
                    phone_number_id: "106540352242922".to_owned(),
                    access_token: SECRET.into(),
                    verify_token: SECRET.into(),
                    app_secret: SECRET.into(),
                    waba_id: None,
                    api_url: api_url(),
                },
                client.clone(),
            )),
            proof: Proof::Signature("x-hub-signature-256", "sha256="),
        },
        Platform {
            name: "telegram",
            bodies: "update_",
            channel: Box::new(Telegram::new(
                TelegramSettings {
                    token: "6000000002:AAsampleSampleSampleSampleSample_00".into(),
                    receive: telegram::Receive::Webhook {
                        secret: SECRET.into(),
                        address: None,
                    },
                    api_url: api_url(),
                },
                client.clone(),
            )),
            proof: Proof::Header("x-telegram-bot-api-secret-token"),
        },
        Platform {
            name: "viber",
            bodies: "event_",
            channel: Box::new(Viber::new(
                ViberSettings {
                    token: SECRET.into(),
                    sender: "Acme".to_owned(),
                    address: None,
                    api_url: api_url(),
                },
                client.clone(),
            )),
            proof: Proof::Signature("x-viber-content-signature", ""),
        },
        Platform {
            name: "vk",
            bodies: "event_",
            channel: Box::new(Vk::new(
                VkSettings {
                    group_id: "190000001".to_owned(),
                    access_token: SECRET.into(),
                    receive: vk::Receive::Callback {
                        secret: SECRET.into(),
                        confirmation: None,
                        address: None,
                    },
                    api_url: api_url(),
                },
                client.clone(),
            )),
            proof: Proof::Member("secret"),
        },
        Platform {
            name: "ok",
            bodies: "0",
            channel: Box::new(Odnoklassniki::new(
                OkSettings {
                    group_id: "group:70000000000001".to_owned(),
                    access_token: SECRET.into(),
                    secret: SECRET.into(),
                    address: None,
                    api_url: api_url(),
                },
                client.clone(),
            )),
            proof: Proof::Query("secret=a-secret-of-both-sides"),
        },
        Platform {
            name: "http",
            bodies: "event_",
            channel: Box::new(Http::new(
                HttpSettings {
                    id: "acme-app".to_owned(),
                    secret: SECRET.into(),
                    api_url: api_url(),
                },
                client,
            )),
            proof: Proof::Signature("x-deskwire-signature", "sha256="),
        },
    ]
}

fn channels() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/channels")
}

impl Platform {
    fn calls(&self) -> Vec<Call> {
        let fixtures = fs::read_dir(channels().join(self.name).join("fixtures")).unwrap();
        let bodies = fixtures.map(|entry| entry.unwrap().path()).filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(self.bodies)
        });
        let calls: Vec<_> = bodies
            .map(|path| self.call(fs::read(path).unwrap()))
            .collect();
        assert!(!calls.is_empty(), "{} has samples", self.name);
        calls
    }

    fn call(&self, mut body: Vec<u8>) -> Call {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            headers.insert(HeaderName::from_static(name), value);
        };
        let mut query = "";
        match self.proof {
            Proof::Signature(header, prefix) => put(header, &format!("{prefix}{}", mac(&body))),
            Proof::Header(header) => put(header, SECRET),
            Proof::Member(member) => {
                let mut value: Value = serde_json::from_slice(&body).unwrap();
                value[member] = SECRET.into();
                body = value.to_string().into_bytes();
            }
            Proof::Query(whole) => query = whole,
        }
        Call {
            query,
            headers,
            body: body.into(),
        }
    }
}

fn mac(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    let mut digits = String::new();
    for byte in mac.finalize().into_bytes() {
        write!(digits, "{byte:02x}").unwrap();
    }
    digits
}

/// Asserts that no platform with samples is left out.
fn assert_complete(platforms: &[Platform]) {
    for entry in fs::read_dir(channels()).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap();
        let is_measured = platforms.iter().any(|platform| platform.name == name);
        assert!(
            is_measured || !folder.join("fixtures").is_dir(),
            "{name} has samples and no row here"
        );
    }
}

fn receive(criterion: &mut Criterion) {
    let platforms = platforms();
    assert_complete(&platforms);
    let mut group = criterion.benchmark_group("receive");
    for platform in &platforms {
        let calls = platform.calls();
        let take = |call: &Call| {
            platform.channel.receive(&Webhook {
                query: call.query,
                headers: &call.headers,
                body: &call.body,
                received_at: NOON,
            })
        };
        for call in &calls {
            assert!(take(call).is_ok(), "{} is proved", platform.name);
        }
        let mut next = calls.iter().cycle();
        group.bench_function(platform.name, |bencher| {
            bencher.iter(|| take(black_box(next.next().unwrap())));
        });
    }
    group.finish();
}

criterion_group!(benches, receive);
criterion_main!(benches);
