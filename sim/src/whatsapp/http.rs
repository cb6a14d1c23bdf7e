//! The HTTP side: the token and its proof, and errors as Meta writes them (whatsapp.md 1, 4).

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::methods::{self, No};
use super::number::Site;
use crate::form::FormFile;
use crate::http::hang_up;
use crate::meta::appsecret_proof;

pub(super) async fn serve(site: Arc<Site>, listener: TcpListener, stopping: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/{version}/{*path}", any(handle))
        .with_state(site);
    crate::http::serve(router, listener, stopping).await;
}

async fn handle(
    Shared(site): Shared<Arc<Site>>,
    Path((version, path)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let checked = check(&site, &headers, &query);
    if version == "media" {
        return give_file(&site, &path, checked.is_ok());
    }
    let (call, file) = parameters(&headers, &body);
    let done = match checked {
        Ok(()) => methods::call(&site, &method, &path, &call, file).await,
        Err(no) => Err(no),
    };
    site.changed.notify_waiters();
    let (status, answer) = match done {
        Ok(answer) => (StatusCode::OK, answer),
        Err(No::Silent) => return hang_up(),
        Err(No::Code(code, words)) => (status_of(code), error(code, words)),
    };
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, answer.to_string()).into_response()
}

fn parameters(headers: &HeaderMap, body: &[u8]) -> (Value, Option<FormFile>) {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if let Some((fields, mut files)) = crate::form::read(kind, body) {
        return (Value::Object(fields), files.pop());
    }
    let call = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
    (call, None)
}

/// Files open with the token only (whatsapp.md 3).
fn give_file(site: &Site, id: &str, has_token: bool) -> Response {
    if !has_token {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match site.lock().files.get(id) {
        Some(file) => file.bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn check(site: &Site, headers: &HeaderMap, query: &HashMap<String, String>) -> Result<(), No> {
    let options = &site.options;
    let claimed = headers.get(header::AUTHORIZATION);
    let claimed = claimed.and_then(|value| value.to_str().ok());
    if claimed != Some(format!("Bearer {}", options.access_token).as_str()) {
        return Err(No::Code(190, "Invalid OAuth access token"));
    }
    let right = appsecret_proof(&options.app_secret, &options.access_token);
    match query.get("appsecret_proof") {
        Some(proof) if *proof != right => Err(No::Code(100, "Invalid appsecret_proof")),
        Some(_) | None => Ok(()),
    }
}

fn status_of(code: i64) -> StatusCode {
    match code {
        190 => StatusCode::UNAUTHORIZED,
        131_016 => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn error(code: i64, words: &str) -> Value {
    json!({ "error": {
        "message": format!("(#{code}) {words}"), "type": "OAuthException", "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": words }, "fbtrace_id": "Asimulated",
    } })
}
