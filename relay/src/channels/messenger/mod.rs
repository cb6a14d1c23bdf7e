//! Facebook Messenger: customers write to a Page (`object: "page"`). A translation and nothing else; what the platform
//! really does stands in its documentation and, as bodies, in `fixtures/`.

mod attachments;
mod conversations;
mod errors;
mod events;
mod link;
mod profile;
mod receive;
#[cfg(test)]
mod samples;
mod send;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trouble;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use shared::model::{
    Abilities, ContactAsk, FileLimits, PlatformId, Reconciles, Seconds, Timestamp,
};

use super::{
    Answer, CaughtUp, Channel, FetchError, FileHosts, History, Left, LinkFault, Outbound, Profile,
    Reader, Receipt, Received, Rejected, SendError, Signal, Webhook, calls,
};
use crate::files::OutboundFile;

use super::meta::graph::{self, Access};
use super::meta::{handshake, signature};
use errors::Refused;

/// The newest version known (meta.md 1).
const VERSION: &str = "v26.0";
/// UTF-16 units of a text (counting them never counts fewer than Meta does).
const TEXT_LIMIT: usize = 2000;
/// The reply window (OUT-06).
const REPLY_WINDOW: Seconds = Seconds(24 * 3600);
/// The window of the human-agent tag (OUT-07).
const HUMAN_WINDOW: Seconds = Seconds(7 * 86_400);

/// A Page's access to the Graph.
type Graph = graph::Graph<Refused>;
/// Why a call brought nothing.
type CallError = calls::CallError<Refused>;

/// Hosts of media (meta.md 5).
const FILE_HOSTS: [&str; 2] = ["fbcdn.net", "fbsbx.com"];

/// What a Page needs.
#[derive(Debug, Clone)]
pub struct MessengerSettings {
    /// The Page.
    pub page_id: String,
    /// Of the Page.
    pub access_token: SecretString,
    /// Made up by the admin, typed at Meta as well.
    pub verify_token: SecretString,
    /// Of the application.
    pub app_secret: SecretString,
    /// Ours, to know thread control that comes to us.
    pub app_id: Option<String>,
    /// The Human Agent feature was granted.
    pub human_agent: bool,
    /// `https://graph.facebook.com`, or a gateway.
    pub api_url: String,
}

/// One Page.
pub struct Messenger {
    settings: MessengerSettings,
    account: PlatformId,
    abilities: Abilities,
    graph: Graph,
}

/// Bytes of a file that goes out (meta.md 8.3): limits are of the form, which is a little longer.
const FILES: FileLimits = FileLimits {
    photo: 8 * 1_000_000,
    audio: 24 * 1_000_000,
    video: 24 * 1_000_000,
    document: 24 * 1_000_000,
};

/// Returns what Messenger can carry (features 1b).
pub fn abilities(human_agent: bool) -> Abilities {
    Abilities {
        text_limit: TEXT_LIMIT,
        reply_window: Some(REPLY_WINDOW),
        human_window: human_agent.then_some(HUMAN_WINDOW),
        files: Some(FILES),
        quotes: true,
        typing: true,
        seen: true,
        asks_contacts: ContactAsk {
            phone: true,
            email: true,
        },
        delivered_receipts: true,
        read_receipts: true,
        starts_chats: false,
        reconciles: Reconciles::ByEcho,
    }
}

impl Messenger {
    /// Returns a channel for a Page.
    pub fn new(settings: MessengerSettings, client: reqwest::Client) -> Self {
        Self {
            account: PlatformId(settings.page_id.clone()),
            abilities: abilities(settings.human_agent),
            graph: Graph::new(client, &access(&settings)),
            settings,
        }
    }
}

fn access(settings: &MessengerSettings) -> Access<'_> {
    Access {
        api_url: &settings.api_url,
        version: VERSION,
        account: &settings.page_id,
        token: &settings.access_token,
        app_secret: &settings.app_secret,
        human_agent: settings.human_agent,
    }
}

#[async_trait]
impl Channel for Messenger {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.settings.app_secret.expose_secret().as_bytes()).into()
    }

    fn handshake(&self, query: &str) -> Result<Answer, Rejected> {
        handshake::answer(query, self.settings.verify_token.expose_secret())
    }

    fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        let secret = self.settings.app_secret.expose_secret();
        signature::check(webhook.headers, webhook.body, secret)?;
        Ok(receive::translate(
            webhook.body,
            webhook.received_at,
            self.settings.app_id.as_deref(),
        ))
    }

    fn message_key(&self, platform_id: &PlatformId) -> String {
        events::message_key(platform_id)
    }

    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        send::send(&self.graph, reply).await
    }

    async fn send_file(&self, reply: &Outbound, file: &OutboundFile) -> Result<Receipt, SendError> {
        send::send_file(&self.graph, reply, file).await
    }

    async fn signal(&self, reader: Reader<'_>, signal: Signal) -> Result<(), SendError> {
        send::signal(&self.graph, reader.visitor, signal).await
    }

    async fn profile(&self, visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        profile::fetch(&self.graph, visitor).await
    }

    async fn history(&self, visitor: &PlatformId) -> Result<History, FetchError> {
        conversations::history(&self.graph, visitor).await
    }

    async fn catch_up(&self, since: Timestamp, reach: Duration) -> Result<CaughtUp, FetchError> {
        conversations::catch_up(&self.graph, since, reach).await
    }

    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &FILE_HOSTS,
            api_url: &self.settings.api_url,
        }
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        link::check(&self.graph).await
    }

    async fn advice(&self, now: Timestamp) -> Vec<String> {
        let told = self.graph.inspect_token().await;
        told.map_or_else(|_| vec![], |told| link::advice(&told, now))
    }

    fn by_hand(&self, address: Option<&str>) -> Vec<String> {
        link::by_hand(address)
    }

    async fn leave(&self) -> Result<Left, LinkFault> {
        link::leave(&self.graph).await
    }
}
