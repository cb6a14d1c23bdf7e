//! The relay's door over real sockets: who gets in, what a store that fails means, what a slow or greedy peer costs.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use shared::chat::{Chat, DeskCommand};
use shared::model::{ChannelId, ChatId, CommandId, OperatorId, Policy, Presence, Seq};

use super::listener::{Protection, serve};
use super::{AddressFilter, HandshakeOutcome, Logins, Site, WebhookOutcome, Webhooks, router};
use crate::clock::SystemClock;
use crate::store::memory::MemoryStore;
use crate::store::{Store, StoreError};
use crate::ws::{CommandFailure, Desks, Hub};

/// Long enough for the slowest machine; nothing waits for it in vain.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes webhooks in as long as the store is there.
struct Door {
    store: Arc<MemoryStore>,
}

#[async_trait]
impl Webhooks for Door {
    fn handshake(&self, _channel: &ChannelId, _query: &str) -> HandshakeOutcome {
        HandshakeOutcome::Rejected
    }

    async fn webhook(
        &self,
        _channel: &ChannelId,
        _query: &str,
        _headers: &HeaderMap,
        _body: Bytes,
    ) -> WebhookOutcome {
        match self.store.probe().await {
            Ok(()) => WebhookOutcome::Done("EVENT_RECEIVED".into()),
            Err(_) => WebhookOutcome::Unavailable,
        }
    }
}

struct NoDesks(Arc<Policy>);

#[async_trait]
impl Desks for NoDesks {
    fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.0)
    }

    async fn command(
        &self,
        _operator: &OperatorId,
        _id: &CommandId,
        _chat: ChatId,
        _command: DeskCommand,
    ) -> Result<Option<Seq>, CommandFailure> {
        Err(CommandFailure::Unavailable)
    }

    async fn blocks_changed(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn set_online(&self, _operator: &OperatorId, _is_online: bool) {}
    fn presence(&self, _operator: &OperatorId, _chat: &Chat, _presence: Presence) {}
}

/// Lets everybody in, or nobody.
struct Gate(bool);

impl AddressFilter for Gate {
    fn allows(&self, _address: std::net::IpAddr) -> bool {
        self.0
    }
}

struct World {
    store: Arc<MemoryStore>,
    site: Site,
    address: SocketAddr,
    _stop_tx: watch::Sender<bool>,
}

async fn world(is_open: bool) -> World {
    let store = Arc::new(MemoryStore::default());
    let policy = serde_json::from_str(include_str!("../engine/policy_of_tests.json")).unwrap();
    let clock = Arc::new(SystemClock);
    let desks = Arc::new(NoDesks(Arc::new(policy)));
    let hub = Hub::start(store.clone(), desks, clock.clone())
        .await
        .unwrap();
    let check =
        |operator: &OperatorId, password: &str| operator.as_str() == "anna" && password == "right";
    let site = Site {
        webhooks: Arc::new(Door {
            store: store.clone(),
        }),
        hub,
        store: store.clone(),
        files: crate::files::Files::in_memory(),
        clock,
        logins: Arc::new(Logins::new(Arc::new(check))),
        allowed: Arc::new(RwLock::new(Arc::new(Gate(is_open)))),
        health: Arc::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop_tx, stopping) = watch::channel(false);
    tokio::spawn(serve(
        listener,
        router(site.clone()),
        Protection::None,
        stopping,
    ));
    World {
        store,
        site,
        address,
        _stop_tx: stop_tx,
    }
}

impl World {
    /// Sends bytes and reads until the relay has said all it has to say.
    async fn say(&self, text: &str) -> String {
        let mut line = TcpStream::connect(self.address).await.unwrap();
        line.write_all(text.as_bytes()).await.unwrap();
        let mut answer = vec![];
        let reading = line.read_to_end(&mut answer);
        tokio::time::timeout(PATIENCE, reading)
            .await
            .expect("the relay ends the connection")
            .unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn status(&self, text: &str) -> u16 {
        let answer = self.say(text).await;
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("no status in {answer:?}"))
    }

