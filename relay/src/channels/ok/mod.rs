//! Odnoklassniki: customers write to a group, whose bot API calls us with what they write. A translation and nothing else;
//! what the platform really does stands in its documentation and, as bodies, in `fixtures/`.
//!
//! The visitor is the chat (`chat:C…`), not the person (`user:…`). A chat of a group is one person's, so both name the same
//! visitor; but replies, the history, the profile and signs are addressed to chats, and what a moderator wrote names the
//! chat alone (ok.md 2, 6). The person's id leads nowhere: there is no call for it, and it may be another one for each
//! application.
//!
//! Events do not say whose group they are about: the config does, and the link check holds it against the key. So a body is
//! translated without asking anybody.

mod api;
mod attachments;
mod chats;
mod errors;
mod link;
mod message;
mod receive;
#[cfg(test)]
mod samples;
mod secret;
mod send;
#[cfg(test)]
mod tests;
mod upload;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use shared::model::{Abilities, ContactAsk, FileLimits, PlatformId, Reconciles, Timestamp};

use super::{
    CaughtUp, Channel, FetchError, FileHosts, History, Left, LinkFault, Outbound, Profile, Reader,
    Receipt, Received, Rejected, SendError, Signal, Webhook,
};

use crate::files::OutboundFile;

use api::Api;

/// Odnoklassniki takes 4096 characters, and counts an emoji as several (ok.md 4): what is left is for those.
const TEXT_LIMIT: usize = 3500;

/// Hosts of pictures and files; they are not documented.
const FILE_HOSTS: [&str; 2] = ["mycdn.me", "okcdn.ru"];

/// Bytes of a file that goes out. What Odnoklassniki takes is not documented: this is what it surely does.
const FILES: FileLimits = FileLimits {
    photo: 10 << 20,
    audio: 50 << 20,
    video: 50 << 20,
    document: 50 << 20,
};

/// Before the digits of a group's id.
const GROUP: &str = "group:";

/// What a group needs.
#[derive(Debug, Clone)]
pub struct OkSettings {
    /// The group, as [`group_of`] gives it.
    pub group_id: String,
    /// Of the group: *access key*.
    pub access_token: SecretString,
    /// Made up by the admin: comes back in the address of every call.
    pub secret: SecretString,
    /// Ours, for the public and without the secret; none: the admin subscribes it by hand.
    pub address: Option<String>,
    /// `https://api.ok.ru/graph`, or a gateway.
    pub api_url: String,
}

/// One group.
pub struct Odnoklassniki {
    account: PlatformId,
    abilities: Abilities,
    settings: OkSettings,
    api: Api,
}

/// Returns what Odnoklassniki can carry (features 1b).
pub fn abilities() -> Abilities {
    Abilities {
        text_limit: TEXT_LIMIT,
        reply_window: None,
        human_window: None,
        files: Some(FILES),
        quotes: true,
        typing: true,
        seen: true,
        asks_contacts: ContactAsk {
            phone: true,
            email: false,
        },
        delivered_receipts: false,
        read_receipts: false,
        starts_chats: false,
        // Nothing comes back by itself: it is the history that tells, and what catching up finds there.
        reconciles: Reconciles::ByEcho,
    }
}

/// Returns the id of a group as Odnoklassniki writes it: `group:` and digits, or the digits alone; none: it is no id.
pub fn group_of(text: &str) -> Option<String> {
    let digits = text.strip_prefix(GROUP).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{GROUP}{digits}"))
}

impl Odnoklassniki {
    /// Returns a channel for a group.
    pub fn new(settings: OkSettings, client: reqwest::Client) -> Self {
        Self {
            account: PlatformId(settings.group_id.clone()),
            abilities: abilities(),
            api: Api::new(client, &settings),
            settings,
        }
    }
}

#[async_trait]
impl Channel for Odnoklassniki {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.settings.secret.expose_secret().as_bytes()).into()
    }

    fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        secret::check(webhook.query, self.settings.secret.expose_secret())?;
        Ok(receive::translate(
            webhook.body,
            &self.account,
            webhook.received_at,
        ))
    }

    fn message_key(&self, platform_id: &PlatformId) -> String {
        message::key(platform_id)
    }

    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        send::send(&self.api, reply).await
    }

    async fn send_file(&self, reply: &Outbound, file: &OutboundFile) -> Result<Receipt, SendError> {
        upload::send(&self.api, reply, file).await
    }

    async fn signal(&self, reader: Reader<'_>, signal: Signal) -> Result<(), SendError> {
        send::signal(&self.api, reader.visitor, signal).await
    }

    async fn profile(&self, visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        chats::profile(&self.api, visitor).await
    }

    async fn history(&self, visitor: &PlatformId) -> Result<History, FetchError> {
        chats::history(&self.api, visitor).await
    }

    async fn catch_up(&self, since: Timestamp, reach: Duration) -> Result<CaughtUp, FetchError> {
        chats::catch_up(&self.api, &self.account, since, reach).await
    }

    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &FILE_HOSTS,
            api_url: &self.settings.api_url,
        }
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        link::check(&self.api, &self.settings).await
    }

    async fn leave(&self) -> Result<Left, LinkFault> {
        link::leave(&self.api, &self.settings).await
    }
}
