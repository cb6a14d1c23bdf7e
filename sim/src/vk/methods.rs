//! What the methods do (vk.md 7, 9 … 12).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::community::Site;
use super::state::{Dialog, Sent, Server};

/// The practical limit of a text.
const TEXT_LIMIT: usize = 4096;
/// Callback servers of a community at most.
const MOST_SERVERS: usize = 10;

/// The parameters of a call.
pub(super) type Call = BTreeMap<String, String>;

/// Why a call is not done.
pub(super) struct Refused(pub(super) i64, pub(super) &'static str);

pub(super) async fn call(site: &Site, method: &str, call: &Call) -> Result<Value, Refused> {
    if call.get("v").is_none_or(|version| version != "5.199") {
        return Err(Refused(8, "Invalid request: v is required"));
    }
    let done = match method {
        "groups.getById" => Ok(group(site)),
        "groups.getTokenPermissions" => {
            Ok(json!({ "mask": site.options.rights, "permissions": [] }))
        }
        "groups.getCallbackServers" => Ok(servers(site)),
        "groups.getCallbackConfirmationCode" => Ok(json!({ "code": site.options.code })),
        "groups.addCallbackServer" | "groups.editCallbackServer" => put_server(site, call).await,
        "groups.deleteCallbackServer" => {
            let id = number(call, "server_id");
            site.lock().servers.retain(|server| server.id != id);
            Ok(1.into())
        }
        "groups.getCallbackSettings" => settings(site, call),
        "groups.setCallbackSettings" => set_settings(site, call),
        "groups.setLongPollSettings" => {
            site.lock().is_polled = text(call, "enabled") == "1";
            Ok(1.into())
        }
        "groups.getLongPollServer" => Ok(json!({
            "server": format!("{}/lp", site.url), "key": "a-key", "ts": site.lock().place.to_string(),
        })),
        "messages.send" => send(site, call),
        "messages.getHistory" => Ok(history(site, call)),
        "messages.getByConversationMessageId" => Ok(by_number(site, call)),
        "messages.getConversations" => Ok(conversations(site)),
        "messages.setActivity" | "messages.markAsRead" => Ok(1.into()),
        "messages.sendMessageEventAnswer" if text(call, "event_id").starts_with("press") => {
            Ok(1.into())
        }
        "users.get" => Ok(users(site, call)),
        "photos.getMessagesUploadServer" | "docs.getMessagesUploadServer" => {
            let kind = if method.starts_with("photos") {
                "photo"
            } else {
                "doc"
            };
            Ok(json!({ "upload_url": format!("{}/upload/{kind}", site.url) }))
        }
        "photos.saveMessagesPhoto" => save_photo(site, call),
        "docs.save" => save_document(site, call),
        _ => Err(Refused(3, "Unknown method passed.")),
    };
    site.changed.notify_waiters();
    done
}

fn text<'a>(call: &'a Call, name: &str) -> &'a str {
    call.get(name).map(String::as_str).unwrap_or_default()
}

fn number(call: &Call, name: &str) -> i64 {
    text(call, name).parse().unwrap_or(0)
}

fn group(site: &Site) -> Value {
    let group = json!({ "id": site.options.group_id, "name": "Магазин-образец", "type": "group" });
    json!({ "groups": [group], "profiles": [] })
}

fn servers(site: &Site) -> Value {
    let state = site.lock();
    let items: Vec<Value> = state
        .servers
        .iter()
        .map(|server| {
            json!({
                "id": server.id, "title": "deskwire", "creator_id": 1, "url": server.url,
                "secret_key": server.secret, "status": server.status,
            })
        })
        .collect();
    json!({ "count": items.len(), "items": items })
}

/// Asks whether the address is ours, with what the server is called by then.
async fn put_server(site: &Site, call: &Call) -> Result<Value, Refused> {
    let id = {
        let mut state = site.lock();
        let known = number(call, "server_id");
        let id = if known == 0 {
            if state.servers.len() == MOST_SERVERS {
                return Err(Refused(2000, "Servers number limit is reached"));
            }
            state
                .servers
                .iter()
                .map(|server| server.id)
                .max()
                .unwrap_or(0)
                + 1
        } else {
            known
        };
        let kept = state.servers.iter().find(|server| server.id == id);
        let events = kept.map(|server| server.events.clone()).unwrap_or_default();
        state.servers.retain(|server| server.id != id);
        state.servers.push(Server {
            id,
            url: text(call, "url").to_owned(),
            secret: text(call, "secret_key").to_owned(),
            status: "wait",
            events,
        });
        id
    };
    let is_ours = site.confirm(id).await;
    let mut state = site.lock();
    if let Some(server) = state.servers.iter_mut().find(|server| server.id == id) {
        server.status = if is_ours { "ok" } else { "failed" };
    }
    Ok(json!({ "server_id": id }))
}

fn settings(site: &Site, call: &Call) -> Result<Value, Refused> {
    let state = site.lock();
    let id = number(call, "server_id");
    let server = state.servers.iter().find(|server| server.id == id);
    let server = server.ok_or(Refused(100, "One of the parameters is invalid: server_id"))?;
    Ok(json!({ "api_version": "5.199", "events": server.events }))
}

