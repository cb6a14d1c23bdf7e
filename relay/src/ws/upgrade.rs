//! From HTTP to websocket. Ours, so that frames encoded once go out as they are and sizes are limited before anything is
//! read. A page of another site may not open a desk (CWE-1385).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use shared::protocol::CLIENT_FRAME_LIMIT;

use crate::http::listener::Place;
use crate::http::{Site, fault};

use super::hub::Hub;
use super::session;

/// Bytes read at once: an idle desk holds this much.
const READ_BUFFER: usize = 1024;
/// Bytes gathered before they are written.
const WRITE_BUFFER: usize = 16 * 1024;

/// `GET /ws`.
pub async fn serve_desk(State(site): State<Site>, mut request: Request<Body>) -> Response {
    let headers = request.headers();
    if is_foreign(headers) {
        let sentence = "A page of another site may not open a desk.";
        return fault(StatusCode::FORBIDDEN, "foreign_origin", sentence, "");
    }
    let Some(key) = websocket_key(headers) else {
        let sentence = "This address speaks websocket, version 13.";
        return fault(StatusCode::UPGRADE_REQUIRED, "websocket_only", sentence, "");
    };
    let accept = derive_accept_key(key.as_bytes());
    let upgrade = hyper::upgrade::on(&mut request);
    let hub = Arc::clone(&site.hub);
    // The connection counts as one as long as the desk is there.
    let place = request.extensions().get::<Place>().cloned();
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        // Without what the library put around it, where that is known: with every event each layer costs.
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(plain) => speak(hub, plain.io.into_inner(), plain.read_buf.to_vec()).await,
            Err(upgraded) => speak(hub, TokioIo::new(upgraded), vec![]).await,
        }
        drop(place);
    });
    let headers = [
        (header::CONNECTION, "Upgrade".to_owned()),
        (header::UPGRADE, "websocket".to_owned()),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// Speaks websocket on a line of which something was read already.
async fn speak<L: session::Line>(hub: Arc<Hub>, line: L, read: Vec<u8>) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(CLIENT_FRAME_LIMIT))
        .max_frame_size(Some(CLIENT_FRAME_LIMIT));
    let socket = WebSocketStream::from_partially_read(line, read, Role::Server, Some(config)).await;
    session::serve(hub, socket).await;
}

fn websocket_key(headers: &HeaderMap) -> Option<String> {
    let holds = |name: header::HeaderName, wanted: &str| {
        let value = headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        value
            .split(',')
            .any(|part| part.trim().eq_ignore_ascii_case(wanted))
    };
    let is_websocket = holds(header::UPGRADE, "websocket")
        && holds(header::CONNECTION, "upgrade")
        && holds(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    is_websocket.then(|| key.to_owned())
}

/// Whether a browser says that the page is not of the host it talks to. Desks send no origin.
fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let origin = origin.to_str().unwrap_or_default();
    origin
        .split_once("://")
        .is_none_or(|(_, of)| !of.eq_ignore_ascii_case(host))
}
