//! Every sample of a call is either held against the code, or named here with the reason why it is not.

use super::tests::SAMPLES;

/// Held against the code in `tests.rs`.
const USED: [&str; 5] = [
    "request_send_message_ask_phone",
    "request_send_message_text",
    "response_get_account_info",
    "response_get_user_details",
    "response_send_message",
];

/// Not held against the code, and why.
const LATER: [(&str, &str); 2] = [
    (
        "request_send_message_file",
        "files come with the file store",
    ),
    ("response_set_webhook", "any yes will do"),
];

#[test]
fn every_sample_of_a_call_is_used_or_named_with_a_reason() {
    SAMPLES.assert_each_is_named(&["request_", "response_"], &USED, &LATER);
}
