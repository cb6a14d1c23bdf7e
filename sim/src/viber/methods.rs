//! What the methods do (viber.md 2, 4).

use serde_json::{Value, json};

use super::bot::{Sent, Site};

/// The longest text.
const TEXT_LIMIT: usize = 7000;
/// The longest name of a sender.
const NAME_LIMIT: usize = 28;
/// What comes to those who want it.
const OPTIONAL: [&str; 4] = ["delivered", "seen", "failed", "conversation_started"];
/// What always comes.
const ALWAYS: [&str; 3] = ["message", "subscribed", "unsubscribed"];

/// A status number and its words.
pub(super) struct Refused(pub(super) i64, pub(super) &'static str);

pub(super) async fn call(site: &Site, method: &str, call: &Value) -> Result<Value, Refused> {
    {
        let mut state = site.lock();
        let place = state.refusals.iter().position(|(of, _)| of == method);
        if let Some((_, status)) = place.and_then(|place| state.refusals.remove(place)) {
            return Err(Refused(status, "refused by script"));
        }
    }
    match method {
        "set_webhook" => set_webhook(site, call).await,
        "get_account_info" => Ok(account_info(site)),
        "get_user_details" => user_details(site, call),
        "send_message" => send_message(site, call),
        _ => Err(Refused(3, "badData")),
    }
}

fn text<'a>(call: &'a Value, name: &str) -> &'a str {
    call.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Calls the address before it takes it.
async fn set_webhook(site: &Site, call: &Value) -> Result<Value, Refused> {
    let url = text(call, "url").to_owned();
    if url.is_empty() {
        site.lock().webhook = None;
        return Ok(json!({ "status": 0, "status_message": "ok" }));
    }
    let event = site.event("webhook", site.new_token(), json!({}));
    if site.post(&url, event.to_string()).await != Some(200) {
        return Err(Refused(1, "invalidUrl"));
    }
    let wanted = call.get("event_types").and_then(Value::as_array).cloned();
    // None named: all of them.
    let mut types = wanted.unwrap_or_else(|| OPTIONAL.map(Value::from).to_vec());
    types.extend(ALWAYS.map(Value::from));
    let mut state = site.lock();
    state.event_types.clone_from(&types);
    state.webhook = Some(url);
    Ok(json!({ "status": 0, "status_message": "ok", "event_types": types }))
}

fn account_info(site: &Site) -> Value {
    let state = site.lock();
    json!({
        "status": 0, "status_message": "ok", "id": "pa:75346594275468546724", "name": site.options.name,
        "webhook": state.webhook.as_deref().unwrap_or_default(), "event_types": state.event_types,
    })
}

fn user_details(site: &Site, call: &Value) -> Result<Value, Refused> {
    let id = text(call, "id");
    let state = site.lock();
    let name = state
        .names
        .get(id)
        .ok_or(Refused(5, "receiverNotRegistered"))?;
    Ok(json!({
        "status": 0, "status_message": "ok", "message_token": site.new_token(), "user": { "id": id, "name": name },
    }))
}

/// Whether a call names something that can be sent (viber.md 4).
fn is_message(call: &Value) -> bool {
    let media = text(call, "media");
    let has_size = call.get("size").is_some_and(Value::is_u64);
    let is_web = media.starts_with("https://");
    match text(call, "type") {
        "text" => (1..=TEXT_LIMIT).contains(&text(call, "text").chars().count()),
        "picture" => {
            let endings = [".jpg", ".jpeg", ".png", ".gif"];
            is_web && call.get("text").is_some() && endings.iter().any(|end| media.ends_with(end))
        }
        "video" => is_web && has_size,
        "file" => is_web && has_size && text(call, "file_name").contains('.'),
        _ => false,
    }
}

fn send_message(site: &Site, call: &Value) -> Result<Value, Refused> {
    let receiver = text(call, "receiver").to_owned();
    let sender = call
        .get("sender")
        .map(|sender| text(sender, "name"))
        .unwrap_or_default();
    let is_sound = (1..=NAME_LIMIT).contains(&sender.chars().count()) && is_message(call);
    let mut state = site.lock();
    if state.webhook.is_none() {
        return Err(Refused(10, "webhookNotSet"));
    }
    if !state.names.contains_key(&receiver) {
        return Err(Refused(5, "receiverNotRegistered"));
    }
    if !state.subscribed.contains(&receiver) {
        return Err(Refused(6, "notSubscribed"));
    }
    if !is_sound {
        return Err(Refused(3, "badData"));
    }
    let token = site.new_token();
    state.sent.push(Sent {
        receiver,
        text: text(call, "text").to_owned(),
        token,
        call: call.clone(),
    });
    Ok(json!({ "status": 0, "status_message": "ok", "message_token": token, "billing_status": 1 }))
}
