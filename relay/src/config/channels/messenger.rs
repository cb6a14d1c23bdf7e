//! What a Page of Messenger needs (CH-01, CH-03).

use crate::channels::messenger::MessengerSettings;

use super::super::section::Section;
use super::{Accounts, GRAPH, api_url, is_same_secret};

pub(super) fn read(
    section: &Section<'_, '_>,
    id: &str,
    accounts: &mut Accounts,
) -> MessengerSettings {
    let page_id = section.required("page_id");
    if !page_id.is_empty() && !page_id.chars().all(|char| char.is_ascii_digit()) {
        let message = format!(
            "page_id {page_id:?}: expected the number of a Page (never a personal profile)"
        );
        section.fault(section.place("page_id"), message);
    }
    if let Some(other) = accounts.insert(format!("page {page_id}"), id.to_owned())
        && !page_id.is_empty()
    {
        let message =
            format!("channels {other} and {id} are one Page, {page_id}: a Page is connected once");
        section.fault(section.place("page_id"), message);
    }
    MessengerSettings {
        page_id,
        access_token: section.secret("access_token"),
        verify_token: section.secret("verify_token"),
        app_secret: section.secret("app_secret"),
        app_id: section
            .text("app_id")
            .filter(|id| !id.is_empty() && id != "…"),
        human_agent: section.flag("human_agent", false),
        api_url: api_url(section, GRAPH),
    }
}

pub(super) fn is_same(a: &MessengerSettings, b: &MessengerSettings) -> bool {
    a.page_id == b.page_id
        && a.app_id == b.app_id
        && a.human_agent == b.human_agent
        && a.api_url == b.api_url
        && is_same_secret(&a.access_token, &b.access_token)
        && is_same_secret(&a.verify_token, &b.verify_token)
        && is_same_secret(&a.app_secret, &b.app_secret)
}
