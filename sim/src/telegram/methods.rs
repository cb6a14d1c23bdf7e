//! What the methods do (telegram.md 2, 5).

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::bot::Site;
use super::state::{Hook, Sent};
use crate::form::FormFile;

/// The longest text.
const TEXT_LIMIT: usize = 4096;
/// Bytes of a file that is given away.
const FILE_LIMIT: usize = 20 << 20;
/// Seconds that a question for updates waits at most.
const LONGEST_QUESTION: u64 = 50;
/// Updates of one answer at most.
const AT_MOST: usize = 100;

/// Why a call is not done.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: u16,
    pub(super) words: String,
    pub(super) retry_after: Option<u64>,
}

impl Refused {
    pub(super) fn new(code: u16, words: &str) -> Self {
        Self {
            code,
            words: words.to_owned(),
            retry_after: None,
        }
    }

    pub(super) fn too_fast(seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(429, &format!("Too Many Requests: retry after {seconds}"))
        }
    }
}

/// Methods that send a file, and the field that holds it.
const FILES: [(&str, &str); 4] = [
    ("sendPhoto", "photo"),
    ("sendDocument", "document"),
    ("sendVideo", "video"),
    ("sendAudio", "audio"),
];
/// Bytes of a photo, and of any other file, that a bot may send.
const MOST: (usize, usize) = (10 << 20, 50 << 20);

pub(super) async fn call(
    site: &Site,
    method: &str,
    call: &Value,
    file: Option<FormFile>,
) -> Result<Value, Refused> {
    if let Some((_, field)) = FILES.iter().find(|(known, _)| *known == method) {
        let done = send_file(site, field, call, file);
        site.changed.notify_waiters();
        return done;
    }
    let done = match method {
        "getMe" => Ok(site.me()),
        "getUpdates" => get_updates(site, call).await,
        "setWebhook" => set_webhook(site, call),
        "deleteWebhook" => {
            site.lock().hook = None;
            Ok(true.into())
        }
        "getWebhookInfo" => Ok(webhook_info(site)),
        "sendMessage" => send_message(site, call),
        "sendChatAction" | "answerCallbackQuery" => Ok(true.into()),
        "getChat" => get_chat(site, call),
        "getFile" => get_file(site, call),
        _ => Err(Refused::new(404, "Not Found: method not found")),
    };
    site.changed.notify_waiters();
    done
}