    async fn log_in(&self, login: &str, password: &str, more: &str) -> u16 {
        let body = format!(r#"{{"login":"{login}","password":"{password}"}}"#);
        let head = "POST /api/v1/session HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json";
        let length = body.len();
        self.status(&format!(
            "{head}\r\n{more}content-length: {length}\r\n\r\n{body}"
        ))
        .await
    }
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: relay.example\r\nconnection: close\r\n{more}\r\n")
}

fn upgrade(more: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nhost: relay.example\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_a_503_everywhere_and_passes() {
    let world = world(true).await;
    let webhook = "POST /webhooks/acme-page HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(world.status(webhook).await, 200);
    world.store.set_down(true);
    assert_eq!(world.status(webhook).await, 503);
    assert_eq!(world.log_in("anna", "right", "").await, 503);
    let until = tokio::time::Instant::now() + PATIENCE;
    while world.status(&get("/readyz", "")).await != 503 {
        assert!(tokio::time::Instant::now() < until, "readyz notices");
    }
    assert_eq!(
        world.status(&get("/healthz", "")).await,
        200,
        "the process is up"
    );
    world.store.set_down(false);
    assert_eq!(world.status(webhook).await, 200);
    assert_eq!(world.log_in("anna", "right", "").await, 200);
    while world.status(&get("/readyz", "")).await != 200 {
        assert!(tokio::time::Instant::now() < until, "readyz recovers");
    }
}

/// SEC-01: what a client says of its own address counts for nothing.
#[tokio::test]
async fn an_address_that_is_not_allowed_reaches_webhooks_only_whatever_it_says() {
    let world = world(false).await;
    let claims =
        "x-forwarded-for: 127.0.0.1\r\nforwarded: for=127.0.0.1\r\nx-real-ip: 127.0.0.1\r\n";
    for more in ["", claims] {
        assert_eq!(world.log_in("anna", "right", more).await, 403);
        assert_eq!(world.status(&get("/files/1", more)).await, 403);
        let desk = upgrade(&format!("{more}connection: close\r\n"));
        assert_eq!(world.status(&desk).await, 403);
        assert_eq!(world.status(&get("/healthz", more)).await, 200);
        assert_eq!(
            world.status(&get("/webhooks/acme-page", more)).await,
            403,
            "no verify token"
        );
    }
    *world.site.allowed.write().unwrap() = Arc::new(Gate(true));
    assert_eq!(world.log_in("anna", "right", "").await, 200);
}

/// SEC-10: a page of another site may not open a desk.
#[tokio::test]
async fn a_page_of_another_site_opens_no_desk() {
    let world = world(true).await;
    for (origin, status) in [
        ("origin: https://evil.example\r\n", 403),
        ("origin: null\r\n", 403),
        ("origin: https://relay.example.evil.example\r\n", 403),
        ("origin: https://relay.example\r\n", 101),
        ("", 101),
    ] {
        let mut line = TcpStream::connect(world.address).await.unwrap();
        line.write_all(upgrade(origin).as_bytes()).await.unwrap();
        let mut head = [0; 12];
        let reading = line.read_exact(&mut head);
        tokio::time::timeout(PATIENCE, reading)
            .await
            .unwrap()
            .unwrap();
        let expected = format!("HTTP/1.1 {status}");
        assert_eq!(String::from_utf8_lossy(&head), expected, "{origin}");
    }
}

/// SEC-13.
#[tokio::test]
async fn passwords_cannot_be_tried_fast_and_unknown_names_are_answered_alike() {
    let world = world(true).await;
    let mut statuses = vec![];
    for number in 0..30 {
        let name = if number % 2 == 0 { "anna" } else { "nobody" };
        statuses.push(world.log_in(name, "wrong", "").await);
    }
    let wrong = statuses.iter().filter(|status| **status == 401).count();
    let limited = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!(wrong + limited, 30);
    assert!(wrong >= 10, "{statuses:?}");
    assert!(limited > 0, "{statuses:?}");
    let last = world.log_in("anna", "right", "").await;
    assert!([200, 429].contains(&last), "{last}");
}

#[tokio::test]
async fn a_login_that_is_none_is_refused() {
    let world = world(true).await;
    let login = |kind: &str, length: usize, body: &str| {
        format!(
            "POST /api/v1/session HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{kind}content-length: {length}\r\n\r\n{body}"
        )
    };
    let json = "content-type: application/json\r\n";
    let good = r#"{"login":"anna","password":"right"}"#;
    assert_eq!(world.status(&login(json, good.len(), good)).await, 200);
    assert_eq!(
        world.status(&login("", good.len(), good)).await,
        400,
        "a form of another site"
    );
    assert_eq!(world.status(&login(json, 2, "{}")).await, 400);
    let long = format!(r#"{{"login":"{}","password":""}}"#, "x".repeat(20_000));
    assert_eq!(world.status(&login(json, long.len(), &long)).await, 413);
}

/// Time stands still until everybody waits, and then jumps: no limit is waited for in real time.
#[tokio::test(start_paused = true)]
async fn a_login_whose_body_never_comes_is_ended() {
    let world = world(true).await;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    let body = axum::body::Body::from_stream(futures_util::stream::pending::<
        Result<Bytes, std::io::Error>,
    >());
    let peer = ConnectInfo(world.address);
    let answer = super::session::log_in(State(world.site), peer, headers, body);
    let answer = tokio::time::timeout(Duration::from_secs(3_600), answer).await;
    assert_eq!(
        answer.expect("not for ever").status(),
        StatusCode::REQUEST_TIMEOUT
    );
}

#[tokio::test]
async fn metrics_are_served_on_their_own_listener_only() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("deskwire_webhooks_total", "status" => "200").increment(3);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop_tx, stopping) = watch::channel(false);
    tokio::spawn(super::serve_metrics(listener, recorder.handle(), stopping));
    let world = world(true).await;
    assert_eq!(world.status(&get("/metrics", "")).await, 404);
    let metrics = World { address, ..world };
    let answer = metrics.say(&get("/metrics", "")).await;
    assert!(
        answer.contains("deskwire_webhooks_total{status=\"200\"} 3"),
        "{answer}"
    );
    assert_eq!(metrics.status(&get("/api/v1/session", "")).await, 404);
}
