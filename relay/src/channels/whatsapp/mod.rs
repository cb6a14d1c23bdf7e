//! WhatsApp, by its Cloud API: customers write to a phone number of the company. A translation and nothing else; what the
//! platform really does stands in its documentation and, as bodies, in `fixtures/`.
//!
//! **Who a visitor is.** A person has a phone number, which they may hide, and an id of the business (`US.1349…`), which is
//! theirs for good, and some events name only one of them (whatsapp.md 2). Here the id is the name if an event tells it,
//! itself or by the contacts beside it, and the number otherwise: an id survives that its owner hides or changes the
//! number. Whenever an event tells both, [`Happening::AlsoCalled`] says so before anything else, and whoever is known by
//! either stays one person: known by the number before there were ids, hidden later, or named by the number alone in the
//! copy of what was written on the company's own phone. Receipts are found by the message they speak of, not by the
//! person. A reply goes to the name under which the person became known.
//!
//! **What is not here.** Signs of writing and reading name the visitor's last message, which nobody knows who is told a
//! visitor only. Templates, the only thing that may be sent once the reply window has closed, are chosen and filled in by nobody yet.
//!
//! [`Happening::AlsoCalled`]: super::Happening::AlsoCalled

mod errors;
mod files;
mod link;
mod messages;
mod people;
mod receive;
#[cfg(test)]
mod samples;
mod send;
mod statuses;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use shared::model::{Abilities, Attachment, ContactAsk, PlatformId, Reconciles, Seconds};

use super::{
    Answer, Channel, FetchError, FileAddress, FileHosts, LinkFault, Outbound, Profile, Reader,
    Receipt, Received, Rejected, SendError, Signal, Webhook, calls,
};
use crate::files::OutboundFile;

use super::meta::graph::{self, Access};
use super::meta::{handshake, signature};
use errors::Refused;

/// The version that the reference describes (whatsapp.md 1).
const VERSION: &str = "v23.0";
/// Characters of a text (whatsapp.md 3). Counted in UTF-16 units, which are never fewer.
const TEXT_LIMIT: usize = 4096;
/// The reply window (OUT-06): afterwards only templates may be sent.
const REPLY_WINDOW: Seconds = Seconds(24 * 3600);

/// A number's access to the Graph.
type Graph = graph::Graph<Refused>;
/// Why a call brought nothing.
type CallError = calls::CallError<Refused>;

/// What a number needs.
#[derive(Debug, Clone)]
pub struct WhatsappSettings {
    /// The number's id at Meta; not the number.
    pub phone_number_id: String,
    /// Of a system user.
    pub access_token: SecretString,
    /// Made up by the admin, typed at Meta as well.
    pub verify_token: SecretString,
    /// Of the application.
    pub app_secret: SecretString,
    /// The WhatsApp Business account; none: nobody looks whether it is subscribed.
    pub waba_id: Option<String>,
    /// `https://graph.facebook.com`, or a gateway.
    pub api_url: String,
}

/// One number.
pub struct Whatsapp {
    settings: WhatsappSettings,
    account: PlatformId,
    abilities: Abilities,
    graph: Graph,
}

/// Returns what WhatsApp can carry (features 1b).
pub fn abilities() -> Abilities {
    Abilities {
        text_limit: TEXT_LIMIT,
        reply_window: Some(REPLY_WINDOW),
        human_window: None,
        files: Some(files::LIMITS),
        quotes: true,
        typing: true,
        seen: true,
        asks_contacts: ContactAsk::default(),
        delivered_receipts: true,
        read_receipts: true,
        starts_chats: false,
        reconciles: Reconciles::ByEcho,
    }
}

impl Whatsapp {
    /// Returns a channel for a number.
    pub fn new(settings: WhatsappSettings, client: reqwest::Client) -> Self {
        Self {
            account: PlatformId(settings.phone_number_id.clone()),
            abilities: abilities(),
            graph: Graph::new(client, &access(&settings)),
            settings,
        }
    }
}

fn access(settings: &WhatsappSettings) -> Access<'_> {
    Access {
        api_url: &settings.api_url,
        version: VERSION,
        account: &settings.phone_number_id,
        token: &settings.access_token,
        app_secret: &settings.app_secret,
        human_agent: false,
    }
}

#[async_trait]
impl Channel for Whatsapp {
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
        Ok(receive::translate(webhook.body, webhook.received_at))
    }

    fn message_key(&self, platform_id: &PlatformId) -> String {
        messages::key(platform_id)
    }

    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        send::send(&self.graph, reply).await
    }

    async fn send_file(&self, reply: &Outbound, file: &OutboundFile) -> Result<Receipt, SendError> {
        files::send(&self.graph, reply, file).await
    }

    async fn signal(&self, reader: Reader<'_>, signal: Signal) -> Result<(), SendError> {
        send::signal(&self.graph, reader.last, signal).await
    }

    /// Names come with messages; the platform cannot be asked for them.
    async fn profile(&self, _visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        Ok(None)
    }

    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &files::HOSTS,
            api_url: &self.settings.api_url,
        }
    }

    async fn locate(&self, source: &Attachment) -> Result<FileAddress, FetchError> {
        files::locate(&self.graph, &self.settings.access_token, source).await
    }

    fn by_hand(&self, address: Option<&str>) -> Vec<String> {
        link::by_hand(address, self.settings.waba_id.is_some())
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        link::check(&self.graph, self.settings.waba_id.as_deref()).await
    }
}
