//! Every sample of a call is either held against the code, or named here with the reason why it is not.

use shared::model::PlatformId;

use super::tests::{SAMPLES, json_fixture};
use super::{conversations, link, profile, send};
use crate::channels::meta::error::GraphError;
use crate::channels::{SendError, Signal};

/// Held against the code, here or in `tests.rs`.
const USED: [&str; 21] = [
    "request_send_contact_request",
    "request_send_human_agent",
    "request_send_reply_to",
    "request_send_text",
    "request_sender_action_mark_seen",
    "request_sender_action_typing",
    "request_take_thread_control",
    "response_conversation_messages",
    "response_conversations_messenger",
    "response_debug_token",
    "response_message_detail_attachments",
    "response_profile_empty",
    "response_profile_messenger",
    "response_send_ok",
    "response_send_ok_no_recipient",
    "response_sender_action_ok",
    "response_subscribed_apps",
    "response_success_string",
    "response_success_true",
    "signature_vectors",
    "webhook_verification_get",
];

/// Not held against the code, and why.
const LATER: [(&str, &str); 22] = [
    ("request_extend_thread_control", NO_HANDOVER),
    ("request_moderate_block", "blocks are ours alone (BL-08)"),
    ("request_pass_thread_control", NO_HANDOVER),
    ("request_private_reply", "comments are no chats"),
    ("request_send_attachment_id", NO_FILES),
    ("request_send_image_url", NO_FILES),
    ("request_send_multi_image", NO_FILES),
    ("request_send_sticker", NO_FILES),
    ("request_send_with_release", NO_HANDOVER),
    ("request_sender_action_react", "operators do not react"),
    ("request_sender_action_unreact", "operators do not react"),
    ("request_upload_attachment_url", NO_FILES),
    ("request_upload_multipart_description", NO_FILES),
    ("response_long_lived_user_token", NO_LOGIN),
    ("response_me_accounts", NO_LOGIN),
    ("response_messaging_feature_status", SEND_TELLS),
    (
        "response_moderate_string_false",
        "blocks are ours alone (BL-08)",
    ),
    ("response_send_attachment_ok", NO_FILES),
    ("response_thread_owner", SEND_TELLS),
    ("response_thread_owner_hidden", SEND_TELLS),
    ("response_thread_owner_idle", SEND_TELLS),
    ("response_upload_ok", NO_FILES),
];
const NO_FILES: &str = "replies with files come with the file store";
const NO_HANDOVER: &str = "giving the thread away comes with the bots";
const NO_LOGIN: &str = "the Page's token is in the config: nobody logs in at Meta through us";
const SEND_TELLS: &str = "who may answer is told by webhooks and by sends";

#[test]
fn every_sample_of_a_call_is_used_or_named_with_a_reason() {
    let prefixes = ["request_", "response_", "signature_", "webhook_"];
    SAMPLES.assert_each_is_named(&prefixes, &USED, &LATER);
}

fn visitor() -> PlatformId {
    "7412589630147852".into()
}

#[test]
fn signs_and_the_question_for_the_thread_are_the_samples() {
    for (signal, sample) in [
        (Signal::Seen, "request_sender_action_mark_seen.json"),
        (Signal::TypingOn, "request_sender_action_typing.json"),
    ] {
        assert_eq!(
            send::signal_body(&visitor(), signal),
            json_fixture(sample),
            "{sample}"
        );
    }
    let mut sample = json_fixture("request_take_thread_control.json");
    let body = send::thread_body(&visitor());
    assert!(body["metadata"].as_str().unwrap().len() < 1000);
    sample["metadata"] = body["metadata"].clone();
    assert_eq!(body, sample);
}

#[test]
fn a_yes_is_one_only_with_the_id_of_the_message() {
    for sample in [
        "response_send_ok.json",
        "response_send_ok_no_recipient.json",
    ] {
        let answer = json_fixture(sample);
        let receipt = send::receipt_of(&answer).unwrap();
        assert_eq!(
            receipt.platform_id.unwrap().as_str(),
            answer["message_id"].as_str().unwrap()
        );
    }
    let sign = json_fixture("response_sender_action_ok.json");
    assert_eq!(GraphError::of(&sign), None, "for a sign it is a yes");
    assert!(matches!(
        send::receipt_of(&sign),
        Err(SendError::Unclear { .. })
    ));
    assert!(send::is_success(&json_fixture(
        "response_success_true.json"
    )));
    assert!(send::is_success(&json_fixture(
        "response_success_string.json"
    )));
    assert!(!send::is_success(&sign));
}

#[test]
fn a_subscription_tells_what_is_missing() {
    let answer = json_fixture("response_subscribed_apps.json");
    let missing = link::missing(&answer);
    assert_eq!(missing.len(), 10);
    for there in ["messages", "message_echoes", "messaging_postbacks"] {
        assert!(!missing.contains(&there));
    }
    assert!(missing.contains(&"message_edits"));
}

#[test]
fn a_profile_is_read_and_an_empty_one_is_none() {
    let profile = profile::profile_of(&json_fixture("response_profile_messenger.json")).unwrap();
    assert_eq!(profile.name.as_deref(), Some("Sample Customer"));
    assert_eq!(profile.first_name.as_deref(), Some("Sample"));
    assert!(profile.photo_url.unwrap().starts_with("https://platform-"));
    let empty = json_fixture("response_profile_empty.json");
    assert_eq!(profile::profile_of(&empty), None);
}

#[test]
fn messages_without_details_make_no_history_and_prove_nothing() {
    let conversation = json_fixture("response_conversation_messages.json");
    let history = conversations::history_of("104820093344556", &conversation);
    assert_eq!(history.messages, vec![]);
    assert!(!history.is_whole);
}

#[test]
fn a_history_keeps_the_platforms_order_within_a_second() {
    let message = |id: &str| {
        serde_json::json!({
            "id": id, "created_time": "2026-11-20T15:55:48+0000", "message": id,
            "from": { "id": "104820093344556" },
        })
    };
    let newest_first = [message("three"), message("two"), message("one")];
    let conversation = serde_json::json!({ "messages": { "data": newest_first } });
    let history = conversations::history_of("104820093344556", &conversation);
    let texts: Vec<_> = history.messages.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert!(history.is_whole);
}
