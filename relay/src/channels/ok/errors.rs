//! Odnoklassniki's errors (ok.md 7): decided on the number, whatever the HTTP status.

use std::time::Duration;

use serde_json::Value;

use shared::model::FailureReason;

use crate::channels::calls::Refusal;
use crate::channels::wire;
use crate::channels::{FetchError, LinkFault, SendError};

/// An error that nobody knows, so often of one reply, is a no.
const FEW_TRIES: u32 = 4;
/// After a flood was noticed.
const AFTER_A_FLOOD: Duration = Duration::from_secs(120);
/// After a limit was reached.
const AFTER_A_LIMIT: Duration = Duration::from_secs(600);
/// After the group was taken for a spammer.
const AFTER_A_BLOCK: Duration = Duration::from_secs(3600);

/// An error as Odnoklassniki gave it; the words are clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    /// Its number, or the HTTP status of an answer without one.
    pub(super) code: i64,
    pub(super) words: String,
    pub(super) class: Class,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Wait.
    TooFast,
    /// Odnoklassniki does not work; it did nothing.
    Later,
    /// Odnoklassniki has trouble with itself; what was asked may have been done.
    Doubtful,
    /// What may be sent or asked is used up for now.
    Limit,
    /// Odnoklassniki takes us for a spammer.
    Blocked,
    /// The access key is no good: nothing leaves.
    Token,
    /// The group or its key may not do this.
    Rights,
    /// The visitor cannot be reached.
    Person,
    /// The words are not allowed.
    Words,
    /// No, for good.
    Refused,
    /// Not in the documentation.
    Unknown,
}

impl ApiError {
    /// Reads an error; none: the answer is no error.
    pub(super) fn of(answer: &Value) -> Option<Self> {
        let code = answer.get("error_code")?.as_i64()?;
        Some(Self {
            code,
            words: wire::line(answer.get("error_msg")).unwrap_or_default(),
            class: class_of(code),
        })
    }

    /// Reads the status of an answer that says nothing else.
    pub(super) fn of_status(status: u16) -> Option<Self> {
        let class = match status {
            401 | 403 => Class::Token,
            429 => Class::TooFast,
            _ => return None,
        };
        Some(Self {
            code: status.into(),
            words: format!("status {status}"),
            class,
        })
    }

    /// Says what is wrong with the group, and what to do (CH-24).
    fn fault(&self) -> LinkFault {
        let what = match self.class {
            Class::Token => {
                "Odnoklassniki does not accept the group's access key: take a new one from the group's settings (messages, \
                 bot API) and put it into the config (access_token)"
            }
            Class::Rights => {
                "Odnoklassniki does not let the access key do this: allow messages to the group in its settings, and take \
                 the access key there as the group's administrator"
            }
            Class::Limit => {
                "the group has reached a limit of Odnoklassniki: fewer messages, or wait"
            }
            Class::Blocked => {
                "Odnoklassniki has blocked the group's messages as spam, or this computer's address: look into the group, \
                 and ask Odnoklassniki's support"
            }
            Class::TooFast | Class::Later | Class::Doubtful | Class::Unknown => {
                "Odnoklassniki is busy"
            }
            Class::Person | Class::Words | Class::Refused => "Odnoklassniki refuses",
        };
        let is_passing = match self.class {
            Class::TooFast | Class::Later | Class::Doubtful | Class::Unknown | Class::Limit => true,
            Class::Blocked
            | Class::Token
            | Class::Rights
            | Class::Person
            | Class::Words
            | Class::Refused => false,
        };
        LinkFault {
            reason: format!("{what} ({})", self.words),
            is_passing,
        }
    }
}

fn class_of(code: i64) -> Class {
    match code {
        7 | 8 => Class::TooFast,
        2 => Class::Later,
        1 | 30 | 31 | 9999 => Class::Doubtful,
        11 | 26 => Class::Limit,
        9 | 511 | 514 => Class::Blocked,
        101..=104 => Class::Token,
        10 | 24 | 50 | 200 => Class::Rights,
        455..=458 => Class::Person,
        454 => Class::Words,
        3 | 4 | 100 | 106 | 110 | 140 | 160 | 300 => Class::Refused,
        _ => Class::Unknown,
    }
}

impl Refusal for ApiError {
    const PLATFORM: &str = "Odnoklassniki";

    fn log(&self) {
        tracing::warn!(code = self.code, words = %self.words, "Odnoklassniki refused a call");
    }

    fn for_send(self) -> SendError {
        let text = self.words.clone();
        match self.class {
            Class::TooFast => SendError::TooFast {
                wait: Some(AFTER_A_FLOOD),
            },
            Class::Later => SendError::NotSent {
                cause: text,
                tries: None,
            },
            Class::Unknown => SendError::NotSent {
                cause: text,
                tries: Some(FEW_TRIES),
            },
            Class::Doubtful => SendError::Unclear { cause: text },
            Class::Limit => SendError::Restricted {
                fault: self.fault(),
                rest: AFTER_A_LIMIT,
            },
            Class::Blocked => SendError::Restricted {
                fault: self.fault(),
                rest: AFTER_A_BLOCK,
            },
            Class::Token => SendError::Unauthorized(self.fault()),
            Class::Rights => SendError::Refused(FailureReason::NotAllowed { text }),
            Class::Person => SendError::Refused(FailureReason::VisitorUnreachable),
            Class::Words => SendError::Refused(FailureReason::Refused {
                text: format!(
                    "Odnoklassniki does not allow these words: write it otherwise ({text})"
                ),
            }),
            Class::Refused => SendError::Refused(FailureReason::Refused { text }),
        }
    }

    fn for_fetch(self) -> FetchError {
        match self.class {
            Class::TooFast
            | Class::Later
            | Class::Doubtful
            | Class::Limit
            | Class::Blocked
            | Class::Token
            | Class::Unknown => FetchError::Later { cause: self.words },
            Class::Rights | Class::Person | Class::Words | Class::Refused => {
                FetchError::Refused { cause: self.words }
            }
        }
    }

    fn for_link(self) -> LinkFault {
        self.fault()
    }
}
