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
