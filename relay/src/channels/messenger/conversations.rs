//! The Conversations API (meta.md 14): what was said while we were away, and whether a doubtful reply arrived. Only the
//! 20 newest messages of a conversation can be read.

use std::time::Duration;

use serde_json::Value;

use shared::model::{Attachment, AttachmentKind, PlatformId, Timestamp};

use crate::channels::{
    CatchUpEnd, CaughtUp, FetchError, Happening, History, Inbound, PastMessage, Quote,
};

use super::events::message_key;
use super::{CallError, Graph};
use crate::channels::wire;

const FIELDS: &str = "id,updated_time,participants,\
    messages.limit(20){id,created_time,from,to,message,attachments,sticker,reply_to}";
/// Messages of a conversation that can be read.
const READABLE: usize = 20;
/// Conversations on a page; fewer when Meta finds that too much.
const PAGE: usize = 25;
/// Calls of one catch-up at most: at two a second, some minutes.
const CALLS: usize = 400;

/// A message of a conversation.
struct Past<'a> {
    platform_id: PlatformId,
    sent_at: Timestamp,
    from: PlatformId,
    value: &'a Value,
}

/// What was said with one visitor.
pub(super) async fn history(graph: &Graph, visitor: &PlatformId) -> Result<History, FetchError> {
    let path = format!("{}/conversations", graph.account());
    let query = [
        ("platform", "messenger"),
        ("user_id", visitor.as_str()),
        ("fields", FIELDS),
    ];
    let answer = graph
        .get_slowly(&path, &query)
        .await
        .map_err(CallError::for_fetch)?;
    let Some(conversation) = answer.get("data").and_then(|data| data.get(0)) else {
        return Ok(History::default());
    };
    Ok(history_of(graph.account(), conversation))
}

/// Translates a conversation. Its order is the platform's: times are whole seconds only.
pub(super) fn history_of(page_id: &str, conversation: &Value) -> History {
    let past = messages_of(conversation);
    let listed = wire::at(conversation, &["messages", "data"])
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let is_whole = listed == past.len() && listed < READABLE;
    let messages = past
        .into_iter()
        .rev()
        .map(|message| PastMessage {
            is_ours: message.from.as_str() == page_id,
            sent_at: message.sent_at,
            text: text_of(message.value),
            platform_id: message.platform_id,
        })
        .collect();
    History { messages, is_whole }
}

/// Everything said since then, as the webhooks would have told it. What was found before an error is not lost.
pub(super) async fn catch_up(
    graph: &Graph,
    since: Timestamp,
    reach: Duration,
) -> Result<CaughtUp, FetchError> {
    let mut since = since;
    let mut limit = PAGE;
    let mut after: Option<String> = None;
    let mut caught = CaughtUp {
        inbound: vec![],
        newest: None,
        end: CatchUpEnd::TooMuch,
    };
    for call in 0..CALLS {
        let answer = match page(graph, limit, after.as_deref()).await {
            Ok(answer) => answer,
            Err(CallError::No(no)) if no.asks_for_less() && limit > 1 => {
                limit /= 2;
                continue;
            }
            Err(error) if call == 0 => return Err(error.for_fetch()),
            Err(error) => {
                let cause = error.for_fetch().to_string();
                caught.end = CatchUpEnd::Interrupted { cause };
                break;
            }
        };
        let conversations = answer
            .get("data")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let mut is_old = false;
        for conversation in conversations {
            let updated = graph_time(conversation.get("updated_time"));
            if caught.newest.is_none() {
                // The newest comes first.
                caught.newest = updated;
                since = since.max(updated.map_or(since, |updated| updated.minus(reach)));
            }
            is_old |= updated.is_some_and(|updated| updated < since);
            caught
                .inbound
                .extend(inbound_of(graph.account(), conversation, since));
        }
        let has_next = wire::at(&answer, &["paging", "next"]).is_some();
        after = wire::id(wire::at(&answer, &["paging", "cursors", "after"])).filter(|_| has_next);
        if is_old || after.is_none() || conversations.is_empty() {
            caught.end = CatchUpEnd::Reached;
            break;
        }
    }
    caught.inbound.sort_by_key(|event| event.at);
    Ok(caught)
}

