//! What an admin does with a channel's link (CH-13, CH-15): takes it off its account, puts it back, asks for what was said in
//! the last day. Remembered across restarts.

use std::sync::Arc;

use shared::model::ChannelState;

use crate::channels::{Channel, Left, LinkFault};
use crate::store::{StoreError, UNLINKED};

use super::{Caught, Keeper, REACH};

/// Why an admin's wish was not done, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The channel is gone from the config, or switched off in it.
    #[error("it is switched off in the config (active = false)")]
    SwitchedOff,
    /// Only a linked channel can be asked.
    #[error("it is unlinked; `channel relink` puts it back and asks for the last 24 hours as well")]
    Unlinked,
    /// Put back, but the platform does not take us.
    #[error("it does not work: {0}")]
    Fault(LinkFault),
    /// Not all that was missed could be asked for or taken in.
    #[error("not all that was missed could be brought in; try `channel recover` again")]
    InPart,
    /// The store does not answer.
    #[error("the store does not take it")]
    Store(#[from] StoreError),
}

/// What asking for the last day brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Events that the platform told of, those included that were here already.
    pub told: usize,
    /// More was missed than the platform lets us fetch.
    pub is_too_much: bool,
}

impl Keeper {
    /// Brings back what an admin wished before a restart.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn remember_link(&self) -> Result<(), StoreError> {
        let wished = self.store.bookmark(&self.unlinked_name()).await?;
        if wished.is_some_and(|since| !since.is_empty()) {
            self.health.unlink(&self.channel);
        }
        Ok(())
    }

    /// Looks at the link now, which sets up at the platform what can be set up from here.
    ///
    /// # Errors
    ///
    /// [`LinkError`]: what is wrong, for the admin.
    pub async fn set_up(&self) -> Result<(), LinkError> {
        let channel = self.linked_channel()?;
        channel
            .check_link()
            .await
            .map_err(|fault| self.told(fault))?;
        self.health.note(&self.channel, &ChannelState::Working);
        Ok(())
    }

    /// Takes the channel off its account: replies wait, nothing is asked for, and the platform is asked to call no more.
    /// What it still brings is taken in.
    ///
    /// # Errors
    ///
    /// The store: it is linked as before. A fault: it is unlinked, and the platform was not told.
    pub async fn unlink(&self) -> Result<Left, LinkError> {
        let channel = self.channel()?;
        let now = self.clock.now().0.to_string();
        let name = self.unlinked_name();
        self.store.set_bookmark(&name, &now).await?;
        self.health.unlink(&self.channel);
        tracing::info!(channel = %self.channel, "unlinked by an admin; replies wait");
        channel.leave().await.map_err(LinkError::Fault)
    }

    /// Puts the channel back to its account, has the platform call again, and brings in what was said in the last day.
    /// Nothing needs to be set up anew. Replies leave when what was missed is there.
    ///
    /// # Errors
    ///
    /// The store: it is unlinked as before. Otherwise it is linked, and looked after as any other.
    pub async fn relink(&self) -> Result<Recovered, LinkError> {
        let channel = self.channel()?;
        self.store.set_bookmark(&self.unlinked_name(), "").await?;
        tracing::info!(channel = %self.channel, "relinked by an admin");
        // Still unlinked meanwhile: replies wait for what was missed.
        let brought = match channel.check_link().await {
            Ok(()) => Ok(self.bring_in_a_day(&channel).await),
            Err(fault) => Err(fault),
        };
        self.health.relink(&self.channel);
        let recovered = brought.map_err(|fault| self.told(fault))?;
        self.health.note(&self.channel, &ChannelState::Working);
        recovered
    }

    /// Asks for everything of the last day, whatever was asked for before; what is here already is recognised.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    pub async fn recover(&self) -> Result<Recovered, LinkError> {
        let channel = self.linked_channel()?;
        self.bring_in_a_day(&channel).await
    }

    async fn bring_in_a_day(&self, channel: &Arc<dyn Channel>) -> Result<Recovered, LinkError> {
        let asked = self.asked().await?;
        let since = self.clock.now().minus(REACH);
        let (told, is_too_much) = match self.catch_up_since(channel, since, asked).await {
            Caught::All(told) => (told, false),
            Caught::TooMuch(told) => (told, true),
            Caught::InPart => return Err(LinkError::InPart),
        };
        Ok(Recovered { told, is_too_much })
    }

    fn channel(&self) -> Result<Arc<dyn Channel>, LinkError> {
        let channel = self.registry.find(&self.channel);
        channel.ok_or(LinkError::SwitchedOff)
    }

    fn linked_channel(&self) -> Result<Arc<dyn Channel>, LinkError> {
        if self.health.is_unlinked(&self.channel) {
            return Err(LinkError::Unlinked);
        }
        self.channel()
    }

    /// Notes a fault that does not pass by itself.
    fn told(&self, fault: LinkFault) -> LinkError {
        if !fault.is_passing {
            let reason = fault.reason.clone();
            let state = ChannelState::Broken { reason };
            self.health.note(&self.channel, &state);
        }
        LinkError::Fault(fault)
    }

    fn unlinked_name(&self) -> String {
        format!("{UNLINKED}{}", self.channel)
    }
}
