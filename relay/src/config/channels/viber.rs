//! What a bot of Viber needs (CH-11): its token.

use secrecy::ExposeSecret as _;

use shared::text;

use crate::channels::viber::{ViberSettings, account_of};

use super::super::section::Section;
use super::{Accounts, api_url, is_same_secret};

/// Viber's own address.
const BOT_API: &str = "https://chatapi.viber.com/pa";
/// Characters of a sender's name (viber.md 4).
const LONGEST_NAME: usize = 28;

pub(super) fn read(
    section: &Section<'_, '_>,
    id: &str,
    address: Option<String>,
    accounts: &mut Accounts,
) -> ViberSettings {
    let token = section.secret("token");
    if !token.expose_secret().is_empty()
        && let Some(other) = accounts.insert(format!("viber {}", account_of(&token)), id.to_owned())
    {
        let message = format!("channels {other} and {id} are one bot: a bot is connected once");
        section.fault(section.place("token"), message);
    }
    let name = section.text_or("name", id);
    ViberSettings {
        token,
        sender: text::one_line(&name, LONGEST_NAME),
        address,
        api_url: api_url(section, BOT_API),
    }
}

pub(super) fn is_same(a: &ViberSettings, b: &ViberSettings) -> bool {
    a.api_url == b.api_url
        && a.address == b.address
        && a.sender == b.sender
        && is_same_secret(&a.token, &b.token)
}
