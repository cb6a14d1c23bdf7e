//! The built relay as a process with a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::interposer::Interposer;
use super::{PATIENCE, eventually};

/// What every operator of the stories types.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// What a story wants of its relay.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    /// Of the simulated platform.
    pub(crate) api_url: String,
    /// Added to the channel's settings.
    pub(crate) channel_config: String,
    /// Appended to the config.
    pub(crate) more_config: String,
    /// Seconds a reply is held.
    pub(crate) undo_send_secs: u32,
    /// Environment for the process.
    pub(crate) env: Vec<(String, String)>,
    /// Its disk and its clock.
    pub(crate) interposer: Option<Arc<Interposer>>,
    /// What the shell that starts it does first: limits.
    pub(crate) limits: String,
}

pub(crate) struct Relay {
    child: Child,
    setup: Setup,
    folder: TempDir,
    address: String,
    log: Arc<Mutex<String>>,
}

/// Of the log of a relay whose story failed, so much is shown.
const LAST_LINES: usize = 60;

/// A story that fails tells what its relay said last: elsewhere nobody can ask it again.
impl Drop for Relay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
            println!("the relay's log ends with\n{}", last.join("\n"));
        }
    }
}

impl Relay {
    pub(crate) async fn start(setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the relay");
        let log = Arc::new(Mutex::new(String::new()));
        let child = spawn(folder.path(), &setup, "127.0.0.1:0", &log);
        let mut relay = Self {
            child,
            setup,
            folder,
            address: String::new(),
            log,
        };
        relay.address = relay.wait_until_listening(0).await;
        relay
    }

    /// Starts it again on the same folder and address.
    pub(crate) async fn restart(&mut self) {
        let log_so_far = self.log.lock().unwrap().len();
        self.child = spawn(self.folder.path(), &self.setup, &self.address, &self.log);
        self.wait_until_listening(log_so_far).await;
    }

    /// Starts it again with another environment.
    pub(crate) async fn restart_with(&mut self, env: Vec<(String, String)>) {
        self.setup.env = env;
        self.restart().await;
    }

    /// Starts it with another environment and does not wait for it to listen: it may not live so long.
    pub(crate) fn start_doomed(&mut self, env: Vec<(String, String)>) {
        self.setup.env = env;
        self.child = spawn(self.folder.path(), &self.setup, &self.address, &self.log);
    }

