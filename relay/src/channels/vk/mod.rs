//! VK: customers write to a community. Called back, or asked by Bots Long Poll. A translation and nothing else; what
//! the platform really does stands in its documentation and, as bodies, in `fixtures/`.
//!
//! The visitor is the peer of a dialog, which is the person. Chats of many people and other communities are no business of
//! a support desk.

mod api;
mod attachments;
mod errors;
mod files;
mod history;
mod link;
mod message;
mod poll;
mod receive;
#[cfg(test)]
mod samples;
mod send;
mod setup;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use shared::model::{Abilities, ContactAsk, FileLimits, PlatformId, Reconciles, Timestamp};

use super::{
    CaughtUp, Channel, FetchError, FileHosts, History, Left, LinkFault, Outbound, PollError,
    Polled, Profile, Reader, Receipt, Received, Rejected, SendError, Signal, Webhook,
};
use crate::files::OutboundFile;

use api::Api;
use poll::Server;

/// The practical limit is 4096, of which an emoji takes eight: so much is safe (vk.md 7).
const TEXT_LIMIT: usize = 3500;
/// Bytes of a file that goes out (vk.md 9); what VK plays itself goes as a document.
const FILES: FileLimits = FileLimits {
    photo: 50_000_000,
    audio: 0,
    video: 0,
    document: 200_000_000,
};
/// Hosts of media (vk.md 5.1).
const FILE_HOSTS: [&str; 7] = [
    "userapi.com",
    "vkuserphoto.ru",
    "vk.com",
    "vk.ru",
    "vkuser.net",
    "mycdn.me",
    "okcdn.ru",
];

/// What a community needs.
#[derive(Debug, Clone)]
pub struct VkSettings {
    /// Its number, without a minus.
    pub group_id: String,
    /// Of the community.
    pub access_token: SecretString,
    /// How events come.
    pub receive: Receive,
    /// `https://api.vk.ru`, or a gateway.
    pub api_url: String,
}

/// How events come.
#[derive(Debug, Clone)]
pub enum Receive {
    /// We ask; needs no address of ours.
    Poll,
    /// VK calls us.
    Callback {
        /// Comes back in every body.
        secret: SecretString,
        /// What VK is answered when it asks whether the address is ours, where the admin set it up by hand.
        confirmation: Option<String>,
        /// Ours, for the public; none: the admin sets it up by hand.
        address: Option<String>,
    },
}

/// One community.
pub struct Vk {
    account: PlatformId,
    abilities: Abilities,
    receive: Receive,
    api: Api,
    /// What VK is answered when it asks, since the relay has set the address up.
    code: Mutex<Option<String>>,
    /// Where to ask.
    server: Mutex<Option<Server>>,
}

/// Returns what VK can carry (features 1b).
pub fn abilities() -> Abilities {
    Abilities {
        text_limit: TEXT_LIMIT,
        reply_window: None,
        human_window: None,
        files: Some(FILES),
        quotes: true,
        typing: true,
        seen: true,
        asks_contacts: ContactAsk::default(),
        delivered_receipts: false,
        read_receipts: true,
        starts_chats: false,
        // What is sent anew has the same number as before: VK sends it once within an hour, and its history says the rest.
        reconciles: Reconciles::ByEcho,
    }
}

impl Vk {
    /// Returns a channel for a community.
    pub fn new(settings: VkSettings, client: reqwest::Client) -> Self {
        Self {
            account: PlatformId(settings.group_id.clone()),
            abilities: abilities(),
            api: Api::new(client, &settings),
            receive: settings.receive,
            code: Mutex::default(),
            server: Mutex::default(),
        }
    }

    /// What VK is answered when it asks whether the address is ours.
    fn confirmation(&self) -> Option<String> {
        let set_up = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        let by_hand = match &self.receive {
            Receive::Callback { confirmation, .. } => confirmation.clone(),
            Receive::Poll => None,
        };
        set_up.clone().or(by_hand)
    }
}

#[async_trait]
impl Channel for Vk {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        match &self.receive {
            Receive::Callback { secret, .. } => {
                Sha256::digest(secret.expose_secret().as_bytes()).into()
            }
            Receive::Poll => Sha256::digest(self.account.as_str().as_bytes()).into(),
        }
    }

    fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        let Receive::Callback { secret, .. } = &self.receive else {
            return Err(Rejected::WrongToken);
        };
        receive::callback(
            webhook,
            &self.account,
            secret.expose_secret(),
            self.confirmation(),
        )
    }

    fn is_cut_short(&self, received: &Received) -> bool {
        let mut inbound = received.inbound.iter();
        inbound.any(|inbound| receive::cut_short(inbound).is_some())
    }

    async fn complete(&self, mut received: Received) -> Received {
        history::complete(&self.api, &self.account, &mut received).await;
        received
    }

    fn message_key(&self, platform_id: &PlatformId) -> String {
        message::key(platform_id)
    }

    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        send::send(&self.api, reply, None).await
    }

    async fn send_file(&self, reply: &Outbound, file: &OutboundFile) -> Result<Receipt, SendError> {
        let attached = files::upload(&self.api, &reply.visitor, file).await?;
        send::send(&self.api, reply, Some(&attached)).await
    }

    async fn signal(&self, reader: Reader<'_>, signal: Signal) -> Result<(), SendError> {
        send::signal(&self.api, reader.visitor, signal).await
    }

    async fn profile(&self, visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        history::profile(&self.api, visitor).await
    }

    async fn history(&self, visitor: &PlatformId) -> Result<History, FetchError> {
        history::history(&self.api, visitor).await
    }

    async fn catch_up(&self, since: Timestamp, reach: Duration) -> Result<CaughtUp, FetchError> {
        history::catch_up(&self.api, &self.account, since, reach).await
    }

    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &FILE_HOSTS,
            api_url: self.api.address(),
        }
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        link::check(&self.api, &self.account, &self.receive, &self.code).await
    }

    async fn acknowledge(&self, visitor: &PlatformId, press: &str) -> Result<(), SendError> {
        send::acknowledge(&self.api, visitor, press).await
    }

    async fn leave(&self) -> Result<Left, LinkFault> {
        match &self.receive {
            // Nobody asks any more.
            Receive::Poll => Ok(Left::Done),
            Receive::Callback { address: None, .. } => Ok(Left::ByHand),
            Receive::Callback {
                address: Some(address),
                ..
            } => setup::leave(&self.api, &self.account, address).await,
        }
    }

    fn is_polled(&self) -> bool {
        matches!(self.receive, Receive::Poll)
    }

    async fn poll(&self, after: Option<&str>) -> Result<Polled, PollError> {
        poll::poll(&self.api, &self.account, &self.server, after).await
    }
}
