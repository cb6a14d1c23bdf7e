//! The Conversations API: what a relay catches up with after downtime (Meta: *Conversations API*).

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::calls::Call;
use super::errors::GraphError;
use super::fields::{self, Field};
use super::profile::ProfileAnswer;
use super::state::{Conversation, State, Stored};
use crate::clock::graph_time;
use crate::sign::hex;

/// Only the newest messages of a conversation have details.
const DETAILED: usize = 20;
const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 100;

/// Answers `GET /{page-id}/conversations`, newest first.
pub(super) fn list(state: &State, page_id: &str, call: &Call) -> Result<Value, GraphError> {
    let platform = call.text("platform").unwrap_or_else(|| "messenger".into());
    if platform != "messenger" {
        return Ok(json!({ "data": [] }));
    }
    let asked = call
        .text("fields")
        .unwrap_or_else(|| "id,updated_time".into());
    let asked = fields::parse(&asked)?;
    let user_id = call.text("user_id");
    let mut found: Vec<&Conversation> = state
        .conversations
        .values()
        .filter(|conversation| conversation.page_id == page_id && !conversation.messages.is_empty())
        .filter(|conversation| {
            user_id
                .as_ref()
                .is_none_or(|psid| conversation.psid == *psid)
        })
        .collect();
    found
        .sort_by_key(|conversation| (Reverse(conversation.updated_at_ms), conversation.id.clone()));
    let keys = found
        .iter()
        .map(|found| Place(found.updated_at_ms, found.id.clone()))
        .collect();
    let shown = Slice::new(call, keys)?;
    let data = found
        .iter()
        .skip(shown.start)
        .take(shown.limit)
        .map(|conversation| conversation_object(state, conversation, &asked))
        .collect::<Result<Vec<_>, _>>()?;
    let next = |after: &str| {
        let mut next = url::form_urlencoded::Serializer::new(String::new());
        for name in ["platform", "fields", "user_id", "limit"] {
            if let Some(value) = call.text(name) {
                next.append_pair(name, &value);
            }
        }
        next.append_pair("after", after);
        format!(
            "{}/v26.0/{page_id}/conversations?{}",
            state.url,
            next.finish()
        )
    };
    Ok(shown.page(&data, next))
}

/// Answers `GET /{conversation-id}`.
pub(super) fn one(state: &State, page_id: &str, call: &Call) -> Result<Value, GraphError> {
    let conversation = load(state, page_id, &call.node)?;
    let asked = call
        .text("fields")
        .unwrap_or_else(|| "id,updated_time".into());
    conversation_object(state, conversation, &fields::parse(&asked)?)
}

/// Answers `GET /{conversation-id}/messages`, newest first.
pub(super) fn messages_of(state: &State, page_id: &str, call: &Call) -> Result<Value, GraphError> {
    let conversation = load(state, page_id, &call.node)?;
    let asked = match call.text("fields") {
        Some(asked) => fields::parse(&asked)?,
        None => Vec::new(),
    };
    messages_page(state, conversation, &asked, call)
}

/// Answers `GET /{message-id}`.
pub(super) fn message(state: &State, page_id: &str, call: &Call) -> Result<Value, GraphError> {
    let asked = call
        .text("fields")
        .unwrap_or_else(|| "id,created_time".into());
    let asked = fields::parse(&asked)?;
    for conversation in state
        .conversations
        .values()
        .filter(|found| found.page_id == page_id)
    {
        let position = newest_first(conversation).position(|message| message.mid == call.node);
        if let Some(message) = position.and_then(|position| {
            newest_first(conversation)
                .nth(position)
                .filter(|_| position < DETAILED)
        }) {
            return message_object(state, conversation, message, &asked);
        }
        if conversation.find_message(&call.node).is_some() {
            return Err(GraphError::named("message_deleted"));
        }
    }
    Err(GraphError::named("object_missing"))
}

