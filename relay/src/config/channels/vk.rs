//! What a community of VK needs (CH-08): its number and key, and how events come.

use secrecy::{ExposeSecret as _, SecretString};

use crate::channels::vk::{Receive, VkSettings};

use super::super::section::Section;
use super::{Accounts, api_url, is_same_secret};

/// VK's own address.
const API: &str = "https://api.vk.ru";
/// The longest secret that VK keeps (vk.md 11).
const LONGEST_SECRET: usize = 50;

pub(super) fn read(
    section: &Section<'_, '_>,
    id: &str,
    address: Option<String>,
    accounts: &mut Accounts,
) -> VkSettings {
    let group_id = group_id(section);
    if !group_id.is_empty()
        && let Some(other) = accounts.insert(format!("vk {group_id}"), id.to_owned())
    {
        let message = format!(
            "channels {other} and {id} are one community, {group_id}: a community is connected once"
        );
        section.fault(section.place("group_id"), message);
    }
    VkSettings {
        group_id,
        access_token: section.secret("access_token"),
        receive: receive(section, address),
        api_url: api_url(section, API),
    }
}

/// A number, also where it is written as a text.
fn group_id(section: &Section<'_, '_>) -> String {
    let group_id = section.number_or_text("group_id");
    let digits = group_id.bytes().all(|byte| byte.is_ascii_digit());
    if group_id.is_empty() || !digits {
        let message =
            "group_id: expected the community's number without a minus, such as 190000001";
        section.fault(section.place("group_id"), message);
        return String::new();
    }
    group_id
}

fn receive(section: &Section<'_, '_>, address: Option<String>) -> Receive {
    if section.choice("receive", "callback", &["callback", "poll"]) == "poll" {
        // May stand there for another day.
        section.maybe_secret("secret");
        section.unread("confirmation");
        return Receive::Poll;
    }
    let secret = section.secret("secret");
    let text = secret.expose_secret();
    let is_sound =
        text.len() <= LONGEST_SECRET && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_sound {
        let message = "secret: expected up to 50 letters and digits: VK keeps nothing else";
        section.fault(section.place("secret"), message);
    }
    let confirmation = section.text("confirmation");
    if confirmation.is_none() && address.is_none() {
        let message = "VK asks whether the address is ours: set relay.public_url, and the relay sets VK up by itself, or put \
                       what VK wants to hear here (confirmation)";
        section.fault(section.place("group_id"), message);
    }
    Receive::Callback {
        secret,
        confirmation,
        address,
    }
}

pub(super) fn is_same(a: &VkSettings, b: &VkSettings) -> bool {
    a.group_id == b.group_id
        && a.api_url == b.api_url
        && is_same_secret(&a.access_token, &b.access_token)
        && is_same_way(&a.receive, &b.receive)
}

fn is_same_way(a: &Receive, b: &Receive) -> bool {
    let parts = |receive: &Receive| -> Option<(SecretString, Option<String>, Option<String>)> {
        match receive {
            Receive::Poll => None,
            Receive::Callback {
                secret,
                confirmation,
                address,
            } => Some((secret.clone(), confirmation.clone(), address.clone())),
        }
    };
    match (parts(a), parts(b)) {
        (None, None) => true,
        (
            Some((secret, confirmation, address)),
            Some((other, other_confirmation, other_address)),
        ) => {
            confirmation == other_confirmation
                && address == other_address
                && is_same_secret(&secret, &other)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}
