//! Calls of the Graph API: the address, the proof, the answer or the error. The token goes in a header, so that no address
//! in a log holds it.

use std::marker::PhantomData;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::multipart::Form;
use reqwest::{Client, Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use crate::channels::calls::{CallError, Failed, read};
use crate::channels::signed;

use super::error::{GraphError, Reading};
use super::usage::{Pace, Usage};

/// For a whole call.
const CALL_WITHIN: Duration = Duration::from_secs(30);
/// For a call with a file.
const UPLOAD_WITHIN: Duration = Duration::from_secs(300);
/// Two calls a second, for the Conversations API (meta.md 11).
const BETWEEN_SLOW_CALLS: Duration = Duration::from_millis(500);

/// What an account calls with.
pub(in crate::channels) struct Access<'a> {
    /// `https://graph.facebook.com`, or a gateway.
    pub(in crate::channels) api_url: &'a str,
    /// `v26.0`
    pub(in crate::channels) version: &'a str,
    /// Whose calls these are: a Page, a phone number.
    pub(in crate::channels) account: &'a str,
    /// Of the account.
    pub(in crate::channels) token: &'a SecretString,
    /// Of the application.
    pub(in crate::channels) app_secret: &'a SecretString,
    /// The Human Agent feature was granted.
    pub(in crate::channels) human_agent: bool,
}

/// An account's access to the Graph; `N` is what its platform makes of a no.
pub(in crate::channels) struct Graph<N> {
    client: Client,
    base: String,
    account: String,
    token: SecretString,
    proof: SecretString,
    human_agent: AtomicBool,
    pace: Pace,
    next_slow_call: Mutex<Option<Instant>>,
    reading: PhantomData<fn() -> N>,
}

impl<N: Reading> Graph<N> {
    pub(in crate::channels) fn new(client: Client, access: &Access<'_>) -> Self {
        Self {
            client,
            base: format!(
                "{}/{}",
                access.api_url.trim_end_matches('/'),
                access.version
            ),
            account: access.account.to_owned(),
            proof: proof(access),
            token: access.token.clone(),
            human_agent: AtomicBool::new(access.human_agent),
            pace: Pace::default(),
            next_slow_call: Mutex::new(None),
            reading: PhantomData,
        }
    }

    pub(in crate::channels) fn account(&self) -> &str {
        &self.account
    }

    pub(in crate::channels) fn human_agent(&self) -> bool {
        self.human_agent.load(Ordering::Relaxed)
    }

    /// Meta says that the tag was misused: it is not used again before the channel is set up anew.
    pub(in crate::channels) fn stop_tagging(&self) {
        tracing::error!(
            account = self.account,
            "Meta says that the human-agent tag is misused; it is not used any more"
        );
        self.human_agent.store(false, Ordering::Relaxed);
    }

    /// Reads something.
    pub(in crate::channels) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, CallError<N>> {
        self.call(Method::GET, path, query, None).await
    }

    /// Reads from an edge that allows two calls a second.
    pub(in crate::channels) async fn get_slowly(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, CallError<N>> {
        let turn = self.take_turn();
        tokio::time::sleep_until(turn).await;
        self.get(path, query).await
    }

    /// Does something.
    pub(in crate::channels) async fn post(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<Value, CallError<N>> {
        self.call(Method::POST, path, query, Some(body)).await
    }

    /// Asks what the token is worth: its rights, and until when it is good (meta.md 15). The address holds the token: it is
    /// left out of every error.
    pub(in crate::channels) async fn inspect_token(&self) -> Result<Value, CallError<N>> {
        let asked = [("input_token", self.token.expose_secret())];
        self.get("debug_token", &asked).await
    }

    /// Takes something away.
    pub(in crate::channels) async fn delete(&self, path: &str) -> Result<Value, CallError<N>> {
        self.call(Method::DELETE, path, &[], None).await
    }

    /// Does something with a file.
    pub(in crate::channels) async fn upload(
        &self,
        path: &str,
        form: Form,
    ) -> Result<Value, CallError<N>> {
        self.pace.keep().await;
        let request = self.request(Method::POST, path, &[]);
        self.answer(request.multipart(form).timeout(UPLOAD_WITHIN))
            .await
    }

    fn take_turn(&self) -> Instant {
        let mut next = self
            .next_slow_call
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let turn = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
        *next = Some(turn + BETWEEN_SLOW_CALLS);
        turn
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CallError<N>> {
        self.pace.keep().await;
        let mut request = self.request(method, path, query).timeout(CALL_WITHIN);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(request).await
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        self.client
            .request(method, format!("{}/{path}", self.base))
            .bearer_auth(self.token.expose_secret())
            .query(query)
            .query(&[("appsecret_proof", self.proof.expose_secret())])
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, CallError<N>> {
        let response = request.send().await.map_err(Failed::from)?;
        let status = response.status();
        let usage = Usage::of(response.headers());
        self.pace.note(usage);
        let body = read(response).await?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) => match GraphError::of(&value) {
                Some(error) => Err(CallError::No(N::of(error, usage.wait))),
                None if status.is_success() => Ok(value),
                None => Err(unclear(format!("status {status} without a reason"))),
            },
            Err(_) => Err(unclear(format!(
                "status {status} with an unreadable answer"
            ))),
        }
    }
}

fn unclear<N>(cause: String) -> CallError<N> {
    Failed::Unclear(cause).into()
}

/// Proves that the caller knows the app secret (meta.md 15).
fn proof(access: &Access<'_>) -> SecretString {
    let token = access.token.expose_secret().as_bytes();
    crate::hex::hex(&signed::mac(access.app_secret.expose_secret(), token)).into()
}
