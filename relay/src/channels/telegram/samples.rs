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
    (
        "request_answerCallbackQuery",
        "presses are answered without words",
    ),
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
    SAMPLES.assert_each_is_named(&["request_", "response_"], &USED, &LATER);
}

#[test]
fn a_bot_and_a_person_are_read() {
    let me = SAMPLES.json("response_getMe.json");
    let bot = link::bot_id(&me["result"]).unwrap();
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
fn the_webhook_is_the_sample_and_tells_of_reactions_too() {
    let mut sample = SAMPLES.json("request_setWebhook.json");
    let text = |name: &str| sample[name].as_str().unwrap().to_owned();
    let body = link::webhook(&text("url"), &text("secret_token"));
    // How many calls at once is Telegram's business.
    sample.as_object_mut().unwrap().remove("max_connections");
    let wanted = sample["allowed_updates"].as_array_mut().unwrap();
    wanted.push("message_reaction".into());
    assert_eq!(body, sample);
}
