//! The running relay: its parts, joined. Builds them in order, stops them in order.

mod crew;
mod links;
mod reloads;

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use shared::chat::{Chat, DeskCommand, PlatformCommand, SettledAs};
use shared::model::{
    ChannelId, ChatId, CommandId, FileFault, KeptFile, OperatorId, Policy, Presence, Seq,
    Timestamp, Visitor,
};
use shared::protocol::NoticeLevel;

use crate::channels::Profile;
use crate::channels::build::build;
use crate::channels::registry::Registry;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Reload};
use crate::control;
use crate::engine::{Bells, Engine, EngineError};
use crate::files::{self, Downloader, Filer, Files};
use crate::http::listener::{Protection, serve};
use crate::http::{Logins, Site, router, serve_metrics};
use crate::intake::{Intake, Listener};
use crate::keeper::{ProfileTaker, Profiles, Signals};
use crate::outbox::{ChannelBells, Settler};
use crate::password;
use crate::store::sqlite::SqliteStore;
use crate::store::{Delivery, FileRow, Store, StoreError};
use crate::supervise::keep_going;
use crate::telemetry::Metrics;
use crate::timers::{self, TimerBell};
use crate::tls;
use crate::ws::{CommandFailure, Desks, Hub};

use crew::Crew;
use links::Links;
use reloads::Reloads;

/// Counts of dropped messages are written so often.
const COUNT_EVERY: Duration = Duration::from_millis(500);
/// The store is looked at so often, to tell desks when it fails and when it is back.
const PROBE_EVERY: Duration = Duration::from_secs(2);
/// For everything to end after a stop.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// What a running relay is asked from within its process.
pub struct Running {
    /// Where desks and platforms come in.
    pub address: SocketAddr,
    /// For sessions without a password: the demo's desk.
    pub site: Site,
    stop_tx: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Stops it, and waits until replies under way have been recorded and everything is on disk.
    pub async fn stop(self) {
        self.stop_tx.send_replace(true);
        if tokio::time::timeout(STOP_WITHIN, self.ended).await.is_err() {
            tracing::warn!("not everything ended in time");
        }
    }
}

/// Starts a relay: returns when it serves.
///
/// # Errors
///
/// The store, an address or a certificate does not work; in words for an admin.
#[expect(
    clippy::too_many_lines,
    reason = "the parts are joined in one place, in order"
)]
pub async fn start(
    config: Config,
    changes_rx: Option<mpsc::Receiver<Reload>>,
    metrics: Option<Metrics>,
) -> anyhow::Result<Running> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // What people wrote is in it: made for the relay's own user alone.
    let mut folder = DirBuilder::new();
    folder.recursive(true).mode(0o700);
    folder.create(&config.relay.data_dir).with_context(|| {
        format!(
            "could not make the data folder {}",
            config.relay.data_dir.display()
        )
    })?;
    let sqlite = SqliteStore::open(&config.store)?;
    let store: Arc<dyn Store> = sqlite.clone();
    check_channels(&config, &store).await?;
    let protection = match &config.relay.tls {
        Some(files) => Protection::Tls(tls::acceptor(files)?),
        None => Protection::None,
    };
    let listener = TcpListener::bind(config.relay.listen)
        .await
        .with_context(|| format!("could not listen on {} (relay.listen)", config.relay.listen))?;
    let address = listener.local_addr()?;
    // Chats are served without it (the folder's name may be too long for a socket).
    let commands = control::open(&config.relay.data_dir)
        .inspect_err(|error| {
            tracing::warn!("`channel` commands will not reach this relay: {error:#}");
        })
        .ok();

    let registry = Registry::default();
    let client = http_client()?;
    let downloader = Downloader::new(client.clone()).context("could not set the HTTP client up")?;
    registry.replace(build(&config, &client));
    let bells = Arc::new(RelayBells::default());
    let engine =
        Engine::start(store.clone(), clock.clone(), bells.clone(), config.policy()).await?;
    let desks = Arc::new(EngineDesks {
        engine: engine.clone(),
        signals: Signals::new(registry.clone(), store.clone(), clock.clone()),
    });
    let hub = Hub::start(store.clone(), desks, clock.clone()).await?;
    let ears = Arc::new(Ears {
        hub: hub.clone(),
        profiles: Profiles::new(registry.clone(), clock.clone()),
        taker: Arc::new(ProfilesOf {
            engine: engine.clone(),
        }),
    });
    let intake = Intake::new(engine.clone(), store.clone(), registry.clone(), ears);
    let site = Site {
        webhooks: intake.clone(),
        hub: hub.clone(),
        store: store.clone(),
        files: open_files(&config, &*store).await?,
        clock: clock.clone(),
        logins: Arc::new(Logins::new(password::check(config.password_hashes.clone()))),
        allowed: Arc::new(RwLock::new(Arc::new(config.relay.allowed.clone()))),
        health: Arc::default(),
    };

    let (stop_tx, stopping) = watch::channel(false);
    let mut parts = JoinSet::new();
    let metrics_listener = match (config.relay.metrics_listen, metrics) {
        (Some(address), Some(metrics)) => {
            let listener = TcpListener::bind(address)
                .await
                .with_context(|| format!("could not listen on {address} (relay.metrics_listen)"))?;
            Some((listener, metrics))
        }
        _ => None,
    };
    if let Some((listener, metrics)) = metrics_listener {
        parts.spawn(metrics.clone().tidy(stopping.clone()));
        parts.spawn(serve_metrics(listener, metrics.handle(), stopping.clone()));
    }
    parts.spawn(serve(
        listener,
        router(site.clone()),
        protection,
        stopping.clone(),
    ));
    spawn_watchers(&mut parts, &site, &engine, &bells, &stopping);

    let crew = Crew::new(&site, &engine, &registry, &bells, &intake, downloader);
    crew.remember_links(&config).await?;
    crew.follow(&config);
    if let Some(commands) = commands {
        let links = Links {
            crew: crew.clone(),
            engine: engine.clone(),
        };
        parts.spawn(control::serve(
            commands,
            config.relay.data_dir.as_path().into(),
            Arc::new(links),
            stopping.clone(),
        ));
    }
    let reloads = Reloads {
        site: site.clone(),
        engine,
        registry,
        client,
        crew,
    };
    let ended = tokio::spawn(run_until_stopped(
        reloads, config, changes_rx, parts, stopping, sqlite,
    ));
    Ok(Running {
        address,
        site,
        stop_tx,
        ended,
    })
}

