//! Calls of the Graph API: the address, the proof, the answer or the error. The token goes in a header, so that no address
//! in a log holds it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Client, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use crate::channels::calls::{self, Failed, read};
use crate::channels::signed;

use super::MessengerSettings;
use super::errors::{GraphError, Refused};
use super::usage::{Pace, Usage};

/// The newest version known (meta.md 1).
const VERSION: &str = "v26.0";
/// For a whole call.
const CALL_WITHIN: Duration = Duration::from_secs(30);
/// Two calls a second, for the Conversations API (meta.md 11).
const BETWEEN_SLOW_CALLS: Duration = Duration::from_millis(500);

/// A Page's access to the Graph.
pub(super) struct Graph {
    client: Client,
    base: String,
    page_id: String,
    token: SecretString,
    proof: SecretString,
    human_agent: AtomicBool,
    pace: Pace,
    next_slow_call: Mutex<Option<Instant>>,
}

/// Why a call brought nothing.
pub(super) type CallError = calls::CallError<Refused>;

impl Graph {
    pub(super) fn new(client: Client, settings: &MessengerSettings) -> Self {
        Self {
            client,
            base: format!("{}/{VERSION}", settings.api_url.trim_end_matches('/')),
            page_id: settings.page_id.clone(),
            proof: proof(settings),
            token: settings.access_token.clone(),
            human_agent: AtomicBool::new(settings.human_agent),
            pace: Pace::default(),
            next_slow_call: Mutex::new(None),
        }
    }

    pub(super) fn page_id(&self) -> &str {
        &self.page_id
    }

    pub(super) fn human_agent(&self) -> bool {
        self.human_agent.load(Ordering::Relaxed)
    }

    /// Meta says that the tag was misused: it is not used again before the channel is set up anew.
    pub(super) fn stop_tagging(&self) {
        tracing::error!(
            page = self.page_id,
            "Meta says that the human-agent tag is misused; it is not used any more"
        );
        self.human_agent.store(false, Ordering::Relaxed);
    }

    /// Reads something.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CallError> {
        self.call(Method::GET, path, query, None).await
    }

    /// Reads from an edge that allows two calls a second.
    pub(super) async fn get_slowly(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, CallError> {
        let turn = self.take_turn();
        tokio::time::sleep_until(turn).await;
        self.get(path, query).await
    }

    /// Does something.
    pub(super) async fn post(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<Value, CallError> {
        self.call(Method::POST, path, query, Some(body)).await
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
    ) -> Result<Value, CallError> {
        self.pace.keep().await;
        let mut request = self
            .client
            .request(method, format!("{}/{path}", self.base))
            .bearer_auth(self.token.expose_secret())
            .query(query)
            .query(&[("appsecret_proof", self.proof.expose_secret())])
            .timeout(CALL_WITHIN);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(Failed::from)?;
        let status = response.status();
        let usage = Usage::of(response.headers());
        self.pace.note(usage);
        let body = read(response).await?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) => match GraphError::of(&value) {
                Some(error) => Err(CallError::No(Refused {
                    error,
                    wait: usage.wait,
                })),
                None if status.is_success() => Ok(value),
                None => Err(unclear(format!("status {status} without a reason"))),
            },
            Err(_) => Err(unclear(format!(
                "status {status} with an unreadable answer"
            ))),
        }
    }
}

fn unclear(cause: String) -> CallError {
    Failed::Unclear(cause).into()
}

/// Proves that the caller knows the app secret (meta.md 15).
fn proof(settings: &MessengerSettings) -> SecretString {
    let token = settings.access_token.expose_secret().as_bytes();
    crate::hex::hex(&signed::mac(settings.app_secret.expose_secret(), token)).into()
}
