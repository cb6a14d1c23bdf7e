//! Calls of the bot API: the token in a header, and an answer that is 200 whatever happened (viber.md 1).

use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::channels::calls::{self, Failed, read};

use super::ViberSettings;
use super::errors::ApiError;

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
pub(super) type CallError = calls::CallError<ApiError>;

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
            (Ok(answer), Some(code)) => Err(CallError::No(ApiError::of(code, &answer))),
            (Ok(_) | Err(_), _) => {
                let cause = format!("status {status} with an unreadable answer");
                Err(Failed::Unclear(cause).into())
            }
        }
    }
}
