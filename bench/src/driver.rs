//! The load driver, a program of its own: it offers load to a server over loopback and prints one JSON object, and it can be
//! a floor itself, the least a server of this kind can do.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::process::Server;
use crate::{SECRET, free_port};

/// What the frame holds after which a desk is told everything that happens.
pub(crate) const LIVE: &str = r#""type":"live""#;

/// Which floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Floor {
    /// Verify and broadcast, nothing kept.
    Memory,
    /// SQLite with a unique index on the message id, group commit, fsync before the answer.
    Classic,
    /// The same on a table that only grows, deduplicated in memory.
    Lean,
}

impl Floor {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "axum",
            Self::Classic => "classic",
            Self::Lean => "lean",
        }
    }

    fn store(self) -> &'static str {
        match self {
            Self::Memory => "none",
            Self::Classic => "sqlite",
            Self::Lean => "lean",
        }
    }
}

/// The driver's program.
#[derive(Debug, Clone)]
pub(crate) struct Driver(PathBuf);

impl Driver {
    pub(crate) fn new(program: PathBuf) -> anyhow::Result<Self> {
        ensure!(
            program.exists(),
            "there is no load driver at {}: build dwbench and name it with --driver",
            program.display()
        );
        Ok(Self(program))
    }

    /// Lets visitors write to a server; `more` says how much and how fast. Returns what the driver measured.
    pub(crate) async fn ingest(&self, server: &Server, more: &[String]) -> anyhow::Result<Value> {
        let words = [
            "ingest".to_owned(),
            format!("--url={}", server.webhook_url()),
            format!("--secret={SECRET}"),
            format!("--pid={}", server.pid()),
        ];
        self.run(&[words.as_slice(), more].concat()).await
    }

    /// Opens so many desks, each with that hello if the server wants one, and lets visitors write to them; `more` says how
    /// much and how fast. Returns what the driver measured.
    pub(crate) async fn fanout(
        &self,
        server: &Server,
        desks: u32,
        hello: Option<&str>,
        more: &[String],
    ) -> anyhow::Result<Value> {
        let mut words = vec![
            "fanout".to_owned(),
            format!("--ws={}", server.ws_url()),
            format!("--url={}", server.webhook_url()),
            format!("--subs={desks}"),
            format!("--secret={SECRET}"),
            format!("--pid={}", server.pid()),
        ];
        if let Some(hello) = hello {
            words.extend([format!("--first={hello}"), format!("--await={LIVE}")]);
        }
        words.extend_from_slice(more);
        self.run(&words).await
    }

    /// Runs the driver; returns what it measured.
    pub(crate) async fn run<S: AsRef<str>>(&self, words: &[S]) -> anyhow::Result<Value> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let output = Command::new(&self.0)
            .args(&words)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("could not run the load driver")?;
        ensure!(
            output.status.success(),
            "the load driver failed at {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("could not read what the load driver said")
    }

    /// Starts a floor in a folder.
    pub(crate) async fn floor(
        &self,
        floor: Floor,
        folder: &Path,
        slow_ms: u64,
    ) -> anyhow::Result<Server> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut command = Command::new(&self.0);
        command
            .args(["floor", "--listen", &address, "--secret", SECRET])
            .args(["--store", floor.store(), "--sync", "FULL"])
            .args(["--slow-ms", &slow_ms.to_string()])
            .arg("--db")
            .arg(folder.join(format!("{}.db", floor.name())));
        Server::start(command, address, "/webhook", "/ws").await
    }
}
