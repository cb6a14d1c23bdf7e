//! Viber: customers write to a bot, which is called with everything that happens. A translation and nothing else; what the
//! platform really does stands in its documentation and, as bodies, in `fixtures/`.

mod api;
mod errors;
mod link;
mod message;
mod receive;
#[cfg(test)]
mod samples;
mod send;
mod signature;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

use shared::model::{Abilities, ContactAsk, FileLimits, PlatformId, Reconciles};

use crate::hex::hex;

use super::{
    Channel, FetchError, FileHosts, Left, LinkFault, Outbound, Profile, Receipt, Received,
    Rejected, SendError, Webhook,
};
use crate::files::OutboundFile;

use api::{Api, CallError};

/// Characters of a text (viber.md 4). Counted in UTF-16 units, which are never fewer.
const TEXT_LIMIT: usize = 7000;

/// Hosts of media. What Viber uses is not documented: its own name stands for all below it.
const FILE_HOSTS: [&str; 1] = ["viber.com"];

/// What a bot needs.
#[derive(Debug, Clone)]
pub struct ViberSettings {
    /// Of the bot; it also signs what comes.
    pub token: SecretString,
    /// Shown to customers as the sender.
    pub sender: String,
    /// Ours, for the public; none: the admin sets the webhook by hand.
    pub address: Option<String>,
    /// `https://chatapi.viber.com/pa`, or a gateway.
    pub api_url: String,
}

/// One bot.
pub struct Viber {
    account: PlatformId,
    abilities: Abilities,
    settings: ViberSettings,
    api: Api,
}

/// Bytes of a file that goes out (viber.md 4); a sound goes as a plain file.
const FILES: FileLimits = FileLimits {
    photo: 1 << 20,
    audio: 50 << 20,
    video: 26 << 20,
    document: 50 << 20,
};

/// Returns what Viber can carry (features 1b).
pub fn abilities() -> Abilities {
    Abilities {
        text_limit: TEXT_LIMIT,
        reply_window: None,
        human_window: None,
        files: Some(FILES),
        quotes: false,
        typing: false,
        seen: false,
        asks_contacts: ContactAsk {
            phone: true,
            email: false,
        },
        delivered_receipts: true,
        read_receipts: true,
        starts_chats: false,
        reconciles: Reconciles::Never,
    }
}

impl Viber {
    /// Returns a channel for a bot.
    pub fn new(settings: ViberSettings, client: reqwest::Client) -> Self {
        Self {
            account: account_of(&settings.token),
            abilities: abilities(),
            api: Api::new(client, &settings),
            settings,
        }
    }
}

/// Events do not say whose bot they are about, and the bot's id is told by a call only: a name made from the token, which
/// does not tell the token, stands for it.
pub fn account_of(token: &SecretString) -> PlatformId {
    let digest: [u8; 32] = Sha256::digest(token.expose_secret().as_bytes()).into();
    PlatformId(hex(&digest[..8]))
}

#[async_trait]
impl Channel for Viber {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.settings.token.expose_secret().as_bytes()).into()
    }

    fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        let token = self.settings.token.expose_secret();
        signature::check(webhook.headers, webhook.body, token)?;
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
        send::send(&self.api, &self.settings.sender, reply).await
    }

    async fn send_file(&self, reply: &Outbound, file: &OutboundFile) -> Result<Receipt, SendError> {
        send::send_file(&self.api, &self.settings.sender, reply, file).await
    }

    async fn profile(&self, visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        let answer = self
            .api
            .call("get_user_details", &json!({ "id": visitor }))
            .await;
        let answer = answer.map_err(CallError::for_fetch)?;
        Ok(message::profile_of(answer.get("user")))
    }

    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &FILE_HOSTS,
            api_url: &self.settings.api_url,
        }
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        link::check(&self.api, self.settings.address.as_deref()).await
    }

    async fn leave(&self) -> Result<Left, LinkFault> {
        link::leave(&self.api).await
    }
}
