//! Graph API errors by name (Meta: *Common Error Codes*, Messenger Platform). Data only; nothing here decides when one is given.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// One error answer: an HTTP status and the members of its `error` object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    /// Meta does not document these; 400 unless a sample says otherwise.
    pub status: u16,
    pub code: i64,
    pub subcode: Option<i64>,
    /// Sent as `type`.
    pub kind: &'static str,
    pub message: Cow<'static, str>,
    /// Sent as `error_user_title` and `error_user_msg`.
    pub user_text: Option<(&'static str, &'static str)>,
    pub is_transient: Option<bool>,
}

impl GraphError {
    /// Builds an `OAuthException` with status 400.
    pub const fn new(code: i64, subcode: Option<i64>, message: &'static str) -> Self {
        Self {
            status: 400,
            code,
            subcode,
            kind: "OAuthException",
            message: Cow::Borrowed(message),
            user_text: None,
            is_transient: None,
        }
    }

    const fn transient(mut self) -> Self {
        self.is_transient = Some(true);
        self
    }

    const fn with_user_text(mut self, title: &'static str, text: &'static str) -> Self {
        self.user_text = Some((title, text));
        self.is_transient = Some(false);
        self
    }

    const fn graph_method(mut self) -> Self {
        self.kind = "GraphMethodException";
        self
    }

    /// Changes the HTTP status.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Returns the error called `name` in [`NAMED_ERRORS`], such as `outside_window`.
    ///
    /// # Panics
    ///
    /// With the list of names when there is no such error: a test names it, so a wrong name is the test's mistake.
    #[track_caller]
    pub fn named(name: &str) -> Self {
        let found = NAMED_ERRORS.iter().find(|(known, _)| *known == name);
        let names = || NAMED_ERRORS.iter().map(|(known, _)| *known);
        found
            .map(|(_, error)| error.clone())
            .ok_or_else(|| names().collect::<Vec<_>>().join(", "))
            .expect("an error of one of these names")
    }

    /// Builds the catch-all 100 for a parameter that does not fit.
    pub(super) fn parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            ..Self::new(100, None, "")
        }
    }

    /// Returns the JSON body: `{"error": {…}}`.
    pub fn body(&self) -> Value {
        let mut error = Map::from_iter([
            ("message".to_owned(), json!(self.message)),
            ("type".to_owned(), json!(self.kind)),
            ("code".to_owned(), json!(self.code)),
            ("fbtrace_id".to_owned(), json!("AbCdEfGhIjK")),
        ]);
        let optional = [
            ("error_subcode", self.subcode.map(Value::from)),
            ("error_user_title", self.user_text.map(|text| text.0.into())),
            ("error_user_msg", self.user_text.map(|text| text.1.into())),
            ("is_transient", self.is_transient.map(Value::from)),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                error.insert(key.to_owned(), value);
            }
        }
        json!({ "error": error })
    }
}

const UNSUPPORTED_GET: &str = "Unsupported get request. Object with ID '0' does not exist, cannot be loaded due to \
                               missing permissions, or does not support this operation.";
const DEV_MODE: &str = "(#200) Cannot message users who are not admins, developers or testers of the app until \
                        pages_messaging permission is reviewed and the app is live.";
const WINDOW: &str = "(#10) This message is sent outside of allowed window. Learn more about the new policy here: \
                      https://developers.facebook.com/docs/messenger-platform/policy-overview";
const CONTROLLED: &str =
    "(#10) Message failed to send because another app is controlling this thread now.";
const PAGE_LIMIT: &str = "(#80006) There have been too many messenger api calls to this Page account. Wait a bit and \
                          try again.";
const PASSWORD: &str = "Error validating access token: The session has been invalidated because the user changed \
                        their password or Facebook has changed the session for security reasons.";
const NOT_AUTHORIZED: &str =
    "Error validating access token: The user has not authorized application 1029384756102938.";
const EXPIRED: &str =
    "Error validating access token: Session has expired on Friday, 20-Nov-26 07:00:00 PST.";
const PROOF: &str = "API calls from the server require an appsecret_proof argument";
const UNAVAILABLE_551: &str = "(#551) This person isn't available right now.";
const UNAVAILABLE_200: &str = "(#200) This person isn't available right now.";
const DELETED: &str = "This Message has been deleted by the user or the business.";
const NO_PERMISSION_200: &str = "(#200) Requires pages_messaging permission to manage the object";
const FIELD: &str =
    "(#100) Param subscribed_fields[2] must be one of {feed, mention, messages, ...}";
const TOO_LONG: &str = "(#100) Length of param message[text] must be less than or equal to 2000";

