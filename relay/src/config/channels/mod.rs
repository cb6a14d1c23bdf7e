//! `[[channel]]`: the connected accounts, each kind with its own keys (CH-01 … CH-03, CH-17).

mod http;
mod messenger;
mod ok;
mod telegram;
mod viber;
mod vk;
mod whatsapp;

use std::collections::HashMap;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use shared::model::{ChannelId, DepartmentId, Language, OnReturn, OperatorId};

use crate::channels::http::HttpSettings;
use crate::channels::messenger::MessengerSettings;
use crate::channels::ok::OkSettings;
use crate::channels::telegram::TelegramSettings;
use crate::channels::viber::ViberSettings;
use crate::channels::vk::VkSettings;
use crate::channels::whatsapp::WhatsappSettings;

use super::section::Section;

/// Accounts seen before, with the channels that have them (CH-17).
type Accounts = HashMap<String, String>;

/// Meta's own address.
const GRAPH: &str = "https://graph.facebook.com";

/// Every kind of the interface.
const KINDS: [&str; 9] = [
    "messenger",
    "instagram",
    "vk",
    "telegram",
    "viber",
    "ok",
    "whatsapp",
    "webchat",
    "http",
];

/// One channel.
#[derive(Debug, Clone)]
pub struct ChannelConfig {
    /// In the webhook address.
    pub id: ChannelId,
    /// `messenger` …
    pub kind: String,
    /// Shown.
    pub name: String,
    /// Whether its chats are shown (CH-12).
    pub active: bool,
    /// Of its chats.
    pub language: Language,
    /// Whose queue.
    pub department: Option<DepartmentId>,
    /// Whose chats.
    pub operator: Option<OperatorId>,
    /// What becomes of a closed chat when its visitor writes again (IN-03).
    pub on_return: OnReturn,
    /// What the platform needs.
    pub platform: Platform,
}

/// What a platform needs.
#[derive(Debug, Clone)]
pub enum Platform {
    /// A Page.
    Messenger(MessengerSettings),
    /// A number of WhatsApp.
    Whatsapp(WhatsappSettings),
    /// A bot of Telegram.
    Telegram(TelegramSettings),
    /// A bot of Viber.
    Viber(ViberSettings),
    /// A community of VK.
    Vk(VkSettings),
    /// A group of Odnoklassniki.
    Ok(OkSettings),
    /// Anything that can make an HTTP call.
    Http(HttpSettings),
    /// A kind that this release does not build; such a channel is inactive.
    NotBuilt,
}

impl ChannelConfig {
    /// Whether two settings of a channel lead to the same calls.
    pub fn same_platform(&self, other: &Self) -> bool {
        match (&self.platform, &other.platform) {
            (Platform::Messenger(a), Platform::Messenger(b)) => messenger::is_same(a, b),
            (Platform::Whatsapp(a), Platform::Whatsapp(b)) => whatsapp::is_same(a, b),
            (Platform::Telegram(a), Platform::Telegram(b)) => telegram::is_same(a, b),
            (Platform::Viber(a), Platform::Viber(b)) => viber::is_same(a, b),
            (Platform::Vk(a), Platform::Vk(b)) => vk::is_same(a, b),
            (Platform::Ok(a), Platform::Ok(b)) => ok::is_same(a, b),
            (Platform::Http(a), Platform::Http(b)) => http::is_same(a, b),
            (Platform::NotBuilt, Platform::NotBuilt) => true,
            (
                Platform::Messenger(_)
                | Platform::Whatsapp(_)
                | Platform::Telegram(_)
                | Platform::Viber(_)
                | Platform::Vk(_)
                | Platform::Ok(_)
                | Platform::Http(_)
                | Platform::NotBuilt,
                _,
            ) => false,
        }
    }
}

