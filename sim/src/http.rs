//! Connections of the platforms: accepted until told to stop, and closed without an answer where a script wants that.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// How long open calls may finish once the platform stops.
const GRACE: Duration = Duration::from_millis(200);

/// Marks an answer that must never be written: the connection closes instead.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("closed by script")]
pub(crate) struct HangUp;

/// Returns an answer that is never written.
pub(crate) fn hang_up() -> Response {
    let mut response = ().into_response();
    response.extensions_mut().insert(HangUp);
    response
}

/// Accepts connections until told to stop; its end closes them all.
pub(crate) async fn serve(
    router: Router,
    listener: TcpListener,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, router.clone(), stopping.clone()));
                }
                Err(fault) => {
                    tracing::warn!(%fault, "could not accept a connection");
                    sleep(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stopping.changed() => break,
        }
    }
    drop(listener);
    let finished = timeout(GRACE, async {
        while connections.join_next().await.is_some() {}
    });
    if finished.await.is_err() {
        connections.shutdown().await;
    }
}

async fn converse(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    if let Err(fault) = stream.set_nodelay(true) {
        tracing::debug!(%fault, "could not switch off Nagle's algorithm");
    }
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let response = router.oneshot(request.map(Body::new)).await;
            let response = response.unwrap_or_else(|never: Infallible| match never {});
            match response.extensions().get::<HangUp>() {
                Some(&hang_up) => Err(hang_up),
                None => Ok(response),
            }
        }
    });
    let builder = hyper::server::conn::http1::Builder::new();
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(fault) = ended {
        tracing::debug!(%fault, "a connection to a platform ended early");
    }
}
