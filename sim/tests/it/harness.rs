//! A Graph, a plain HTTP client, and a receiver of webhooks that answers as told. No assertions about subjects here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use sim::messenger::{Graph, GraphOptions, PageOptions, WebhookOptions};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const PAGE: &str = "104820093344556";
pub(crate) const TOKEN: &str = "EAASimulatedPageToken";
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const PSID: &str = "7412589630147852";
/// Long enough for a loaded machine; reached only when something is wrong.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What the receiver says to a POST.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Say {
    Status(u16),
    Nothing,
}

#[derive(Debug, Default)]
struct Heard {
    posts: Vec<(Option<String>, Bytes)>,
    answers: VecDeque<Say>,
}

/// Stands in for the relay.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    heard: Arc<Mutex<Heard>>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let router = Router::new()
            .route("/webhooks/support", get(verify).post(receive))
            .with_state(Arc::clone(&heard));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/support", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            heard,
            serving,
        }
    }

    /// Scripts the next answers; 200 after them.
    pub(crate) fn says(&self, answers: impl IntoIterator<Item = Say>) {
        self.heard.lock().unwrap().answers.extend(answers);
    }

    pub(crate) fn posts(&self) -> Vec<(Option<String>, Bytes)> {
        self.heard.lock().unwrap().posts.clone()
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        let parse = |(_, body): (_, Bytes)| serde_json::from_slice(&body).unwrap();
        self.posts().into_iter().map(parse).collect()
    }

    /// Returns all events in order of arrival, with the list each came in.
    pub(crate) fn events(&self) -> Vec<(&'static str, Value)> {
        let mut events = Vec::new();
        for body in self.bodies() {
            for entry in body["entry"].as_array().unwrap() {
                for list in ["messaging", "standby"] {
                    let found = entry[list].as_array().into_iter().flatten();
                    events.extend(found.map(|event| (list, event.clone())));
                }
            }
        }
        events
    }

    /// Returns the texts that visitors wrote, in order of arrival.
    pub(crate) fn texts(&self) -> Vec<String> {
        let events = self
            .events()
            .into_iter()
            .map(|(_, event)| event["message"].clone());
        events
            .filter(|message| message["is_echo"] != true)
            .filter_map(|message| Some(message["text"].as_str()?.to_owned()))
            .collect()
    }
}

async fn verify(RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let find = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    };
    if find("hub.mode").as_deref() == Some("subscribe")
        && find("hub.verify_token").as_deref() == Some("open-sesame")
    {
        return find("hub.challenge").unwrap().into_response();
    }
    StatusCode::FORBIDDEN.into_response()
}

async fn receive(
    State(heard): State<Arc<Mutex<Heard>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let answer = {
        let mut heard = heard.lock().unwrap();
        let signature = headers
            .get("x-hub-signature-256")
            .map(|value| value.to_str().unwrap().to_owned());
        heard.posts.push((signature, body));
        heard.answers.pop_front().unwrap_or(Say::Status(200))
    };
    match answer {
        Say::Status(status) => StatusCode::from_u16(status).unwrap(),
        Say::Nothing => std::future::pending().await,
    }
}

/// Quick retries, so that tests of failing webhooks stay short.
pub(crate) fn options() -> GraphOptions {
    GraphOptions {
        webhooks: WebhookOptions {
            attempts: 4,
            backoff: vec![Duration::from_millis(5)],
            ..WebhookOptions::default()
        },
        ..GraphOptions::default()
    }
}

/// Two Pages of one app.
pub(crate) fn two_pages() -> GraphOptions {
    let second = PageOptions {
        id: "107711223344889".into(),
        access_token: "EAASecondToken".into(),
        ..PageOptions::default()
    };
    GraphOptions {
        pages: vec![PageOptions::default(), second],
        ..options()
    }
}

/// Starts a Graph whose webhooks go to a fresh receiver.
pub(crate) async fn graph_and_receiver(options: GraphOptions) -> (Graph, Receiver) {
    let graph = Graph::start(options).await.unwrap();
    let receiver = Receiver::start().await;
    graph.set_callback(&receiver.url);
    (graph, receiver)
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap()
}

/// Posts JSON with the Page token; returns status and body.
pub(crate) async fn post(graph: &Graph, path: &str, body: &Value) -> (u16, Value) {
    let request = client().post(format!("{}/v26.0/{path}", graph.url()));
    read(request.bearer_auth(TOKEN).json(body)).await
}

pub(crate) async fn get_json(graph: &Graph, path_and_query: &str) -> (u16, Value) {
    let request = client().get(format!("{}/v26.0/{path_and_query}", graph.url()));
    read(request.bearer_auth(TOKEN)).await
}

pub(crate) async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// A reply inside the window.
pub(crate) fn reply(text: &str) -> Value {
    json!({ "recipient": { "id": PSID }, "messaging_type": "RESPONSE", "message": { "text": text } })
}

pub(crate) async fn send(graph: &Graph, body: &Value) -> (u16, Value) {
    post(graph, &format!("{PAGE}/messages"), body).await
}

/// Returns code and subcode of an error body; zero where there is none.
pub(crate) fn code_of(body: &Value) -> (i64, i64) {
    let number = |key: &str| body["error"][key].as_i64().unwrap_or_default();
    (number("code"), number("error_subcode"))
}

/// Keeps the keys and drops the values, so that shapes can be compared.
pub(crate) fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), shape(value)))
            .collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}

pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
