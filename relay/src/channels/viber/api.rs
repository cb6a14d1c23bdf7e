//! Calls of the bot API: the token in a header, and an answer that is 200 whatever happened (viber.md 1).

use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::channels::calls::{Failed, read};
use crate::channels::{FetchError, LinkFault, SendError};

use super::ViberSettings;
use super::errors::{ApiError, Class};

/// For a whole call.
const CALL_WITHIN: Duration = Duration::from_secs(30);
const TOKEN_HEADER: &str = "X-Viber-Auth-Token";

/// A bot's access.
pub(super) struct Api {
    client: Client,
    base: String,
    token: SecretString,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub(super) enum CallError {
    /// Nothing was written.
    NotSent(String),
    /// Written, and then silence or nonsense.
    Unclear(String),
    /// Viber says no.
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
    pub(super) fn new(client: Client, settings: &ViberSettings) -> Self {
        Self {
            client,
            base: settings.api_url.trim_end_matches('/').to_owned(),
            token: settings.token.clone(),
        }
    }

    /// Calls a method; returns the whole answer.
    pub(super) async fn call(&self, method: &str, body: &Value) -> Result<Value, CallError> {
        let request = self
            .client
            .post(format!("{}/{method}", self.base))
            .header(TOKEN_HEADER, self.token.expose_secret())
            .json(body)
            .timeout(CALL_WITHIN);
        let response = request.send().await.map_err(Failed::from)?;
        let status = response.status();
        let body = read(response).await?;
        let answer = serde_json::from_slice::<Value>(&body);
        let code = answer
            .as_ref()
            .ok()
            .and_then(|answer| answer.get("status")?.as_i64());
        match (answer, code) {
            (Ok(answer), Some(0)) => Ok(answer),
            (Ok(answer), Some(code)) => Err(CallError::Api(ApiError::of(code, &answer))),
            (Ok(_) | Err(_), _) => Err(CallError::Unclear(format!(
                "status {status} with an unreadable answer"
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
                tracing::warn!(code = error.code, words = %error.words, "Viber refused a call");
                error.for_send()
            }
        }
    }

    /// What whoever asks for data learns.
    pub(super) fn for_fetch(self) -> FetchError {
        match self {
            Self::NotSent(cause) | Self::Unclear(cause) => FetchError::Later { cause },
            Self::Api(error) => match error.class() {
                Class::TooFast | Class::Later | Class::Account => {
                    FetchError::Later { cause: error.words }
                }
                Class::Person | Class::Unpaid | Class::Refused => {
                    FetchError::Refused { cause: error.words }
                }
            },
        }
    }

    /// What the keeper learns.
    pub(super) fn for_link(self) -> LinkFault {
        match self {
            Self::NotSent(cause) | Self::Unclear(cause) => LinkFault {
                reason: format!("Viber does not answer: {cause}"),
                is_passing: true,
            },
            Self::Api(error) => match error.class() {
                Class::TooFast | Class::Later => LinkFault {
                    reason: format!("Viber is busy: {}", error.words),
                    is_passing: true,
                },
                Class::Account | Class::Person | Class::Unpaid | Class::Refused => {
                    error.account_fault()
                }
            },
        }
    }
}
