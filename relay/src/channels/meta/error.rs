//! An error of the Graph API as it came (meta.md 10, whatsapp.md 4).

use std::time::Duration;

use serde_json::Value;

use shared::text;

use crate::channels::calls::Refusal;
use crate::channels::wire;

/// What a platform of Meta makes of an error.
pub(in crate::channels) trait Reading: Refusal {
    /// Takes an error, and how long the answer's headers ask to wait.
    fn of(error: GraphError, wait: Option<Duration>) -> Self;
}

/// An error as Meta gave it; the words are clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::channels) struct GraphError {
    pub(in crate::channels) code: i64,
    pub(in crate::channels) subcode: Option<i64>,
    pub(in crate::channels) is_transient: bool,
    /// For people: Meta's words for users, or the details, where there are any.
    pub(in crate::channels) words: String,
    pub(in crate::channels) trace: Option<String>,
}

impl GraphError {
    /// Reads the error object of an answer, if it is one.
    pub(in crate::channels) fn of(body: &Value) -> Option<Self> {
        let error = body.get("error")?.as_object()?;
        let number = |name: &str| wire::id(error.get(name)).and_then(|text| text.parse().ok());
        let words = wire::line(error.get("error_user_msg"))
            .or_else(|| wire::line(error.get("error_data").and_then(|data| data.get("details"))))
            .or_else(|| wire::line(error.get("message")));
        Some(Self {
            code: number("code").unwrap_or(0),
            subcode: number("error_subcode"),
            is_transient: error
                .get("is_transient")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            words: words.map_or_else(
                || "no reason given".to_owned(),
                |words| text::one_line(&words, 200),
            ),
            trace: wire::line(error.get("fbtrace_id")),
        })
    }
}
