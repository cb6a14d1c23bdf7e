//! What a group of Odnoklassniki needs (CH-11): its access key, and a secret that comes back with every call.

use secrecy::{ExposeSecret as _, SecretString};

use crate::channels::ok::{OkSettings, group_of};

use super::super::section::Section;
use super::{Accounts, api_url, is_same_secret};

/// Odnoklassniki's own address.
const BOT_API: &str = "https://api.ok.ru/graph";
/// The shortest secret that is none to guess: it is all that proves who calls.
const SHORTEST_SECRET: usize = 20;

pub(super) fn read(
    section: &Section<'_, '_>,
    id: &str,
    address: Option<String>,
    accounts: &mut Accounts,
) -> OkSettings {
    OkSettings {
        group_id: group_id(section, id, accounts),
        access_token: section.secret("access_token"),
        secret: secret(section),
        address,
        api_url: api_url(section, BOT_API),
    }
}

fn group_id(section: &Section<'_, '_>, id: &str, accounts: &mut Accounts) -> String {
    let text = section.required("group_id");
    let Some(group) = group_of(text.trim()) else {
        // What is not there has its fault already.
        if !text.trim().is_empty() {
            let message = format!(
                "group_id {text:?}: expected the group's number, such as \"70000000000001\": it stands in the group's \
                 settings"
            );
            section.fault(section.place("group_id"), message);
        }
        return text;
    };
    if let Some(other) = accounts.insert(format!("ok {group}"), id.to_owned()) {
        let message = format!(
            "channels {other} and {id} are one group of Odnoklassniki, {group}: a group is connected once"
        );
        section.fault(section.place("group_id"), message);
    }
    group
}

fn secret(section: &Section<'_, '_>) -> SecretString {
    let secret = section.secret("secret");
    let text = secret.expose_secret();
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let is_sound = is_plain && text.len() >= SHORTEST_SECRET;
    // What could not be read at all has its fault already.
    if !text.is_empty() && !is_sound {
        let message = format!(
            "secret: expected at least {SHORTEST_SECRET} letters, digits, - and _: make one up; it becomes part of the \
             address that Odnoklassniki calls, and proves who calls"
        );
        section.fault(section.place("secret"), message);
    }
    secret
}

pub(super) fn is_same(a: &OkSettings, b: &OkSettings) -> bool {
    a.group_id == b.group_id
        && a.address == b.address
        && a.api_url == b.api_url
        && is_same_secret(&a.access_token, &b.access_token)
        && is_same_secret(&a.secret, &b.secret)
}
