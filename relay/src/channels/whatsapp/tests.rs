//! Every fixture has a stated outcome. Bodies: `snapshots/`, one line an event. Errors: the table below.

use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::{Value, json};

use shared::model::{AttachmentKind, ContactAsk, DeliveryId, FailureReason, Timestamp};

use super::errors::{Class, Refused};
use super::{Whatsapp, WhatsappSettings, files, link, receive, send, statuses};
use crate::channels::calls::Refusal as _;
use crate::channels::meta::error::{GraphError, Reading as _};
use crate::channels::testing::Samples;
use crate::channels::{
    Answer, Channel, Happening, Outbound, Received, Rejected, SendError, Signal, Webhook,
};

pub(super) const SAMPLES: Samples = Samples("whatsapp");
const RECEIVED_AT: Timestamp = Timestamp(1_750_000_500_000);
const ID: &str = "US.13491208655302741918";
const PHONE: &str = "15550000001";

fn translate(body: &[u8]) -> Received {
    receive::translate(body, RECEIVED_AT)
}

fn channel() -> Whatsapp {
    let settings = WhatsappSettings {
        phone_number_id: "106540352242922".to_owned(),
        access_token: SecretString::from("a token"),
        verify_token: SecretString::from("sesame"),
        app_secret: SecretString::from("sample-app-secret"),
        waba_id: None,
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Whatsapp::new(settings, reqwest::Client::new())
}

fn reply(visitor: &str) -> Outbound {
    Outbound {
        delivery: DeliveryId(7),
        visitor: visitor.into(),
        text: "Здравствуйте!".to_owned(),
        quotes: Some("wamid.HBgLSAMPLE==".into()),
        asks: ContactAsk::default(),
        human_agent: false,
    }
}

/// A body in which one number is told this.
fn told(value: &Value) -> Received {
    let mut value = value.clone();
    value["metadata"] = json!({ "phone_number_id": "106540352242922" });
    let change = json!({ "field": "messages", "value": value });
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [change] }] });
    translate(body.to_string().as_bytes())
}

#[test]
fn every_event_has_its_stated_outcome() {
    let outcomes = SAMPLES.outcomes("event_", translate);
    insta::assert_snapshot!("events", outcomes);
}

#[test]
fn every_error_has_its_class_and_is_what_the_outbox_learns() {
    let expected = [
        ("error_100_http400.json", Class::Refused),
        ("error_130429_http400.json", Class::TooFast),
        ("error_131009_http400.json", Class::Refused),
        ("error_131016_http500.json", Class::Later),
        ("error_131030_http400.json", Class::TestList),
        ("error_131047_http400.json", Class::Window),
        ("error_131056_http400.json", Class::PairTooFast),
        ("error_132001_http404.json", Class::Refused),
        ("error_190_http401.json", Class::Token),
    ];
    assert_eq!(SAMPLES.names("error_"), expected.map(|(name, _)| name));
    for (name, class) in expected {
        let error = GraphError::of(&SAMPLES.json(name)).unwrap();
        let refused = Refused::of(error, None);
        assert_eq!(refused.class(), class, "{name}");
        check_class(name, class, &refused.for_send());
    }
}

fn check_class(name: &str, class: Class, sent: &SendError) {
    let is_right = match class {
        Class::Token | Class::Account => matches!(sent, SendError::Unauthorized(_)),
        Class::Policy => matches!(sent, SendError::Restricted { .. }),
        Class::TooFast => matches!(sent, SendError::TooFast { .. }),
        Class::PairTooFast | Class::Later => matches!(sent, SendError::NotSent { tries: None, .. }),
        Class::Shortly | Class::Media => matches!(sent, SendError::NotSent { tries: Some(_), .. }),
        Class::Window => matches!(sent, SendError::Refused(FailureReason::WindowClosed)),
        Class::Person => matches!(sent, SendError::Refused(FailureReason::VisitorUnreachable)),
        Class::NotAllowed | Class::TestList => {
            matches!(sent, SendError::Refused(FailureReason::NotAllowed { text }) if !text.is_empty())
        }
        Class::Refused => {
            matches!(sent, SendError::Refused(FailureReason::Refused { text }) if !text.is_empty())
        }
    };
    assert!(is_right, "{name}: {class:?} {sent:?}");
}

