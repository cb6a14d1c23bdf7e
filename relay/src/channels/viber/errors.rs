//! Viber's errors (viber.md 5): decided on the number; the text differs between versions.

use serde_json::Value;

use shared::model::FailureReason;

use crate::channels::calls::Refusal;
use crate::channels::wire;
use crate::channels::{FetchError, LinkFault, SendError};

/// *General error* so often of one reply is a no.
const FEW_TRIES: u32 = 4;

/// An error as Viber gave it; the words are clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: i64,
    pub(super) words: String,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Wait.
    TooFast,
    /// A few more times.
    Later,
    /// The bot itself may do nothing.
    Account,
    /// The visitor cannot be reached.
    Person,
    /// Free messages are used up: only those who just wrote are answered.
    Unpaid,
    /// No, for good.
    Refused,
}

impl ApiError {
    pub(super) fn of(code: i64, answer: &Value) -> Self {
        Self {
            code,
            words: wire::line(answer.get("status_message")).unwrap_or_default(),
        }
    }

    pub(super) fn class(&self) -> Class {
        match self.code {
            12 => Class::TooFast,
            1 | 2 | 7..=10 | 15 => Class::Account,
            5 | 6 | 21 => Class::Person,
            23 | 24 => Class::Unpaid,
            3 | 4 | 11 | 13 | 14 | 16..=20 | 22 => Class::Refused,
            _ => Class::Later,
        }
    }

    /// Says what is wrong with the bot, and what to do (CH-24).
    pub(super) fn account_fault(&self) -> LinkFault {
        let what = match self.code {
            1 => {
                "Viber cannot call us: is relay.public_url reachable from outside, with a certificate that the public trusts?"
            }
            2 => {
                "Viber does not accept the bot's token: take the current one from the bot's page at Viber and put it into the config (token)"
            }
            7 | 9 | 15 => "Viber has blocked the bot: ask Viber's support",
            8 => "Viber does not know the bot: take the token from the bot's page at Viber",
            10 => {
                "the bot has no webhook, and sends nothing without one: set relay.public_url, and the relay sets it"
            }
            _ => "Viber refuses",
        };
        LinkFault {
            reason: format!("{what} ({})", self.words),
            is_passing: false,
        }
    }
}

impl Refusal for ApiError {
    const PLATFORM: &str = "Viber";

    fn log(&self) {
        tracing::warn!(code = self.code, words = %self.words, "Viber refused a call");
    }

    fn for_send(self) -> SendError {
        let text = self.words.clone();
        match self.class() {
            Class::TooFast => SendError::TooFast { wait: None },
            Class::Later => SendError::NotSent {
                cause: text,
                tries: Some(FEW_TRIES),
            },
            Class::Account => SendError::Unauthorized(self.account_fault()),
            Class::Person => SendError::Refused(FailureReason::VisitorUnreachable),
            Class::Unpaid => SendError::Refused(FailureReason::NotAllowed { text }),
            Class::Refused => SendError::Refused(FailureReason::Refused { text }),
        }
    }

    fn for_fetch(self) -> FetchError {
        match self.class() {
            Class::TooFast | Class::Later | Class::Account => {
                FetchError::Later { cause: self.words }
            }
            Class::Person | Class::Unpaid | Class::Refused => {
                FetchError::Refused { cause: self.words }
            }
        }
    }

    fn for_link(self) -> LinkFault {
        match self.class() {
            Class::TooFast | Class::Later => LinkFault {
                reason: format!("Viber is busy: {}", self.words),
                is_passing: true,
            },
            Class::Account | Class::Person | Class::Unpaid | Class::Refused => self.account_fault(),
        }
    }
}
