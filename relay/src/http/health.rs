//! Is the process up, and can it work (SC-07).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::store::Store;

use super::Site;

/// A probe's answer holds for so long.
const FRESH: Duration = Duration::from_secs(1);
/// A store that takes longer counts as failing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last answer of the store.
#[derive(Default)]
pub struct Health {
    last: Mutex<Option<(Instant, bool)>>,
}

impl Health {
    /// Whether the store can be written; asks it at most once a second.
    pub async fn is_ready(&self, store: &Arc<dyn Store>) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, is_ready)) = *last
            && at.elapsed() < FRESH
        {
            return is_ready;
        }
        let is_ready = matches!(timeout(PATIENCE, store.probe()).await, Ok(Ok(())));
        *last = Some((Instant::now(), is_ready));
        is_ready
    }
}

pub(super) async fn is_up() -> &'static str {
    "up\n"
}

pub(super) async fn is_ready(State(site): State<Site>) -> (StatusCode, &'static str) {
    if site.health.is_ready(&site.store).await {
        (StatusCode::OK, "ready\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be written\n",
        )
    }
}
