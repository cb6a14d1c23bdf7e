//! Telegram's errors (telegram.md 1): decided on the code and its parameters, and on the English text only where nothing
//! else tells two cases apart.

use std::time::Duration;

use serde_json::Value;

use shared::model::FailureReason;

use crate::channels::calls::Refusal;
use crate::channels::wire;
use crate::channels::{FetchError, LinkFault, PollError, SendError};

/// No wait that Telegram asks for is longer.
const LONGEST_WAIT: u64 = 86_400;

/// An error as Telegram gave it; the words are clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: i64,
    pub(super) words: String,
    /// How long Telegram asks to wait.
    pub(super) wait: Option<Duration>,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Wait.
    TooFast,
    /// Telegram has trouble; what was asked may have been done.
    Later,
    /// The token is no good: nothing leaves.
    Token,
    /// Somebody else asks for the same updates.
    Conflict,
    /// The visitor cannot be reached.
    Person,
    /// No, for good.
    Refused,
}

impl ApiError {
    /// Reads an error; none: the answer is no error of Telegram's.
    pub(super) fn of(answer: &Value) -> Option<Self> {
        let code = answer.get("error_code")?.as_i64()?;
        let wait = wire::at(answer, &["parameters", "retry_after"]).and_then(Value::as_u64);
        Some(Self {
            code,
            words: wire::line(answer.get("description")).unwrap_or_default(),
            wait: wait.map(|seconds| Duration::from_secs(seconds.min(LONGEST_WAIT))),
        })
    }

    pub(super) fn class(&self) -> Class {
        match self.code {
            401 | 404 => Class::Token,
            403 => Class::Person,
            400 if self.says("chat not found") => Class::Person,
            409 => Class::Conflict,
            420 | 429 => Class::TooFast,
            500.. => Class::Later,
            _ => Class::Refused,
        }
    }

    pub(super) fn says(&self, words: &str) -> bool {
        self.words.to_ascii_lowercase().contains(words)
    }

    /// Whether it is no picture that Telegram can show (telegram.md 1).
    pub(super) fn is_of_picture(&self) -> bool {
        self.says("photo_invalid_dimensions") || self.says("image_process_failed")
    }

    /// Says what is wrong with the token, and what to do (CH-24).
    pub(super) fn token_fault(&self) -> LinkFault {
        LinkFault {
            reason: format!(
                "Telegram does not accept the bot's token ({}): take the current one from BotFather and put it into the \
                 config (token)",
                self.words
            ),
            is_passing: false,
        }
    }

    /// Says who else asks.
    pub(super) fn conflict(&self) -> LinkFault {
        LinkFault {
            reason: format!(
                "something else receives this bot's messages ({}): stop the other program, or give each its own bot",
                self.words
            ),
            is_passing: true,
        }
    }
}

impl Refusal for ApiError {
    const PLATFORM: &str = "Telegram";

    fn log(&self) {
        tracing::warn!(code = self.code, words = %self.words, "Telegram refused a call");
    }

    fn for_send(self) -> SendError {
        match self.class() {
            Class::TooFast => SendError::TooFast { wait: self.wait },
            // It may have been sent, and there is no key to ask by (telegram.md 6).
            Class::Later => SendError::Unclear { cause: self.words },
            Class::Token => SendError::Unauthorized(self.token_fault()),
            Class::Person => SendError::Refused(FailureReason::VisitorUnreachable),
            Class::Conflict | Class::Refused => {
                SendError::Refused(FailureReason::Refused { text: self.words })
            }
        }
    }

    fn for_fetch(self) -> FetchError {
        match self.class() {
            Class::TooFast | Class::Later | Class::Conflict | Class::Token => {
                FetchError::Later { cause: self.words }
            }
            Class::Person | Class::Refused => FetchError::Refused { cause: self.words },
        }
    }

    fn for_link(self) -> LinkFault {
        match self.class() {
            Class::Token => self.token_fault(),
            Class::Conflict => self.conflict(),
            Class::TooFast | Class::Later => LinkFault {
                reason: format!("Telegram is busy: {}", self.words),
                is_passing: true,
            },
            Class::Person | Class::Refused => LinkFault {
                reason: format!("Telegram refuses: {}", self.words),
                is_passing: false,
            },
        }
    }
}

impl ApiError {
    /// What the poller learns.
    pub(super) fn for_poll(self) -> PollError {
        match self.class() {
            Class::Token => PollError::Fault(self.token_fault()),
            Class::Conflict => PollError::Fault(self.conflict()),
            Class::TooFast | Class::Later | Class::Person | Class::Refused => PollError::Later {
                wait: self.wait,
                cause: self.words,
            },
        }
    }
}
