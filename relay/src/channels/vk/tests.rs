//! Every fixture has a stated outcome. Bodies: `snapshots/`, one line an event. Errors: the table below.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use shared::model::{ContactAsk, DeliveryId, FailureReason, PlatformId, Timestamp};

use super::errors::{ApiError, Class};
use super::poll::{self, Said};
use super::{Receive, Vk, VkSettings, files, history, link, message, receive, send, setup};
use crate::channels::calls::Refusal as _;
use crate::channels::testing::Samples;
use crate::channels::{
    Channel as _, Happening, Outbound, Polled, Received, Rejected, SendError, Webhook,
};

pub(super) const SAMPLES: Samples = Samples("vk");
const RECEIVED_AT: Timestamp = Timestamp(1_790_000_500_000);
const SECRET: &str = "sampleSecret0123456789";
const ANNA: &str = "700000001";

fn account() -> PlatformId {
    "190000001".into()
}

fn translate(body: &[u8]) -> Received {
    let value = serde_json::from_slice(body).unwrap();
    receive::translate(&value, &account(), RECEIVED_AT)
}

fn channel(confirmation: Option<&str>) -> Vk {
    let settings = VkSettings {
        group_id: "190000001".to_owned(),
        access_token: "vk1.a.sample".into(),
        receive: Receive::Callback {
            secret: SECRET.into(),
            confirmation: confirmation.map(str::to_owned),
            address: None,
        },
        api_url: "http://127.0.0.1:9".to_owned(),
    };
    Vk::new(settings, reqwest::Client::new())
}

fn take(channel: &Vk, name: &str) -> Result<Received, Rejected> {
    channel.receive(&Webhook {
        query: "",
        headers: &HeaderMap::new(),
        body: &Bytes::from(SAMPLES.bytes(name)),
        received_at: RECEIVED_AT,
    })
}

fn reply(text: &str) -> Outbound {
    Outbound {
        delivery: DeliveryId(7),
        visitor: ANNA.into(),
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
fn a_question_is_answered_with_the_code_alone_and_everything_else_with_ok() {
    let channel_of_vk = channel(Some("0a1b2c3d"));
    for name in ["confirmation_01.json", "confirmation_02_minimal.json"] {
        let received = take(&channel_of_vk, name).unwrap();
        assert_eq!(received.answer.body, "0a1b2c3d", "{name}");
        assert_eq!(
            take(&channel(None), name),
            Err(Rejected::WrongToken),
            "{name}"
        );
    }
    let received = take(&channel_of_vk, "event_03_message_new_text_emoji.json").unwrap();
    assert_eq!(
        (received.answer.body.as_str(), received.inbound.len()),
        ("ok", 1)
    );
    assert_eq!(
        take(&channel_of_vk, "secret_22_wrong.json"),
        Err(Rejected::Wrong)
    );
    assert_eq!(
        take(&channel_of_vk, "secret_23_missing.json"),
        Err(Rejected::Missing)
    );
    // Another community's, or with a wrong secret.
    let ask = |body: Value| {
        channel_of_vk.receive(&Webhook {
            query: "",
            headers: &HeaderMap::new(),
            body: &Bytes::from(body.to_string()),
            received_at: RECEIVED_AT,
        })
    };
    let foreign = json!({ "type": "confirmation", "group_id": 190_009_999 });
    assert_eq!(ask(foreign), Err(Rejected::WrongToken));
    let forged = json!({ "type": "confirmation", "group_id": 190_000_001, "secret": "no" });
    assert_eq!(ask(forged), Err(Rejected::Wrong));
}

#[test]
fn an_exact_repeat_has_the_same_key_and_another_communitys_event_its_account() {
    let first = translate(&SAMPLES.bytes("event_03_message_new_text_emoji.json"));
    let repeat = translate(&SAMPLES.bytes("event_41_message_new_duplicate_of_03.json"));
    assert_eq!(first.inbound[0].key, repeat.inbound[0].key);
    let foreign = translate(&SAMPLES.bytes("event_42_message_new_unknown_group.json"));
    assert_eq!(foreign.inbound[0].account.as_str(), "190009999");
}

#[test]
fn every_error_has_its_class() {
    let expected = [
        ("error_005.json", Class::Token),
        ("error_006.json", Class::TooFast(Duration::from_secs(1))),
        ("error_009.json", Class::TooFast(Duration::from_secs(45))),
        ("error_010.json", Class::Later),
        (
            "error_014.json",
            Class::Restricted(Duration::from_secs(600)),
        ),
        ("error_015.json", Class::Token),
        ("error_027.json", Class::Token),
        (
            "error_029.json",
            Class::Restricted(Duration::from_secs(3600)),
        ),
        ("error_100.json", Class::Refused),
        ("error_113.json", Class::Refused),
        ("error_900.json", Class::Person),
        ("error_901.json", Class::Person),
        ("error_902.json", Class::Person),
        ("error_911.json", Class::Refused),
        ("error_912.json", Class::Refused),
        ("error_914.json", Class::Refused),
        ("error_917.json", Class::Refused),
        ("error_945.json", Class::Refused),
    ];
    assert_eq!(SAMPLES.names("error_"), expected.map(|(name, _)| name));
    for (name, class) in expected {
        let error = ApiError::of(&SAMPLES.json(name)).unwrap();
        assert_eq!(error.class(), class, "{name}");
        assert!(
            !error.words.is_empty() && !error.words.contains(ANNA),
            "{name}: {error:?}"
        );
        let sent = error.for_send();
        let is_so = match class {
            Class::TooFast(_) => matches!(sent, SendError::TooFast { .. }),
            Class::Restricted(_) => matches!(sent, SendError::Restricted { .. }),
            Class::Later => matches!(sent, SendError::NotSent { .. }),
            Class::Token => matches!(sent, SendError::Unauthorized(_)),
            Class::Person => {
                matches!(sent, SendError::Refused(FailureReason::VisitorUnreachable))
            }
            Class::Refused => matches!(sent, SendError::Refused(FailureReason::Refused { .. })),
        };
        assert!(is_so, "{name}: {sent:?}");
    }
}

#[test]
fn a_reply_has_the_same_number_each_time_and_quotes_by_the_dialogs_count() {
    let mut quoting = reply("Да, есть.");
    quoting.quotes = Some(message::name(700_000_001, 12));
    let form = send::form(&quoting, None);
    let number = send::number_of(DeliveryId(7)).to_string();
    let forward = r#"{"conversation_message_ids":[12],"is_reply":true,"peer_id":700000001}"#;
    let expected = [
        ("peer_ids", ANNA),
        ("random_id", number.as_str()),
        ("message", "Да, есть."),
        ("forward", forward),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name, value.to_owned())));
    assert_ne!(
        send::number_of(DeliveryId(7)),
        send::number_of(DeliveryId(8))
    );
    let attached = send::form(&reply(""), Some("photo1_2"));
    assert!(attached.contains(&("attachment", "photo1_2".to_owned())));
    assert!(attached.iter().all(|(name, _)| *name != "message"));
}