/// Starts what goes on for as long as the relay does.
fn spawn_watchers(
    parts: &mut JoinSet<()>,
    site: &Site,
    engine: &Arc<Engine>,
    bells: &Arc<RelayBells>,
    stopping: &watch::Receiver<bool>,
) {
    let (store, stopping) = (site.store.clone(), stopping.clone());
    let (timers, clock) = (bells.timers.clone(), site.clock.clone());
    let (of_timers, of_counts) = (engine.clone(), engine.clone());
    let (at_timers, at_counts, at_store) = (stopping.clone(), stopping.clone(), stopping.clone());
    let at_files = stopping;
    let (for_timers, for_counts) = (store.clone(), store);
    parts.spawn(keep_going("timers", move || {
        timers::run(
            for_timers.clone(),
            of_timers.clone(),
            clock.clone(),
            timers.clone(),
            at_timers.clone(),
        )
    }));
    parts.spawn(keep_going("counts", move || {
        count_dropped(of_counts.clone(), for_counts.clone(), at_counts.clone())
    }));
    let of_files = site.clone();
    let filer: Arc<dyn Filer> = Arc::new(FilerOf {
        engine: engine.clone(),
    });
    parts.spawn(keep_going("files", move || {
        let Site {
            store,
            clock,
            files,
            ..
        } = of_files.clone();
        files::clean(store, clock, filer.clone(), files, at_files.clone())
    }));
    let site = site.clone();
    parts.spawn(keep_going("store watch", move || {
        watch_store(site.clone(), at_store.clone())
    }));
}

async fn open_files(config: &Config, store: &dyn Store) -> anyhow::Result<Files> {
    let key = files::key_of(store).await?;
    Files::open(config.files.clone(), key, config.relay.public_url.clone())
}

/// CH-14: a channel with chats is switched off, not taken out.
async fn check_channels(config: &Config, store: &Arc<dyn Store>) -> anyhow::Result<()> {
    for channel in store.list_channels_with_chats().await? {
        if !config.channels.iter().any(|known| known.id == channel) {
            anyhow::bail!(
                "channel {channel} has chats but is not in the config: keep it with active = false"
            );
        }
    }
    Ok(())
}

fn http_client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("deskwire/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("could not set the HTTP client up")
}

async fn run_until_stopped(
    reloads: Reloads,
    config: Config,
    changes_rx: Option<mpsc::Receiver<Reload>>,
    mut parts: JoinSet<()>,
    mut stopping: watch::Receiver<bool>,
    sqlite: Arc<SqliteStore>,
) {
    let crew = reloads.crew.clone();
    let hub = reloads.site.hub.clone();
    if let Some(changes_rx) = changes_rx {
        tokio::spawn(reloads.run(config, changes_rx));
    }
    // An error means that whoever may stop us is gone: that is a stop as well.
    stopping.wait_for(|stopping| *stopping).await.ok();
    hub.stop();
    crew.stop().await;
    while parts.join_next().await.is_some() {}
    sqlite.close().await;
}

/// Writes the counts of dropped messages down (BL-02).
async fn count_dropped(
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut is_stopping = false;
    while !is_stopping {
        tokio::select! {
            () = tokio::time::sleep(COUNT_EVERY) => {}
            _ = stopping.wait_for(|stopping| *stopping) => is_stopping = true,
        }
        for (visitor, more) in engine.blocks().take_counts() {
            if let Err(error) = store.count_dropped(visitor, more).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not count dropped messages"
                );
            }
        }
    }
}

