//! Meta's errors (meta.md 10): decided on code and subcode only, never on the status or the English text.

use std::time::Duration;

use shared::model::FailureReason;

use crate::channels::calls::Refusal;
use crate::channels::meta::error::{GraphError, Reading};
use crate::channels::{FetchError, LinkFault, SendError};

/// A punished Page is left alone so long.
const POLICY_REST: Duration = Duration::from_secs(3600);
/// Meta's *temporary* so often of one reply is a no: it can hide a visitor who blocked us (meta.md 10).
const FEW_TRIES: u32 = 6;
/// Meta's *unknown* so often: most often a permission is missing.
const UNKNOWN_TRIES: u32 = 3;

/// An error, and how long the answer's headers ask to wait.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: GraphError,
    pub(super) wait: Option<Duration>,
}

/// What to do about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    /// Only the visitor can open the window.
    Window,
    /// The visitor cannot be reached.
    Person,
    /// Another application answers there.
    Thread,
    /// The token is dead: nothing leaves.
    Token,
    /// The channel may not do this.
    NotAllowed,
    /// The Page is punished: nothing may leave for a while.
    Policy,
    /// The human-agent tag was misused: it may not be used any more.
    Tag,
    /// Throttled; nothing was sent.
    TooFast,
    /// It will pass; nothing was sent.
    Later,
    /// It should pass soon, and hides a no when it does not; nothing was sent.
    Shortly,
    /// No reason given; most often it stays so. Nothing was sent.
    Unknown,
    /// It may have been sent.
    Unclear,
    /// No, for good.
    Refused,
}

impl Reading for Refused {
    fn of(error: GraphError, wait: Option<Duration>) -> Self {
        Self { error, wait }
    }
}

impl Refused {
    /// The table of meta.md 10.
    pub(super) fn class(&self) -> Class {
        match (self.error.code, self.error.subcode.unwrap_or(0)) {
            (1, 1_357_046) => Class::Unclear,
            (10, 2_018_278 | 2_018_065 | 2_534_022) => Class::Window,
            (551, _) | (200, 1_545_041) | (10, 2_018_108) | (100, 2_018_001 | 2_534_014 | 33) => {
                Class::Person
            }
            (10, 2_018_300) | (100, 2_534_037) | (2_018_300, _) => Class::Thread,
            (190 | 102, _) => Class::Token,
            (613, 2_018_338) => Class::Tag,
            (368, _) | (10, 1_893_063) | (100, 2_534_029) => Class::Policy,
            (4 | 17 | 32 | 341 | 613 | 80001 | 80002 | 80006, _) => Class::TooFast,
            (10 | 200 | 230, _) | (100, 2_534_013) => Class::NotAllowed,
            (2022 | 2_018_321, _) => Class::Later,
            (1, _) => Class::Unknown,
            (2 | 1200, _) => Class::Shortly,
            _ if self.error.is_transient => Class::Shortly,
            _ => Class::Refused,
        }
    }

    /// Returns what the outbox learns of a send that was answered so.
    fn send_error(&self) -> SendError {
        let text = self.error.words.clone();
        match self.class() {
            Class::Window => SendError::Refused(FailureReason::WindowClosed),
            Class::Person => SendError::Refused(FailureReason::VisitorUnreachable),
            Class::Thread => SendError::Refused(FailureReason::ThreadControlled),
            Class::Token => SendError::Unauthorized(self.token_fault()),
            Class::NotAllowed | Class::Tag => {
                SendError::Refused(FailureReason::NotAllowed { text })
            }
            Class::Policy => SendError::Restricted {
                fault: self.policy_fault(),
                rest: POLICY_REST,
            },
            Class::TooFast => SendError::TooFast { wait: self.wait },
            Class::Later => not_sent(text, None),
            Class::Shortly => not_sent(text, Some(FEW_TRIES)),
            Class::Unknown => not_sent(text, Some(UNKNOWN_TRIES)),
            Class::Unclear => SendError::Unclear { cause: text },
            Class::Refused => SendError::Refused(FailureReason::Refused { text }),
        }
    }

    /// Whether a list was too long for Meta: "please reduce the amount of data" (meta.md 14).
    pub(super) fn asks_for_less(&self) -> bool {
        self.class() == Class::Unknown
    }

    /// Returns what the keeper learns.
    pub(super) fn link_fault(&self) -> LinkFault {
        match self.class() {
            Class::Token => self.token_fault(),
            Class::Policy => self.policy_fault(),
            Class::TooFast | Class::Later | Class::Shortly | Class::Unknown | Class::Unclear => {
                LinkFault {
                    reason: format!("Meta is busy: {}", self.error.words),
                    is_passing: true,
                }
            }
            Class::Window
            | Class::Person
            | Class::Thread
            | Class::NotAllowed
            | Class::Tag
            | Class::Refused => {
                let reason = format!(
                    "Meta refuses ({}): check the permissions pages_messaging and pages_manage_metadata of the token",
                    self.error.words
                );
                LinkFault {
                    reason,
                    is_passing: false,
                }
            }
        }
    }

    /// Says that the Page is punished, and what to do.
    pub(super) fn policy_fault(&self) -> LinkFault {
        let reason = format!(
            "Meta restricts the Page for breaking its rules ({}): look into the Page's support inbox at Meta; replies wait \
             and are tried again every hour",
            self.error.words
        );
        LinkFault {
            reason,
            is_passing: false,
        }
    }

    /// Says what is wrong with the token, and what to do (CH-24).
    pub(super) fn token_fault(&self) -> LinkFault {
        let what = match self.error.subcode {
            Some(458) => "the app was removed from the Page",
            Some(459 | 464) => "Meta wants the Page's admin to confirm the account",
            Some(460) => "the password of the person who connected the Page was changed",
            Some(463) => "the access token has expired",
            Some(467) => "the access token was invalidated",
            _ => "Meta does not accept the access token",
        };
        let reason = format!(
            "{what}: make a new Page token at Meta and put it into the config (access_token)"
        );
        LinkFault {
            reason,
            is_passing: false,
        }
    }
}

impl Refusal for Refused {
    const PLATFORM: &str = "Meta";

    fn log(&self) {
        let GraphError { code, subcode, .. } = self.error;
        let trace = self.error.trace.as_deref();
        tracing::warn!(code, subcode, trace, "Meta refused a call");
    }

    fn for_send(self) -> SendError {
        self.send_error()
    }

    fn for_fetch(self) -> FetchError {
        let cause = self.error.words.clone();
        match self.class() {
            Class::TooFast
            | Class::Later
            | Class::Shortly
            | Class::Unknown
            | Class::Unclear
            | Class::Token => FetchError::Later { cause },
            Class::Window
            | Class::Person
            | Class::Thread
            | Class::NotAllowed
            | Class::Policy
            | Class::Tag
            | Class::Refused => FetchError::Refused { cause },
        }
    }

    fn for_link(self) -> LinkFault {
        self.link_fault()
    }
}

fn not_sent(cause: String, tries: Option<u32>) -> SendError {
    SendError::NotSent { cause, tries }
}
