//! The built relay under measurement, set up as an admin would.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use tempfile::TempDir;
use tokio::process::Command;

use shared::protocol::{ClientFrame, PROTOCOL, ResumePoint, Session};

use crate::process::Server;
use crate::{SECRET, free_port};

pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Of the Page that the load driver's bodies speak of.
pub(crate) const PAGE: &str = "1067280970047460";

/// A relay's config and data, which outlive its process.
pub(crate) struct Place {
    folder: TempDir,
    address: String,
    program: PathBuf,
}

impl Place {
    pub(crate) fn new(scratch: &Path) -> anyhow::Result<Self> {
        let program = built("deskwire-relay")?;
        let place = Self {
            folder: tempfile::tempdir_in(scratch)?,
            address: format!("127.0.0.1:{}", free_port()?),
            program,
        };
        let text = place.config(&hash_of_password(&place.program)?);
        std::fs::write(place.config_path(), text)?;
        Ok(place)
    }

    /// What starts the relay, in words for a shell.
    pub(crate) fn command_line(&self) -> String {
        let config = self.config_path();
        format!(
            "{} serve --config {}",
            self.program.display(),
            config.display()
        )
    }

    pub(crate) fn health_url(&self) -> String {
        format!("http://{}/healthz", self.address)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("desk.db")
    }

    pub(crate) async fn start(&self) -> anyhow::Result<Server> {
        self.start_with(&[]).await
    }

    /// Starts the relay with more environment.
    pub(crate) async fn start_with(&self, env: &[(String, String)]) -> anyhow::Result<Server> {
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .arg("--config")
            .arg(self.config_path())
            .env("RUST_LOG", "error")
            .envs(env.iter().cloned())
            .stdin(Stdio::null());
        Server::start(command, self.address.clone(), "/webhooks/bench", "/ws").await
    }

    fn config_path(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn config(&self, password_hash: &str) -> String {
        format!(
            r#"
[company]
name = "Acme Ltd"
website = "https://acme.example"
timezone = "Europe/Moscow"
language = "en"

[relay]
listen = "{address}"
public_url = "https://desk.acme.example"
data_dir = "{folder}"

[store]
url = "sqlite:desk.db"

[[operator]]
login = "anna"
name = "Anna"
email = "anna@acme.example"
role = "supervisor"
password_hash = "{password_hash}"

[[channel]]
id = "bench"
kind = "messenger"
name = "Acme on Facebook"
active = true
language = "en"
api_url = "http://127.0.0.1:9"
page_id = "{PAGE}"
access_token = "EAABench"
verify_token = "verify-me"
app_secret = "{SECRET}"
app_id = "1029384756102938"
"#,
            address = self.address,
            folder = self.folder.path().display(),
        )
    }
}

/// Logs in; returns the frame that opens a desk.
pub(crate) async fn hello(server: &Server, resume: Option<ResumePoint>) -> anyhow::Result<String> {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/api/v1/session", server.address))
        .json(&json!({ "login": "anna", "password": PASSWORD }))
        .send()
        .await?;
    let session: Session = answer.error_for_status()?.json().await?;
    let hello = ClientFrame::Hello {
        protocol: PROTOCOL,
        token: session.token,
        resume,
        program: "bench".to_owned(),
    };
    Ok(serde_json::to_string(&hello)?)
}

/// Sends a message of a visitor as the platform does.
pub(crate) async fn post(server: &Server, message: &serde_json::Value) -> anyhow::Result<()> {
    let body = json!({
        "object": "page",
        "entry": [{ "id": PAGE, "time": message["timestamp"], "messaging": [message] }],
    })
    .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    let mut signature = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}")?;
    }
    let answer = reqwest::Client::new()
        .post(server.webhook_url())
        .header("X-Hub-Signature-256", signature)
        .body(body)
        .send()
        .await?;
    answer.error_for_status()?;
    Ok(())
}

fn hash_of_password(program: &Path) -> anyhow::Result<String> {
    let mut child = std::process::Command::new(program)
        .arg("hash-password")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("its input is piped")?;
    writeln!(stdin, "{PASSWORD}")?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "hash-password failed");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Returns the path of a program that cargo has put beside this one.
pub(crate) fn built(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    ensure!(
        path.exists(),
        "there is no {}: run cargo build --release first",
        path.display()
    );
    Ok(path)
}