fn set_settings(site: &Site, call: &Call) -> Result<Value, Refused> {
    let mut state = site.lock();
    let id = number(call, "server_id");
    let server = state.servers.iter_mut().find(|server| server.id == id);
    let server = server.ok_or(Refused(100, "One of the parameters is invalid: server_id"))?;
    let flags = call
        .iter()
        .filter(|(_, value)| matches!(value.as_str(), "0" | "1"));
    server.events = flags
        .map(|(name, value)| (name.clone(), value.parse().unwrap_or(0)))
        .collect();
    Ok(1.into())
}

fn send(site: &Site, call: &Call) -> Result<Value, Refused> {
    let peer = text(call, "peer_ids").parse::<i64>();
    let peer = peer.map_err(|_why| Refused(100, "One of the parameters is invalid: peer_ids"))?;
    let random = number(call, "random_id");
    let (words, attachment) = (text(call, "message"), call.get("attachment"));
    if random == 0 || (words.is_empty() && attachment.is_none()) {
        return Err(Refused(100, "One of the parameters is missing or invalid"));
    }
    let mut state = site.lock();
    let no = |code: i64, words: &str| {
        Ok(
            json!([{ "peer_id": peer, "message_id": 0, "error": { "code": code, "description": words } }]),
        )
    };
    if words.chars().count() > TEXT_LIMIT {
        return no(914, "Message is too long");
    }
    if !state.dialogs.contains_key(&peer) || state.gone.contains(&peer) {
        return no(901, "Can't send messages for users without permission");
    }
    let yes = |number: i64| {
        Ok(json!([{ "peer_id": peer, "message_id": 1, "conversation_message_id": number }]))
    };
    if let Some(known) = state
        .dialogs
        .get(&peer)
        .and_then(|dialog| dialog.sends.get(&random))
    {
        return yes(*known);
    }
    let message = json!({
        "from_id": -site.options.group_id, "out": 1, "text": words, "random_id": random,
    });
    let at = site.now();
    let message = state.say(peer, message, at);
    let number = message["conversation_message_id"].as_i64().unwrap_or(0);
    let dialog: &mut Dialog = state.dialogs.entry(peer).or_default();
    dialog.sends.insert(random, number);
    state.sent.push(Sent {
        peer,
        number,
        text: words.to_owned(),
        attachment: attachment.cloned(),
        call: call.clone(),
    });
    site.push(&mut state, "message_reply", &message);
    yes(number)
}

fn history(site: &Site, call: &Call) -> Value {
    let state = site.lock();
    let dialog = state.dialogs.get(&number(call, "peer_id"));
    let messages = dialog.map_or(&[][..], |dialog| &dialog.messages);
    let count = usize::try_from(number(call, "count"))
        .unwrap_or(20)
        .min(200);
    let items: Vec<&Value> = messages.iter().rev().take(count).collect();
    json!({ "count": messages.len(), "items": items })
}

fn by_number(site: &Site, call: &Call) -> Value {
    let state = site.lock();
    let dialog = state.dialogs.get(&number(call, "peer_id"));
    let messages = dialog.map_or(&[][..], |dialog| &dialog.messages);
    let wanted = number(call, "conversation_message_ids");
    let found = messages
        .iter()
        .filter(|message| message["conversation_message_id"] == wanted);
    let items: Vec<&Value> = found.collect();
    json!({ "count": items.len(), "items": items })
}

fn conversations(site: &Site) -> Value {
    let state = site.lock();
    let mut items: Vec<(i64, Value)> = state
        .dialogs
        .iter()
        .filter_map(|(peer, dialog)| {
            let last = dialog.messages.last()?;
            let conversation = json!({ "peer": { "id": peer, "type": "user", "local_id": peer } });
            let item = json!({ "conversation": conversation, "last_message": last });
            Some((last["id"].as_i64()?, item))
        })
        .collect();
    items.sort_by_key(|(id, _)| -id);
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    json!({ "count": items.len(), "items": items })
}

fn users(site: &Site, call: &Call) -> Value {
    let state = site.lock();
    let ids = text(call, "user_ids")
        .split(',')
        .filter_map(|id| id.parse::<i64>().ok());
    ids.filter_map(|id| {
        let (first_name, last_name) = state.people.get(&id)?;
        Some(json!({ "id": id, "first_name": first_name, "last_name": last_name, "is_closed": false }))
    })
    .collect()
}

fn save_photo(site: &Site, call: &Call) -> Result<Value, Refused> {
    if text(call, "hash") != "a-hash" || text(call, "photo").len() < 3 {
        return Err(Refused(129, "Invalid photo"));
    }
    let id = 457_250_000 + site.lock().uploads.len();
    Ok(json!([{ "id": id, "owner_id": 700_000_001, "access_key": "aa11", "sizes": [] }]))
}

fn save_document(site: &Site, call: &Call) -> Result<Value, Refused> {
    if text(call, "file") != "a-file" {
        return Err(Refused(1153, "Invalid file"));
    }
    let id = 680_000_000 + site.lock().uploads.len();
    let doc = json!({ "id": id, "owner_id": 700_000_001, "title": text(call, "title"), "access_key": "ab12" });
    Ok(json!({ "type": "doc", "doc": doc }))
}
