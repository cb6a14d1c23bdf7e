//! Telegram: customers write to a bot. Asked for updates or called with them (CH-09). A translation and nothing else; what
//! the platform really does stands in its documentation and, as bodies, in `fixtures/`.

mod api;
mod attachments;
mod errors;
mod link;
mod message;
mod poll;
mod receive;
#[cfg(test)]
mod samples;
mod send;
mod signature;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use shared::model::{Abilities, Attachment, ContactAsk, FileLimits, PlatformId, Reconciles};

use super::{
    Channel, FetchError, FileAddress, FileHosts, Left, LinkFault, Outbound, PollError, Polled,
    Profile, Reader, Receipt, Received, Rejected, SendError, Signal, Webhook,
};
use crate::files::OutboundFile;

use api::Api;

/// Code points of a text (telegram.md 6). Counted in UTF-16 units, which are never fewer.
const TEXT_LIMIT: usize = 4096;

/// What a bot needs.
#[derive(Debug, Clone)]
pub struct TelegramSettings {
    /// As `BotFather` gives it: `NUMBER:LETTERS`.
    pub token: SecretString,
    /// How updates come.
    pub receive: Receive,
    /// `https://api.telegram.org`, or a server of one's own.
    pub api_url: String,
}

/// How updates come.
#[derive(Debug, Clone)]
pub enum Receive {
    /// We ask; needs no address of ours.
    Poll,
    /// Telegram calls us.
    Webhook {
        /// Comes back in a header of every call.
        secret: SecretString,
        /// Ours, for the public; none: the admin sets the webhook by hand.
        address: Option<String>,
    },
}

/// One bot.
pub struct Telegram {
    account: PlatformId,
    abilities: Abilities,
    receive: Receive,
    api: Api,
}

/// Bytes of a file that goes out (telegram.md 7).
const FILES: FileLimits = FileLimits {
    photo: 10 << 20,
    audio: 50 << 20,
    video: 50 << 20,
    document: 50 << 20,
};

/// Returns what Telegram can carry (features 1b).
pub fn abilities() -> Abilities {
    Abilities {
        text_limit: TEXT_LIMIT,
        reply_window: None,
        human_window: None,
        files: Some(FILES),
        quotes: true,
        typing: true,
        seen: false,
        asks_contacts: ContactAsk {
            phone: true,
            email: false,
        },
        delivered_receipts: false,
        read_receipts: false,
        starts_chats: false,
        reconciles: Reconciles::Never,
    }
}

/// Returns the bot's own id, which begins its token (telegram.md 1); none: it is no token.
pub fn bot_of(token: &str) -> Option<&str> {
    let (bot, secret) = token.split_once(':')?;
    let is_number = !bot.is_empty() && bot.bytes().all(|byte| byte.is_ascii_digit());
    let is_secret = secret.len() >= 20
        && secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (is_number && is_secret).then_some(bot)
}

impl Telegram {
    /// Returns a channel for a bot.
    pub fn new(settings: TelegramSettings, client: reqwest::Client) -> Self {
        let bot = bot_of(settings.token.expose_secret()).unwrap_or_default();
        Self {
            account: PlatformId(bot.to_owned()),
            abilities: abilities(),
            api: Api::new(client, &settings),
            receive: settings.receive,
        }
    }
}

#[async_trait]
impl Channel for Telegram {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        // Every bot has a token of its own: no address brings the events of another.
        Sha256::digest(self.account.as_str().as_bytes()).into()
    }

    fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        let Receive::Webhook { secret, .. } = &self.receive else {
            return Err(Rejected::WrongToken);
        };
        signature::check(webhook.headers, secret.expose_secret())?;
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
        send::send_file(&self.api, reply, file).await
    }

    async fn signal(&self, reader: Reader<'_>, signal: Signal) -> Result<(), SendError> {
        send::signal(&self.api, reader.visitor, signal).await
    }

    async fn profile(&self, visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        let body = serde_json::json!({ "chat_id": send::chat_of(visitor) });
        let chat = self.api.call("getChat", &body).await;
        let chat = chat.map_err(api::CallError::for_fetch)?;
        Ok(message::profile_of(&chat))
    }

    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &[],
            api_url: self.api.address(),
        }
    }

    async fn locate(&self, source: &Attachment) -> Result<FileAddress, FetchError> {
        let handle = source.file.as_ref().and_then(|file| file.handle.as_deref());
        match handle {
            Some(handle) => self.api.locate(handle).await,
            None => Err(FetchError::Refused {
                cause: "there is no file".to_owned(),
            }),
        }
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        link::check(&self.api, &self.account, &self.receive).await
    }

    async fn acknowledge(&self, _visitor: &PlatformId, press: &str) -> Result<(), SendError> {
        send::acknowledge(&self.api, press).await
    }

    async fn leave(&self) -> Result<Left, LinkFault> {
        link::leave(&self.api).await
    }

    fn is_polled(&self) -> bool {
        matches!(self.receive, Receive::Poll)
    }

    async fn poll(&self, after: Option<&str>) -> Result<Polled, PollError> {
        poll::poll(&self.api, &self.account, after).await
    }
}
