//! Every fixture has a stated outcome. Bodies: `snapshots/`, one line an event. Errors: the table below.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::json;

use shared::model::{ContactAsk, DeliveryId, FailureReason, PlatformId, Timestamp};

use super::errors::{ApiError, Class};
use super::{Receive, Telegram, TelegramSettings, bot_of, link, message, poll, receive, send};
use crate::channels::calls::Refusal as _;
use crate::channels::testing::Samples;
use crate::channels::{Channel, Happening, Outbound, Rejected, SendError, Webhook};

pub(super) const SAMPLES: Samples = Samples("telegram");
const RECEIVED_AT: Timestamp = Timestamp(1_750_000_500_000);
const TOKEN: &str = "6000000002:AAsampleSampleSampleSampleSample_00";

fn bot() -> PlatformId {
    "6000000002".into()
}

pub(super) fn reply(text: &str) -> Outbound {
    Outbound {
        delivery: DeliveryId(7),
        visitor: "5000000001".into(),
        text: text.to_owned(),
        quotes: None,
        asks: ContactAsk::default(),
        human_agent: false,
    }
}

#[test]
fn every_update_has_its_stated_outcome() {
    let outcomes = SAMPLES.outcomes("update_", |body| {
        receive::translate(body, &bot(), RECEIVED_AT)
    });
    insta::assert_snapshot!("updates", outcomes);
}

#[test]
fn every_error_has_its_class() {
    let expected = [
        ("error_400_bad_webhook_port.json", Class::Refused),
        ("error_400_chat_not_found.json", Class::Person),
        ("error_400_file_too_big.json", Class::Refused),
        ("error_400_message_not_modified.json", Class::Refused),
        ("error_400_message_too_long.json", Class::Refused),
        ("error_400_migrated.json", Class::Refused),
        ("error_400_parse_entities.json", Class::Refused),
        ("error_400_query_too_old.json", Class::Refused),
        ("error_400_reply_not_found.json", Class::Refused),
        ("error_401_unauthorized.json", Class::Token),
        ("error_403_blocked.json", Class::Person),
        ("error_403_cannot_initiate.json", Class::Person),
        ("error_403_deactivated.json", Class::Person),
        ("error_404_not_found.json", Class::Token),
        ("error_409_other_getupdates.json", Class::Conflict),
        ("error_409_webhook_active.json", Class::Conflict),
        ("error_413_too_large.json", Class::Refused),
        ("error_429_retry_after.json", Class::TooFast),
        ("error_500_restart.json", Class::Later),
    ];
    assert_eq!(SAMPLES.names("error_"), expected.map(|(name, _)| name));
    for (name, class) in expected {
        let error = ApiError::of(&SAMPLES.json(name)).unwrap();
        assert_eq!(error.class(), class, "{name}");
        assert!(!error.words.is_empty());
    }
}

#[test]
fn what_may_have_been_sent_is_unclear_and_what_was_not_is_not() {
    let send_error = |name: &str| ApiError::of(&SAMPLES.json(name)).unwrap().for_send();
    assert!(matches!(
        send_error("error_500_restart.json"),
        SendError::Unclear { .. }
    ));
    assert!(matches!(
        send_error("error_429_retry_after.json"),
        SendError::TooFast { wait: Some(wait) } if wait == Duration::from_secs(35)
    ));
    assert!(matches!(
        send_error("error_403_blocked.json"),
        SendError::Refused(FailureReason::VisitorUnreachable)
    ));
    assert!(matches!(
        send_error("error_401_unauthorized.json"),
        SendError::Unauthorized(fault) if fault.reason.contains("BotFather") && !fault.is_passing
    ));
}

#[test]
fn replies_are_the_samples() {
    let mut quoting = reply("Проверьте папку «Спам»");
    quoting.quotes = Some("5000000001:1001".into());
    assert_eq!(
        send::body(&quoting),
        SAMPLES.json("request_sendMessage_reply.json")
    );
    let mut asking = reply("Пришлите, пожалуйста, номер телефона");
    asking.asks.phone = true;
    let mut sample = SAMPLES.json("request_sendMessage_ask_contact.json");
    let body = send::body(&asking);
    // The word on the button is ours.
    sample["reply_markup"]["keyboard"][0][0]["text"] =
        body["reply_markup"]["keyboard"][0][0]["text"].clone();
    sample["link_preview_options"] = json!({ "is_disabled": true });
    assert_eq!(body, sample);
}

#[test]
fn a_yes_is_one_only_with_the_number_of_the_message() {
    let sent = SAMPLES.json("response_sendMessage.json");
    let receipt = send::receipt_of(&sent["result"]).unwrap();
    let name = receipt.platform_id.unwrap();
    assert_eq!(
        message::number_of(&name),
        sent["result"]["message_id"].as_i64()
    );
    assert!(matches!(
        send::receipt_of(&json!(true)),
        Err(SendError::Unclear { .. })
    ));
}

