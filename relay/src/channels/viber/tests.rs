//! Every fixture has a stated outcome. Bodies: `snapshots/`, one line an event. Errors: the table below.

use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::json;

use shared::model::{ContactAsk, DeliveryId, FailureReason, PlatformId, Timestamp};

use super::errors::{ApiError, Class};
use super::{Viber, ViberSettings, account_of, link, message, receive, send, signature};
use crate::channels::calls::Refusal as _;
use crate::channels::testing::Samples;
use crate::channels::{Channel, Outbound, Received, Rejected, SendError, Webhook};

pub(super) const SAMPLES: Samples = Samples("viber");
const RECEIVED_AT: Timestamp = Timestamp(1_750_000_500_000);
const TOKEN: &str = "445da6az1s345z78-sample-token";

fn account() -> PlatformId {
    account_of(&SecretString::from(TOKEN))
}

fn translate(body: &[u8]) -> Received {
    receive::translate(body, &account(), RECEIVED_AT)
}

fn reply(text: &str) -> Outbound {
    Outbound {
        delivery: DeliveryId(7),
        visitor: "xy5/5y6O81+/kbSAMPLE==".into(),
        text: text.to_owned(),
        quotes: None,
        asks: ContactAsk::default(),
        human_agent: false,
    }
}

#[test]
fn every_event_has_its_stated_outcome() {
    let outcomes = SAMPLES.outcomes("event_", translate);
    insta::assert_snapshot!("events", outcomes);
}

#[test]
fn every_error_has_its_class() {
    let expected = [
        ("error_10_webhookNotSet.json", Class::Account),
        ("error_12_tooManyRequests.json", Class::TooFast),
        ("error_1_invalidUrl.json", Class::Account),
        ("error_24_noBalance.json", Class::Unpaid),
        ("error_2_invalidAuthToken.json", Class::Account),
        ("error_3_badData.json", Class::Refused),
        ("error_6_notSubscribed.json", Class::Person),
    ];
    assert_eq!(SAMPLES.names("error_"), expected.map(|(name, _)| name));
    for (name, class) in expected {
        let answer = SAMPLES.json(name);
        let error = ApiError::of(answer["status"].as_i64().unwrap(), &answer);
        assert_eq!(error.class(), class, "{name}");
        let sent = error.for_send();
        match class {
            Class::Account => assert!(matches!(sent, SendError::Unauthorized(_)), "{name}"),
            Class::TooFast => assert!(matches!(sent, SendError::TooFast { .. }), "{name}"),
            Class::Later => assert!(matches!(sent, SendError::NotSent { .. }), "{name}"),
            Class::Person => assert!(
                matches!(sent, SendError::Refused(FailureReason::VisitorUnreachable)),
                "{name}"
            ),
            Class::Unpaid | Class::Refused => {
                assert!(matches!(sent, SendError::Refused(_)), "{name}");
            }
        }
    }
}

#[test]
fn the_published_signature_holds_for_the_raw_bytes_only() {
    let body = br#"{"event":"webhook","timestamp":1457764197627,"message_token":241256543215}"#;
    let right = "93844ab2f7ebb940874daadc0cb326dc7d6cb4d2130cdc8a55a760f8b88cc4e9";
    let check = |value: Option<&str>, body: &[u8], token: &str| {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.append("x-viber-content-signature", value.parse().unwrap());
        }
        signature::check(&headers, body, token)
    };
    assert_eq!(check(Some(right), body, TOKEN), Ok(()));
    assert_eq!(check(Some(right), b"{}", TOKEN), Err(Rejected::Wrong));
    assert_eq!(check(Some(right), body, "another"), Err(Rejected::Wrong));
    assert_eq!(check(Some(right), body, ""), Err(Rejected::Malformed));
    assert_eq!(check(None, body, TOKEN), Err(Rejected::Missing));
    assert_eq!(check(Some("abc"), body, TOKEN), Err(Rejected::Malformed));
}

#[test]
fn a_body_that_is_not_signed_is_not_taken() {
    let settings = ViberSettings {
        token: SecretString::from(TOKEN),
        sender: "Sample Desk".to_owned(),
        address: None,
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    let channel = Viber::new(settings, reqwest::Client::new());
    let webhook = Webhook {
        query: "",
        headers: &HeaderMap::new(),
        body: &Bytes::from(SAMPLES.bytes("event_message_text.json")),
        received_at: RECEIVED_AT,
    };
    assert_eq!(channel.receive(&webhook), Err(Rejected::Missing));
    assert!(
        !channel.account().as_str().contains("445da6"),
        "no part of the token"
    );
}

#[test]
fn replies_are_the_samples() {
    let mut sample = SAMPLES.json("request_send_message_text.json");
    sample.as_object_mut().unwrap().remove("tracking_data");
    assert_eq!(send::body("Sample Desk", &reply("Здравствуйте!")), sample);
    let mut asking = reply("Поделитесь номером");
    asking.asks.phone = true;
    let body = send::body("Sample Desk", &asking);
    let mut sample = SAMPLES.json("request_send_message_ask_phone.json");
    // The word on the button is ours.
    sample["keyboard"]["Buttons"][0]["Text"] = body["keyboard"]["Buttons"][0]["Text"].clone();
    assert_eq!(body, sample);
}

#[test]
fn a_yes_is_one_only_with_the_token_of_the_message() {
    let answer = SAMPLES.json("response_send_message.json");
    let receipt = send::receipt_of(&answer).unwrap();
    assert_eq!(receipt.platform_id.unwrap().as_str(), "5741311803571721087");
    assert!(matches!(
        send::receipt_of(&json!({ "status": 0 })),
        Err(SendError::Unclear { .. })
    ));
}

#[test]
fn an_account_and_a_person_are_read() {
    let info = SAMPLES.json("response_get_account_info.json");
    let address = info["webhook"].as_str().unwrap();
    assert_eq!(
        link::is_complete(&info, address),
        info["event_types"]
            .as_array()
            .unwrap()
            .iter()
            .any(|name| name == "conversation_started")
    );
    assert!(!link::is_complete(&info, "https://other.example/"));
    let details = SAMPLES.json("response_get_user_details.json");
    let profile = message::profile_of(details.get("user")).unwrap();
    assert_eq!(profile.name.as_deref(), Some("Проба"));
    assert!(profile.photo_url.is_some());
    assert_eq!(message::profile_of(None), None);
}
