//! The HTTP side: the key in the address, JSON that must be called so, errors with status 200 (ok.md 2).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::form_urlencoded;

use super::group::Site;
use super::methods::{self, Call, Refused};
use super::state::Fault;
use super::uploads;
use crate::http::hang_up;

pub(super) async fn serve(site: Arc<Site>, listener: TcpListener, stopping: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/graph/{*path}", any(handle))
        .route("/upload/{token}", post(take))
        .with_state(site);
    crate::http::serve(router, listener, stopping).await;
}

async fn take(
    Shared(site): Shared<Arc<Site>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match uploads::take(&site, &token, kind, &body) {
        Ok(None) => "<retval>1</retval>".into_response(),
        Ok(Some(photos)) => answer(Ok(photos)),
        Err(refused) => answer(Err(refused)),
    }
}

async fn handle(
    Shared(site): Shared<Arc<Site>>,
    method: Method,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query: BTreeMap<_, _> = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let kind = headers.get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind == "application/json;charset=utf-8");
    let body = serde_json::from_slice(&body).ok().filter(|_| is_json);
    let call = Call {
        is_post: method == Method::POST,
        path: path.split('/').collect(),
        query,
        body: body.unwrap_or_else(|| json!({})),
    };
    let fault = site.lock().take_fault(methods::kind_of(&call));
    let response = match fault {
        None => answer(methods::call(&site, &call)),
        Some(Fault::Refuse(code, words)) => answer(Err(Refused(code, words))),
        Some(Fault::Garbage) => (
            StatusCode::BAD_GATEWAY,
            "<html><h1>502 Bad Gateway</h1></html>",
        )
            .into_response(),
        Some(Fault::CloseAfter) => {
            if methods::call(&site, &call).is_err() {
                tracing::debug!("what was to be done unheard was refused");
            }
            hang_up()
        }
    };
    site.changed.notify_waiters();
    response
}

fn answer(done: Result<Value, Refused>) -> Response {
    let answer = done.unwrap_or_else(|Refused(code, words)| {
        json!({ "error_code": code, "error_msg": words, "error_data": null })
    });
    let kind = [(header::CONTENT_TYPE, "application/json;charset=utf-8")];
    (kind, answer.to_string()).into_response()
}
