//! The HTTP side: the token in the address, parameters as JSON, the envelope of answers (telegram.md 1).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::form_urlencoded;

use super::bot::Site;
use super::methods::{self, Refused};
use super::state::Fault;
use crate::form::FormFile;
use crate::http::hang_up;

pub(super) async fn serve(site: Arc<Site>, listener: TcpListener, stopping: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/{bot}/{method}", any(handle))
        .route("/file/{bot}/{*path}", get(give_file))
        .with_state(site);
    crate::http::serve(router, listener, stopping).await;
}

async fn give_file(
    Shared(site): Shared<Arc<Site>>,
    Path((bot, path)): Path<(String, String)>,
) -> Response {
    if bot.strip_prefix("bot") != Some(site.token().as_str()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let state = site.lock();
    let mut files = state.files.values();
    match files.find(|(known, _)| *known == path) {
        Some((_, bytes)) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn handle(
    Shared(site): Shared<Arc<Site>>,
    Path((bot, method)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if bot.strip_prefix("bot") != Some(site.token().as_str()) {
        return refusal(&Refused::new(401, "Unauthorized"));
    }
    let (call, file) = parameters(&query.unwrap_or_default(), &headers, &body);
    let fault = {
        let mut state = site.lock();
        *state.calls.entry(method.clone()).or_default() += 1;
        state.take_fault(&method)
    };
    site.changed.notify_waiters();
    match fault {
        None => answer(methods::call(&site, &method, &call, file).await),
        Some(Fault::Refuse(code, words)) => refusal(&Refused::new(code, &words)),
        Some(Fault::TooFast(seconds)) => refusal(&Refused::too_fast(seconds)),
        Some(Fault::Garbage) => (
            StatusCode::BAD_GATEWAY,
            "<html><h1>502 Bad Gateway</h1></html>",
        )
            .into_response(),
        Some(Fault::CloseAfter) => {
            let done = methods::call(&site, &method, &call, file).await;
            if done.is_err() {
                tracing::debug!("what was to be done unheard was refused");
            }
            hang_up()
        }
        Some(Fault::Hang(long)) => {
            tokio::time::sleep(long).await;
            hang_up()
        }
    }
}

/// Numbers among the parameters, where those are text.
const NUMBERS: [&str; 6] = [
    "chat_id",
    "limit",
    "message_id",
    "offset",
    "timeout",
    "user_id",
];

/// Reads parameters as they may come: in the address, as a form, as JSON (telegram.md 1).
fn parameters(query: &str, headers: &HeaderMap, body: &[u8]) -> (Value, Option<FormFile>) {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        let call = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
        return (call, None);
    }
    if let Some((mut fields, mut files)) = crate::form::read(kind, body) {
        for name in NUMBERS {
            let number = fields.get(name).and_then(Value::as_str);
            if let Some(number) = number.and_then(|text| text.parse::<i64>().ok()) {
                fields.insert(name.to_owned(), number.into());
            }
        }
        return (Value::Object(fields), files.pop());
    }
    let pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(body));
    let parameters = pairs.map(|(name, text)| {
        let is_json = text.starts_with(['[', '{']) || NUMBERS.contains(&name.as_ref());
        let value = serde_json::from_str(&text).ok().filter(|_| is_json);
        (
            name.into_owned(),
            value.unwrap_or_else(|| text.into_owned().into()),
        )
    });
    (Value::Object(parameters.collect()), None)
}

fn answer(done: Result<Value, Refused>) -> Response {
    match done {
        Ok(result) => render(200, &json!({ "ok": true, "result": result })),
        Err(refused) => refusal(&refused),
    }
}

fn refusal(refused: &Refused) -> Response {
    let mut body = json!({ "ok": false, "error_code": refused.code, "description": refused.words });
    if let Some(seconds) = refused.retry_after {
        body["parameters"] = json!({ "retry_after": seconds });
    }
    render(refused.code, &body)
}

/// As the server writes: everything that is not ASCII is escaped.
fn render(code: u16, body: &Value) -> Response {
    let mut text = String::new();
    for char in body.to_string().chars() {
        if char.is_ascii() {
            text.push(char);
        } else {
            for unit in &*char.encode_utf16(&mut [0; 2]) {
                text.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    text.extend(char::from_digit(u32::from(*unit) >> shift & 15, 16));
                }
            }
        }
    }
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}
