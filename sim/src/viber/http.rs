//! The HTTP side: the token in a header, 200 whatever happened (viber.md 1).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::bot::Site;
use super::methods::{self, Refused};

pub(super) async fn serve(site: Arc<Site>, listener: TcpListener, stopping: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/{method}", post(handle))
        .with_state(site);
    crate::http::serve(router, listener, stopping).await;
}

async fn handle(
    Shared(site): Shared<Arc<Site>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = headers
        .get("x-viber-auth-token")
        .and_then(|value| value.to_str().ok());
    let call = serde_json::from_slice::<Value>(&body).unwrap_or_else(|_| json!({}));
    // Older clients put it into the body.
    let token = token.or_else(|| call.get("auth_token").and_then(Value::as_str));
    let done = match token {
        Some(token) if token == site.options.token => methods::call(&site, &method, &call).await,
        Some(_) => Err(Refused(2, "invalidAuthToken")),
        None => Err(Refused(2, "missing_auth_token")),
    };
    site.changed.notify_waiters();
    let answer = done.unwrap_or_else(
        |Refused(status, words)| json!({ "status": status, "status_message": words }),
    );
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, answer.to_string()).into_response()
}
