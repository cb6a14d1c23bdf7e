//! The HTTP side: forms in, 200 out whatever happened (vk.md 6); the long poll; addresses for files.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use super::community::Site;
use super::methods::{self, Call, Refused};
use super::state::Fault;
use crate::http::hang_up;

/// The longest wait of a long poll.
const LONGEST_WAIT: u64 = 90;

pub(super) async fn serve(site: Arc<Site>, listener: TcpListener, stopping: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/method/{method}", post(handle))
        .route("/lp", get(long_poll))
        .route("/upload/{kind}", post(upload))
        .with_state(site);
    crate::http::serve(router, listener, stopping).await;
}

async fn handle(
    Shared(site): Shared<Arc<Site>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call: Call = url::form_urlencoded::parse(&body).into_owned().collect();
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let fault = {
        let mut state = site.lock();
        *state.calls.entry(method.clone()).or_default() += 1;
        if token != Some(site.options.token.as_str()) || state.is_token_dead {
            return refusal(
                &Refused(5, "User authorization failed: invalid access_token (4)."),
                &call,
            );
        }
        state.take_fault(&method)
    };
    let done = match fault {
        Some(Fault::Refuse(code)) => Err(Refused(code, "refused by script")),
        Some(Fault::Garbage) => {
            return (StatusCode::BAD_GATEWAY, "<html>502</html>").into_response();
        }
        Some(Fault::CloseAfter) | None => methods::call(&site, &method, &call).await,
    };
    if fault == Some(Fault::CloseAfter) {
        return hang_up();
    }
    match done {
        Ok(response) => render(&json!({ "response": response })),
        Err(refused) => refusal(&refused, &call),
    }
}

/// As VK does, it repeats what was asked.
fn refusal(Refused(code, words): &Refused, call: &Call) -> Response {
    let parameters: Vec<Value> = call
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    let error = json!({ "error_code": code, "error_msg": words, "request_params": parameters });
    render(&json!({ "error": error }))
}

async fn long_poll(Shared(site): Shared<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked: Call = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let text = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let failure = site.lock().poll_failures.pop_front();
    match failure {
        Some(1) => {
            let mut state = site.lock();
            state.polled.clear();
            return render(&json!({ "failed": 1, "ts": state.place }));
        }
        Some(failure) => return render(&json!({ "failed": failure })),
        None if text("key") != "a-key" => return render(&json!({ "failed": 2 })),
        None => {}
    }
    let after = text("ts").parse::<i64>().unwrap_or(0);
    let wait = text("wait").parse::<u64>().unwrap_or(0).min(LONGEST_WAIT);
    let deadline = Instant::now() + Duration::from_secs(wait);
    site.until(
        |state| state.place > after || !state.poll_failures.is_empty(),
        deadline,
    )
    .await;
    let state = site.lock();
    let updates: Vec<Value> = state
        .polled
        .iter()
        .filter(|(place, _)| *place > after)
        .map(|(_, event)| event.clone())
        .collect();
    render(&json!({ "ts": state.place.to_string(), "updates": updates }))
}

async fn upload(
    Shared(site): Shared<Arc<Site>>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let field = if kind == "photo" { "photo" } else { "file" };
    let file = crate::form::read(content_type, &body)
        .and_then(|(_, mut files)| files.pop())
        .filter(|file| file.field == field);
    let Some(file) = file else {
        let no = json!({ "error": "unknown error", "error_descr": "file type is not allowed" });
        return render(&no);
    };
    site.lock().uploads.push(file);
    render(&match kind.as_str() {
        "photo" => {
            json!({ "server": 231_234, "photo": "[{\"photo\":\"EXAMPLE:w\"}]", "hash": "a-hash" })
        }
        _ => json!({ "file": "a-file" }),
    })
}

fn render(body: &Value) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
