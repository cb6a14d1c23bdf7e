//! Calls of the Bot API: the address, the answer or the error. The token is part of every address, so no address is ever
//! logged or shown (telegram.md 1).

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::multipart::Form;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::channels::calls::{self, Failed, read};
use crate::channels::{FetchError, FileAddress, wire};

use super::TelegramSettings;
use super::errors::ApiError;

/// For a whole call that does not wait for anything.
const CALL_WITHIN: Duration = Duration::from_secs(30);
/// For a whole file.
const UPLOAD_WITHIN: Duration = Duration::from_secs(300);
/// Messages a second to all visitors together (telegram.md 6).
const PACE: NonZeroU32 = NonZeroU32::new(30).unwrap();

/// A bot's access.
pub(super) struct Api {
    client: Client,
    address: String,
    base: SecretString,
    /// Before the path of a file.
    files: SecretString,
    pace: DefaultDirectRateLimiter,
}

/// Why a call brought nothing.
pub(super) type CallError = calls::CallError<ApiError>;

impl Api {
    pub(super) fn new(client: Client, settings: &TelegramSettings) -> Self {
        let address = settings.api_url.trim_end_matches('/');
        let token = settings.token.expose_secret();
        Self {
            client,
            address: address.to_owned(),
            base: format!("{address}/bot{token}").into(),
            files: format!("{address}/file/bot{token}").into(),
            pace: RateLimiter::direct(Quota::per_second(PACE)),
        }
    }

    /// Where the server is; no secret.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Returns where a file's bytes are (telegram.md 7).
    pub(super) async fn locate(&self, file_id: &str) -> Result<FileAddress, FetchError> {
        let answer = self.call("getFile", &json!({ "file_id": file_id })).await;
        let answer = answer.map_err(CallError::for_fetch)?;
        // A server of one's own names a file of its own disk, which is out of our reach.
        let path = wire::line(answer.get("file_path")).filter(|path| !path.starts_with('/'));
        let path = path.ok_or_else(|| FetchError::Refused {
            cause: "Telegram does not say where the file is".to_owned(),
        })?;
        Ok(FileAddress {
            url: format!("{}/{path}", self.files.expose_secret()).into(),
            bearer: None,
        })
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

    /// Calls a method with a form that carries a file; counts against what all visitors together may be sent.
    pub(super) async fn upload(&self, method: &str, form: Form) -> Result<Value, CallError> {
        self.pace.until_ready().await;
        let address = format!("{}/{method}", self.base.expose_secret());
        let request = self.client.post(address).multipart(form);
        self.answer(request.timeout(UPLOAD_WITHIN)).await
    }

    /// Calls a method that may take so long.
    pub(super) async fn call_within(
        &self,
        within: Duration,
        method: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        let address = format!("{}/{method}", self.base.expose_secret());
        self.answer(self.client.post(address).json(body).timeout(within))
            .await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, CallError> {
        let response = request.send().await.map_err(Failed::from)?;
        let status = response.status();
        let body = read(response).await?;
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
            let cause = format!("status {status} with an unreadable answer");
            return Err(unclear(cause));
        };
        if answer.get("ok").and_then(Value::as_bool) == Some(true) && status.is_success() {
            return Ok(answer.get_mut("result").map_or(Value::Null, Value::take));
        }
        match ApiError::of(&answer) {
            Some(error) => Err(CallError::No(error)),
            None => Err(unclear(format!("status {status} without a reason"))),
        }
    }
}

fn unclear(cause: String) -> CallError {
    Failed::Unclear(cause).into()
}
