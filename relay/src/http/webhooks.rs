//! The platforms' door: one handler for all of them.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use metrics::{counter, histogram};

use shared::model::ChannelId;

use super::{HandshakeOutcome, Site, WEBHOOK_LIMIT, WebhookOutcome};

/// For a whole body to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(10);

const PLAIN: [(header::HeaderName, &str); 1] =
    [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];

pub(super) async fn handshake(
    State(site): State<Site>,
    Path(channel): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    match site
        .webhooks
        .handshake(&ChannelId(channel), &query.unwrap_or_default())
    {
        HandshakeOutcome::Answer(text) => (PLAIN, text).into_response(),
        HandshakeOutcome::Rejected => StatusCode::FORBIDDEN.into_response(),
        HandshakeOutcome::NoSuchChannel => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(super) async fn take(
    State(site): State<Site>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let reading = tokio::time::timeout(BODY_WITHIN, Limited::new(body, WEBHOOK_LIMIT).collect());
    let body = match reading.await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return count(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok(Err(_)) => return count(StatusCode::BAD_REQUEST),
        Err(_) => return count(StatusCode::REQUEST_TIMEOUT),
    };
    let begun = tokio::time::Instant::now();
    let outcome = site
        .webhooks
        .webhook(&ChannelId(channel), &headers, body)
        .await;
    histogram!("deskwire_webhook_seconds").record(begun.elapsed().as_secs_f64());
    crash_point!("answering");
    match outcome {
        WebhookOutcome::Done(text) => {
            counter!("deskwire_webhooks_total", "status" => "200").increment(1);
            (PLAIN, text).into_response()
        }
        WebhookOutcome::Rejected => count(StatusCode::FORBIDDEN),
        WebhookOutcome::NoSuchChannel => count(StatusCode::NOT_FOUND),
        WebhookOutcome::Unavailable => count(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn count(status: StatusCode) -> Response {
    counter!("deskwire_webhooks_total", "status" => status.as_u16().to_string()).increment(1);
    status.into_response()
}
