//! WhatsApp's errors (whatsapp.md 4): decided on the code only. The same codes come as answers and, later, in statuses.

use std::time::Duration;

use serde_json::{Value, json};

use shared::model::FailureReason;

use crate::channels::calls::Refusal;
use crate::channels::meta::error::{GraphError, Reading};
use crate::channels::{FetchError, LinkFault, SendError};

/// A punished account is left alone so long.
const REST: Duration = Duration::from_secs(3600);
/// *Something went wrong* so often of one reply is a no.
const FEW_TRIES: u32 = 6;
/// A file that was not taken is tried once more.
const MEDIA_TRIES: u32 = 2;

/// An error, and how long the answer's headers ask to wait.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: GraphError,
    wait: Option<Duration>,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// The token or a permission: nothing leaves.
    Token,
    /// The number or its account is not set up: nothing leaves.
    Account,
    /// The account is locked or restricted: nothing may leave for a while.
    Policy,
    /// Too fast for the number; nothing was sent.
    TooFast,
    /// Too fast for this visitor alone; nothing was sent.
    PairTooFast,
    /// It will pass; nothing was sent.
    Later,
    /// It should pass soon, and hides a no when it does not; nothing was sent.
    Shortly,
    /// A file was not taken or fetched; nothing was sent. Once more, then it is a no.
    Media,
    /// Only the visitor can open the window.
    Window,
    /// The visitor cannot be reached.
    Person,
    /// Held back, by Meta or by the visitor's wish.
    NotAllowed,
    /// The number is for tests, and the visitor not on its list.
    TestList,
    /// No, for good.
    Refused,
}

/// Reads an error as it stands in a webhook.
pub(super) fn told(error: &Value) -> Option<GraphError> {
    let error = GraphError::of(&json!({ "error": error }));
    error.filter(|error| error.code != 0)
}

/// Returns why a reply did not arrive after all.
pub(super) fn reason(error: Option<GraphError>) -> FailureReason {
    match error {
        Some(error) => Refused::of(error, None).reason(),
        None => FailureReason::Refused {
            text: "no reason given".to_owned(),
        },
    }
}

impl Reading for Refused {
    fn of(error: GraphError, wait: Option<Duration>) -> Self {
        Self { error, wait }
    }
}

impl Refused {
    /// The table of whatsapp.md 4.
    pub(super) fn class(&self) -> Class {
        match self.error.code {
            0 | 3 | 10 | 102 | 190 | 200..=299 => Class::Token,
            131_037 | 131_042 | 131_045 | 133_010 => Class::Account,
            368 | 130_497 | 131_031 => Class::Policy,
            4 | 613 | 80_007 | 130_429 => Class::TooFast,
            131_056 => Class::PairTooFast,
            131_016 | 131_057 => Class::Later,
            1 | 2 | 131_000 => Class::Shortly,
            131_052 | 131_053 => Class::Media,
            131_047 => Class::Window,
            131_026 => Class::Person,
            130_472 | 131_048..=131_050 => Class::NotAllowed,
            131_030 => Class::TestList,
            _ if self.error.is_transient => Class::Shortly,
            _ => Class::Refused,
        }
    }

    /// Why this one reply does not arrive.
    fn reason(self) -> FailureReason {
        let class = self.class();
        let text = self.error.words;
        match class {
            Class::Window => FailureReason::WindowClosed,
            Class::Person => FailureReason::VisitorUnreachable,
            Class::TestList => FailureReason::NotAllowed {
                text: format!(
                    "{text} (the number is for tests: at Meta, add the visitor to its list)"
                ),
            },
            Class::Token | Class::Account | Class::Policy | Class::NotAllowed => {
                FailureReason::NotAllowed { text }
            }
            Class::TooFast
            | Class::PairTooFast
            | Class::Later
            | Class::Shortly
            | Class::Media
            | Class::Refused => FailureReason::Refused { text },
        }
    }

    /// Says what is wrong with the account, and what to do (CH-24).
    fn fault(&self) -> LinkFault {
        let what = match self.error.code {
            190 | 102 if self.error.subcode == Some(463) => {
                "the access token has expired: make one of a system user, which does not, and put it into the config \
                 (access_token)"
            }
            190 | 102 | 0 => {
                "Meta does not accept the access token: make a new one of a system user and put it into the config \
                 (access_token)"
            }
            3 | 10 | 200..=299 => {
                "the access token lacks a permission: it needs whatsapp_business_messaging and \
                 whatsapp_business_management for this account"
            }
            131_042 => "Meta wants a way to pay: set one up in the account's billing at Meta",
            131_037 => "the number's display name is not approved: see to it in WhatsApp Manager",
            131_045 | 133_010 => "the number is not registered: register it at Meta",
            368 | 131_031 | 130_497 => {
                "Meta restricts the account: look into Business Support Home at Meta; replies wait and are tried again \
                 every hour"
            }
            100 | 33 => {
                "Meta does not know the number or the account: check phone_number_id and waba_id, and that the token is for \
                 them"
            }
            _ => "Meta refuses",
        };
        LinkFault {
            reason: format!("{what} ({})", self.error.words),
            is_passing: false,
        }
    }
}

impl Refusal for Refused {
    const PLATFORM: &str = "Meta";

    fn log(&self) {
        let GraphError { code, subcode, .. } = self.error;
        let trace = self.error.trace.as_deref();
        tracing::warn!(code, subcode, trace, "WhatsApp refused a call");
    }

    fn for_send(self) -> SendError {
        match self.class() {
            Class::Token | Class::Account => SendError::Unauthorized(self.fault()),
            Class::Policy => SendError::Restricted {
                fault: self.fault(),
                rest: REST,
            },
            Class::TooFast => SendError::TooFast { wait: self.wait },
            // Only this visitor's replies wait: the others may go on.
            Class::PairTooFast | Class::Later => SendError::NotSent {
                cause: self.error.words,
                tries: None,
            },
            Class::Shortly => SendError::NotSent {
                cause: self.error.words,
                tries: Some(FEW_TRIES),
            },
            Class::Media => SendError::NotSent {
                cause: self.error.words,
                tries: Some(MEDIA_TRIES),
            },
            Class::Window
            | Class::Person
            | Class::NotAllowed
            | Class::TestList
            | Class::Refused => SendError::Refused(self.reason()),
        }
    }

    fn for_fetch(self) -> FetchError {
        let cause = self.error.words.clone();
        match self.class() {
            Class::Token | Class::TooFast | Class::PairTooFast | Class::Later | Class::Shortly => {
                FetchError::Later { cause }
            }
            Class::Account
            | Class::Policy
            | Class::Media
            | Class::Window
            | Class::Person
            | Class::NotAllowed
            | Class::TestList
            | Class::Refused => FetchError::Refused { cause },
        }
    }

    fn for_link(self) -> LinkFault {
        match self.class() {
            Class::TooFast | Class::PairTooFast | Class::Later | Class::Shortly => LinkFault {
                reason: format!("Meta is busy: {}", self.error.words),
                is_passing: true,
            },
            Class::Token
            | Class::Account
            | Class::Policy
            | Class::Media
            | Class::Window
            | Class::Person
            | Class::NotAllowed
            | Class::TestList
            | Class::Refused => self.fault(),
        }
    }
}