#[test]
fn codes_without_a_sample_have_their_class_too() {
    for (code, class) in [
        (0, Class::Token),
        (3, Class::Token),
        (10, Class::Token),
        (200, Class::Token),
        (299, Class::Token),
        (1, Class::Shortly),
        (2, Class::Shortly),
        (131_000, Class::Shortly),
        (4, Class::TooFast),
        (80_007, Class::TooFast),
        (613, Class::TooFast),
        (131_048, Class::NotAllowed),
        (131_049, Class::NotAllowed),
        (131_050, Class::NotAllowed),
        (130_472, Class::NotAllowed),
        (131_026, Class::Person),
        (131_031, Class::Policy),
        (368, Class::Policy),
        (130_497, Class::Policy),
        (131_042, Class::Account),
        (133_010, Class::Account),
        (131_057, Class::Later),
        (131_053, Class::Media),
        (131_062, Class::Refused),
        (999_999, Class::Refused),
    ] {
        let body = json!({ "error": { "code": code, "message": "words" } });
        let refused = Refused::of(GraphError::of(&body).unwrap(), None);
        assert_eq!(refused.class(), class, "{code}");
        check_class(&code.to_string(), class, &refused.for_send());
    }
}

#[test]
fn a_fault_says_what_to_do_and_what_meta_said() {
    for (code, words) in [
        (190, "system user"),
        (10, "whatsapp_business_messaging"),
        (131_042, "billing"),
        (131_031, "Business Support Home"),
        (100, "phone_number_id"),
    ] {
        let body = json!({ "error": { "code": code, "message": "#1", "error_data": { "details": "as Meta says" } } });
        let fault = Refused::of(GraphError::of(&body).unwrap(), None).for_link();
        assert!(fault.reason.contains(words), "{code}: {fault}");
        assert!(fault.reason.contains("as Meta says") && !fault.is_passing);
    }
}

#[test]
fn the_published_signature_holds_for_the_raw_bytes_only() {
    let body = br#"{"object":"whatsapp_business_account","entry":[{"id":"0","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","messages":[{"from":"15550000001","id":"wamid.S","timestamp":"1750000000","type":"text","text":{"body":"\u041f\u0440\u0438\u0432\u0435\u0442 \ud83d\udc4b"}}]}}]}]}"#;
    assert_eq!(body.len(), 291);
    let right = "sha256=a6aafade74f0708ab0d2a1358845d4534b9fdc784fdefba0ac38c1751de78354";
    let receive = |signature: Option<&str>, body: &[u8]| {
        let mut headers = HeaderMap::new();
        if let Some(signature) = signature {
            headers.append("x-hub-signature-256", signature.parse().unwrap());
        }
        channel().receive(&Webhook {
            query: "",
            headers: &headers,
            body: &Bytes::copy_from_slice(body),
            received_at: RECEIVED_AT,
        })
    };
    assert!(receive(Some(right), body).is_ok());
    assert_eq!(receive(Some(right), b"{}"), Err(Rejected::Wrong));
    assert_eq!(receive(None, body), Err(Rejected::Missing));
    let again = serde_json::from_slice::<Value>(body).unwrap().to_string();
    let wrong = receive(Some(right), again.as_bytes());
    assert_eq!(wrong, Err(Rejected::Wrong), "never of JSON written anew");
}

#[test]
fn the_address_is_confirmed_with_the_bare_challenge() {
    let ask = |token: &str| {
        let query = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
        channel().handshake(&query)
    };
    let body = "1158201444".to_owned();
    assert_eq!(ask("sesame"), Ok(Answer { body }));
    assert_eq!(ask("another"), Err(Rejected::WrongToken));
}

#[test]
fn a_reply_is_the_sample_with_our_label() {
    let mut sample = SAMPLES.json("request_send_text_reply.json");
    sample["biz_opaque_callback_data"] = "dw:7".into();
    assert_eq!(send::body(&reply(PHONE)), sample);
}

