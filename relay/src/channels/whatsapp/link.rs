//! Whether the number works and its account tells us (whatsapp.md 2, CH-24): the token knows the number, and the application
//! is subscribed to the account. Subscribing again changes nothing, so it is done without asking.

use serde_json::{Value, json};

use crate::channels::meta::handshake;
use crate::channels::{LinkFault, wire};

use super::{CallError, Graph};

pub(super) async fn check(graph: &Graph, waba_id: Option<&str>) -> Result<(), LinkFault> {
    let fields = [("fields", "id,display_phone_number")];
    let number = graph.get(graph.account(), &fields).await;
    let number = number.map_err(CallError::for_link)?;
    if !is_number(&number, graph.account()) {
        return Err(LinkFault {
            reason: "Meta does not say that phone_number_id is a number: take the id of the phone number, not the number"
                .to_owned(),
            is_passing: false,
        });
    }
    let Some(waba_id) = waba_id else {
        return Ok(());
    };
    let path = format!("{waba_id}/subscribed_apps");
    let done = graph.post(&path, &[], &json!({})).await;
    if is_success(&done.map_err(CallError::for_link)?) {
        return Ok(());
    }
    Err(LinkFault {
        reason:
            "Meta did not subscribe the application to the WhatsApp account: do it at Meta by hand"
                .to_owned(),
        is_passing: false,
    })
}

/// The address is typed in at Meta, and without the account's id the application is subscribed there as well.
pub(super) fn by_hand(address: Option<&str>, knows_account: bool) -> Vec<String> {
    let fields =
        "messages, and smb_message_echoes if somebody also answers in the WhatsApp Business app";
    let mut steps = handshake::by_hand("WhatsApp Business Account", address, fields);
    if !knows_account {
        steps.push(
            "in the config, set waba_id to the id of the WhatsApp Business account: then the relay subscribes the app to it"
                .to_owned(),
        );
    }
    steps
}

/// Whether this is the number that was asked for.
pub(super) fn is_number(answer: &Value, id: &str) -> bool {
    let has_number = wire::line(answer.get("display_phone_number")).is_some();
    has_number && wire::id(answer.get("id")).as_deref() == Some(id)
}

fn is_success(answer: &Value) -> bool {
    wire::flag(answer, "success")
}
