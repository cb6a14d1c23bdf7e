//! VK's errors (vk.md 13): decided on the code; what is said of a recipient among many has other names for the same.

use std::time::Duration;

use serde_json::Value;

use shared::model::FailureReason;

use crate::channels::calls::Refusal;
use crate::channels::wire;
use crate::channels::{FetchError, LinkFault, PollError, SendError};

/// More than twenty calls a second.
const RATE_PAUSE: Duration = Duration::from_secs(1);
/// The same too often.
const FLOOD_PAUSE: Duration = Duration::from_secs(45);
/// The day's quota of a method is used up.
const QUOTA_REST: Duration = Duration::from_secs(3600);
/// A machine cannot read the letters of a picture.
const CAPTCHA_REST: Duration = Duration::from_secs(600);
/// *Internal error* so often of one reply is a no.
const FEW_TRIES: u32 = 6;

/// An error as VK gave it; the words are clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: i64,
    pub(super) words: String,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Wait so long.
    TooFast(Duration),
    /// The community may do nothing for so long, and an admin must know.
    Restricted(Duration),
    /// A few more times.
    Later,
    /// The token is dead, or has no right to this.
    Token,
    /// The visitor cannot be reached.
    Person,
    /// No, for good.
    Refused,
}

impl ApiError {
    /// Reads the error of an answer, if it is one. What VK repeats of the call is left out: it holds what people write.
    pub(super) fn of(answer: &Value) -> Option<Self> {
        let error = answer.get("error")?;
        Some(Self {
            code: code_of(error, &["error_code", "code"])?,
            words: wire::line(error.get("error_msg").or_else(|| error.get("description")))
                .unwrap_or_default(),
        })
    }

    /// The table of vk.md 13.
    pub(super) fn class(&self) -> Class {
        match self.code {
            6 => Class::TooFast(RATE_PAUSE),
            9 => Class::TooFast(FLOOD_PAUSE),
            29 => Class::Restricted(QUOTA_REST),
            14 | 984 => Class::Restricted(CAPTCHA_REST),
            1 | 10 | 32 | 36 | 43 => Class::Later,
            5 | 7 | 15 | 27 | 28 => Class::Token,
            18 | 30 | 37 | 900..=902 | 950 | 962 | 985 | 987 | 988 | 1021 => Class::Person,
            _ => Class::Refused,
        }
    }

    /// Says what is wrong with the account, and what to do (CH-24).
    pub(super) fn link_fault(&self) -> LinkFault {
        let words = &self.words;
        let reason = match self.code {
            5 => {
                "VK does not accept the community's key: make a new one (Управление → Работа с API → Ключи доступа) and put \
                 it into the config (access_token)"
                    .to_owned()
            }
            7 | 15 | 27 | 28 => format!(
                "the community's key has no right to this ({words}): make one with messages, photos, docs and manage"
            ),
            14 => "VK wants somebody to read a picture: log in to VK as the community's admin and try there".to_owned(),
            29 => format!("VK's quota for today is used up ({words}): nothing leaves for an hour"),
            984 => format!("VK takes the community's messages for spam ({words}): look into the community at VK"),
            code => format!("VK refuses ({code}: {words})"),
        };
        LinkFault {
            reason,
            is_passing: matches!(self.class(), Class::TooFast(_) | Class::Later),
        }
    }

    /// Returns what whoever waits for events learns.
    pub(super) fn for_poll(self) -> PollError {
        match self.class() {
            Class::TooFast(wait) => PollError::Later {
                cause: self.words,
                wait: Some(wait),
            },
            Class::Later => PollError::Later {
                cause: self.words,
                wait: None,
            },
            Class::Restricted(_) | Class::Token | Class::Person | Class::Refused => {
                PollError::Fault(self.link_fault())
            }
        }
    }
}

fn code_of(error: &Value, names: &[&str]) -> Option<i64> {
    names.iter().find_map(|name| error.get(name)?.as_i64())
}

impl Refusal for ApiError {
    const PLATFORM: &str = "VK";

    fn log(&self) {
        tracing::warn!(code = self.code, words = %self.words, "VK refused a call");
    }

    fn for_send(self) -> SendError {
        match self.class() {
            Class::TooFast(wait) => SendError::TooFast { wait: Some(wait) },
            Class::Restricted(rest) => SendError::Restricted {
                fault: self.link_fault(),
                rest,
            },
            Class::Later => SendError::NotSent {
                cause: self.words,
                tries: Some(FEW_TRIES),
            },
            Class::Token => SendError::Unauthorized(self.link_fault()),
            Class::Person => SendError::Refused(FailureReason::VisitorUnreachable),
            Class::Refused => SendError::Refused(FailureReason::Refused { text: self.words }),
        }
    }

    fn for_fetch(self) -> FetchError {
        let cause = self.words.clone();
        match self.class() {
            Class::TooFast(_) | Class::Later | Class::Restricted(_) | Class::Token => {
                FetchError::Later { cause }
            }
            Class::Person | Class::Refused => FetchError::Refused { cause },
        }
    }

    fn for_link(self) -> LinkFault {
        self.link_fault()
    }
}