fn channel(receive: Receive) -> Telegram {
    let settings = TelegramSettings {
        token: SecretString::from(TOKEN),
        receive,
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Telegram::new(settings, reqwest::Client::new())
}

#[test]
fn only_calls_with_the_secret_are_telegrams() {
    let secret = SecretString::from("hook-secret");
    let called = channel(Receive::Webhook {
        secret,
        address: None,
    });
    let body = Bytes::from(SAMPLES.bytes("update_text.json"));
    let receive = |channel: &Telegram, values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-telegram-bot-api-secret-token", value.parse().unwrap());
        }
        let webhook = Webhook {
            query: "",
            headers: &headers,
            body: &body,
            received_at: RECEIVED_AT,
        };
        channel.receive(&webhook).map(|received| {
            assert_eq!(received.answer.body, "", "a body would be carried out");
            received.inbound.len()
        })
    };
    assert_eq!(receive(&called, &["hook-secret"]), Ok(1));
    assert_eq!(receive(&called, &[]), Err(Rejected::Missing));
    for wrong in ["", "hook-secre", "hook-secret2", "HOOK-SECRET"] {
        assert_eq!(receive(&called, &[wrong]), Err(Rejected::Wrong), "{wrong}");
    }
    let twice = ["hook-secret", "hook-secret"];
    assert_eq!(receive(&called, &twice), Err(Rejected::Malformed));
    let polled = channel(Receive::Poll);
    assert!(receive(&polled, &["hook-secret"]).is_err(), "nobody calls");
    let empty = channel(Receive::Webhook {
        secret: SecretString::default(),
        address: None,
    });
    assert!(receive(&empty, &[""]).is_err());
}

#[test]
fn a_token_begins_with_the_number_of_its_bot() {
    assert_eq!(bot_of(TOKEN), Some("6000000002"));
    assert_eq!(channel(Receive::Poll).account(), &bot());
    for wrong in [
        "",
        "6000000002",
        ":AAsampleSampleSampleSample",
        "bot:AAsample",
        "1:short",
    ] {
        assert_eq!(bot_of(wrong), None, "{wrong}");
    }
}

#[test]
fn the_next_question_begins_after_the_last_update() {
    let gap = SAMPLES.json("response_getUpdates_gap.json");
    let polled = poll::polled(&gap["result"], &bot(), RECEIVED_AT);
    let numbers: Vec<_> = gap["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|update| update["update_id"].as_i64().unwrap())
        .collect();
    assert!(numbers.len() > 1);
    assert_eq!(polled.updates.len(), numbers.len());
    let next = (numbers.iter().max().unwrap() + 1).to_string();
    assert_eq!(polled.bookmark, Some(next));
    let none = SAMPLES.json("response_getUpdates_empty.json");
    let polled = poll::polled(&none["result"], &bot(), RECEIVED_AT);
    assert!(polled.updates.is_empty() && polled.bookmark.is_none());
}

#[test]
fn edits_of_one_second_have_an_order() {
    let edit = |number: i64, seconds: i64| {
        let mut body = SAMPLES.json("update_edited_message.json");
        body["update_id"] = number.into();
        let written = body["edited_message"]["date"].as_i64().unwrap();
        body["edited_message"]["edit_date"] = (written + seconds).into();
        let received = receive::take(&body, &bot(), RECEIVED_AT);
        match &received.inbound[0].what {
            Happening::Edit { edit, .. } => *edit,
            other => panic!("{other:?}"),
        }
    };
    assert!(edit(700_000_001, 60) < edit(700_000_002, 60));
    assert!(edit(700_004_095, 60) < edit(700_004_096, 61));
    assert!(edit(1, 172_800) > edit(9, 172_799));
}

#[test]
fn a_link_behind_words_is_shown() {
    let text = "🎉 сюда и 𐍈 туда";
    let body = json!({ "update_id": 1, "message": {
        "message_id": 1, "date": 1_750_000_000, "text": text,
        "from": { "id": 5, "is_bot": false }, "chat": { "id": 5, "type": "private" },
        "entities": [
            { "type": "text_link", "offset": 3, "length": 4, "url": "https://acme.example/a" },
            { "type": "text_link", "offset": 900, "length": 4, "url": "https://acme.example/b" },
            { "type": "text_link", "offset": 0, "length": 2, "url": "javascript:alert(1)" },
        ],
    }});
    let received = receive::take(&body, &bot(), RECEIVED_AT);
    let Happening::Message { attachments, .. } = &received.inbound[0].what else {
        panic!("{received:?}")
    };
    let shown: Vec<_> = attachments
        .iter()
        .map(|link| (link.title.as_deref(), link.url.as_deref().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [
            (Some("сюда"), "https://acme.example/a"),
            (None, "https://acme.example/b")
        ]
    );
}

#[test]
fn a_webhook_that_fails_is_told_and_an_incomplete_one_is_set_anew() {
    let failing = SAMPLES.json("response_getWebhookInfo_failing.json");
    let info = &failing["result"];
    let address = info["url"].as_str().unwrap();
    let fault = link::fault_of(info, address).unwrap();
    let words = info["last_error_message"].as_str().unwrap();
    assert!(fault.reason.contains(words) && fault.is_passing);
    assert_eq!(link::fault_of(info, "https://other.example/"), None);
    assert!(link::is_called(info));
    assert!(!link::is_called(&json!({ "url": "" })));
    assert!(!link::is_complete(&json!({})));
    assert!(link::is_complete(
        &json!({ "allowed_updates": link::UPDATES })
    ));
}
