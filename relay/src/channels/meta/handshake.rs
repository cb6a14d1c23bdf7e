//! The verification request (meta.md 2.1, CH-04, CH-05): Meta asks whether this address is ours.

use subtle::ConstantTimeEq;

use crate::channels::{Answer, Rejected};

/// Echoes the challenge as it came, if the mode is *subscribe* and the token is the configured one.
pub(in crate::channels) fn answer(query: &str, verify_token: &str) -> Result<Answer, Rejected> {
    let mut mode = None;
    let mut token = None;
    let mut challenge = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "hub.mode" => mode = Some(value.into_owned()),
            "hub.verify_token" => token = Some(value.into_owned()),
            "hub.challenge" => challenge = Some(value.into_owned()),
            _ => {}
        }
    }
    let (Some(mode), Some(token), Some(challenge)) = (mode, token, challenge) else {
        return Err(Rejected::WrongToken);
    };
    let is_ours =
        bool::from(token.as_bytes().ct_eq(verify_token.as_bytes())) && !verify_token.is_empty();
    if mode == "subscribe" && is_ours {
        Ok(Answer { body: challenge })
    } else {
        Err(Rejected::WrongToken)
    }
}

/// Says how the address is typed in at Meta, which asks for it at once: our side must run by then (CH-04).
pub(in crate::channels) fn by_hand(
    object: &str,
    address: Option<&str>,
    fields: &str,
) -> Vec<String> {
    let Some(address) = address else {
        let how = "in the config, set relay.public_url to the https address under which Meta reaches this relay";
        return vec![how.to_owned()];
    };
    vec![
        format!(
            "at Meta, in the app's dashboard under Webhooks, object {object}: type the callback address {address} and the \
             verify_token of this channel, while the relay runs"
        ),
        format!("there, subscribe to: {fields}"),
    ]
}
