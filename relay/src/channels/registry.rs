//! Which channels there are: id to channel, and which of them an event belongs to. Replaced as a whole on a reload.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use shared::model::{ChannelId, PlatformId};

use super::Channel;

/// The channels in force.
#[derive(Clone, Default)]
pub struct Registry {
    channels: Arc<RwLock<Arc<Channels>>>,
}

/// Channels by their ids.
pub type Channels = BTreeMap<ChannelId, Arc<dyn Channel>>;

impl Registry {
    /// Puts these channels in force, in one step.
    pub fn replace(&self, channels: Channels) {
        *self
            .channels
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(channels);
    }

    /// Finds a channel by id.
    pub fn find(&self, id: &ChannelId) -> Option<Arc<dyn Channel>> {
        self.all().get(id).cloned()
    }

    /// Returns all of them.
    pub fn all(&self) -> Arc<Channels> {
        Arc::clone(&self.channels.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Finds the channel of an event that arrived at the address of `at`: itself, or another account behind the same
    /// secret (`interface.md`, HTTP addresses). An event for an account that nobody has, or that is verified by another
    /// secret, belongs to none (CH-03, CWE-863).
    pub fn route(&self, at: &ChannelId, account: &PlatformId) -> Option<ChannelId> {
        let channels = self.all();
        let door = channels.get(at)?;
        if door.account() == account {
            return Some(at.clone());
        }
        let fingerprint = door.secret_fingerprint();
        let fits = |channel: &Arc<dyn Channel>| {
            channel.account() == account && channel.secret_fingerprint() == fingerprint
        };
        channels
            .iter()
            .find(|(_, channel)| fits(channel))
            .map(|(id, _)| id.clone())
    }
}
