//! A changed config put in force while everything runs: channels whose settings changed are set up anew, nothing else is.

use std::sync::{Arc, PoisonError};

use tokio::sync::mpsc;

use shared::model::{ChannelId, ChannelState};
use shared::protocol::NoticeLevel;

use crate::channels::build::build;
use crate::channels::registry::Registry;
use crate::config::{Config, Reload};
use crate::engine::Engine;
use crate::http::Site;
use crate::password;

use super::check_channels;
use super::crew::Crew;

/// Puts new configs in force.
pub(super) struct Reloads {
    pub(super) site: Site,
    pub(super) engine: Arc<Engine>,
    pub(super) registry: Registry,
    pub(super) client: reqwest::Client,
    pub(super) crew: Crew,
}

impl Reloads {
    pub(super) async fn run(self, mut config: Config, mut changes_rx: mpsc::Receiver<Reload>) {
        let started = config.clone();
        while let Some(change) = changes_rx.recv().await {
            match change {
                Reload::Taken(new) => match check_channels(&new, &self.site.store).await {
                    Ok(()) => {
                        self.take(&config, &new).await;
                        config = *new;
                        self.tell_taken(&started.needs_restart(&config));
                    }
                    Err(error) => self.refuse(&[error.to_string()]),
                },
                Reload::Refused(faults) => {
                    self.refuse(&faults.iter().map(ToString::to_string).collect::<Vec<_>>());
                }
            }
        }
    }

    fn tell_taken(&self, needs_restart: &[&str]) {
        let (level, text) = if needs_restart.is_empty() {
            let text = "The changed config is in force.".to_owned();
            (NoticeLevel::Info, text)
        } else {
            let keys = needs_restart.join(", ");
            let text = format!(
                "The changed config is in force, but not {keys}: that is read only when the relay starts; restart it."
            );
            (NoticeLevel::Warning, text)
        };
        tracing::info!(?needs_restart, "the changed config is in force");
        self.site.hub.notice(level, "config_taken", &text);
    }

    fn refuse(&self, faults: &[String]) {
        for fault in faults {
            tracing::error!("the changed config is not in force: {fault}");
        }
        let text = format!(
            "The changed config has faults and is not in force: {}",
            faults.join("; ")
        );
        self.site
            .hub
            .notice(NoticeLevel::Error, "config_refused", &text);
    }

    async fn take(&self, old: &Config, new: &Config) {
        let is_same = |id: &ChannelId| {
            let (old, new) = (find(old, id), find(new, id));
            matches!((old, new), (Some(old), Some(new)) if old.active == new.active && old.same_platform(new))
        };
        let changed: Vec<_> = old
            .channels
            .iter()
            .map(|c| c.id.clone())
            .filter(|id| !is_same(id))
            .collect();
        self.crew.send_home(&changed).await;
        let mut channels = build(new, &self.client);
        // A channel whose settings are the same stays the same: it may be in the middle of something.
        for (id, channel) in &mut channels {
            if let Some(kept) = self.registry.find(id).filter(|_| is_same(id)) {
                *channel = kept;
            }
        }
        self.registry.replace(channels);
        self.site.files.set_public_url(new.relay.public_url.clone());
        self.engine.set_policy(new.policy());
        self.site
            .logins
            .replace_check(password::check(new.password_hashes.clone()));
        *self
            .site
            .allowed
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(new.relay.allowed.clone());
        self.site.hub.policy_changed(&new.policy());
        for channel in &changed {
            self.crew
                .outbox
                .health
                .note(channel, &ChannelState::Unknown);
        }
        self.crew.follow(new);
    }
}

fn find<'a>(config: &'a Config, id: &ChannelId) -> Option<&'a crate::config::ChannelConfig> {
    config.channels.iter().find(|channel| channel.id == *id)
}
