//! `deskwire-relay demo`: a relay, a simulated platform, people who write, and a desk, in one process on one terminal. No
//! account, no network, nothing left behind.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use sim::messenger::{Graph, GraphOptions};
use sim::telegram::{BotApi, BotOptions};
use sim::visitors::{Cast, CastOptions};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use tui::Terminal;
use tui::config::Settings;
use tui::link::{Credential, Server, Token, Transport};
use tui::terminal::{Surroundings, check_terminal};

use crate::app::{self, Running};
use crate::config::{self, Config};
use crate::http::session;
use crate::{password, telemetry};

/// The folders of demos begin so.
const PREFIX: &str = "deskwire-demo-";
/// Held while the demo of a folder runs.
const LOCK: &str = "running";
/// How long the parts have to end when the desk has ended.
const STOP_WITHIN: Duration = Duration::from_millis(300);

/// The company of the demo.
const COMPANY: &str = include_str!("demo.toml");
/// Who works there.
const LOGIN: &str = "demo";
/// Good enough for customers who do not exist.
const PASSWORD: &str = "demo";

pub(super) fn demo(no_desk: bool) -> anyhow::Result<ExitCode> {
    if no_desk {
        telemetry::log_to_stderr();
    } else {
        check_terminal().context("the demo needs a terminal; without one use `demo --no-desk`")?;
    }
    clean_up(&std::env::temp_dir());
    let (folder, lock) = folder_in(&std::env::temp_dir())?;
    let place = folder.path().to_owned();
    let shown = super::block_on_briefly(async move {
        let graph = Graph::start(GraphOptions::default()).await?;
        let bot = BotApi::start(BotOptions::default()).await?;
        let company = company(&place, &graph, &bot)?;
        let running = app::start(company, None, None).await?;
        graph.set_callback(&format!("http://{}/webhooks/acme-page", running.address));
        let cast = Cast::start_mixed(&graph, &bot, CastOptions::default());
        let shown = if no_desk {
            wait(&running).await
        } else {
            Box::pin(desk(&running)).await
        };
        // Nothing of it is kept, so nothing is worth waiting for: whoever closed the terminal is gone.
        let stopping = async {
            cast.stop().await;
            running.stop().await;
            graph.stop().await;
            bot.stop().await;
        };
        if tokio::time::timeout(STOP_WITHIN, stopping).await.is_err() {
            tracing::debug!("the demo ends before its parts have");
        }
        shown
    });
    drop(lock);
    folder
        .close()
        .context("could not remove the demo's folder")?;
    shown.map(|()| ExitCode::SUCCESS)
}

/// Makes the demo's folder, and a lock in it that lasts as long as this process.
fn folder_in(parent: &Path) -> anyhow::Result<(TempDir, File)> {
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
    let lock = File::create(folder.path().join(LOCK))?;
    lock.lock()?;
    Ok((folder, lock))
}

/// Removes the folders of demos that were killed: nobody holds the lock in them any more.
fn clean_up(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for folder in entries.filter_map(Result::ok) {
        let is_ours = folder.file_name().to_string_lossy().starts_with(PREFIX);
        let lock = File::open(folder.path().join(LOCK)).ok();
        let is_left = lock.is_some_and(|lock| lock.try_lock().is_ok());
        if is_ours
            && is_left
            && let Err(error) = std::fs::remove_dir_all(folder.path())
        {
            tracing::debug!(%error, "an old demo's folder stays");
        }
    }
}

/// Returns the embedded config, filled in.
fn company(folder: &Path, graph: &Graph, bot: &BotApi) -> anyhow::Result<Config> {
    let text = COMPANY
        .replace("{data_dir}", &folder.display().to_string())
        .replace("{graph_url}", graph.url())
        .replace("{bot_url}", bot.url())
        .replace("{bot_token}", &bot.token())
        .replace("{language}", language())
        .replace("{password_hash}", &password::hash(PASSWORD)?);
    let loaded = config::parse(Path::new("demo.toml"), &text);
    let faults: Vec<_> = loaded.faults.iter().map(ToString::to_string).collect();
    loaded
        .config
        .with_context(|| format!("the embedded config has faults: {}", faults.join("; ")))
}

/// The desk speaks the terminal's language, if it can.
fn language() -> &'static str {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    match locale.unwrap_or_default().get(..2) {
        Some("ru") => "ru",
        Some("zh") => "zh",
        _ => "en",
    }
}

/// Opens the desk, with a session that needs no password.
async fn desk(running: &Running) -> anyhow::Result<()> {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let session = session::begin(&running.site, LOGIN.into(), here).await?;
    let config = tui::config::Config::default();
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings::from_environment(variable);
    let options = tui::DeskOptions {
        server: Server::parse(&running.address.to_string(), Transport::Private)?,
        login: LOGIN.to_owned(),
        credential: Credential::Token(Token::new(session.token)),
        sign_in: None,
        terminal: Terminal::own(surroundings, config.keyboard.esc_wait)?,
        settings: Settings::new(&config, variable),
        drafts: None,
    };
    Box::pin(tui::run(options)).await?;
    Ok(())
}

/// Says how to open a desk, and waits to be stopped.
async fn wait(running: &Running) -> anyhow::Result<()> {
    let address = running.address;
    super::say(&format!(
        "DESKWIRE_PASSWORD={PASSWORD} deskwire --server http://{address} --login {LOGIN}"
    ));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_demo_left_is_removed_and_what_a_running_one_uses_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let (running, lock) = folder_in(parent.path()).unwrap();
        let (killed, gone) = folder_in(parent.path()).unwrap();
        let killed = killed.keep();
        drop(gone);
        let other = parent.path().join("other");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join(LOCK), "").unwrap();
        clean_up(parent.path());
        assert!(running.path().exists() && other.exists());
        assert!(!killed.exists());
        drop(lock);
    }
}
