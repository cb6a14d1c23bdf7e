//! What calls do (whatsapp.md 2, 3): a reply is accepted first, and what becomes of it is told by statuses.

use axum::http::Method;
use serde_json::{Value, json};

use super::number::{Fault, Sent, Site};
use super::person::Known;

/// Characters of a text.
const TEXT_LIMIT: usize = 4096;
/// After somebody's last message, in which anything may be sent.
const WINDOW_MS: u64 = 24 * 3_600_000;

/// Why a call brings nothing.
pub(super) enum No {
    /// An error with this code and these words.
    Code(i64, &'static str),
    /// The connection ends without an answer.
    Silent,
}

pub(super) async fn call(
    site: &Site,
    method: &Method,
    path: &str,
    call: &Value,
) -> Result<Value, No> {
    let options = &site.options;
    let (number, account) = (&options.phone_number_id, &options.waba_id);
    let parts: Vec<&str> = path.split('/').collect();
    match (method, parts.as_slice()) {
        (&Method::GET, [id]) if id == number => Ok(json!({
            "id": number, "display_phone_number": format!("+{}", options.display_number), "verified_name": "Acme",
        })),
        (&Method::POST, [id, "subscribed_apps"]) if id == account => subscribe(site, call).await,
        (&Method::POST, [id, "messages"]) if id == number => messages(site, call),
        _ => Err(No::Code(
            100,
            "Unsupported request: the object does not exist",
        )),
    }
}

fn text<'a>(call: &'a Value, path: &str) -> &'a str {
    let value = call.pointer(path).and_then(Value::as_str);
    value.unwrap_or_default()
}

/// Subscribes the application, and with an address of its own sends the account's events there.
async fn subscribe(site: &Site, call: &Value) -> Result<Value, No> {
    let address = text(call, "/override_callback_uri");
    if !address.is_empty() {
        let done = site.set_callback(address, text(call, "/verify_token"));
        let failed = |_| No::Code(2_200, "Callback verification failed");
        done.await.map_err(failed)?;
    }
    site.lock().is_subscribed = true;
    Ok(json!({ "success": true }))
}

fn messages(site: &Site, call: &Value) -> Result<Value, No> {
    if text(call, "/messaging_product") != "whatsapp" {
        return Err(No::Code(100, "messaging_product must be whatsapp"));
    }
    if text(call, "/status") == "read" {
        return Ok(json!({ "success": true }));
    }
    let length = text(call, "/text/body").chars().count();
    if text(call, "/type") != "text" || !(1..=TEXT_LIMIT).contains(&length) {
        return Err(No::Code(131_009, "Parameter value is not valid"));
    }
    let fault = site.lock().faults.pop_front();
    match fault {
        Some(Fault::Refuse(code)) => return Err(No::Code(code, "refused by script")),
        Some(Fault::CloseBefore) => return Err(No::Silent),
        Some(Fault::CloseAfter) | None => {}
    }
    let (to, recipient) = (text(call, "/to"), text(call, "/recipient"));
    let receiver = if to.is_empty() { recipient } else { to };
    let receiver = receiver.trim_start_matches('+').to_owned();
    let known = site.lock().people.iter().find_map(|known| {
        let is_it = known.phone == receiver || known.id == receiver;
        is_it.then(|| known.clone())
    });
    let known = known.ok_or(No::Code(
        131_030,
        "Recipient phone number not in allowed list",
    ))?;
    if known.is_crowded {
        return Err(No::Code(131_056, "pair rate limit hit"));
    }
    let sent = Sent {
        id: site.new_id(),
        receiver: receiver.clone(),
        text: text(call, "/text/body").to_owned(),
        call: call.clone(),
    };
    site.lock().sent.push(sent.clone());
    become_of(site, &known, &sent);
    if fault.is_some() {
        return Err(No::Silent);
    }
    let contact = if to.is_empty() {
        json!({ "input": receiver, "user_id": known.id })
    } else {
        json!({ "input": format!("+{receiver}"), "wa_id": known.phone })
    };
    Ok(json!({
        "messaging_product": "whatsapp", "contacts": [contact],
        "messages": [{ "id": sent.id, "message_status": "accepted" }],
    }))
}

/// Tells what becomes of a message that was accepted.
fn become_of(site: &Site, known: &Known, sent: &Sent) {
    let now = site.clock.now_ms();
    let is_open = known
        .wrote_at_ms
        .is_some_and(|at| now < at.saturating_add(WINDOW_MS));
    if !is_open {
        site.tell_status(known, sent, "failed", Some(131_047));
        return;
    }
    site.tell_status(known, sent, "sent", None);
    if known.is_away {
        site.tell_status(known, sent, "failed", Some(131_026));
    }
}