#[test]
fn a_sign_is_the_sample_and_reading_alone_shows_no_writing() {
    let mut sample = SAMPLES.json("request_mark_read_typing.json");
    let last = "wamid.HBgLSAMPLE==".into();
    assert_eq!(send::sign(&last, Signal::TypingOn).as_ref(), Some(&sample));
    sample.as_object_mut().unwrap().remove("typing_indicator");
    assert_eq!(send::sign(&last, Signal::Seen), Some(sample));
    assert_eq!(send::sign(&last, Signal::TypingOff), None);
}

#[test]
fn a_file_is_the_sample_and_a_sound_that_is_not_played_goes_to_be_saved() {
    let mut sample = SAMPLES.json("request_send_document.json");
    sample["document"]
        .as_object_mut()
        .unwrap()
        .remove("caption");
    sample["biz_opaque_callback_data"] = "dw:7".into();
    let uploaded = SAMPLES.json("response_media_upload.json");
    let id = files::id_of(&uploaded).unwrap();
    let file = Outbound {
        quotes: None,
        ..reply(PHONE)
    };
    assert_eq!(files::body(&file, "document", &id, "schet.pdf"), sample);
    let photo = files::body(&file, "image", &id, "photo.jpg");
    assert_eq!(photo["image"], json!({ "id": id }));
    for (kind, mime, sent) in [
        (AttachmentKind::Photo, "image/jpeg", "image"),
        (AttachmentKind::Audio, "audio/ogg", "audio"),
        (AttachmentKind::Audio, "audio/wav", "document"),
        (AttachmentKind::Video, "video/mp4", "video"),
        (AttachmentKind::Video, "video/quicktime", "document"),
        (AttachmentKind::Document, "application/pdf", "document"),
    ] {
        assert_eq!(files::kind(&kind, mime), sent, "{mime}");
    }
}

#[test]
fn a_file_is_where_the_answer_says() {
    let answer = SAMPLES.json("response_media_url.json");
    let address = files::address_of(&answer).unwrap();
    assert_eq!(address, answer["url"].as_str().unwrap());
    assert_eq!(files::address_of(&json!({ "url": "file:///etc" })), None);
}

#[test]
fn somebody_without_a_number_is_written_to_by_their_id() {
    let body = send::body(&reply(ID));
    assert_eq!(body["recipient"], ID);
    assert_eq!(body.get("to"), None);
}

#[test]
fn a_yes_is_one_only_with_the_id_of_the_message() {
    for sample in ["response_send.json", "response_send_to_bsuid.json"] {
        let answer = SAMPLES.json(sample);
        let receipt = send::receipt_of(&answer).unwrap();
        let id = answer["messages"][0]["id"].as_str().unwrap();
        assert_eq!(receipt.platform_id.unwrap().as_str(), id);
    }
    for answer in [
        json!({}),
        json!({ "messages": [] }),
        json!({ "success": true }),
    ] {
        assert!(matches!(
            send::receipt_of(&answer),
            Err(SendError::Unclear { .. })
        ));
    }
}

#[test]
fn a_status_with_our_label_is_proof_unless_the_reply_failed() {
    let kinds = |status: &str, label: &str| -> Vec<&'static str> {
        let status =
            json!({ "id": "wamid.1", "status": status, "biz_opaque_callback_data": label });
        let told = statuses::translate(&status).unwrap();
        let kind = |what: &Happening| match what {
            Happening::Taken { delivery, .. } if delivery.0 == 7 => "taken",
            Happening::Delivered(_) => "delivered",
            Happening::Read(_) => "read",
            Happening::Failed { .. } => "failed",
            Happening::Remark { .. } => "remark",
            other => panic!("{other:?}"),
        };
        told.iter().map(|(_, what)| kind(what)).collect()
    };
    assert_eq!(kinds("sent", "dw:7"), ["taken"]);
    assert_eq!(kinds("sent", "theirs"), Vec::<&str>::new());
    assert_eq!(kinds("delivered", "dw:7"), ["taken", "delivered"]);
    assert_eq!(kinds("read", "dw:x"), ["read"]);
    assert_eq!(kinds("played", "dw:7"), ["taken", "read"]);
    assert_eq!(kinds("failed", "dw:7"), ["failed"]);
    assert_eq!(kinds("warning", "dw:7"), ["taken", "remark"]);
    assert_eq!(kinds("hologram", ""), ["remark"]);
}

