//! Every sample of a call is either held against the code, or named here with the reason why it is not.

use super::tests::SAMPLES;

/// Held against the code in `tests.rs`.
const USED: [&str; 7] = [
    "request_mark_read_typing",
    "request_send_document",
    "request_send_text_reply",
    "response_media_upload",
    "response_media_url",
    "response_send",
    "response_send_to_bsuid",
];

/// Not held against the code, and why.
const LATER: [(&str, &str); 2] = [
    (
        "request_send_template",
        "templates come with a way to choose and fill them in",
    ),
    (
        "response_mark_read",
        "whether a sign was shown changes nothing",
    ),
];

#[test]
fn every_sample_of_a_call_is_used_or_named_with_a_reason() {
    SAMPLES.assert_each_is_named(&["request_", "response_"], &USED, &LATER);
}