#[test]
fn a_yes_may_be_a_list_with_a_no_in_it_or_a_bare_number() {
    let answer = SAMPLES.json("api_messages_send_peer_ids.json");
    let receipt = send::receipt_of(&answer["response"], &ANNA.into()).unwrap();
    assert_eq!(receipt.platform_id, Some("700000001:30".into()));
    let refused = send::receipt_of(&answer["response"], &"700000002".into());
    assert!(matches!(
        refused,
        Err(SendError::Refused(FailureReason::VisitorUnreachable))
    ));
    let bare = SAMPLES.json("api_messages_send_peer_id.json");
    let receipt = send::receipt_of(&bare["response"], &ANNA.into()).unwrap();
    assert_eq!(receipt.platform_id, None);
    for strange in [json!([]), json!(null), json!({})] {
        let receipt = send::receipt_of(&strange, &ANNA.into());
        assert!(
            matches!(receipt, Err(SendError::Unclear { .. })),
            "{strange}"
        );
    }
}

#[test]
fn the_long_poll_moves_on_and_says_what_was_lost() {
    let read = |name: &str| poll::read(&SAMPLES.json(name), &account(), RECEIVED_AT);
    let Said::Updates(polled) = read("longpoll_updates.json") else {
        panic!("updates");
    };
    assert_eq!(
        (polled.updates.len(), polled.bookmark.as_deref()),
        (2, Some("5023"))
    );
    let (_, received) = &polled.updates[0];
    assert!(matches!(
        received.inbound[0].what,
        Happening::Message { .. }
    ));
    let nothing = |bookmark: &str, has_gap| {
        Said::Updates(Polled {
            updates: vec![],
            bookmark: Some(bookmark.to_owned()),
            has_gap,
        })
    };
    assert_eq!(read("longpoll_empty.json"), nothing("5023", false));
    assert_eq!(read("longpoll_failed_1.json"), nothing("5100", true));
    assert_eq!(read("longpoll_failed_2.json"), Said::NewKey);
    assert_eq!(read("longpoll_failed_3.json"), Said::Lost);
    let server = SAMPLES.json("api_groups_get_long_poll_server.json");
    let (_, place) = poll::server_of(&server["response"]).unwrap();
    assert_eq!(place, "5021");
}