#[test]
fn one_person_has_one_name_whichever_of_the_two_an_event_tells() {
    let contact = json!([{ "wa_id": PHONE, "user_id": ID }]);
    let message = json!({ "id": "wamid.1", "type": "text", "text": { "body": "hi" } });
    let with = |names: Value, contacts: &Value| {
        let mut message = message.clone();
        for (name, value) in names.as_object().unwrap() {
            message[name] = value.clone();
        }
        let received = told(&json!({ "messages": [message], "contacts": contacts }));
        let visitors = received
            .inbound
            .iter()
            .map(|inbound| inbound.visitor.0.clone());
        let visitors: Vec<_> = visitors.collect();
        let is_linked = received
            .inbound
            .iter()
            .any(|inbound| inbound.what == Happening::AlsoCalled(PHONE.into()));
        (visitors, is_linked)
    };
    let none = json!([]);
    let both = vec![ID.to_owned(), ID.to_owned()];
    for (names, contacts, expected) in [
        (
            json!({ "from": PHONE, "from_user_id": ID }),
            &none,
            (both.clone(), true),
        ),
        (json!({ "from": PHONE }), &contact, (both.clone(), true)),
        (json!({ "from_user_id": ID }), &contact, (both, true)),
        (
            json!({ "from_user_id": ID }),
            &none,
            (vec![ID.to_owned()], false),
        ),
        (
            json!({ "from": PHONE }),
            &none,
            (vec![PHONE.to_owned()], false),
        ),
        (json!({}), &contact, (vec![], false)),
    ] {
        assert_eq!(
            with(names.clone(), contacts),
            expected,
            "{names} {contacts}"
        );
    }
}

#[test]
fn a_message_in_a_group_is_not_taken_for_the_persons_own() {
    let message = json!({ "id": "wamid.1", "from": PHONE, "group_id": "g", "type": "text", "text": { "body": "hi" } });
    let received = told(&json!({ "messages": [message] }));
    assert_eq!(received.inbound, vec![]);
    assert_eq!(received.ignored, ["a message in a group"]);
}

#[test]
fn a_form_and_an_order_are_shown() {
    let message = |kind: &str, body: Value| {
        let mut message = json!({ "id": "wamid.1", "from": PHONE, "type": kind });
        message[kind] = body;
        let received = told(&json!({ "messages": [message] }));
        match received.inbound.into_iter().next().unwrap().what {
            Happening::Message {
                text, attachments, ..
            } => (text, attachments),
            other => panic!("{other:?}"),
        }
    };
    let form = json!({ "type": "nfm_reply", "nfm_reply": { "body": "Sent", "response_json": "{\"day\":\"1\"}" } });
    assert_eq!(message("interactive", form).0, "Sent\n{\"day\":\"1\"}");
    let button = json!({ "type": "button_reply", "button_reply": { "id": "1", "title": "Да" } });
    assert_eq!(message("interactive", button), ("Да".to_owned(), vec![]));
    let items = json!([{ "product_retailer_id": "sku-1", "quantity": 2 }]);
    let order = json!({ "catalog_id": "c", "product_items": items });
    let (_, attachments) = message("order", order);
    assert_eq!(attachments[0].title.as_deref(), Some("2 × sku-1"));
}

#[test]
fn only_the_number_that_was_asked_for_is_the_channels() {
    let answer = json!({ "id": "106540352242922", "display_phone_number": "+1 555-078-3881" });
    assert!(link::is_number(&answer, "106540352242922"));
    assert!(!link::is_number(&answer, "1"));
    assert!(!link::is_number(
        &json!({ "id": "106540352242922" }),
        "106540352242922"
    ));
}
