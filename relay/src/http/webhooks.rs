//! The platforms' door: one handler for all of them.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics::{counter, histogram};

use shared::model::ChannelId;

use super::{HandshakeOutcome, Site, WEBHOOK_LIMIT, WebhookOutcome, body};

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
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match body::read(body, WEBHOOK_LIMIT).await {
        Ok(body) => body,
        Err(status) => return count(status),
    };
    let begun = tokio::time::Instant::now();
    let outcome = site
        .webhooks
        .webhook(
            &ChannelId(channel),
            query.as_deref().unwrap_or_default(),
            &headers,
            body,
        )
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