async fn page(graph: &Graph, limit: usize, after: Option<&str>) -> Result<Value, CallError> {
    let path = format!("{}/conversations", graph.account());
    let limit = limit.to_string();
    let mut query = vec![
        ("platform", "messenger"),
        ("fields", FIELDS),
        ("limit", limit.as_str()),
    ];
    query.extend(after.map(|after| ("after", after)));
    graph.get_slowly(&path, &query).await
}

/// Translates a conversation; the keys are those of the webhooks.
pub(super) fn inbound_of(page_id: &str, conversation: &Value, since: Timestamp) -> Vec<Inbound> {
    let account = PlatformId(page_id.to_owned());
    let people = wire::at(conversation, &["participants", "data"]).and_then(Value::as_array);
    let people = people
        .into_iter()
        .flatten()
        .filter_map(|person| wire::platform_id(person.get("id")));
    let senders = messages_of(conversation)
        .into_iter()
        .map(|message| message.from);
    let Some(visitor) = people.chain(senders).find(|id| *id != account) else {
        return vec![];
    };
    // The platform lists the newest first, and tells whole seconds only: its order is the only one there is.
    let recent = messages_of(conversation)
        .into_iter()
        .rev()
        .filter(|message| message.sent_at >= since);
    recent
        .map(|message| Inbound {
            account: account.clone(),
            visitor: visitor.clone(),
            key: message_key(&message.platform_id),
            at: message.sent_at,
            what: happening(&account, &message),
        })
        .collect()
}

fn happening(account: &PlatformId, message: &Past<'_>) -> Happening {
    let platform_id = message.platform_id.clone();
    let (text, attachments) = (text_of(message.value), attachments_of(message.value));
    if message.from == *account {
        return Happening::Echo {
            platform_id,
            text,
            attachments,
            application: None,
            delivery: None,
        };
    }
    let answers = wire::platform_id(wire::at(message.value, &["reply_to", "mid"]));
    let quotes = answers.map(Quote::Message);
    Happening::Message {
        platform_id,
        text,
        attachments,
        quotes,
        entry: None,
        standby: false,
    }
}

/// Messages that can be read; those too old come as bare ids or errors and are passed over.
fn messages_of(conversation: &Value) -> Vec<Past<'_>> {
    let list = wire::at(conversation, &["messages", "data"]).and_then(Value::as_array);
    let readable = list.into_iter().flatten().filter_map(|value| {
        Some(Past {
            platform_id: wire::platform_id(value.get("id"))?,
            sent_at: graph_time(value.get("created_time"))?,
            from: wire::platform_id(wire::at(value, &["from", "id"]))?,
            value,
        })
    });
    readable.collect()
}

fn text_of(message: &Value) -> String {
    wire::message_text(message.get("message")).unwrap_or_default()
}

fn attachments_of(message: &Value) -> Vec<Attachment> {
    let sticker = wire::address(message.get("sticker")).map(|url| Attachment {
        url: Some(url),
        ..Attachment::of(AttachmentKind::Sticker)
    });
    let list = wire::at(message, &["attachments", "data"]).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(attachment)
        .chain(sticker)
        .collect()
}

fn attachment(value: &Value) -> Attachment {
    let url = |path: &[&str]| wire::address(wire::at(value, path));
    let mime = value
        .get("mime_type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let (kind, url) = if value.get("image_data").is_some() {
        (AttachmentKind::Photo, url(&["image_data", "url"]))
    } else if value.get("video_data").is_some() {
        (AttachmentKind::Video, url(&["video_data", "url"]))
    } else if mime.starts_with("audio/") {
        (AttachmentKind::Audio, url(&["file_url"]))
    } else if value.get("generic_template").is_some() {
        (AttachmentKind::Template, None)
    } else {
        (AttachmentKind::Document, url(&["file_url"]))
    };
    Attachment {
        kind,
        url,
        title: wire::line(value.get("name")),
        file: wire::file(None, value.get("size"), None),
    }
}

/// Reads `2026-11-20T15:55:48+0000`, whose offset has no colon.
pub(super) fn graph_time(value: Option<&Value>) -> Option<Timestamp> {
    let text = value?.as_str()?;
    let time = jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text).ok()?;
    Some(Timestamp(time.as_millisecond()))
}

/// Makes an id safe as a part of a path: ids are opaque.
pub(super) fn path_part(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
