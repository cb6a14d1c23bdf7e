//! Every fixture has a stated outcome: `snapshots/`, one line an event. Calls are tested over real sockets in `e2e`.

use std::fmt::Write as _;

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;
use secrecy::SecretString;

use shared::model::{ContactAsk, DeliveryId, PlatformId, Timestamp};

use super::{Http, HttpSettings, receive, send};
use crate::channels::testing::{Samples, assert_inert, outline};
use crate::channels::{Channel, Outbound, Received, Rejected, Webhook};

const SAMPLES: Samples = Samples("http");
const RECEIVED_AT: Timestamp = Timestamp(1_795_190_400_000);

fn translate(body: &[u8]) -> Received {
    receive::translate(body, &PlatformId("acme-app".to_owned()), RECEIVED_AT)
}

#[test]
fn every_event_has_its_stated_outcome() {
    let mut text = String::new();
    let bodies = SAMPLES.names("event_");
    assert!(bodies.len() > 15, "the fixtures are there");
    for name in bodies {
        let received = translate(&SAMPLES.bytes(&name));
        assert!(
            received.inbound.len() + received.unread.len() + received.ignored.len() > 0,
            "{name} led to nothing at all"
        );
        assert_inert(&name, &received);
        writeln!(text, "{name}\n{}", outline(&received)).unwrap();
    }
    insta::assert_snapshot!("events", text);
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

proptest! {
    #[test]
    fn no_body_makes_it_fail(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        translate(&body);
    }

    #[test]
    fn no_sample_with_a_piece_of_another_in_it_makes_it_fail(from: prop::sample::Index, into: prop::sample::Index, at: prop::sample::Index) {
        let names = SAMPLES.names("event_");
        let mut body = SAMPLES.json(&names[into.index(names.len())]);
        let piece = SAMPLES.json(&names[from.index(names.len())]);
        let members = body.as_object_mut().unwrap();
        let name = members.keys().nth(at.index(members.len())).unwrap().clone();
        members.insert(name, piece);
        let received = translate(body.to_string().as_bytes());
        prop_assert!(received.inbound.len() + received.unread.len() + received.ignored.len() > 0);
    }
}
