//! What a number of WhatsApp needs (CH-11).

use crate::channels::whatsapp::WhatsappSettings;

use super::super::section::Section;
use super::{Accounts, GRAPH, api_url, is_same_secret};

pub(super) fn read(
    section: &Section<'_, '_>,
    id: &str,
    accounts: &mut Accounts,
) -> WhatsappSettings {
    let phone_number_id = section.required("phone_number_id");
    expect_number(
        section,
        "phone_number_id",
        &phone_number_id,
        "the id of a phone number from the app's page at Meta (digits; not the number itself)",
    );
    if let Some(other) = accounts.insert(format!("whatsapp {phone_number_id}"), id.to_owned())
        && !phone_number_id.is_empty()
    {
        let message = format!(
            "channels {other} and {id} are one number, {phone_number_id}: a number is connected once"
        );
        section.fault(section.place("phone_number_id"), message);
    }
    let waba_id = section
        .text("waba_id")
        .filter(|waba_id| !waba_id.is_empty());
    if let Some(waba_id) = &waba_id {
        let expected = "the id of the WhatsApp Business account (digits)";
        expect_number(section, "waba_id", waba_id, expected);
    }
    WhatsappSettings {
        phone_number_id,
        access_token: section.secret("access_token"),
        verify_token: section.secret("verify_token"),
        app_secret: section.secret("app_secret"),
        waba_id,
        api_url: api_url(section, GRAPH),
    }
}

fn expect_number(section: &Section<'_, '_>, key: &str, value: &str, expected: &str) {
    if !value.chars().all(|char| char.is_ascii_digit()) {
        section.fault(
            section.place(key),
            format!("{key} {value:?}: expected {expected}"),
        );
    }
}

pub(super) fn is_same(a: &WhatsappSettings, b: &WhatsappSettings) -> bool {
    a.phone_number_id == b.phone_number_id
        && a.waba_id == b.waba_id
        && a.api_url == b.api_url
        && is_same_secret(&a.access_token, &b.access_token)
        && is_same_secret(&a.verify_token, &b.verify_token)
        && is_same_secret(&a.app_secret, &b.app_secret)
}