fn load<'a>(state: &'a State, page_id: &str, id: &str) -> Result<&'a Conversation, GraphError> {
    let mut conversations = state.conversations.values();
    conversations
        .find(|conversation| conversation.id == id && conversation.page_id == page_id)
        .ok_or_else(|| GraphError::named("object_missing"))
}

fn newest_first(conversation: &Conversation) -> impl Iterator<Item = &Stored> {
    conversation
        .messages
        .iter()
        .rev()
        .filter(|message| !message.is_deleted)
}

fn conversation_object(
    state: &State,
    conversation: &Conversation,
    asked: &[Field],
) -> Result<Value, GraphError> {
    let mut object = Map::from_iter([("id".to_owned(), json!(conversation.id))]);
    for field in asked {
        let value = match field.name.as_str() {
            "id" => json!(conversation.id),
            "updated_time" => json!(graph_time(conversation.updated_at_ms)),
            "link" => json!(format!(
                "/{}/inbox/{}/",
                conversation.page_id, conversation.id
            )),
            "message_count" => json!(newest_first(conversation).count()),
            "unread_count" => json!(0),
            "can_reply" => json!(!conversation.has_blocked_page),
            "participants" | "senders" => json!({ "data": [
                person(state, &conversation.psid), person(state, &conversation.page_id),
            ] }),
            "messages" => nested_messages(state, conversation, field)?,
            _ => return Err(fields::unknown(field)),
        };
        object.insert(field.name.clone(), value);
    }
    Ok(Value::Object(object))
}

fn nested_messages(
    state: &State,
    conversation: &Conversation,
    field: &Field,
) -> Result<Value, GraphError> {
    let shown = Slice {
        start: 0,
        limit: field.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
        places: places_of(conversation),
    };
    let data = message_objects(state, conversation, &field.inner, &shown)?;
    Ok(shown.page(&data, |after| next_messages(state, conversation, after)))
}

fn messages_page(
    state: &State,
    conversation: &Conversation,
    asked: &[Field],
    call: &Call,
) -> Result<Value, GraphError> {
    let shown = Slice::new(call, places_of(conversation))?;
    let data = message_objects(state, conversation, asked, &shown)?;
    Ok(shown.page(&data, |after| next_messages(state, conversation, after)))
}

fn places_of(conversation: &Conversation) -> Vec<Place> {
    newest_first(conversation)
        .map(|message| Place(message.at_ms, message.mid.clone()))
        .collect()
}

fn next_messages(state: &State, conversation: &Conversation, after: &str) -> String {
    format!(
        "{}/v26.0/{}/messages?after={after}",
        state.url, conversation.id
    )
}

/// Messages older than the detailed ones keep only their id and time.
fn message_objects(
    state: &State,
    conversation: &Conversation,
    asked: &[Field],
    shown: &Slice,
) -> Result<Vec<Value>, GraphError> {
    newest_first(conversation)
        .enumerate()
        .skip(shown.start)
        .take(shown.limit)
        .map(|(position, message)| {
            let asked = if position < DETAILED { asked } else { &[] };
            message_object(state, conversation, message, asked)
        })
        .collect()
}

fn message_object(
    state: &State,
    conversation: &Conversation,
    message: &Stored,
    asked: &[Field],
) -> Result<Value, GraphError> {
    let mut object = Map::from_iter([
        ("id".to_owned(), json!(message.mid)),
        ("created_time".to_owned(), json!(graph_time(message.at_ms))),
    ]);
    let (from, to) = if message.is_from_page {
        (&conversation.page_id, &conversation.psid)
    } else {
        (&conversation.psid, &conversation.page_id)
    };
    for field in asked {
        let value = match field.name.as_str() {
            "from" => person(state, from),
            "to" => json!({ "data": [person(state, to)] }),
            "message" => json!(message.text.as_deref().unwrap_or_default()),
            "attachments" if !message.attachments.is_empty() => attachments_object(message),
            "reply_to" if message.reply_to.is_some() => json!({ "mid": message.reply_to }),
            // Members that are empty are left out.
            "id" | "created_time" | "attachments" | "reply_to" | "sticker" | "shares" | "story"
            | "tags" | "reactions" | "is_unsupported" => continue,
            _ => return Err(fields::unknown(field)),
        };
        object.insert(field.name.clone(), value);
    }
    Ok(Value::Object(object))
}

