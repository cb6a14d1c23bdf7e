//! Anything that can make an HTTP call: a script, a shop, the backend of an app (CH-11, V-08). It posts signed events here,
//! and is called with signed replies. The format is ours: `docs/http-channel.md` has every member, `fixtures/` examples.

mod errors;
mod events;
mod receive;
mod send;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use shared::model::{Abilities, ContactAsk, FileLimits, PlatformId, Reconciles};

use super::{
    Channel, FetchError, FileHosts, LinkFault, Outbound, Profile, Reader, Receipt, Received,
    Rejected, SendError, Signal, Webhook, signed,
};
use crate::files::OutboundFile;

use send::Calls;

/// UTF-16 units of a text.
const TEXT_LIMIT: usize = 4096;
/// Where the signature of a body stands, in both directions.
pub(crate) const HEADER: &str = "x-deskwire-signature";
/// Before its hex digits.
pub(crate) const PREFIX: &str = "sha256=";

/// What a caller needs.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The channel's id stands for the account.
    pub id: String,
    /// Signs bodies in both directions.
    pub secret: SecretString,
    /// Who is called with replies.
    pub api_url: String,
}

/// One caller.
pub struct Http {
    account: PlatformId,
    abilities: Abilities,
    secret: SecretString,
    calls: Calls,
}

/// Bytes of a file that goes out; it is fetched from us.
const FILES: FileLimits = FileLimits {
    photo: 50 << 20,
    audio: 50 << 20,
    video: 50 << 20,
    document: 50 << 20,
};

/// Returns what a caller can carry: everything that the format has.
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
        delivered_receipts: true,
        read_receipts: true,
        starts_chats: false,
        reconciles: Reconciles::ByKey,
    }
}

impl Http {
    /// Returns a channel for a caller.
    pub fn new(settings: HttpSettings, client: reqwest::Client) -> Self {
        Self {
            calls: Calls::new(client, &settings),
            account: PlatformId(settings.id),
            abilities: abilities(),
            secret: settings.secret,
        }
    }
}

#[async_trait]
impl Channel for Http {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.secret.expose_secret().as_bytes()).into()
    }

    fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        let secret = self.secret.expose_secret();
        signed::check(webhook.headers, HEADER, PREFIX, webhook.body, secret)?;
        Ok(receive::translate(
            webhook.body,
            &self.account,
            webhook.received_at,
        ))
    }

    fn message_key(&self, platform_id: &PlatformId) -> String {
        events::message_key(platform_id)
    }

    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        self.calls.send(reply).await
    }

    async fn send_file(&self, reply: &Outbound, file: &OutboundFile) -> Result<Receipt, SendError> {
        self.calls.send_file(reply, file).await
    }

    async fn signal(&self, reader: Reader<'_>, signal: Signal) -> Result<(), SendError> {
        self.calls.signal(reader.visitor, signal).await
    }

    async fn profile(&self, visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        self.calls.profile(visitor).await
    }

    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &[],
            api_url: self.calls.url(),
        }
    }

    fn by_hand(&self, address: Option<&str>) -> Vec<String> {
        let whereto = address.unwrap_or("http://RELAY/webhooks/CHANNEL-ID");
        vec![format!(
            "let the other side post messages to {whereto}, signed with the channel's secret (docs/http-channel.md)"
        )]
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        self.calls.check().await
    }
}
