//! Every sample of a call is either held against the code, or named here with the reason why it is not.

use super::link;
use super::message;
use super::tests::SAMPLES;

/// Held against the code, here or in `tests.rs`.
const USED: [&str; 9] = [
    "request_sendMessage_ask_contact",
    "request_sendMessage_reply",
    "request_setWebhook",
    "response_getChat",
    "response_getMe",
    "response_getUpdates_empty",
    "response_getUpdates_gap",
    "response_getWebhookInfo_failing",
    "response_sendMessage",
];

/// Not held against the code, and why.
const LATER: [(&str, &str); 12] = [
    ("request_answerCallbackQuery", "we send no buttons yet"),
    ("request_sendMessage_entities", "replies are plain text"),
    (
        "request_sendMessage_remove_keyboard",
        "the keyboard goes away by itself",
    ),
    ("response_deleteWebhook", "any yes will do"),
    ("response_getFile", NO_FILES),
    ("response_getFile_local_server", NO_FILES),
    ("response_getUserProfilePhotos", NO_FILES),
    ("response_getUserProfilePhotos_hidden", NO_FILES),
    ("response_sendDocument", NO_FILES),
    ("response_sendMediaGroup", NO_FILES),
    ("response_setWebhook", "any yes will do"),
    ("response_true", "any yes will do"),
];
const NO_FILES: &str = "files come with the file store";

#[test]
fn every_sample_of_a_call_is_used_or_named_with_a_reason() {
    let later = LATER.map(|(name, _)| name);
    for prefix in ["request_", "response_"] {
        for file in SAMPLES.names(prefix) {
            let name = file.trim_end_matches(".json");
            assert!(
                USED.contains(&name) != later.contains(&name),
                "{name} is neither used nor named, or both"
            );
        }
    }
    for name in USED.into_iter().chain(later) {
        assert!(!SAMPLES.json(&format!("{name}.json")).is_null());
    }
}

#[test]
fn a_bot_and_a_person_are_read() {
    let me = SAMPLES.json("response_getMe.json");
    let bot = super::send::bot_id(&me["result"]).unwrap();
    assert_eq!(bot.as_str(), me["result"]["id"].to_string());
    let chat = SAMPLES.json("response_getChat.json");
    let profile = message::profile_of(&chat["result"]).unwrap();
    assert_eq!(
        profile.first_name.as_deref(),
        chat["result"]["first_name"].as_str()
    );
    assert_eq!(profile.photo_url, None, "its address would hold the token");
}

#[test]
fn the_webhook_is_asked_for_with_names_that_telegram_knows() {
    let sample = SAMPLES.json("request_setWebhook.json");
    for name in ["url", "secret_token", "allowed_updates"] {
        assert!(sample.get(name).is_some(), "{name}");
    }
    let named = sample["allowed_updates"].as_array().unwrap();
    assert!(named.iter().all(serde_json::Value::is_string));
    assert!(link::UPDATES.contains(&named[0].as_str().unwrap()));
}
