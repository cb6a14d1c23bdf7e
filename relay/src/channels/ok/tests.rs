//! Every fixture has a stated outcome. Bodies: `snapshots/`, one line an event. Errors: the table below.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use shared::model::{AttachmentKind, ContactAsk, DeliveryId, FailureReason, PlatformId, Timestamp};

use super::api::address;
use super::errors::{ApiError, Class};
use super::{Odnoklassniki, OkSettings, chats, group_of, link, receive, secret, send, upload};
use crate::channels::calls::Refusal as _;
use crate::channels::testing::Samples;
use crate::channels::{Channel, Happening, Outbound, Received, Rejected, SendError, Webhook};

pub(super) const SAMPLES: Samples = Samples("ok");
const RECEIVED_AT: Timestamp = Timestamp(1_790_000_500_000);
const GROUP: &str = "group:70000000000001";
const CHAT: &str = "chat:C0a1b2c3d4e00";
const SECRET: &str = "made-up_by_the_admin_1";
const TOKEN: &str = "tkn1sample:CSAMPLE";

fn translate(body: &[u8]) -> Received {
    receive::translate(body, &GROUP.into(), RECEIVED_AT)
}

fn channel() -> Odnoklassniki {
    let settings = OkSettings {
        group_id: GROUP.to_owned(),
        access_token: TOKEN.into(),
        secret: SECRET.into(),
        address: Some("https://desk.acme.example/webhooks/acme-group".to_owned()),
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Odnoklassniki::new(settings, reqwest::Client::new())
}

fn reply(text: &str) -> Outbound {
    Outbound {
        delivery: DeliveryId(7),
        visitor: CHAT.into(),
        text: text.to_owned(),
        quotes: None,
        asks: ContactAsk::default(),
        human_agent: false,
    }
}

#[test]
fn every_body_has_its_stated_outcome() {
    let outcomes = SAMPLES.outcomes("0", translate);
    insta::assert_snapshot!("bodies", outcomes);
}

#[test]
fn a_repeat_is_the_same_event() {
    let first = translate(&SAMPLES.bytes("01_message_created_text_emoji.json"));
    let again = translate(&SAMPLES.bytes("09_message_created_duplicate_of_01.json"));
    assert_eq!(first, again);
}

#[test]
fn the_history_tells_the_same_events_under_the_same_keys_and_what_moderators_wrote() {
    let history = SAMPLES.json("api_messages_history.json");
    let told = chats::inbound_of(&history, &GROUP.into(), Timestamp(0));
    let called = translate(&SAMPLES.bytes("04_message_created_reply.json"));
    assert_eq!(told[0], called.inbound[0]);
    assert_eq!(told.len(), 2);
    assert!(matches!(
        &told[1].what,
        Happening::Echo { text, delivery: None, .. } if text == "Синий или зелёный?"
    ));
    assert_eq!(told[1].visitor.as_str(), CHAT);
    let lately = chats::inbound_of(&history, &GROUP.into(), Timestamp(1_790_000_000_000));
    assert_eq!(lately, told[..1]);
}

#[test]
fn a_history_is_read_from_its_end_and_is_whole_when_it_is_short() {
    let history = chats::history_of(&SAMPLES.json("api_messages_history.json"));
    let said: Vec<_> = history.messages.iter().map(|said| said.is_ours).collect();
    assert_eq!((said, history.is_whole), (vec![true, false], true));
    let ours = PlatformId("mid:C0a1b2c3d4e00.19a0b1c2d3e3fff".to_owned());
    let found = chats::newest_saying(&history, "Синий или зелёный? ");
    assert_eq!(found, Some(ours));
    assert_eq!(chats::newest_saying(&history, "Да, второй"), None);
}

#[test]
fn a_page_of_chats_names_chats_their_last_moment_and_the_next_page() {
    let page = SAMPLES.json("api_chats_page.json");
    let chat = &page["chats"][0];
    assert_eq!(chat["chat_id"], CHAT);
    assert!(chat["lastEventTime"].is_i64() && page["marker"].is_string());
    assert_eq!(
        chats::profile_of(chat),
        chats::profile_of(&SAMPLES.json("api_chat.json"))
    );
}

#[test]
fn a_chat_tells_who_the_visitor_is() {
    let profile = chats::profile_of(&SAMPLES.json("api_chat.json")).unwrap();
    assert_eq!(profile.name.as_deref(), Some("Пробный Клиент"));
    assert!(profile.photo_url.is_some());
    assert_eq!(chats::profile_of(&json!({})), None);
}

#[test]
fn numbers_beyond_what_a_float_holds_stay_what_they_are() {
    let body = json!({
        "webhookType": "MESSAGE_CREATED",
        "sender": { "user_id": 9_007_199_254_740_993_u64 },
        "recipient": { "chat_id": 113_245_678_901_234_567_u64 },
        "message": { "text": "x", "seq": u64::MAX, "mid": 113_245_678_901_234_569_u64 },
        "timestamp": 1_790_000_000_123_u64,
    });
    let received = translate(body.to_string().as_bytes());
    assert_eq!(received.inbound[0].visitor.as_str(), "113245678901234567");
    assert_eq!(received.inbound[0].key, "msg:113245678901234569");
}

#[test]
fn every_kind_of_attachment_is_a_line() {
    let received = translate(&SAMPLES.bytes("03_message_created_many_attachments.json"));
    let Happening::Message { attachments, .. } = &received.inbound[0].what else {
        panic!("{received:?}");
    };
    let other = |kind: &str| AttachmentKind::Other(kind.to_owned());
    let lines: Vec<_> = attachments
        .iter()
        .map(|line| (line.kind.clone(), line.url.is_some(), line.title.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            (AttachmentKind::Document, true, Some("счёт.pdf")),
            (AttachmentKind::Audio, true, None),
            (AttachmentKind::Video, true, None),
            (AttachmentKind::Link, true, None),
            (
                AttachmentKind::Contact,
                false,
                Some("Контакт Образцовый +70000000000")
            ),
            (AttachmentKind::Location, false, Some("59.93910, 30.31587")),
            (AttachmentKind::Sticker, true, None),
            (other("call"), false, Some("audio, missed")),
            (other("present"), false, None),
        ]
    );
}

#[test]
fn a_single_attachment_and_a_shared_number_are_read() {
    let body = |message: Value| {
        json!({ "recipient": { "chat_id": CHAT }, "timestamp": 1, "message": message }).to_string()
    };
    let card = json!({ "type": "CONTACT", "payload": { "name": "Olga", "phone": "70000000000" } });
    let keyboard = json!({ "type": "INLINE_KEYBOARD", "payload": { "keyboard": {} } });
    for (message, text, titles) in [
        (
            json!({ "mid": "m1", "attachment": card }),
            "+70000000000",
            vec!["Olga 70000000000"],
        ),
        (
            json!({ "mid": "m1", "attachments": card }),
            "+70000000000",
            vec!["Olga 70000000000"],
        ),
        (
            json!({ "mid": "m1", "text": "his", "attachments": [card] }),
            "his",
            vec!["Olga 70000000000"],
        ),
        (
            json!({ "mid": "m1", "text": "choose", "attachments": [keyboard] }),
            "choose",
            vec![],
        ),
    ] {
        let received = translate(body(message).as_bytes());
        let Happening::Message {
            text: read,
            attachments,
            ..
        } = &received.inbound[0].what
        else {
            panic!("{received:?}");
        };
        assert_eq!(read, text);
        let shown: Vec<_> = attachments
            .iter()
            .filter_map(|shown| shown.title.as_deref())
            .collect();
        assert_eq!(shown, titles);
    }
}

#[test]
fn what_has_neither_an_id_nor_a_time_is_kept_and_not_guessed() {
    for body in [
        json!({ "webhookType": "MESSAGE_CREATED", "recipient": { "chat_id": CHAT }, "message": { "text": "x" } }),
        json!({ "webhookType": "MESSAGE_CALLBACK", "recipient": { "chat_id": CHAT }, "timestamp": 1 }),
        json!({ "webhookType": "CHAT_SYSTEM", "type": "CHAT_STARTED", "recipient": { "chat_id": CHAT } }),
        json!({ "webhookType": "MESSAGE_EVAPORATED", "recipient": {}, "timestamp": 1 }),
    ] {
        let received = translate(body.to_string().as_bytes());
        assert_eq!(
            (received.inbound.len(), received.unread.len()),
            (0, 1),
            "{body}"
        );
    }
}

#[test]
fn every_error_has_its_class() {
    let expected = [
        ("error_002_service.json", Class::Later),
        ("error_008_flood.json", Class::TooFast),
        ("error_010_permission.json", Class::Rights),
        ("error_011_limit.json", Class::Limit),
        ("error_100_param.json", Class::Refused),
        ("error_102_session_expired.json", Class::Token),
        ("error_103_session_key.json", Class::Token),
        ("error_458_privacy.json", Class::Person),
    ];
    assert_eq!(SAMPLES.names("error_"), expected.map(|(name, _)| name));
    for (name, class) in expected {
        let error = ApiError::of(&SAMPLES.json(name)).unwrap();
        assert_eq!(error.class, class, "{name}");
        assert!(is_told(class, &error.for_send()), "{name}");
    }
    assert_eq!(ApiError::of(&SAMPLES.json("api_send_ok.json")), None);
}

#[test]
fn every_number_of_the_documentation_has_its_class() {
    for (codes, class) in [
        (&[7, 8][..], Class::TooFast),
        (&[1, 30, 31, 9999], Class::Doubtful),
        (&[11, 26], Class::Limit),
        (&[9, 511, 514], Class::Blocked),
        (&[101, 102, 103, 104], Class::Token),
        (&[10, 24, 50, 200], Class::Rights),
        (&[455, 456, 457, 458], Class::Person),
        (&[454], Class::Words),
        (&[3, 4, 100, 106, 110, 140, 160, 300], Class::Refused),
        (&[-1, 0, 12_345], Class::Unknown),
    ] {
        for code in codes {
            let error = ApiError::of(&json!({ "error_code": code, "error_msg": "X : x" })).unwrap();
            assert_eq!(error.class, class, "{code}");
            assert!(is_told(class, &error.for_send()), "{code}");
        }
    }
    let class = |status| ApiError::of_status(status).map(|error| error.class);
    assert_eq!(class(401), Some(Class::Token));
    assert_eq!(class(403), Some(Class::Token));
    assert_eq!(class(429), Some(Class::TooFast));
    assert_eq!((class(200), class(502)), (None, None));
}

/// Whether the outbox learns what the class means.
fn is_told(class: Class, sent: &SendError) -> bool {
    match class {
        Class::TooFast => matches!(sent, SendError::TooFast { wait: Some(_) }),
        Class::Later => matches!(sent, SendError::NotSent { tries: None, .. }),
        Class::Unknown => matches!(sent, SendError::NotSent { tries: Some(_), .. }),
        Class::Doubtful => matches!(sent, SendError::Unclear { .. }),
        Class::Limit | Class::Blocked => matches!(sent, SendError::Restricted { .. }),
        Class::Token => matches!(sent, SendError::Unauthorized(fault) if !fault.is_passing),
        Class::Rights => {
            matches!(sent, SendError::Refused(FailureReason::NotAllowed { .. }))
        }
        Class::Person => {
            matches!(sent, SendError::Refused(FailureReason::VisitorUnreachable))
        }
        Class::Words | Class::Refused => {
            matches!(sent, SendError::Refused(FailureReason::Refused { .. }))
        }
    }
}

#[test]
fn a_body_is_taken_with_the_one_right_secret_in_the_address() {
    let channel = channel();
    let body = Bytes::from(SAMPLES.bytes("01_message_created_text_emoji.json"));
    let receive = |query: &str| {
        let webhook = Webhook {
            query,
            headers: &HeaderMap::new(),
            body: &body,
            received_at: RECEIVED_AT,
        };
        channel
            .receive(&webhook)
            .map(|received| received.answer.body)
    };
    let right = format!("secret={SECRET}");
    assert_eq!(receive(&right).as_deref(), Ok("ok"));
    assert_eq!(receive(&format!("a=b&{right}&c")).as_deref(), Ok("ok"));
    assert_eq!(receive(""), Err(Rejected::Missing));
    assert_eq!(receive(SECRET), Err(Rejected::Missing));
    assert_eq!(receive(&format!("Secret={SECRET}")), Err(Rejected::Missing));
    assert_eq!(
        receive(&format!("{right}&{right}")),
        Err(Rejected::Malformed)
    );
    assert_eq!(receive("secret="), Err(Rejected::Wrong));
    assert_eq!(receive(&format!("{right}0")), Err(Rejected::Wrong));
    assert_eq!(secret::check("secret=", ""), Err(Rejected::Malformed));
}

#[test]
fn a_reply_is_a_text_to_the_chat_that_may_quote_and_ask_for_a_number() {
    let mut reply = reply("Здравствуйте!");
    assert_eq!(
        send::body(&reply),
        json!({ "recipient": { "chat_id": CHAT }, "message": { "text": "Здравствуйте!" } })
    );
    reply.quotes = Some("mid:C0a1b2c3d4e00.19a0b1c2d3e4001".into());
    reply.asks.phone = true;
    let body = send::body(&reply);
    assert_eq!(
        body["message"]["reply_to"],
        "mid:C0a1b2c3d4e00.19a0b1c2d3e4001"
    );
    let keyboard = &body["message"]["attachments"][0];
    assert_eq!(keyboard["type"], "INLINE_KEYBOARD");
    let button = &keyboard["payload"]["keyboard"]["buttons"][0][0];
    assert_eq!(button["type"], "REQUEST_CONTACT");
}

#[test]
fn a_file_is_named_by_the_token_of_its_place_and_a_picture_by_that_of_its_upload() {
    let (file, image) = (
        SAMPLES.json("api_file_upload_url_file.json"),
        SAMPLES.json("api_file_upload_url_image.json"),
    );
    let uploaded = SAMPLES.json("upload_image_ok.json");
    let token = |place: &Value, uploaded: &Value| upload::token_of(place, uploaded);
    assert_eq!(
        token(&file, &Value::Null).as_deref(),
        Some("EXAMPLE_FILE_TOKEN")
    );
    assert_eq!(
        token(&image, &uploaded).as_deref(),
        Some("EXAMPLE_IMG_TOKEN_UPLOADED")
    );
    assert_eq!(token(&image, &json!({ "photos": {} })), None);
    assert!(crate::channels::wire::address(file.get("url")).is_some());
    assert_eq!(
        upload::body(&reply(""), "FILE", "t"),
        json!({
            "recipient": { "chat_id": CHAT },
            "message": { "attachments": [{ "type": "FILE", "payload": { "token": "t" } }] },
        })
    );
}

#[test]
fn a_yes_is_read_with_either_name_of_the_message_or_with_none() {
    let name = |answer: &Value| send::receipt_of(answer).map(|receipt| receipt.platform_id);
    let sample = name(&SAMPLES.json("api_send_ok.json")).unwrap();
    assert_eq!(
        sample.unwrap().as_str(),
        "mid:C0a1b2c3d4e00.19a0b1c2d3e4100"
    );
    assert_eq!(
        name(&json!({ "mid": "mid:1" })).unwrap(),
        Some("mid:1".into())
    );
    for yes in [
        json!({}),
        json!({ "success": true }),
        json!({ "success": [true] }),
    ] {
        assert_eq!(name(&yes).unwrap(), None, "{yes}");
    }
    assert!(matches!(
        name(&json!({ "success": false })),
        Err(SendError::NotSent { tries: Some(_), .. })
    ));
    // Replies go to one chat each: an answer for several is none that can be understood.
    assert!(matches!(
        name(&SAMPLES.json("api_send_user_ids.json")),
        Err(SendError::Unclear { .. })
    ));
}

#[test]
fn the_key_must_be_the_groups_own() {
    let info = SAMPLES.json("api_info.json");
    assert_eq!(link::check_owner(&info, GROUP), Ok(()));
    let fault = link::check_owner(&info, "group:1").unwrap_err();
    assert!(!fault.is_passing && fault.reason.contains(GROUP), "{fault}");
    assert!(link::check_owner(&json!({}), GROUP).unwrap_err().is_passing);
}

#[test]
fn addresses_with_an_old_secret_are_found_and_others_left_alone() {
    let told = link::addresses(&SAMPLES.json("api_subscriptions.json"));
    assert_eq!(
        told,
        ["https://relay.example.org/hook/ok/EXAMPLE-RANDOM-PATH"]
    );
    let here = "https://desk.acme.example/webhooks/acme-group";
    let ours = secret::address(here, SECRET);
    let old = secret::address(here, "the-secret-of-last-year");
    let called = [told[0].clone(), ours.clone(), old.clone(), here.to_owned()];
    assert_eq!(link::stale(&called, here, &ours), [old.as_str(), here]);
}

#[test]
fn an_id_from_outside_is_never_more_than_one_part_of_an_address() {
    let of = |id: &str| {
        let address = address("https://api.ok.ru/graph/", &["me", "messages", id]);
        address.unwrap().to_string()
    };
    assert_eq!(
        of(CHAT),
        format!("https://api.ok.ru/graph/me/messages/{CHAT}")
    );
    assert_eq!(
        of("../x?access_token=y#z"),
        "https://api.ok.ru/graph/me/messages/..%2Fx%3Faccess_token=y%23z"
    );
    assert_eq!(of(".."), "https://api.ok.ru/graph/me/messages");
}

#[test]
fn a_group_is_named_with_or_without_its_prefix() {
    for (text, group) in [
        (GROUP, Some(GROUP)),
        ("70000000000001", Some(GROUP)),
        ("group:", None),
        ("user:1", None),
        ("acme", None),
    ] {
        assert_eq!(group_of(text).as_deref(), group, "{text}");
    }
}

#[test]
fn no_secret_is_shown() {
    let channel = channel();
    let shown = format!("{:?}", channel.settings);
    assert!(
        !shown.contains(SECRET) && !shown.contains("CSAMPLE"),
        "{shown}"
    );
}
