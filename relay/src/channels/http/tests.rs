//! Every fixture has a stated outcome: `snapshots/`, one line an event. Calls are tested over real sockets in `e2e`.

use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;

use shared::model::{ContactAsk, DeliveryId, PlatformId, Timestamp};

use super::{Http, HttpSettings, receive, send};
use crate::channels::testing::Samples;
use crate::channels::{Channel, Outbound, Received, Rejected, Webhook};

const SAMPLES: Samples = Samples("http");
const RECEIVED_AT: Timestamp = Timestamp(1_795_190_400_000);

fn translate(body: &[u8]) -> Received {
    receive::translate(body, &PlatformId("acme-app".to_owned()), RECEIVED_AT)
}

#[test]
fn every_event_has_its_stated_outcome() {
    let outcomes = SAMPLES.outcomes("event_", translate);
    insta::assert_snapshot!("events", outcomes);
}

#[test]
fn a_reply_is_the_sample() {
    let reply = Outbound {
        delivery: DeliveryId(7),
        visitor: "user-42".into(),
        text: "Сейчас посмотрю.".to_owned(),
        quotes: Some("m-1001".into()),
        asks: ContactAsk::default(),
        human_agent: false,
    };
    assert_eq!(send::reply_body(&reply), SAMPLES.json("request_reply.json"));
    assert!(SAMPLES.json("response_reply.json")["id"].is_string());
}

#[test]
fn only_signed_bodies_are_taken() {
    let channel = Http::new(
        HttpSettings {
            id: "acme-app".to_owned(),
            secret: SecretString::from("a shared secret"),
            api_url: "http://127.0.0.1:9".to_owned(),
        },
        reqwest::Client::new(),
    );
    let receive = |signature: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(signature) = signature {
            headers.insert(super::HEADER, signature.parse().unwrap());
        }
        let webhook = Webhook {
            query: "",
            headers: &headers,
            body: &Bytes::from_static(b"{\"events\":[]}"),
            received_at: RECEIVED_AT,
        };
        channel
            .receive(&webhook)
            .map(|received| received.ignored.len())
    };
    let right = "sha256=8185f26fd3857cb4ff8dce465dc23bb99a7f9d11b3c60a9400ef28b86c76711c";
    assert_eq!(receive(None), Err(Rejected::Missing));
    assert_eq!(receive(Some("sha256=")), Err(Rejected::Malformed));
    assert_eq!(receive(Some(right)), Ok(1));
    let wrong = right.replace("sha256=8", "sha256=1");
    assert_eq!(receive(Some(&wrong)), Err(Rejected::Wrong));
}
