//! Who works for a channel while it is active: a sender, a keeper, and a poller where the platform is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinSet;

use shared::model::{ChannelId, ChannelState};

use crate::channels::registry::Registry;
use crate::clock::random_i64;
use crate::config::Config;
use crate::engine::Engine;
use crate::files::{Downloader, Fetcher, Filer};
use crate::http::Site;
use crate::intake::Intake;
use crate::keeper::Keeper;
use crate::outbox::{Health, Outbox, Worker};
use crate::poller::Poller;
use crate::store::StoreError;
use crate::supervise::keep_going;

use super::{FilerOf, RelayBells, SettlerOf};

/// What stops the people of a channel, and the people.
type Shift = (watch::Sender<bool>, JoinSet<()>);

/// Everybody at work, by channel.
#[derive(Clone)]
pub(super) struct Crew {
    pub(super) outbox: Outbox,
    site: Site,
    intake: Arc<Intake>,
    filer: Arc<dyn Filer>,
    bells: Arc<RelayBells>,
    downloader: Downloader,
    at_work: Arc<Mutex<HashMap<ChannelId, Shift>>>,
}

impl Crew {
    pub(super) fn new(
        site: &Site,
        engine: &Arc<Engine>,
        registry: &Registry,
        bells: &Arc<RelayBells>,
        intake: &Arc<Intake>,
        downloader: Downloader,
    ) -> Self {
        let hub = site.hub.clone();
        let health = Health::new(move |channel: &ChannelId, state: &ChannelState| {
            hub.channel_changed(channel, state.clone());
        });
        let outbox = Outbox {
            store: site.store.clone(),
            settler: Arc::new(SettlerOf {
                engine: engine.clone(),
            }),
            registry: registry.clone(),
            clock: site.clock.clone(),
            bells: bells.outbox.clone(),
            files: site.files.clone(),
            health: Arc::new(health),
            owner: new_owner(),
        };
        Self {
            outbox,
            site: site.clone(),
            intake: intake.clone(),
            filer: Arc::new(FilerOf {
                engine: engine.clone(),
            }),
            bells: bells.clone(),
            downloader,
            at_work: Arc::default(),
        }
    }

    /// Puts people to work for channels that have none, and says how switched-off ones are.
    pub(super) fn follow(&self, config: &Config) {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        for channel in &config.channels {
            if !channel.active {
                self.outbox
                    .health
                    .note(&channel.id, &ChannelState::Inactive);
            } else if self.outbox.health.state(&channel.id) == ChannelState::Inactive {
                self.outbox.health.note(&channel.id, &ChannelState::Unknown);
            }
            let is_at_work = at_work.contains_key(&channel.id);
            if is_at_work || !channel.active || self.outbox.registry.find(&channel.id).is_none() {
                continue;
            }
            at_work.insert(channel.id.clone(), self.begin(&channel.id));
        }
    }

    /// Brings back which channels an admin had unlinked; before anybody is put to work.
    pub(super) async fn remember_links(&self, config: &Config) -> Result<(), StoreError> {
        for channel in &config.channels {
            self.keeper(&channel.id).remember_link().await?;
        }
        Ok(())
    }

    /// Returns somebody who looks after a channel; two may, as every repeat is recognised.
    pub(super) fn keeper(&self, channel: &ChannelId) -> Keeper {
        Keeper {
            channel: channel.clone(),
            registry: self.outbox.registry.clone(),
            store: self.site.store.clone(),
            clock: self.site.clock.clone(),
            health: self.outbox.health.clone(),
            catcher: self.intake.clone(),
        }
    }

    fn begin(&self, channel: &ChannelId) -> Shift {
        let (stop_tx, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let (outbox, of, at_worker) = (self.outbox.clone(), channel.clone(), stopping.clone());
        tasks.spawn(keep_going("outbox", move || {
            // A new name each time: what a panic cut off is then found as anybody's abandoned work.
            let owner = new_owner();
            let outbox = Outbox {
                owner,
                ..outbox.clone()
            };
            Worker::new(outbox, of.clone()).run(at_worker.clone())
        }));
        let keeper = self.keeper(channel);
        let poller = Poller {
            channel: channel.clone(),
            registry: self.outbox.registry.clone(),
            store: self.site.store.clone(),
            health: self.outbox.health.clone(),
            taker: self.intake.clone(),
        };
        let fetcher = Fetcher {
            channel: channel.clone(),
            registry: self.outbox.registry.clone(),
            store: self.site.store.clone(),
            clock: self.site.clock.clone(),
            filer: self.filer.clone(),
            files: self.site.files.clone(),
            bell: self.bells.files.of(channel),
            downloader: self.downloader.clone(),
        };
        let at_fetcher = stopping.clone();
        tasks.spawn(keep_going("files", move || {
            fetcher.clone().run(at_fetcher.clone())
        }));
        let at_poller = stopping.clone();
        tasks.spawn(keep_going("poller", move || {
            poller.clone().run(at_poller.clone())
        }));
        tasks.spawn(keep_going("keeper", move || {
            keeper.clone().run(stopping.clone())
        }));
        (stop_tx, tasks)
    }

    /// Sends the people of these channels home, to come back with the new settings.
    pub(super) async fn send_home(&self, channels: &[ChannelId]) {
        let gone: Vec<_> = {
            let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
            channels
                .iter()
                .filter_map(|channel| at_work.remove(channel))
                .collect()
        };
        for (stop_tx, mut tasks) in gone {
            stop_tx.send_replace(true);
            while tasks.join_next().await.is_some() {}
        }
    }

    pub(super) async fn stop(&self) {
        let channels: Vec<_> = {
            let at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
            for (stop_tx, _) in at_work.values() {
                stop_tx.send_replace(true);
            }
            at_work.keys().cloned().collect()
        };
        self.send_home(&channels).await;
    }
}

fn new_owner() -> Arc<str> {
    format!("{:016x}", random_i64()).into()
}
