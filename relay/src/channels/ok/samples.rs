//! Every sample of a call is either held against the code, or named here with the reason why it is not.

use super::tests::SAMPLES;

/// Held against the code in `tests.rs`.
const USED: [&str; 7] = [
    "api_chat",
    "api_chats_page",
    "api_info",
    "api_messages_history",
    "api_send_ok",
    "api_send_user_ids",
    "api_subscriptions",
];

/// Not held against the code, and why.
const LATER: [(&str, &str); 4] = [
    (
        "api_subscribe_ok",
        "any yes will do; the simulated platform gives it",
    ),
    (
        "api_file_upload_url_file",
        "replies are texts: nothing is uploaded",
    ),
    (
        "api_file_upload_url_image",
        "replies are texts: nothing is uploaded",
    ),
    ("upload_image_ok", "replies are texts: nothing is uploaded"),
];

#[test]
fn every_sample_of_a_call_is_used_or_named_with_a_reason() {
    SAMPLES.assert_each_is_named(&["api_", "upload_"], &USED, &LATER);
}
