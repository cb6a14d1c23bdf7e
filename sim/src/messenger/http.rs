//! The HTTP side: connections, routing, and carrying out faults. What a call means is decided by the endpoint files.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::calls::{Call, Endpoint};
use super::errors::GraphError;
use super::faults::{Fault, FaultId, Subject};
use super::graph::Site;
use super::state::State;
use super::{conversations, page, profile, send, subscriptions, thread};
use crate::http::hang_up;

/// Accepts connections until told to stop; its end closes them all.
pub(super) async fn serve(site: Arc<Site>, listener: TcpListener, stopping: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/media/{name}", get(profile::photo))
        .route("/{version}/{node}", any(handle))
        .route("/{version}/{node}/{edge}", any(handle))
        .fallback(|| async { refusal(&unknown_path()) })
        .with_state(site);
    crate::http::serve(router, listener, stopping).await;
}

#[derive(Deserialize)]
struct Segments {
    version: String,
    node: String,
    edge: Option<String>,
}

async fn handle(
    Shared(site): Shared<Arc<Site>>,
    Path(segments): Path<Segments>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_version(&segments.version) {
        return refusal(&unknown_path());
    }
    let query = query.unwrap_or_default();
    let call = Call::read(
        method,
        segments.node,
        segments.edge,
        &query,
        &headers,
        &body,
    );
    let response = match call {
        Ok(call) => respond(&site, call).await,
        Err(error) => refusal(&error),
    };
    site.touch();
    response
}

async fn respond(site: &Site, call: Call) -> Response {
    let (subject, fault) = {
        let mut state = site.lock();
        let subject = subject_of(&state, &call);
        state.ledger.record_call(subject.endpoint);
        let fault = state.faults.take(&subject);
        (subject, fault)
    };
    let under_way = UnderWay::begin(site, &subject);
    match fault {
        None => render(perform(site, &call, subject.endpoint).await),
        Some((_, fault)) if !fault.has_effect() => {
            site.touch();
            spoil(&subject, fault, &Value::Null).await
        }
        Some((id, fault)) => {
            let answer = perform(site, &call, subject.endpoint).await;
            drop(under_way);
            spoil_after(site, &subject, (id, fault), answer).await
        }
    }
}

/// Counts a call to send a message as under way until the message is out or will never be.
struct UnderWay<'a> {
    site: &'a Site,
    psid: Option<String>,
}

impl<'a> UnderWay<'a> {
    fn begin(site: &'a Site, subject: &Subject) -> Self {
        let is_message = subject.endpoint == Endpoint::Messages;
        let psid = subject.psid.clone().filter(|_| is_message);
        if let Some(psid) = &psid {
            site.lock().ledger.begin_message(psid);
        }
        Self { site, psid }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(psid) = &self.psid {
            self.site.lock().ledger.end_message(psid);
        }
    }
}

async fn spoil_after(
    site: &Site,
    subject: &Subject,
    (id, fault): (FaultId, Fault),
    answer: Result<Value, GraphError>,
) -> Response {
    match answer {
        Ok(answer) => spoil(subject, fault, &answer).await,
        Err(error) => {
            site.lock().faults.put_back(id);
            refusal(&error)
        }
    }
}

/// Tells whom a call is about, before anything is checked.
fn subject_of(state: &State, call: &Call) -> Subject {
    let mut endpoint = call.endpoint();
    let is_page = state.find_page(&call.node).is_some();
    if endpoint == Endpoint::Profile && is_page {
        endpoint = Endpoint::Page;
    }
    let token_page = || page::find_page_of_token(state, call);
    let page_id = if is_page {
        Some(call.node.clone())
    } else {
        token_page()
    };
    let psid = match endpoint {
        Endpoint::Profile => Some(call.node.clone()),
        Endpoint::Conversations => call.text("user_id"),
        Endpoint::ThreadOwner => call.text("recipient"),
        _ => call.recipient_id(),
    };
    Subject {
        endpoint,
        page_id,
        psid,
    }
}

/// What a call did: its answer, and an echo that must arrive before it.
pub(super) struct Effect {
    pub(super) answer: Value,
    pub(super) echo: Option<oneshot::Receiver<()>>,
}

impl From<Value> for Effect {
    fn from(answer: Value) -> Self {
        Self { answer, echo: None }
    }
}

async fn perform(site: &Site, call: &Call, endpoint: Endpoint) -> Result<Value, GraphError> {
    if endpoint == Endpoint::Subscriptions {
        return subscriptions::of_app(site, call).await;
    }
    let effect = {
        let mut state = site.lock();
        dispatch(site, &mut state, call, endpoint)?
    };
    site.touch();
    if let Some(echo) = effect.echo {
        // A receiver that takes too long does not hold the answer back for ever.
        timeout(site.webhook_options.deadline, echo).await.ok();
    }
    Ok(effect.answer)
}

