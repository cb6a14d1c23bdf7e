//! Logs to standard error, metrics in memory until somebody asks (SC-07). Ids are logged; texts, tokens and addresses of
//! people are not.

use std::io::IsTerminal as _;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// Between two foldings.
const TIDY_EVERY: std::time::Duration = std::time::Duration::from_secs(5);

/// What `/metrics` shows.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Returns what renders them.
    pub fn handle(&self) -> PrometheusHandle {
        self.0.clone()
    }

    /// Folds what was recorded together from time to time, so that it does not grow; until told to stop.
    pub async fn tidy(self, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            self.0.run_upkeep();
            tokio::select! {
                () = tokio::time::sleep(TIDY_EVERY) => {}
                changed = stopping.changed() => {
                    // Whoever could tell is gone: that is a stop as well.
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Libraries that write what they carry into their finer logs: tokens, addresses with secrets in them, and what people wrote.
const TALKATIVE: [&str; 6] = [
    "tungstenite=info",
    "tokio_tungstenite=info",
    "hyper=info",
    "hyper_util=info",
    "h2=info",
    "reqwest=info",
];

/// Starts logging; `RUST_LOG` says how much of our own.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let quiet = TALKATIVE.iter().filter_map(|quiet| quiet.parse().ok());
    let filter = quiet.fold(filter, EnvFilter::add_directive);
    let done = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
    // Somebody set it up before: a test.
    drop(done);
}

/// Starts counting.
///
/// # Errors
///
/// When something else counts already.
pub fn count() -> anyhow::Result<Metrics> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    describe();
    Ok(Metrics(handle))
}

fn describe() {
    use metrics::{describe_counter, describe_histogram};
    describe_counter!(
        "deskwire_webhooks_total",
        "Requests of platforms, by status"
    );
    describe_histogram!(
        "deskwire_webhook_seconds",
        "From a whole body to the answer"
    );
    describe_counter!(
        "deskwire_rejected_webhooks_total",
        "Requests that were not from the platform"
    );
    describe_counter!("deskwire_inbound_total", "Events of platforms");
    describe_counter!(
        "deskwire_repeated_events_total",
        "Events that came again and changed nothing"
    );
    describe_counter!(
        "deskwire_unread_bodies_total",
        "Verified bodies that were not understood, kept raw"
    );
    describe_counter!(
        "deskwire_dropped_of_blocked_total",
        "Messages of blocked visitors"
    );
    describe_counter!(
        "deskwire_doubtful_sends_total",
        "Replies whose outcome had to be found out"
    );
    describe_counter!("deskwire_failed_logins_total", "Wrong names or passwords");
    describe_counter!(
        "deskwire_frames_missed_total",
        "Passing frames that a slow desk did not get"
    );
}
