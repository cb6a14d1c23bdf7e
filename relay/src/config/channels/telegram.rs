//! What a bot of Telegram needs (CH-09): its token, and a secret where Telegram calls.

use secrecy::ExposeSecret as _;

use crate::channels::telegram::{Receive, TelegramSettings, bot_of};

use super::super::section::Section;
use super::{Accounts, api_url, is_same_secret};

/// Telegram's own address.
const BOT_API: &str = "https://api.telegram.org";
/// The longest secret that Telegram repeats (telegram.md 2.1).
const LONGEST_SECRET: usize = 256;

pub(super) fn read(
    section: &Section<'_, '_>,
    id: &str,
    address: Option<String>,
    accounts: &mut Accounts,
) -> TelegramSettings {
    let token = section.secret("token");
    match bot_of(token.expose_secret()) {
        Some(bot) => {
            if let Some(other) = accounts.insert(format!("bot {bot}"), id.to_owned()) {
                let message = format!(
                    "channels {other} and {id} are one bot, {bot}: a bot is connected once"
                );
                section.fault(section.place("token"), message);
            }
        }
        // What could not be read at all has its fault already.
        None if token.expose_secret().is_empty() => {}
        None => {
            let message = "token: expected NUMBER:LETTERS, as BotFather gives it";
            section.fault(section.place("token"), message);
        }
    }
    TelegramSettings {
        token,
        receive: receive(section, address),
        api_url: api_url(section, BOT_API),
    }
}

fn receive(section: &Section<'_, '_>, address: Option<String>) -> Receive {
    if section.choice("receive", "poll", &["poll", "webhook"]) != "webhook" {
        // May stand there for another day.
        section.maybe_secret("secret");
        return Receive::Poll;
    }
    let secret = section.secret("secret");
    let text = secret.expose_secret();
    let is_sound = text.len() <= LONGEST_SECRET
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_sound {
        let message =
            "secret: expected up to 256 letters, digits, - and _: Telegram repeats nothing else";
        section.fault(section.place("secret"), message);
    }
    Receive::Webhook { secret, address }
}

pub(super) fn is_same(a: &TelegramSettings, b: &TelegramSettings) -> bool {
    let is_same_way = match (&a.receive, &b.receive) {
        (Receive::Poll, Receive::Poll) => true,
        (
            Receive::Webhook { secret, address },
            Receive::Webhook {
                secret: other_secret,
                address: other_address,
            },
        ) => address == other_address && is_same_secret(secret, other_secret),
        (Receive::Poll, Receive::Webhook { .. }) | (Receive::Webhook { .. }, Receive::Poll) => {
            false
        }
    };
    is_same_way && a.api_url == b.api_url && is_same_secret(&a.token, &b.token)
}