/// Tells desks when the store fails, and when it is back.
async fn watch_store(site: Site, mut stopping: watch::Receiver<bool>) {
    let mut was_ready = true;
    while !*stopping.borrow() {
        let is_ready = site.health.is_ready(&site.store).await;
        if is_ready != was_ready {
            was_ready = is_ready;
            let (level, code, text) = if is_ready {
                (
                    NoticeLevel::Info,
                    "store_recovered",
                    "The relay can write again.",
                )
            } else {
                (
                    NoticeLevel::Error,
                    "store_failing",
                    "The relay cannot write: nothing is accepted until it can.",
                )
            };
            tracing::warn!(code, "{text}");
            site.hub.notice_to_all(level, code, text);
        }
        tokio::select! {
            () = tokio::time::sleep(PROBE_EVERY) => {}
            changed = stopping.changed() => {
                // Whoever could tell is gone: that is a stop as well.
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Everything that wakes somebody.
#[derive(Default)]
pub(crate) struct RelayBells {
    pub(crate) outbox: Arc<ChannelBells>,
    pub(crate) files: Arc<ChannelBells>,
    pub(crate) timers: Arc<TimerBell>,
}

impl Bells for RelayBells {
    fn outbox(&self, channel: &ChannelId) {
        self.outbox.ring(channel);
    }

    fn timers(&self, deadline: Timestamp) {
        self.timers.ring(deadline);
    }

    fn files(&self, channel: &ChannelId) {
        self.files.ring(channel);
    }
}

pub(crate) struct EngineDesks {
    pub(crate) engine: Arc<Engine>,
    pub(crate) signals: Signals,
}

#[async_trait]
impl Desks for EngineDesks {
    fn policy(&self) -> Arc<Policy> {
        self.engine.policy()
    }

    async fn command(
        &self,
        operator: &OperatorId,
        id: &CommandId,
        chat: ChatId,
        command: DeskCommand,
    ) -> Result<Option<Seq>, CommandFailure> {
        match self.engine.by_operator(operator, id, chat, command).await {
            Ok(taken) => Ok(taken.seq),
            Err(EngineError::Refused(refusal)) => Err(CommandFailure::Refused(refusal)),
            Err(error @ (EngineError::Overtaken | EngineError::Busy | EngineError::Store(_))) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a command was not done"
                );
                Err(CommandFailure::Unavailable)
            }
        }
    }

    async fn blocks_changed(&self) -> Result<(), StoreError> {
        self.engine.load_blocks().await
    }

    fn set_online(&self, operator: &OperatorId, is_online: bool) {
        self.engine.set_online(operator, is_online);
    }

    fn presence(&self, operator: &OperatorId, chat: &Chat, presence: Presence) {
        if chat.owner() == Some(operator) {
            self.signals.presence(chat, presence);
        }
    }
}

pub(crate) struct SettlerOf {
    pub(crate) engine: Arc<Engine>,
}

#[async_trait]
impl Settler for SettlerOf {
    async fn settle(&self, delivery: &Delivery, result: SettledAs) -> Result<bool, StoreError> {
        match self.engine.settle(delivery, result).await {
            Ok(taken) => Ok(!taken.was_repeat),
            Err(EngineError::Refused(_) | EngineError::Overtaken) => Ok(false),
            Err(EngineError::Busy) => Err(StoreError::Overloaded),
            Err(EngineError::Store(error)) => Err(error),
        }
    }
}

pub(crate) struct FilerOf {
    pub(crate) engine: Arc<Engine>,
}

#[async_trait]
impl Filer for FilerOf {
    async fn file(
        &self,
        row: &FileRow,
        result: Result<KeptFile, FileFault>,
    ) -> Result<bool, StoreError> {
        match self.engine.file(row, result).await {
            Ok(taken) => Ok(taken.seq.is_some() || taken.was_repeat),
            // Nobody wants it any more, or it is told again when it has come again.
            Err(EngineError::Refused(_) | EngineError::Overtaken | EngineError::Busy) => Ok(false),
            Err(EngineError::Store(error)) => Err(error),
        }
    }
}

/// Who listens to intake.
struct Ears {
    hub: Arc<Hub>,
    profiles: Arc<Profiles>,
    taker: Arc<dyn ProfileTaker>,
}

impl Listener for Ears {
    fn visitor_typing(&self, chat: ChatId) {
        self.hub.visitor_typing(chat);
    }

    fn alarm(&self, channel: &ChannelId, text: &str) {
        self.hub.notice(
            NoticeLevel::Warning,
            "channel_warning",
            &format!("{channel}: {text}"),
        );
    }

    fn visitor_seen(&self, channel: &ChannelId, chat: ChatId, visitor: &Visitor) {
        self.profiles.ask(&self.taker, channel, chat, visitor);
    }
}

struct ProfilesOf {
    engine: Arc<Engine>,
}

#[async_trait]
impl ProfileTaker for ProfilesOf {
    async fn profile_known(&self, chat: ChatId, profile: Profile) {
        let command = PlatformCommand::Profile {
            name: profile.name,
            first_name: profile.first_name,
            photo_url: profile.photo_url,
            asked_at: self.engine.now(),
        };
        if let Err(error) = self.engine.by_profile(chat, command).await {
            tracing::info!(
                error = &error as &dyn std::error::Error,
                "a profile was not taken in"
            );
        }
    }
}
