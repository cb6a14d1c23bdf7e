//! What calls do (whatsapp.md 2, 3): a reply is accepted first, and what becomes of it is told by statuses.

use axum::http::Method;
use serde_json::{Value, json};

use super::number::{Fault, Sent, Site};
use super::person::Known;
use crate::form::FormFile;

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
    file: Option<FormFile>,
) -> Result<Value, No> {
    let options = &site.options;
    let (number, account) = (&options.phone_number_id, &options.waba_id);
    let parts: Vec<&str> = path.split('/').collect();
    match (method, parts.as_slice()) {
        (&Method::GET, [id]) if id == number => Ok(json!({
            "id": number, "display_phone_number": format!("+{}", options.display_number), "verified_name": "Acme",
        })),
        (&Method::POST, [id, "subscribed_apps"]) if id == account => subscribe(site, call).await,
        (&Method::GET, [id]) => media(site, id),
        (&Method::POST, [id, "media"]) if id == number => upload(site, call, file),
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

fn media(site: &Site, id: &str) -> Result<Value, No> {
    let state = site.lock();
    let file = state.files.get(id);
    let file = file.ok_or(No::Code(
        100,
        "Unsupported request: the object does not exist",
    ))?;
    Ok(json!({
        "messaging_product": "whatsapp", "id": id, "url": format!("{}/media/{id}", site.url),
        "mime_type": file.mime, "file_size": file.bytes.len().to_string(),
    }))
}

fn upload(site: &Site, call: &Value, file: Option<FormFile>) -> Result<Value, No> {
    let is_sound =
        text(call, "/messaging_product") == "whatsapp" && !text(call, "/type").is_empty();
    match file.filter(|file| is_sound && file.field == "file") {
        Some(file) => Ok(json!({ "id": site.keep(file) })),
        None => Err(No::Code(131_053, "Media upload error")),
    }
}

/// Looks at what a message carries: words, or a file that was uploaded.
fn carried(site: &Site, call: &Value) -> Result<(String, Option<FormFile>), No> {
    let kind = text(call, "/type");
    let words = text(call, "/text/body");
    if kind == "text" && (1..=TEXT_LIMIT).contains(&words.chars().count()) {
        return Ok((words.to_owned(), None));
    }
    let id = text(call, &format!("/{kind}/id")).to_owned();
    let file = site.lock().files.get(&id).cloned();
    let is_media = ["image", "video", "audio", "document"].contains(&kind);
    match file.filter(|_| is_media) {
        Some(file) => Ok((String::new(), Some(file))),
        None => Err(No::Code(131_009, "Parameter value is not valid")),
    }
}

fn messages(site: &Site, call: &Value) -> Result<Value, No> {
    if text(call, "/messaging_product") != "whatsapp" {
        return Err(No::Code(100, "messaging_product must be whatsapp"));
    }
    if text(call, "/status") == "read" {
        if !text(call, "/message_id").starts_with("wamid.") {
            return Err(No::Code(100, "message_id is not a message"));
        }
        site.lock().signs.push(call.clone());
        site.changed.notify_waiters();
        return Ok(json!({ "success": true }));
    }
    let (words, file) = carried(site, call)?;
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
        text: words,
        call: call.clone(),
        file,
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