fn dispatch(
    site: &Site,
    state: &mut State,
    call: &Call,
    endpoint: Endpoint,
) -> Result<Effect, GraphError> {
    if endpoint == Endpoint::DebugToken {
        return page::debug_token(state, call).map(Effect::from);
    }
    let page_id = page::authorize(state, call)?;
    let is_own = call.node == "me" || call.node == page_id;
    let is_object = matches!(
        endpoint,
        Endpoint::Profile
            | Endpoint::Message
            | Endpoint::Conversation
            | Endpoint::ConversationMessages
    );
    if !is_own && !is_object {
        return Err(GraphError::named("object_missing"));
    }
    match endpoint {
        Endpoint::Messages | Endpoint::SenderActions => send::accept(site, state, &page_id, call),
        Endpoint::MessageAttachments => send::upload(state, call).map(Effect::from),
        Endpoint::Profile => profile::read(state, call).map(Effect::from),
        Endpoint::Page => page::read(state, &page_id, call).map(Effect::from),
        Endpoint::Message => conversations::message(state, &page_id, call).map(Effect::from),
        Endpoint::Conversation => conversations::one(state, &page_id, call).map(Effect::from),
        Endpoint::Conversations => conversations::list(state, &page_id, call).map(Effect::from),
        Endpoint::ConversationMessages => {
            conversations::messages_of(state, &page_id, call).map(Effect::from)
        }
        Endpoint::SubscribedApps => subscriptions::of_page(state, &page_id, call).map(Effect::from),
        Endpoint::ThreadControl => thread::control(state, &page_id, call).map(Effect::from),
        Endpoint::ThreadOwner => thread::owner(site, state, &page_id, call).map(Effect::from),
        Endpoint::Unknown | Endpoint::Subscriptions | Endpoint::DebugToken => Err(unknown_path()),
    }
}

/// Answers as the fault says; `answer` is what would have been said.
async fn spoil(subject: &Subject, fault: Fault, answer: &Value) -> Response {
    match fault {
        Fault::Refuse(error) | Fault::RefuseAfter(error) => refusal(&error),
        Fault::Throttle {
            error,
            regain_access_minutes,
        } => throttled(subject, &error, regain_access_minutes),
        Fault::Html { status } | Fault::HtmlAfter { status } => html(status),
        Fault::Garbage | Fault::GarbageAfter => json_bytes(StatusCode::OK, Body::from("{\"recip")),
        Fault::EmptyAfter => json_bytes(StatusCode::OK, Body::from("{}")),
        Fault::HangBefore(hold) | Fault::HangAfter(hold) => {
            sleep(hold).await;
            hang_up()
        }
        Fault::CloseBefore | Fault::CloseAfter => hang_up(),
        Fault::Slow { pause } => json_bytes(StatusCode::OK, trickle(answer.to_string(), pause)),
    }
}

fn throttled(subject: &Subject, error: &GraphError, regain_access_minutes: u32) -> Response {
    let usage = json!({ "call_count": 100, "total_cputime": 25, "total_time": 25 });
    let page_id = subject.page_id.as_deref().unwrap_or("0");
    let business = json!({ page_id: [{
        "type": "messenger", "call_count": 100, "total_cputime": 25, "total_time": 25,
        "estimated_time_to_regain_access": regain_access_minutes,
    }] });
    let mut response = refusal(&error.clone().status(429));
    for (name, value) in [
        ("x-app-usage", usage),
        ("x-business-use-case-usage", business),
    ] {
        let value = value
            .to_string()
            .parse()
            .expect("JSON of ASCII is a header value");
        response.headers_mut().insert(name, value);
    }
    response
}

fn html(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = "<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry, something went wrong.</body></html>";
    (
        status,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}

/// Streams a text byte by byte with a pause before each.
fn trickle(text: String, pause: Duration) -> Body {
    Body::from_stream(stream::unfold(
        text.into_bytes().into_iter(),
        move |mut rest| async move {
            sleep(pause).await;
            let byte = rest.next()?;
            Some((Ok::<_, Infallible>(Bytes::copy_from_slice(&[byte])), rest))
        },
    ))
}

fn render(answer: Result<Value, GraphError>) -> Response {
    match answer {
        Ok(answer) => json_bytes(StatusCode::OK, Body::from(answer.to_string())),
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &GraphError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    json_bytes(status, Body::from(error.body().to_string()))
}

fn json_bytes(status: StatusCode, body: Body) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
    (status, content_type, body).into_response()
}

fn unknown_path() -> GraphError {
    GraphError {
        code: 2500,
        ..GraphError::parameter("Unknown path components")
    }
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .and_then(|rest| rest.strip_suffix(".0"))
        .is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
        })
}
