//! Calls of VK's API (vk.md 6): forms only, the token in a header, and an answer that is 200 whatever happened.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::multipart::Form;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::channels::calls::{self, Failed, read};

use super::VkSettings;
use super::errors::ApiError;

/// The newest version known.
const VERSION: &str = "5.199";
/// For a whole call.
const CALL_WITHIN: Duration = Duration::from_secs(35);
/// For a whole file.
const UPLOAD_WITHIN: Duration = Duration::from_secs(300);
/// Calls a second: VK takes twenty.
const PACE: NonZeroU32 = NonZeroU32::new(18).unwrap();

/// A community's access.
pub(super) struct Api {
    client: Client,
    address: String,
    token: SecretString,
    pace: DefaultDirectRateLimiter,
}

/// Why a call brought nothing.
pub(super) type CallError = calls::CallError<ApiError>;

impl Api {
    pub(super) fn new(client: Client, settings: &VkSettings) -> Self {
        Self {
            client,
            address: settings.api_url.trim_end_matches('/').to_owned(),
            token: settings.access_token.clone(),
            pace: RateLimiter::direct(Quota::per_second(PACE)),
        }
    }

    /// Where the API is; no secret.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Calls a method; returns its response.
    pub(super) async fn call(
        &self,
        method: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, CallError> {
        self.pace.until_ready().await;
        let request = self
            .client
            .post(format!("{}/method/{method}", self.address))
            .bearer_auth(self.token.expose_secret())
            .form(&[parameters, &[("v", VERSION), ("lang", "ru")]].concat())
            .timeout(CALL_WITHIN);
        let (status, answer) = ask(request).await?;
        let Some(mut answer) = answer else {
            let cause = format!("status {status} with an unreadable answer");
            return Err(Failed::Unclear(cause).into());
        };
        if let Some(error) = ApiError::of(&answer) {
            return Err(CallError::No(error));
        }
        match answer.get_mut("response") {
            Some(response) => Ok(response.take()),
            None => Err(Failed::Unclear(format!("status {status} without a response")).into()),
        }
    }

    /// Sends a form to an address that VK named; returns the answer whatever it is.
    pub(super) async fn upload(&self, url: &str, form: Form) -> Result<Value, Failed> {
        let request = self.client.post(url).multipart(form).timeout(UPLOAD_WITHIN);
        let (status, answer) = ask(request).await?;
        answer.ok_or_else(|| Failed::Unclear(format!("status {status} with an unreadable answer")))
    }

    /// Waits at an address that VK named for something to happen.
    pub(super) async fn wait(
        &self,
        url: &str,
        query: &[(&str, &str)],
        within: Duration,
    ) -> Result<Value, Failed> {
        let request = self.client.get(url).query(query).timeout(within);
        let (status, answer) = ask(request).await?;
        answer.ok_or_else(|| Failed::Unclear(format!("status {status} with an unreadable answer")))
    }
}

async fn ask(request: RequestBuilder) -> Result<(reqwest::StatusCode, Option<Value>), Failed> {
    let response = request.send().await.map_err(Failed::from)?;
    let status = response.status();
    let body = read(response).await?;
    let answer = serde_json::from_slice::<Value>(&body).ok();
    Ok((status, answer.filter(Value::is_object)))
}