/// Every Messenger error the reference has a sample of, by the sample's name.
#[rustfmt::skip]
pub static NAMED_ERRORS: &[(&str, GraphError)] = &[
    ("appsecret_proof", GraphError::new(100, None, PROOF).graph_method()),
    ("attachment_fetch", GraphError::new(100, Some(2_018_008), "(#100) Failed to fetch the file from the url")),
    ("attachment_not_owned", GraphError::new(100, Some(2_018_074), "(#100) Possible invalid ID or you do not own the attachment.")),
    ("attachment_size", GraphError::new(100, Some(2_018_109), "(#100) Attachment size exceeds allowable limit")),
    ("attachment_upload", GraphError::new(100, Some(2_018_047), "(#100) Upload attachment failure.")),
    ("cannot_receive", GraphError::new(10, Some(2_018_108), "(#10) They can’t receive your messages right now.")),
    ("deprecated_tag", GraphError::new(100, None, "(#100) Deprecated message tags are no longer allowed in API requests")),
    ("dev_mode", GraphError::new(200, Some(2_018_028), DEV_MODE)),
    ("message_and_action", GraphError::new(100, Some(2_018_014), "(#100) Cannot send both message and state at the same time.")),
    ("message_deleted", GraphError::new(9_000_001, None, DELETED)),
    ("no_matching_user", GraphError::new(100, Some(2_018_001), "(#100) No matching user found")),
    ("object_missing", GraphError::new(100, Some(33), UNSUPPORTED_GET).graph_method()),
    ("outside_window", GraphError::new(10, Some(2_018_278), WINDOW)),
    ("page_restricted", GraphError::new(10, Some(1_893_063), "(#10) You are temporarily restricted from sending messages.")),
    ("permission", GraphError::new(10, None, "(#10) Application does not have permission for this action")),
    ("person_unavailable", GraphError::new(551, Some(1_545_041), UNAVAILABLE_551)),
    ("person_unavailable_200", GraphError::new(200, Some(1_545_041), UNAVAILABLE_200)),
    ("profile_consent", GraphError::new(230, None, "(#230) User consent is required to access user profile")),
    ("profile_permission", GraphError::new(100, Some(2_018_247), "(#100) Insufficient permission to access user profile.")),
    ("profile_unavailable", GraphError::new(100, Some(2_018_218), "(#100) No profile available for this user.")),
    ("rate_limit_613", GraphError::new(613, Some(2_534_040), "(#613) Calls to this api have exceeded the rate limit.")),
    ("rate_limit_app", GraphError::new(4, None, "(#4) Application request limit reached").transient()),
    ("rate_limit_page_messenger", GraphError::new(80_006, None, PAGE_LIMIT)),
    ("requires_permission_200", GraphError::new(200, None, NO_PERMISSION_200)),
    ("sent_but_error", GraphError::new(1, Some(1_357_046), "Received invalid JSON reply")),
    ("subscribed_field", GraphError::new(100, None, FIELD)),
    ("temporary_1200", GraphError::new(1200, None, "(#1200) Temporary send message failure. Please try again later.")),
    ("temporary_2", GraphError::new(2, None, "An unexpected error has occurred. Please retry your request later.").transient()),
    ("text_too_long", GraphError::new(100, None, TOO_LONG)),
    ("thread_controlled", GraphError::new(10, Some(2_018_300), CONTROLLED)),
    ("token_app_not_installed", GraphError::new(190, Some(458), NOT_AUTHORIZED)),
    ("token_expired", GraphError::new(190, Some(463), EXPIRED)),
    ("token_malformed", GraphError::new(190, None, "Invalid OAuth access token - Cannot parse access token")),
    ("token_password_changed", GraphError::new(190, Some(460), PASSWORD)),
    ("unknown_1", GraphError::new(1, Some(99), "An unknown error has occurred.")),
    ("video_timeout", GraphError::new(100, Some(2_018_294), "(#100) Video upload timed out or video is corrupted.")),
    ("with_user_text", GraphError::new(100, Some(2_018_320), "Invalid parameter")
        .with_user_text("Cannot send", "The product is not available.")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_error_equals_its_sample_and_every_sample_has_a_name() {
        let folder = format!("{}/tests/fixtures", env!("CARGO_MANIFEST_DIR"));
        let mut samples = 0;
        for file in std::fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let Some(name) = stem.strip_prefix("error_") else {
                continue;
            };
            samples += 1;
            let sample: Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            assert_eq!(GraphError::named(name).body(), sample, "{name}");
        }
        assert_eq!(samples, NAMED_ERRORS.len());
    }
}