fn get_file(site: &Site, call: &Value) -> Result<Value, Refused> {
    let id = call
        .get("file_id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let state = site.lock();
    let (path, bytes) = state
        .files
        .get(id)
        .ok_or_else(|| Refused::new(400, "Bad Request: invalid file_id"))?;
    if bytes.len() > FILE_LIMIT {
        return Err(Refused::new(400, "Bad Request: file is too big"));
    }
    Ok(json!({
        "file_id": id, "file_unique_id": format!("u-{id}"), "file_size": bytes.len(), "file_path": path,
    }))
}

async fn get_updates(site: &Site, call: &Value) -> Result<Value, Refused> {
    let mine = {
        let mut state = site.lock();
        if state.hook.is_some() {
            return Err(Refused::new(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ));
        }
        if let Some(allowed) = call.get("allowed_updates").and_then(Value::as_array) {
            state.allowed = Some(allowed.clone());
        }
        if let Some(offset) = call.get("offset").and_then(Value::as_i64) {
            state.confirm(offset);
        }
        state.asking += 1;
        state.asking
    };
    site.changed.notify_waiters();
    let seconds = call.get("timeout").and_then(Value::as_u64).unwrap_or(0);
    let deadline = Instant::now() + Duration::from_secs(seconds.min(LONGEST_QUESTION));
    let is_over = |state: &super::state::State| !state.updates.is_empty() || state.asking != mine;
    site.until(is_over, deadline).await;
    let state = site.lock();
    if state.asking != mine {
        return Err(Refused::new(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        ));
    }
    let updates = state.updates.iter().take(AT_MOST);
    Ok(updates.map(|(_, update)| update.clone()).collect())
}

fn set_webhook(site: &Site, call: &Value) -> Result<Value, Refused> {
    let text = |name: &str| call.get(name).and_then(Value::as_str).map(str::to_owned);
    let url = text("url").unwrap_or_default();
    let mut state = site.lock();
    if let Some(allowed) = call.get("allowed_updates").and_then(Value::as_array) {
        state.allowed = Some(allowed.clone());
    }
    if url.is_empty() {
        state.hook = None;
        return Ok(true.into());
    }
    // A server of one's own takes plain addresses too (telegram.md 8).
    if !url.starts_with("http") {
        return Err(Refused::new(
            400,
            "Bad Request: bad webhook: An HTTPS URL must be provided for webhook",
        ));
    }
    state.asking += 1;
    state.hook = Some(Hook {
        url,
        secret: text("secret_token"),
        last_error: None,
    });
    Ok(true.into())
}

fn webhook_info(site: &Site) -> Value {
    let state = site.lock();
    let mut info = json!({
        "url": state.hook.as_ref().map_or("", |hook| hook.url.as_str()),
        "has_custom_certificate": false,
        "pending_update_count": state.updates.len(),
    });
    if let Some(allowed) = &state.allowed {
        info["allowed_updates"] = allowed.clone().into();
    }
    if let Some(error) = state
        .hook
        .as_ref()
        .and_then(|hook| hook.last_error.as_ref())
    {
        info["last_error_message"] = error.as_str().into();
        info["last_error_date"] = site.now().into();
    }
    info
}

/// Finds the person of a call, who must have written first and not have stopped the bot.
fn chat_of(state: &super::state::State, call: &Value) -> Result<i64, Refused> {
    let id = call.get("chat_id").and_then(Value::as_i64);
    let id = id.filter(|id| state.people.contains_key(id));
    let id = id.ok_or_else(|| Refused::new(400, "Bad Request: chat not found"))?;
    if state.gone.contains(&id) {
        return Err(Refused::new(403, "Forbidden: bot was blocked by the user"));
    }
    Ok(id)
}

fn send_message(site: &Site, call: &Value) -> Result<Value, Refused> {
    let mut state = site.lock();
    let chat = chat_of(&state, call)?;
    let text = call.get("text").and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refused::new(400, "Bad Request: message text is empty"));
    }
    if text.chars().count() > TEXT_LIMIT {
        return Err(Refused::new(400, "Bad Request: message is too long"));
    }
    state.last_message += 1;
    let message_id = state.last_message;
    let sent = Sent {
        chat,
        message_id,
        text: text.to_owned(),
        call: call.clone(),
        file: None,
    };
    state
        .followers
        .retain(|follower| follower.send(sent.clone()).is_ok());
    state.sent.push(sent);
    Ok(json!({
        "message_id": message_id, "from": site.me(), "chat": state.chat(chat), "date": site.now(), "text": text,
    }))
}

fn send_file(
    site: &Site,
    field: &str,
    call: &Value,
    file: Option<FormFile>,
) -> Result<Value, Refused> {
    let mut state = site.lock();
    let chat = chat_of(&state, call)?;
    let Some(file) = file.filter(|file| file.field == field) else {
        let words = format!("Bad Request: there is no {field} in the request");
        return Err(Refused::new(400, &words));
    };
    let most = if field == "photo" { MOST.0 } else { MOST.1 };
    if file.bytes.len() > most {
        return Err(Refused::new(413, "Request Entity Too Large"));
    }
    if field == "photo" && !file.bytes.starts_with(&[0xff, 0xd8]) {
        return Err(Refused::new(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"));
    }
    state.last_message += 1;
    let message_id = state.last_message;
    let sent = Sent {
        chat,
        message_id,
        text: String::new(),
        call: call.clone(),
        file: Some(file),
    };
    state
        .followers
        .retain(|follower| follower.send(sent.clone()).is_ok());
    state.sent.push(sent);
    Ok(json!({
        "message_id": message_id, "from": site.me(), "chat": state.chat(chat), "date": site.now(),
    }))
}

fn get_chat(site: &Site, call: &Value) -> Result<Value, Refused> {
    let state = site.lock();
    let mut chat = state.chat(chat_of(&state, call)?);
    chat["accent_color_id"] = 3.into();
    chat["max_reaction_count"] = 11.into();
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": true, "limited_gifts": true, "unique_gifts": true, "premium_subscription": true,
        "gifts_from_channels": true,
    });
    Ok(chat)
}
