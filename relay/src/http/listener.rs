//! The accept loop. Ours, because a framework's waits for ever for a silent connection or half a header
//! (`reliability.md`, traps): here the first byte and the whole head have a time limit, connections a number limit, and a
//! request whose length is told twice or whose host is missing is refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// For the head of a request, from its first byte.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// For the first byte, and for the TLS handshake.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(5);
/// Header lines of a request.
const HEADERS: usize = 100;
/// Bytes of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// Connections at once; the next ones wait in the kernel.
const CONNECTIONS: usize = 10_000;
/// After a failed accept (out of descriptors), before the next.
const BREATHE: Duration = Duration::from_millis(100);
/// A place among [`CONNECTIONS`], held by everything that lives on one connection: a websocket outlives its request.
#[derive(Clone)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// For requests under way when the relay stops.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// How a listener's lines are protected.
#[derive(Clone)]
pub enum Protection {
    /// Plain: loopback, or behind a proxy.
    None,
    /// `[relay.tls]`.
    Tls(TlsAcceptor),
}

/// Serves until told to stop; then waits a little for what is under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    protection: Protection,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = Connection {
                    place: Place {
                        _permit: Arc::new(place),
                    },
                    router: router.clone(),
                    protection: protection.clone(),
                    stopping: stopping.clone(),
                    peer,
                };
                tokio::spawn(connection.serve(stream));
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not take a connection"
                );
                tokio::time::sleep(BREATHE).await;
            }
        }
    }
    drop(listener);
    // Whoever is not done by then is cut.
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    timeout(DRAIN_WITHIN, places.acquire_many(all)).await.ok();
}

struct Connection {
    place: Place,
    router: Router,
    protection: Protection,
    stopping: watch::Receiver<bool>,
    peer: SocketAddr,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // A line that cannot be set so still works, a little slower.
        stream.set_nodelay(true).ok();
        let mut byte = [0];
        match timeout(FIRST_BYTE_WITHIN, stream.peek(&mut byte)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(_) | Err(_)) | Err(_) => return,
        }
        match self.protection.clone() {
            Protection::None => self.speak(stream).await,
            Protection::Tls(acceptor) => {
                match timeout(FIRST_BYTE_WITHIN, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => self.speak(stream).await,
                    Ok(Err(error)) => {
                        tracing::debug!(peer = %self.peer, %error, "a TLS handshake failed");
                    }
                    Err(_) => {}
                }
            }
        }
    }

    async fn speak<S>(self, stream: S)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (router, peer, mut stopping) = (self.router, self.peer, self.stopping);
        let place = self.place;
        let service = service_fn(move |mut request: Request<Incoming>| {
            let router = router.clone();
            request.extensions_mut().insert(place.clone());
            async move { Ok::<_, std::convert::Infallible>(answer(router, peer, request).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_headers(HEADERS)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let stop = stopping.wait_for(|stopping| *stopping);
        let is_stopping = tokio::select! {
            ended = connection.as_mut() => return log_end(peer, ended),
            stop = stop => stop.is_ok(),
        };
        if is_stopping {
            connection.as_mut().graceful_shutdown();
        }
        log_end(peer, connection.await);
    }
}

fn log_end(peer: SocketAddr, ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended badly");
    }
}

async fn answer(router: Router, peer: SocketAddr, mut request: Request<Incoming>) -> Response {
    if is_ambiguous(&request) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    request.extensions_mut().insert(ConnectInfo(peer));
    match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// A request that a proxy before us may understand differently (CWE-444).
fn is_ambiguous<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let lengths = headers.get_all(header::CONTENT_LENGTH).iter().count();
    let has_coding = headers.contains_key(header::TRANSFER_ENCODING);
    let hosts = headers.get_all(header::HOST).iter().count();
    lengths > 1 || (lengths == 1 && has_coding) || hosts != 1
}
