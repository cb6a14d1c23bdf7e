//! Every sample of a call is either held against the code, or named here with the reason why it is not.

use super::tests::SAMPLES;

/// Held against the code in `tests.rs`.
const USED: [&str; 10] = [
    "api_chat",
    "api_chats_page",
    "api_file_upload_url_file",
    "api_file_upload_url_image",
    "api_info",
    "api_messages_history",
    "api_send_ok",
    "api_send_user_ids",
    "api_subscriptions",
    "upload_image_ok",
];

/// Not held against the code, and why.
const LATER: [(&str, &str); 1] = [(
    "api_subscribe_ok",
    "any yes will do; the simulated platform gives it",
)];

#[test]
fn every_sample_of_a_call_is_used_or_named_with_a_reason() {
    SAMPLES.assert_each_is_named(&["api_", "upload_"], &USED, &LATER);
}