/// Whether two secrets are one.
fn is_same_secret(a: &SecretString, b: &SecretString) -> bool {
    let (a, b) = (a.expose_secret().as_bytes(), b.expose_secret().as_bytes());
    bool::from(a.ct_eq(b))
}

/// Reads one; `public_url` is the relay's, `accounts` holds those seen before, with their lines.
pub(super) fn read(
    section: &Section<'_, '_>,
    main_language: &Language,
    public_url: Option<&str>,
    accounts: &mut Accounts,
) -> ChannelConfig {
    let id = section.required("id");
    section.called(&id);
    if !is_address_part(&id) && !id.is_empty() {
        let message = format!(
            "channel id {id:?}: expected lower-case letters, digits, - and _: it is part of an address"
        );
        section.fault(section.place("id"), message);
    }
    let kind = section.choice("kind", "", &KINDS);
    if !section.has("kind") {
        section.fault(
            section.place("id"),
            format!("channel {id} needs kind = \"messenger\""),
        );
    }
    let active = section.flag("active", true);
    let address = public_url.map(|url| webhook_address(url, &id));
    let platform = match kind.as_str() {
        "messenger" => Platform::Messenger(messenger::read(section, &id, accounts)),
        "whatsapp" => Platform::Whatsapp(whatsapp::read(section, &id, accounts)),
        "telegram" => Platform::Telegram(telegram::read(section, &id, address, accounts)),
        "viber" => Platform::Viber(viber::read(section, &id, address, accounts)),
        "vk" => Platform::Vk(vk::read(section, &id, address, accounts)),
        "ok" => Platform::Ok(ok::read(section, &id, address, accounts)),
        "http" => Platform::Http(http::read(section, &id)),
        _ => {
            not_built(section, &kind, active);
            Platform::NotBuilt
        }
    };
    let department = section.text("department").map(DepartmentId);
    let operator = section.text("operator").map(OperatorId);
    if department.is_some() && operator.is_some() {
        let message =
            format!("channel {id} has a department and an operator: its chats go to one of them");
        section.fault(section.place("operator"), message);
    }
    let on_return = match section
        .choice("on_return", "reopen", &["reopen", "new", "resume"])
        .as_str()
    {
        "new" => OnReturn::New,
        "resume" => OnReturn::Resume,
        _ => OnReturn::Reopen,
    };
    ChannelConfig {
        name: section.text_or("name", &id),
        language: section.language_or("language", main_language),
        id: ChannelId(id),
        kind,
        active,
        department,
        operator,
        on_return,
        platform,
    }
}

/// Where a platform calls for a channel (`interface.md`, HTTP addresses).
pub(super) fn webhook_address(public_url: &str, id: &str) -> String {
    format!("{}/webhooks/{id}", public_url.trim_end_matches('/'))
}

/// Reads where a platform is called; absent: its own address.
fn api_url(section: &Section<'_, '_>, own: &str) -> String {
    let api_url = section.text_or("api_url", own);
    let is_web =
        url::Url::parse(&api_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_web {
        section.fault(
            section.place("api_url"),
            format!("api_url {api_url:?}: expected an address such as {own}"),
        );
    }
    api_url
}

/// Looks at the keys of kinds to come, so that their files can be written already.
fn not_built(section: &Section<'_, '_>, kind: &str, active: bool) {
    for key in [
        "page_id",
        "account_id",
        "app_id",
        "api_url",
        "group_id",
        "confirmation",
        "receive",
        "human_agent",
    ] {
        section.unread(key);
    }
    for key in [
        "access_token",
        "verify_token",
        "app_secret",
        "secret",
        "token",
    ] {
        section.maybe_secret(key);
    }
    if active && !kind.is_empty() && KINDS.contains(&kind) {
        let message = format!(
            "channels of kind {kind} are not in this release yet: set active = false, or take it out"
        );
        section.fault(section.place("kind"), message);
    }
}

fn is_address_part(id: &str) -> bool {
    id.chars()
        .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '-' | '_'))
}
