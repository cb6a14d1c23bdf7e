//! Calls of the Bot API: the address, the answer or the error. The token is part of every address, so no address is ever
//! logged or shown (telegram.md 1).

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::channels::calls::{Failed, read};
use crate::channels::{FetchError, LinkFault, PollError, SendError};

use super::TelegramSettings;
use super::errors::{ApiError, Class};

/// For a whole call that does not wait for anything.
const CALL_WITHIN: Duration = Duration::from_secs(30);
/// Messages a second to all visitors together (telegram.md 6).
const PACE: NonZeroU32 = NonZeroU32::new(30).unwrap();

/// A bot's access.
pub(super) struct Api {
    client: Client,
    base: SecretString,
    pace: DefaultDirectRateLimiter,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub(super) enum CallError {
    /// Nothing was written.
    NotSent(String),
    /// Written, and then silence or nonsense.
    Unclear(String),
    /// Telegram says no.
    Api(ApiError),
}

impl From<Failed> for CallError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NotSent(cause) => Self::NotSent(cause),
            Failed::Unclear(cause) => Self::Unclear(cause),
        }
    }
}

impl Api {
    pub(super) fn new(client: Client, settings: &TelegramSettings) -> Self {
        let address = settings.api_url.trim_end_matches('/');
        let base = format!("{address}/bot{}", settings.token.expose_secret());
        Self {
            client,
            base: base.into(),
            pace: RateLimiter::direct(Quota::per_second(PACE)),
        }
    }

    /// Calls a method; returns its result.
    pub(super) async fn call(&self, method: &str, body: &Value) -> Result<Value, CallError> {
        self.call_within(CALL_WITHIN, method, body).await
    }

    /// Calls a method that counts against what all visitors together may be sent.
    pub(super) async fn call_in_turn(
        &self,
        method: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        self.pace.until_ready().await;
        self.call(method, body).await
    }

    /// Calls a method that may take so long.
    pub(super) async fn call_within(
        &self,
        within: Duration,
        method: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        let address = format!("{}/{method}", self.base.expose_secret());
        let request = self.client.post(address).json(body).timeout(within);
        let response = request.send().await.map_err(Failed::from)?;
        let status = response.status();
        let body = read(response).await?;
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
            let cause = format!("status {status} with an unreadable answer");
            return Err(CallError::Unclear(cause));
        };
        if answer.get("ok").and_then(Value::as_bool) == Some(true) && status.is_success() {
            return Ok(answer.get_mut("result").map_or(Value::Null, Value::take));
        }
        match ApiError::of(&answer) {
            Some(error) => Err(CallError::Api(error)),
            None => Err(CallError::Unclear(format!(
                "status {status} without a reason"
            ))),
        }
    }
}

impl CallError {
    /// What the outbox learns.
    pub(super) fn for_send(self) -> SendError {
        match self {
            Self::NotSent(cause) => SendError::NotSent { cause, tries: None },
            Self::Unclear(cause) => SendError::Unclear { cause },
            Self::Api(error) => {
                tracing::warn!(code = error.code, words = %error.words, "Telegram refused a call");
                error.for_send()
            }
        }
    }

    /// What whoever asks for data learns.
    pub(super) fn for_fetch(self) -> FetchError {
        match self {
            Self::NotSent(cause) | Self::Unclear(cause) => FetchError::Later { cause },
            Self::Api(error) => match error.class() {
                Class::TooFast | Class::Later | Class::Conflict | Class::Token => {
                    FetchError::Later { cause: error.words }
                }
                Class::Person | Class::Refused => FetchError::Refused { cause: error.words },
            },
        }
    }

    /// What the poller learns.
    pub(super) fn for_poll(self) -> PollError {
        match self {
            Self::NotSent(cause) | Self::Unclear(cause) => PollError::Later { cause, wait: None },
            Self::Api(error) => match error.class() {
                Class::Token => PollError::Fault(error.token_fault()),
                Class::Conflict => PollError::Fault(error.conflict()),
                Class::TooFast | Class::Later | Class::Person | Class::Refused => {
                    PollError::Later {
                        wait: error.wait,
                        cause: error.words,
                    }
                }
            },
        }
    }

    /// What the keeper learns.
    pub(super) fn for_link(self) -> LinkFault {
        match self {
            Self::NotSent(cause) | Self::Unclear(cause) => LinkFault {
                reason: format!("Telegram does not answer: {cause}"),
                is_passing: true,
            },
            Self::Api(error) => match error.class() {
                Class::Token => error.token_fault(),
                Class::Conflict => error.conflict(),
                Class::TooFast | Class::Later => LinkFault {
                    reason: format!("Telegram is busy: {}", error.words),
                    is_passing: true,
                },
                Class::Person | Class::Refused => LinkFault {
                    reason: format!("Telegram refuses: {}", error.words),
                    is_passing: false,
                },
            },
        }
    }
}
