//! Calls of the group's bot API (ok.md 2): the key stands in the address, and an answer may be 200 and an error. So no
//! address may get into an error or a log, nor any words of Odnoklassniki's that repeat one.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::Form;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::channels::calls::{self, Failed, read};

use super::OkSettings;
use super::errors::ApiError;

/// For a whole call.
const CALL_WITHIN: Duration = Duration::from_secs(30);
/// For a whole file.
const UPLOAD_WITHIN: Duration = Duration::from_secs(300);
/// A second, for the key (ok.md 7: not published).
const PACE: NonZeroU32 = NonZeroU32::new(5).unwrap();
/// Bodies that are not called so are not read.
const JSON: &str = "application/json;charset=utf-8";
/// Stands for a secret that was repeated.
const HIDDEN: &str = "…";

/// A group's access.
pub(super) struct Api {
    client: Client,
    base: String,
    token: SecretString,
    secret: SecretString,
    pace: DefaultDirectRateLimiter,
}

/// Why a call brought nothing.
pub(super) type CallError = calls::CallError<ApiError>;

impl Api {
    pub(super) fn new(client: Client, settings: &OkSettings) -> Self {
        Self {
            client,
            base: settings.api_url.clone(),
            token: settings.access_token.clone(),
            secret: settings.secret.clone(),
            pace: RateLimiter::direct(Quota::per_second(PACE)),
        }
    }

    /// Reads something.
    pub(super) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, CallError> {
        self.call(Method::GET, path, query, None).await
    }

    /// Does something.
    pub(super) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, CallError> {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let address = address(&self.base, path)?;
        self.pace.until_ready().await;
        let mut request = self
            .client
            .request(method, address)
            .query(&[("access_token", self.token.expose_secret())])
            .query(query)
            .timeout(CALL_WITHIN);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, JSON).body(body.to_string());
        }
        match self.answer(request).await? {
            (_, Some(answer)) => Ok(answer),
            (status, None) => Err(unclear(format!(
                "status {status} with an unreadable answer"
            ))),
        }
    }

    /// Hands a file over where Odnoklassniki said; the answer may be nothing that can be read.
    pub(super) async fn upload(&self, address: &str, form: Form) -> Result<Value, CallError> {
        let request = self.client.post(address).multipart(form);
        let (_, answer) = self.answer(request.timeout(UPLOAD_WITHIN)).await?;
        Ok(answer.unwrap_or_default())
    }

    /// Returns a good status and the answer, if it can be read.
    async fn answer(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Option<Value>), CallError> {
        let response = request.send().await.map_err(Failed::from)?;
        let status = response.status();
        let body = read(response).await?;
        let answer = serde_json::from_slice::<Value>(&body).ok();
        let error = answer.as_ref().and_then(ApiError::of);
        if let Some(error) = error.or_else(|| ApiError::of_status(status.as_u16())) {
            return Err(CallError::No(self.without_secrets(error)));
        }
        if !status.is_success() {
            return Err(unclear(format!("status {status} without a reason")));
        }
        Ok((status, answer))
    }

    fn without_secrets(&self, mut error: ApiError) -> ApiError {
        for secret in [&self.token, &self.secret].map(ExposeSecret::expose_secret) {
            let escaped: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for form in [secret, &escaped] {
                if !form.is_empty() {
                    error.words = error.words.replace(form, HIDDEN);
                }
            }
        }
        error
    }
}

/// Returns where a call goes, without the key. Ids come from outside: none becomes more than one part of the path.
pub(super) fn address(base: &str, path: &[&str]) -> Result<Url, Failed> {
    let no_address = || Failed::NotSent("api_url is no address".to_owned());
    let mut address = Url::parse(base).map_err(|_ignored| no_address())?;
    let parts = address.path_segments_mut();
    parts
        .map_err(|()| no_address())?
        .pop_if_empty()
        .extend(path);
    Ok(address)
}

fn unclear(cause: String) -> CallError {
    Failed::Unclear(cause).into()
}