fn person(state: &State, id: &str) -> Value {
    let name = match (state.find_page(id), state.profiles.get(id)) {
        (Some(page), _) => page.options.name.clone(),
        (None, Some(ProfileAnswer::Known(profile))) => profile.full_name(),
        (None, Some(ProfileAnswer::Empty | ProfileAnswer::Refused(_)) | None) => {
            "Sample Customer".into()
        }
    };
    json!({ "name": name, "email": format!("{id}@facebook.com"), "id": id })
}

/// Translates attachments from the webhook's form into the one of this API.
fn attachments_object(message: &Stored) -> Value {
    let data: Vec<Value> = message
        .attachments
        .iter()
        .enumerate()
        .map(|(position, attachment)| {
            let url = attachment.pointer("/payload/url").cloned().unwrap_or_default();
            let id = format!("46000{position:04}");
            match attachment.get("type").and_then(Value::as_str) {
                Some("image" | "sticker") => json!({
                    "id": id, "mime_type": "image/png", "name": format!("image-{id}"), "size": 69,
                    "image_data": { "width": 1, "height": 1, "url": url, "preview_url": url },
                }),
                Some("video") => json!({
                    "id": id, "mime_type": "video/mp4", "name": format!("video-{id}.mp4"), "size": null,
                    "video_data": { "width": 400, "height": 224, "length": 5, "url": url, "preview_url": url },
                }),
                Some(_) | None => json!({
                    "id": id, "mime_type": "application/octet-stream", "name": format!("file-{id}"), "file_url": url,
                }),
            }
        })
        .collect();
    json!({ "data": data })
}

/// Where an item stands in a list that is newest first.
#[derive(Debug, PartialEq, Eq)]
struct Place(u64, String);

impl Place {
    /// Makes the opaque cursor; it stays right while newer items arrive.
    fn cursor(&self) -> String {
        format!("QVFI{:016x}{}", self.0, hex(self.1.as_bytes()))
    }

    /// Reads a cursor back, as far as the order needs it.
    fn at_ms(cursor: &str) -> Option<u64> {
        let digits = cursor.strip_prefix("QVFI")?.get(..16)?;
        u64::from_str_radix(digits, 16).ok()
    }
}

/// The part of a list one answer shows.
struct Slice {
    start: usize,
    limit: usize,
    places: Vec<Place>,
}

impl Slice {
    fn new(call: &Call, places: Vec<Place>) -> Result<Self, GraphError> {
        let limit = call.text("limit").and_then(|limit| limit.parse().ok());
        let start = match call.text("after") {
            None => 0,
            Some(after) => {
                let at_ms = Place::at_ms(&after)
                    .ok_or_else(|| GraphError::parameter("(#100) Invalid cursor"))?;
                // No two items share a moment: the clock's stamps never repeat.
                places.iter().take_while(|place| place.0 >= at_ms).count()
            }
        };
        Ok(Self {
            start,
            limit: limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
            places,
        })
    }

    /// Wraps the items; an empty page has no `paging`, the last one no `next`.
    fn page(&self, data: &[Value], next: impl Fn(&str) -> String) -> Value {
        let end = self.start + data.len();
        let (Some(first), Some(last)) = (
            self.places.get(self.start).filter(|_| !data.is_empty()),
            self.places.get(end.saturating_sub(1)),
        ) else {
            return json!({ "data": data });
        };
        let after = last.cursor();
        let mut paging = json!({ "cursors": { "before": first.cursor(), "after": after } });
        if let (true, Some(paging)) = (end < self.places.len(), paging.as_object_mut()) {
            paging.insert("next".into(), json!(next(&after)));
        }
        json!({ "data": data, "paging": paging })
    }
}
