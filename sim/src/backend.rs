//! The backend of an app beside the relay: posts signed events, takes signed replies (the relay's `docs/http-channel.md`).

use std::collections::VecDeque;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::http::hang_up;
use crate::sign::hmac_hex;
use crate::waiting::until;

/// Where the signature stands, in both directions.
const HEADER: &str = "x-deskwire-signature";

/// What happens to the next reply.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This status, and nothing is done.
    Status(u16),
    /// 429, with so many seconds to wait.
    TooFast(u64),
    /// It is taken, and the answer never comes.
    CloseAfter,
}

#[derive(Default)]
struct State {
    replies: Vec<Value>,
    keys: Vec<String>,
    calls: usize,
    faults: VecDeque<Fault>,
}

struct Site {
    secret: String,
    changed: Notify,
    state: Mutex<State>,
}

impl Site {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running backend.
pub struct Backend {
    site: Arc<Site>,
    url: String,
    client: reqwest::Client,
    stop_tx: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Backend {
    /// Starts on a free port of the loopback.
    ///
    /// # Errors
    ///
    /// No port, or no HTTP client.
    pub async fn start(secret: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/deskwire", listener.local_addr()?);
        let site = Arc::new(Site {
            secret: secret.to_owned(),
            changed: Notify::new(),
            state: Mutex::default(),
        });
        let router = Router::new()
            .route("/deskwire", post(take))
            .with_state(site.clone());
        let (stop_tx, stopping) = watch::channel(false);
        let client = reqwest::Client::builder().no_proxy().build();
        Ok(Self {
            site,
            url,
            client: client.map_err(io::Error::other)?,
            stop_tx,
            serving: tokio::spawn(crate::http::serve(router, listener, stopping)),
        })
    }

    /// The channel's `api_url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Posts an event to the channel's address, signed; returns the status.
    ///
    /// # Errors
    ///
    /// Nobody answers.
    pub async fn post(&self, address: &str, event: &Value) -> Result<u16, reqwest::Error> {
        let body = event.to_string();
        let signature = format!("sha256={}", hmac_hex(&self.site.secret, body.as_bytes()));
        let request = self
            .client
            .post(address)
            .header(HEADER, signature)
            .body(body);
        Ok(request.send().await?.status().as_u16())
    }

    /// Puts a fault in the way of the next reply.
    pub fn inject(&self, fault: Fault) {
        self.site.lock().faults.push_back(fault);
    }

    /// How often a reply was brought, again or not.
    pub fn calls(&self) -> usize {
        self.site.lock().calls
    }

    /// Waits for so many replies, and no longer than this; each key is one.
    pub async fn wait_for_replies(&self, count: usize, within: Duration) -> Vec<Value> {
        let deadline = Instant::now() + within;
        let is_there = || self.site.lock().replies.len() >= count;
        until(&self.site.changed, deadline, is_there).await;
        self.site.lock().replies.clone()
    }

    /// Stops, and closes every connection.
    pub async fn stop(self) {
        self.stop_tx.send_replace(true);
        if let Err(fault) = self.serving.await {
            tracing::warn!(%fault, "the backend did not end well");
        }
    }
}

async fn take(Shared(site): Shared<Arc<Site>>, headers: HeaderMap, body: Bytes) -> Response {
    let right = format!("sha256={}", hmac_hex(&site.secret, &body));
    let claimed = headers.get(HEADER).and_then(|value| value.to_str().ok());
    if claimed != Some(right.as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let call = serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null);
    let response = match call.get("type").and_then(Value::as_str) {
        Some("reply") => reply(&site, call),
        Some("profile") => json!({ "name": "Alex Sample", "first_name": "Alex" })
            .to_string()
            .into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    };
    site.changed.notify_waiters();
    response
}

fn reply(site: &Site, call: Value) -> Response {
    let mut state = site.lock();
    state.calls += 1;
    let fault = state.faults.pop_front();
    match fault {
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            return (status, json!({ "error": "refused by script" }).to_string()).into_response();
        }
        Some(Fault::TooFast(seconds)) => {
            let wait = [(header::RETRY_AFTER, seconds.to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, wait).into_response();
        }
        Some(Fault::CloseAfter) | None => {}
    }
    let key = call.get("key").and_then(Value::as_str).unwrap_or_default();
    let id = format!("r-{key}");
    if !state.keys.iter().any(|known| known == key) {
        state.keys.push(key.to_owned());
        state.replies.push(call);
    }
    if fault.is_some() {
        return hang_up();
    }
    json!({ "id": id }).to_string().into_response()
}
