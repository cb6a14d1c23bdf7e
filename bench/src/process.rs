//! A server under measurement: a process on loopback, and what the kernel says of it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// For a server to listen.
const START_WITHIN: Duration = Duration::from_secs(60);
/// For a server to end by itself.
const STOP_WITHIN: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    webhook: &'static str,
    ws: &'static str,
}

impl Server {
    /// Starts it, and returns when it takes connections.
    pub(crate) async fn start(
        mut command: Command,
        address: String,
        webhook: &'static str,
        ws: &'static str,
    ) -> anyhow::Result<Self> {
        let child = command
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {command:?}"))?;
        let mut server = Self {
            child,
            address,
            webhook,
            ws,
        };
        let give_up_at = Instant::now() + START_WITHIN;
        while TcpStream::connect(&server.address).await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended with {status}");
            }
            if Instant::now() > give_up_at {
                bail!("{command:?} does not listen on {}", server.address);
            }
            sleep(Duration::from_millis(2)).await;
        }
        Ok(server)
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().unwrap_or_default().to_string()
    }

    pub(crate) fn webhook_url(&self) -> String {
        format!("http://{}{}", self.address, self.webhook)
    }

    pub(crate) fn ws_url(&self) -> String {
        format!("ws://{}{}", self.address, self.ws)
    }

    /// Asks it to end, and waits.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let status = Command::new("kill").arg(self.pid()).status().await?;
        anyhow::ensure!(status.success(), "could not ask a server to end");
        tokio::time::timeout(STOP_WITHIN, self.child.wait())
            .await
            .context("a server does not end")??;
        Ok(())
    }

    /// kill −9.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Bytes in memory now.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        Ok(1024 * self.number("status", "VmRSS:")?)
    }

    /// Bytes in memory at the most until now.
    #[expect(clippy::cast_precision_loss, reason = "bytes, shown with three digits")]
    pub(crate) fn most_resident_bytes(&self) -> anyhow::Result<f64> {
        Ok(1024.0 * self.number("status", "VmHWM:")? as f64)
    }

    /// Bytes it has had written to files since it began.
    pub(crate) fn written_bytes(&self) -> anyhow::Result<u64> {
        self.number("io", "write_bytes:")
    }

    fn number(&self, file: &str, name: &str) -> anyhow::Result<u64> {
        number_of(&self.pid(), file, name)
    }
}

/// Returns a number that the kernel tells of a process.
pub(crate) fn number_of(pid: &str, file: &str, name: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number
        .with_context(|| format!("the kernel tells no {name}"))?
        .parse()?)
}
