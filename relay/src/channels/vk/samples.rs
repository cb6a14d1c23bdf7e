//! Every sample of a call is either held against the code, or named here with the reason why it is not.

use super::tests::SAMPLES;

/// Held against the code in `tests.rs`.
const USED: [&str; 26] = [
    "api_docs_save_audio_message",
    "api_docs_save_doc",
    "api_groups_add_callback_server",
    "api_groups_get_by_id",
    "api_groups_get_callback_confirmation_code",
    "api_groups_get_callback_servers",
    "api_groups_get_callback_settings",
    "api_groups_get_long_poll_server",
    "api_groups_get_token_permissions",
    "api_messages_get_conversations",
    "api_messages_get_history",
    "api_messages_send_peer_id",
    "api_messages_send_peer_ids",
    "api_photos_save_messages_photo",
    "api_users_get",
    "confirmation_01",
    "confirmation_02_minimal",
    "longpoll_empty",
    "longpoll_failed_1",
    "longpoll_failed_2",
    "longpoll_failed_3",
    "longpoll_updates",
    "secret_22_wrong",
    "secret_23_missing",
    "upload_photo_ok",
    "upload_photo_rejected",
];

/// Not held against the code, and why.
const LATER: [(&str, &str); 7] = [
    (
        "api_docs_get_messages_upload_server",
        "one member, read as that of photos",
    ),
    (
        "api_is_messages_from_group_allowed",
        "a send tells the same",
    ),
    (
        "api_messages_get_conversation_members",
        "chats of many are not served",
    ),
    ("api_messages_mark_as_read", "any yes will do"),
    (
        "api_photos_get_messages_upload_server",
        "one member, read in the story",
    ),
    ("upload_doc_error", "read in the story"),
    ("upload_doc_ok", "read in the story"),
];

#[test]
fn every_sample_of_a_call_is_used_or_named_with_a_reason() {
    let prefixes = ["api_", "upload_", "longpoll_", "confirmation_", "secret_"];
    SAMPLES.assert_each_is_named(&prefixes, &USED, &LATER);
}