#[test]
fn a_history_is_told_as_the_callback_would_and_in_order() {
    let answer = SAMPLES.json("api_messages_get_history.json");
    let past = history::history_of(&answer["response"]);
    let last = past.messages.last().unwrap();
    assert_eq!(
        (last.platform_id.as_str(), last.is_ours),
        ("700000001:30", true)
    );
    assert!(!past.is_whole, "there are thirty");
    let inbound = history::inbound_since(&account(), &answer["response"], Timestamp(0));
    let times: Vec<_> = inbound.iter().map(|inbound| inbound.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    let echo = translate(&SAMPLES.bytes("event_24_message_reply_operator_in_vk_ui.json"));
    let again = inbound
        .iter()
        .find(|inbound| inbound.key == echo.inbound[0].key);
    assert_eq!(
        again.map(|inbound| &inbound.what),
        Some(&echo.inbound[0].what)
    );
    let conversations = SAMPLES.json("api_messages_get_conversations.json");
    let peers = conversations["response"]["items"].as_array().unwrap();
    let people = peers
        .iter()
        .filter_map(|item| message::person(item["conversation"]["peer"].get("id")));
    assert!(people.count() >= 1);
}

#[test]
fn people_and_communities_are_read() {
    let users = SAMPLES.json("api_users_get.json");
    let profile = history::profile_of(users["response"].get(0)).unwrap();
    assert_eq!(profile.name.as_deref(), Some("Пробный Клиент"));
    assert!(profile.photo_url.is_some());
    assert_eq!(
        history::profile_of(users["response"].get(2)),
        None,
        "deleted"
    );
    assert_eq!(history::profile_of(None), None);
    let group = SAMPLES.json("api_groups_get_by_id.json");
    assert_eq!(link::group_of(&group["response"]), Some(account()));
    assert_eq!(
        link::group_of(&group["response"]["groups"]),
        Some(account()),
        "of old"
    );
    let rights = SAMPLES.json("api_groups_get_token_permissions.json");
    assert_eq!(link::missing_rights(&rights["response"]), [""; 0]);
    assert_eq!(
        link::missing_rights(&json!({ "mask": 4096 })),
        ["photos", "docs", "manage"]
    );
}

#[test]
fn our_callback_server_is_found_by_its_address_and_what_it_lacks_is_seen() {
    let servers = SAMPLES.json("api_groups_get_callback_servers.json");
    let find = |url: &str, secret: &str| setup::find(&servers["response"], url, secret);
    let ours = find("https://relay.example.org/hook/vk/main", SECRET).unwrap();
    assert_eq!(
        (ours.id.as_str(), ours.is_well, ours.has_failed),
        ("3", true, false)
    );
    let other = find("https://relay.example.org/hook/vk/main", "another").unwrap();
    assert!(!other.is_well, "with another secret");
    let failed = find("https://old.example.org/vk", SECRET).unwrap();
    assert!(failed.has_failed);
    assert_eq!(find("https://new.example.org/", SECRET), None);
    let settings = SAMPLES.json("api_groups_get_callback_settings.json");
    let mut settings = settings["response"].clone();
    assert!(!setup::is_complete(&settings), "reactions are not told");
    for event in setup::EVENTS {
        settings["events"][event] = 1.into();
    }
    assert!(setup::is_complete(&settings));
    settings["api_version"] = "5.80".into();
    assert!(!setup::is_complete(&settings));
    let added = SAMPLES.json("api_groups_add_callback_server.json");
    assert_eq!(added["response"]["server_id"], 3);
    let code = SAMPLES.json("api_groups_get_callback_confirmation_code.json");
    assert_eq!(code["response"]["code"], "0a1b2c3d");
}

#[test]
fn what_was_uploaded_is_named_as_messages_name_it() {
    let saved = SAMPLES.json("api_photos_save_messages_photo.json");
    let photo = files::name_of("photo", saved["response"].get(0)).unwrap();
    assert_eq!(photo, "photo700000001_457250001_aa11bb22cc33dd44ee");
    let saved = SAMPLES.json("api_docs_save_doc.json");
    let document = files::document_of(&saved["response"]).unwrap();
    assert_eq!(document, "doc700000001_680000050_ab12ab12ab12");
    let voice = SAMPLES.json("api_docs_save_audio_message.json");
    assert!(
        files::document_of(&voice["response"])
            .unwrap()
            .starts_with("audio_message")
    );
    assert_ne!(SAMPLES.json("upload_photo_ok.json")["photo"], "[]");
    assert_eq!(SAMPLES.json("upload_photo_rejected.json")["photo"], "[]");
}
