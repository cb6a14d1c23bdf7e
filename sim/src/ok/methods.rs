//! What the calls do (ok.md 2, 4, 6).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::group::Site;
use super::state::{Said, Sent};
use super::uploads;

/// The longest text.
const TEXT_LIMIT: usize = 4096;
/// What an emoji counts.
const EMOJI: usize = 8;
/// Attachments of a message.
const ATTACHMENTS: usize = 5;

/// A number and its words.
pub(super) struct Refused(pub(super) i64, pub(super) String);

/// A call as it came.
pub(super) struct Call<'a> {
    pub(super) is_post: bool,
    pub(super) path: Vec<&'a str>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
}

impl Call<'_> {
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.query.get(name)?.parse().ok()
    }

    /// The count of a list, which is never above 100.
    fn count(&self, usual: usize) -> usize {
        let count = self
            .number("count")
            .map_or(usual, |count| usize::try_from(count).unwrap_or(usize::MAX));
        count.clamp(1, 100)
    }
}

pub(super) fn refused(code: i64, words: &str) -> Refused {
    Refused(code, words.to_owned())
}

/// Returns how scripts name a call.
pub(super) fn kind_of(call: &Call<'_>) -> &'static str {
    match (call.is_post, call.path.as_slice()) {
        (false, ["me", "info"]) => "info",
        (false, ["me", "subscriptions"]) => "subscriptions",
        (true, ["me", "subscribe"]) => "subscribe",
        (true, ["me", "unsubscribe"]) => "unsubscribe",
        (false, ["me", "fileUploadUrl"]) => "place",
        (false, ["me", "chats"]) => "chats",
        (false, ["me", "chat", _]) => "chat",
        (false, ["me", "messages", _]) => "history",
        (true, ["me", "messages", _]) if call.body.get("sender_action").is_some() => "sign",
        (true, ["me", "messages", _]) => "send",
        (_, _) => "unknown",
    }
}

pub(super) fn call(site: &Site, call: &Call<'_>) -> Result<Value, Refused> {
    let token = site.lock().token.clone();
    match (call.query.get("access_token"), token) {
        (None, _) => return Err(refused(101, "PARAM_API_KEY : Application not exist")),
        (Some(_), None) => return Err(refused(102, "PARAM_SESSION_EXPIRED : Session expired")),
        (Some(given), Some(token)) if *given != token => {
            return Err(refused(103, "PARAM_SESSION_KEY : Invalid session key"));
        }
        (Some(_), Some(_)) => {}
    }
    match kind_of(call) {
        "info" => Ok(json!({ "name": site.options.name, "group_id": site.options.group_id })),
        "subscriptions" => Ok(subscriptions(site)),
        "subscribe" => subscribe(site, &call.body),
        "unsubscribe" => Ok(unsubscribe(site, &call.body)),
        "place" => uploads::place(site, call),
        "chats" => chats(site, call),
        "chat" => chat(site, call),
        "history" => history(site, call),
        "sign" => sign(site, call),
        "send" => send(site, call),
        _ => Err(refused(3, "METHOD : Method does not exist")),
    }
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn no_chat() -> Refused {
    refused(300, "NOT_FOUND : Chat not found")
}

fn subscriptions(site: &Site) -> Value {
    let state = site.lock();
    let list = state.subscriptions.iter();
    let list: Vec<_> = list
        .map(|(time, url)| json!({ "time": time, "url": url }))
        .collect();
    json!({ "subscriptions": list })
}

fn subscribe(site: &Site, body: &Value) -> Result<Value, Refused> {
    let url = text(body, "url");
    if !url.starts_with("https://") {
        return Err(refused(100, "PARAM : Invalid parameter value"));
    }
    let now = site.clock.stamp_ms();
    let mut state = site.lock();
    if !state.subscriptions.iter().any(|(_, known)| known == url) {
        state.subscriptions.push((now, url.to_owned()));
    }
    Ok(json!({ "success": true }))
}

fn unsubscribe(site: &Site, body: &Value) -> Value {
    let url = text(body, "url");
    let mut state = site.lock();
    state.subscriptions.retain(|(_, known)| known != url);
    state.waiting.retain(|(to, _)| to != url);
    json!({ "success": true })
}

/// The marker is the place of the next chat.
fn chats(site: &Site, call: &Call<'_>) -> Result<Value, Refused> {
    let state = site.lock();
    let mut chats: Vec<_> = state
        .chats
        .iter()
        .filter(|chat| !chat.said.is_empty())
        .collect();
    chats.sort_by_key(|chat| std::cmp::Reverse(chat.last_event_at()));
    let from = match call.query.get("marker") {
        None => 0,
        Some(marker) => marker
            .parse::<usize>()
            .map_err(|_bad| refused(100, "PARAM : Invalid marker"))?,
    };
    let count = call.count(50).min(site.options.chats_at_once.max(1));
    let page = chats.iter().skip(from).take(count);
    let page: Vec<_> = page.map(|chat| shown(site, chat)).collect();
    let mut answer = json!({ "chats": page });
    if from + count < chats.len() {
        answer["marker"] = (from + count).to_string().into();
    }
    Ok(answer)
}

fn shown(site: &Site, chat: &super::state::Chat) -> Value {
    let at = chat.last_event_at();
    json!({
        "type": "GROUP_CHAT", "status": "ACTIVE", "title": chat.name, "participants": { chat.user.clone(): at },
        "lastEventTime": at, "chat_id": chat.id, "owner_id": chat.user, "group_id": site.options.group_id,
    })
}

fn chat(site: &Site, call: &Call<'_>) -> Result<Value, Refused> {
    let id = call.path.last().copied().unwrap_or_default();
    let mut state = site.lock();
    let chat = state.chat(id).ok_or_else(no_chat)?;
    Ok(shown(site, chat))
}

/// The newest first; `from` is the later moment, `to` the earlier one.
fn history(site: &Site, call: &Call<'_>) -> Result<Value, Refused> {
    let id = call.path.last().copied().unwrap_or_default();
    let group = json!({ "name": site.options.name, "user_id": site.options.group_id });
    let from = call.number("from").unwrap_or(u64::MAX);
    let to = call.number("to").unwrap_or(0);
    let mut state = site.lock();
    let chat = state.chat(id).ok_or_else(no_chat)?;
    let said = chat.said.iter().rev();
    let asked = said.filter(|said| (to..=from).contains(&said.at));
    let page: Vec<_> = asked
        .take(call.count(50))
        .map(|said| chat.shown(said, &group))
        .collect();
    Ok(json!({ "messages": page }))
}

fn sign(site: &Site, call: &Call<'_>) -> Result<Value, Refused> {
    let id = call.path.last().copied().unwrap_or_default();
    let action = text(&call.body, "sender_action").to_owned();
    let mut state = site.lock();
    state.chat(id).ok_or_else(no_chat)?;
    state.signs.push((id.to_owned(), action));
    Ok(json!({ "success": true }))
}

fn send(site: &Site, call: &Call<'_>) -> Result<Value, Refused> {
    let id = call.path.last().copied().unwrap_or_default();
    let message = call.body.get("message").cloned().unwrap_or_default();
    let recipient = call.body.get("recipient").cloned().unwrap_or_default();
    let words = text(&message, "text").to_owned();
    let attachments = message.get("attachments").and_then(Value::as_array);
    let attachments = attachments.map_or(&[][..], Vec::as_slice);
    let files = uploads::named(site, attachments)?;
    let is_something = !words.is_empty() || !files.is_empty();
    let is_sound = is_something
        && length(&words) <= TEXT_LIMIT
        && text(&recipient, "chat_id") == id
        && attachments.len() <= ATTACHMENTS;
    if !is_sound {
        return Err(refused(100, "PARAM : Invalid parameter value"));
    }
    let at = site.clock.stamp_ms();
    let mut state = site.lock();
    let number = state.new_number();
    let chat = state.chat(id).ok_or_else(no_chat)?;
    if chat.is_closed {
        let words = "PRIVACY_RESTRICTION : Operation is restricted by privacy settings";
        return Err(refused(458, words));
    }
    let members = message.as_object().cloned().unwrap_or_default();
    let said = new_message(id, number, true, at, members);
    let mid = text(&Value::Object(said.message.clone()), "mid").to_owned();
    chat.said.push(said);
    state.sent.push(Sent {
        chat: id.to_owned(),
        text: words,
        mid: mid.clone(),
        call: call.body.clone(),
        files,
    });
    let mut answer = json!({ "success": true });
    if let Some(name) = site.options.names_sent {
        answer[name] = mid.into();
    }
    Ok(answer)
}

/// As many as Odnoklassniki counts.
fn length(text: &str) -> usize {
    text.chars()
        .map(|char| if char.len_utf16() > 1 { EMOJI } else { 1 })
        .sum()
}

/// Returns a message with its names.
pub(super) fn new_message(
    chat: &str,
    number: u64,
    is_groups: bool,
    at: u64,
    mut message: Map<String, Value>,
) -> Said {
    let place = chat.trim_start_matches("chat:");
    message.insert("seq".to_owned(), number.into());
    message.insert("mid".to_owned(), format!("mid:{place}.{number:x}").into());
    Said {
        is_groups,
        at,
        message,
    }
}