    /// Waits until it has ended by itself; returns the signal that ended it, if one did.
    pub(crate) async fn ended_by(&mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt as _;
        let ended = tokio::time::timeout(PATIENCE * 3, self.child.wait()).await;
        let status = ended.expect("the relay ends");
        status.expect("the relay is waited for").signal()
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Returns the bytes of memory that are its own, as the kernel counts them.
    pub(crate) fn memory(&self) -> u64 {
        let id = self.child.id().expect("the relay runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.expect("the kernel says") * 1024
    }

    /// kill −9.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("the relay is killed");
    }

    /// Asks it to stop, and waits; returns whether it ended well.
    pub(crate) async fn stop(&mut self) -> bool {
        let id = self.child.id().expect("the relay runs");
        let status = Command::new("kill")
            .args(["-TERM", &id.to_string()])
            .status()
            .await
            .expect("kill runs");
        assert!(status.success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the relay stops");
        ended.expect("the relay is waited for").success()
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn ws_url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    pub(crate) fn webhook_url(&self) -> String {
        self.url("/webhooks/acme-page")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("desk.db")
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Rewrites the config of the running relay.
    pub(crate) fn rewrite_config(&self, change: impl Fn(&str) -> String) {
        let path = self.config_path();
        let text = std::fs::read_to_string(&path).expect("the config is there");
        std::fs::write(&path, change(&text)).expect("the config is written");
    }

    async fn wait_until_listening(&mut self, from: usize) -> String {
        let marker = "listening on ";
        let log = Arc::clone(&self.log);
        let child = &mut self.child;
        eventually("the relay listens", || {
            let has_ended = matches!(child.try_wait(), Ok(Some(_)));
            let log = Arc::clone(&log);
            async move {
                let said = || log.lock().unwrap()[from..].to_owned();
                let is_there = said().contains(marker);
                if has_ended && !is_there {
                    // Its last words are still on their way.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    panic!("the relay ended:\n{}", said());
                }
                is_there
            }
        })
        .await;
        let log = self.log.lock().unwrap();
        let rest = log[from..]
            .split(marker)
            .nth(1)
            .expect("the marker is there");
        rest.split(|c: char| c.is_whitespace() || c == ',')
            .next()
            .expect("an address")
            .to_owned()
    }
}

fn spawn(folder: &Path, setup: &Setup, listen: &str, log: &Arc<Mutex<String>>) -> Child {
    let config = folder.join("config.toml");
    std::fs::write(&config, config_text(folder, setup, listen)).expect("the config is written");
    let mut command = if setup.limits.is_empty() {
        Command::new(binary("deskwire-relay"))
    } else {
        let mut shell = Command::new("sh");
        let script = format!("{}; exec \"$0\" \"$@\"", setup.limits);
        shell.arg("-c").arg(script).arg(binary("deskwire-relay"));
        shell
    };
    let interposer = setup.interposer.as_ref();
    let faults = interposer.map(|interposer| interposer.env(&folder.join("desk.db")));
    let mut child = command
        .arg("serve")
        .arg("--config")
        .arg(&config)
        .env("RUST_LOG", "info")
        .envs(setup.env.iter().cloned())
        .envs(faults.unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the relay starts");
    let stderr = child.stderr.take().expect("its log is piped");
    let log = Arc::clone(log);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
    child
}

fn config_text(folder: &Path, setup: &Setup, listen: &str) -> String {
    let hash = password_hash();
    let operator = |login: &str, name: &str, role: &str, departments: &str| {
        format!(
            "[[operator]]\nlogin = \"{login}\"\nname = \"{name}\"\nemail = \"{login}@acme.example\"\nrole = \"{role}\"\n\
             departments = [{departments}]\npassword_hash = \"{hash}\"\n\n"
        )
    };
    format!(
        r#"
[company]
name = "Acme Ltd"
website = "https://acme.example"
timezone = "Europe/Moscow"
language = "en"

[relay]
listen = "{listen}"
public_url = "https://desk.acme.example"
data_dir = "{folder}"

[store]
url = "sqlite:desk.db"

[[department]]
id = "sales"
name = "Sales"

[[department]]
id = "billing"
name = "Billing"

{anna}{boris}{sofia}{dana}
[[channel]]
id = "acme-page"
kind = "messenger"
name = "Acme on Facebook"
active = true
language = "en"
api_url = "{api_url}"
page_id = "104820093344556"
access_token = "EAASimulatedPageToken"
verify_token = "verify-me"
app_secret = "0123456789abcdef0123456789abcdef"
app_id = "1029384756102938"
{channel}

[categories]
list = """
Orders
 Delivery
 Refund
VIP
"""

[[template]]
language = "en"
title = "Hello"
text = "Hello, {{visitor.first_name}}! How can I help?"
key = "F2"
code = "hi"

[desk]
undo_send_secs = {undo}
{more}
"#,
        folder = folder.display(),
        anna = operator("anna", "Anna", "operator", "\"sales\""),
        boris = operator("boris", "Boris", "operator", "\"sales\""),
        sofia = operator("sofia", "Sofia", "supervisor", "\"sales\""),
        dana = operator("dana", "Dana", "operator", "\"billing\""),
        api_url = setup.api_url,
        undo = setup.undo_send_secs,
        channel = setup.channel_config,
        more = setup.more_config,
    )
}

/// Returns the hash of [`PASSWORD`], made once by the built program as an admin would.
pub(crate) fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        use std::io::Write as _;
        let mut child = std::process::Command::new(binary("deskwire-relay"))
            .arg("hash-password")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("hash-password starts");
        let mut stdin = child.stdin.take().expect("its input is piped");
        writeln!(stdin, "{PASSWORD}").expect("the password is handed in");
        drop(stdin);
        let output = child.wait_with_output().expect("hash-password ends");
        String::from_utf8(output.stdout)
            .expect("a hash is text")
            .trim()
            .to_owned()
    })
}

/// Returns the path of a program of this workspace: cargo has put it beside the tests; if it has not, it is asked to.
pub(crate) fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let tests = std::env::current_exe().expect("the tests have a path");
    let folder = tests
        .parent()
        .and_then(Path::parent)
        .expect("target/debug/deps")
        .to_owned();
    let path = folder.join(name);
    BUILT.get_or_init(|| {
        if path.exists() {
            return;
        }
        let status = std::process::Command::new(env!("CARGO"))
            .args([
                "build",
                "--workspace",
                "--bins",
                "--features",
                "relay/faults",
            ])
            .status()
            .expect("cargo builds the programs");
        assert!(status.success(), "the programs do not build");
    });
    path
}

/// A pause that is part of a story: the world goes on meanwhile.
pub(crate) async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}
