//! What the relay serves over HTTP: platforms, logins, files, health; and the way into the websocket. No SQL, no rules.

mod body;
mod files;
mod health;
pub mod listener;
mod metrics;
pub mod session;
#[cfg(test)]
mod tests;
mod webhooks;

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;

use shared::model::ChannelId;
use shared::protocol::ApiFault;

use crate::clock::Clock;
use crate::files::Files;
use crate::store::Store;
use crate::ws::Hub;

pub use metrics::serve_metrics;
pub use session::{Logins, PasswordCheck};

/// Bytes of a webhook's body (SEC-13).
pub const WEBHOOK_LIMIT: usize = 1 << 20;

/// What platforms' requests lead to.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Answers the platform's question whether an address is ours.
    fn handshake(&self, channel: &ChannelId, query: &str) -> HandshakeOutcome;
    /// Takes a body in; the answer comes when everything is on disk.
    async fn webhook(
        &self,
        channel: &ChannelId,
        query: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> WebhookOutcome;
}

/// See [`Webhooks::handshake`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeOutcome {
    /// 200 with this.
    Answer(String),
    /// 403.
    Rejected,
    /// 404.
    NoSuchChannel,
}

/// See [`Webhooks::webhook`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// 200 with this.
    Done(String),
    /// 403.
    Rejected,
    /// 404.
    NoSuchChannel,
    /// 503: the platform shall send it again.
    Unavailable,
}

/// The handles that every handler gets.
#[derive(Clone)]
pub struct Site {
    /// For platforms.
    pub webhooks: Arc<dyn Webhooks>,
    /// For desks.
    pub hub: Arc<Hub>,
    /// For sessions and health.
    pub store: Arc<dyn Store>,
    /// The bytes of files.
    pub files: Files,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who logs in, and how often.
    pub logins: Arc<Logins>,
    /// From where desks and the API may be reached (SEC-01).
    pub allowed: Arc<RwLock<Arc<dyn AddressFilter>>>,
    /// Whether the store can be written, asked at most once a second.
    pub health: Arc<health::Health>,
}

/// Which addresses may reach desks and the API.
pub trait AddressFilter: Send + Sync {
    /// Whether this one may.
    fn allows(&self, address: IpAddr) -> bool;
}

/// Returns what is served on `relay.listen`.
pub fn router(site: Site) -> Router {
    let inside = Router::new()
        .route(
            "/api/v1/session",
            post(session::log_in).delete(session::log_out),
        )
        .route("/files/{id}", get(files::give))
        .route("/files", post(files::take))
        .route("/ws", get(crate::ws::serve_desk))
        .layer(middleware::from_fn_with_state(site.clone(), only_allowed));
    Router::new()
        .route(
            "/webhooks/{channel}",
            get(webhooks::handshake).post(webhooks::take),
        )
        .route(
            "/files/{id}/{until}/{proof}/{name}",
            get(files::give_linked),
        )
        .route("/healthz", get(health::is_up))
        .route("/readyz", get(health::is_ready))
        .merge(inside)
        .fallback(nowhere)
        .layer(middleware::map_response(harden))
        .with_state(site)
}

/// A refusal as the API gives it.
pub(crate) fn fault(status: StatusCode, code: &str, sentence: &str, hint: &str) -> Response {
    let fault = ApiFault {
        code: code.to_owned(),
        sentence: sentence.to_owned(),
        hint: hint.to_owned(),
    };
    (status, Json(fault)).into_response()
}

async fn only_allowed(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>,
    request: Request<axum::body::Body>,
    next: Next,
) -> Response {
    let filter = Arc::clone(&site.allowed.read().unwrap_or_else(PoisonError::into_inner));
    if filter.allows(peer.ip()) {
        return next.run(request).await;
    }
    tracing::warn!(address = %peer.ip(), "an address that is not allowed was turned away");
    let sentence = "This address may not reach the relay's desks.";
    fault(
        StatusCode::FORBIDDEN,
        "address_not_allowed",
        sentence,
        "ask an admin to add it to relay.allowed_ips",
    )
}

async fn nowhere() -> Response {
    fault(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is nothing here.",
        "",
    )
}

async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
