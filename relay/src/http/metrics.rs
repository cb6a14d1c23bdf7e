//! `GET /metrics`, on its own listener only (`relay.metrics_listen`).

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::listener::{Protection, serve};

/// Serves the metrics until told to stop.
pub async fn serve_metrics(
    listener: TcpListener,
    metrics: PrometheusHandle,
    stopping: watch::Receiver<bool>,
) {
    let router = Router::new().route("/metrics", get(move || async move { metrics.render() }));
    serve(listener, router, Protection::None, stopping).await;
}
