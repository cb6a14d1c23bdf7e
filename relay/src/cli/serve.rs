//! `deskwire-relay serve`.

use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::{app, config, telemetry};

pub(super) fn serve(told: Option<&Path>) -> anyhow::Result<ExitCode> {
    let file = config::locate(told);
    let config = super::load(told)?;
    telemetry::log_to_stderr();
    #[cfg(feature = "faults")]
    crate::faults::announce();
    // Without somebody to show them to, numbers are not kept.
    let metrics = config
        .relay
        .metrics_listen
        .map(|_| telemetry::count())
        .transpose()?;
    super::block_on(async move {
        let (changes_tx, changes_rx) = mpsc::channel(1);
        tokio::spawn(config::watch(file, changes_tx));
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let running = app::start(config, Some(changes_rx), metrics).await?;
        tracing::info!("listening on {}", running.address);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
