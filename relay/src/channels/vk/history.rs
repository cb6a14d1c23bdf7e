//! What VK remembers (vk.md 10): who somebody is, what was said with them, what was said since.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use shared::model::{PlatformId, Timestamp};

use crate::channels::wire;
use crate::channels::{
    CatchUpEnd, CaughtUp, FetchError, History, Inbound, PastMessage, Profile, Received,
};

use super::api::{Api, CallError};
use super::message;
use super::receive::{cut_short, echo_of, inbound_of};

/// For the whole of a message: VK waits for the answer to its call meanwhile.
const WHOLE_WITHIN: Duration = Duration::from_secs(3);
/// Entries of one answer.
const PAGE: &str = "200";
const PAGE_COUNT: usize = 200;
/// Pages of conversations looked through.
const PAGES: usize = 10;
/// Dialogs looked into: live replies must find room beside it.
const DIALOGS: usize = 500;

pub(super) async fn profile(
    api: &Api,
    visitor: &PlatformId,
) -> Result<Option<Profile>, FetchError> {
    let asked = [("user_ids", visitor.as_str()), ("fields", "photo_200")];
    let answer = api.call("users.get", &asked).await;
    Ok(profile_of(answer.map_err(CallError::for_fetch)?.get(0)))
}

/// A page that is gone tells no name.
pub(super) fn profile_of(user: Option<&Value>) -> Option<Profile> {
    let user = user?;
    if wire::line(user.get("deactivated")).as_deref() == Some("deleted") {
        return None;
    }
    let first_name = wire::line(user.get("first_name"));
    let last_name = wire::line(user.get("last_name"));
    let names: Vec<&str> = [&first_name, &last_name]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let profile = Profile {
        name: (!names.is_empty()).then(|| names.join(" ")),
        photo_url: wire::address(user.get("photo_200")),
        first_name,
    };
    (profile != Profile::default()).then_some(profile)
}

pub(super) async fn history(api: &Api, visitor: &PlatformId) -> Result<History, FetchError> {
    let answer = newest(api, visitor.as_str())
        .await
        .map_err(CallError::for_fetch)?;
    Ok(history_of(&answer))
}

async fn newest(api: &Api, peer: &str) -> Result<Value, CallError> {
    let asked = [("peer_id", peer), ("count", PAGE)];
    api.call("messages.getHistory", &asked).await
}

/// Puts whole messages in the place of those of which VK has left out a part (vk.md 4). One that VK does not tell in time
/// stays as it came, and says so.
pub(super) async fn complete(api: &Api, account: &PlatformId, received: &mut Received) {
    for inbound in &mut received.inbound {
        let Some((peer, number)) = cut_short(inbound).and_then(message::parts) else {
            continue;
        };
        let (peer, number) = (peer.to_string(), number.to_string());
        let asked = [
            ("peer_id", peer.as_str()),
            ("conversation_message_ids", &number),
        ];
        let call = api.call("messages.getByConversationMessageId", &asked);
        let whole = match timeout(WHOLE_WITHIN, call).await {
            Ok(Ok(answer)) => items(&answer)
                .first()
                .and_then(|message| inbound_of(account, message, inbound.at)),
            Ok(Err(_)) | Err(_) => None,
        };
        match whole.filter(|whole| whole.key == inbound.key) {
            Some(whole) => *inbound = whole,
            None => {
                tracing::warn!(key = %inbound.key, "VK left out a part of a message and does not tell it");
            }
        }
    }
}

/// Translates a history; VK tells the newest first.
pub(super) fn history_of(answer: &Value) -> History {
    let items = items(answer);
    let total = answer
        .get("count")
        .and_then(Value::as_u64)
        .unwrap_or(u64::MAX);
    let messages = items.iter().rev().filter_map(|message| {
        Some(PastMessage {
            platform_id: message::id_of(message)?,
            is_ours: message::is_set(message.get("out")),
            sent_at: message::time_of(message)?,
            text: message::text_of(message),
        })
    });
    History {
        messages: messages.collect(),
        is_whole: total <= items.len() as u64,
    }
}

/// Everything said since then, as the callback would have told it. What was found before an error is not lost.
pub(super) async fn catch_up(
    api: &Api,
    account: &PlatformId,
    since: Timestamp,
    reach: Duration,
) -> Result<CaughtUp, FetchError> {
    let mut caught = CaughtUp {
        inbound: vec![],
        newest: None,
        end: CatchUpEnd::TooMuch,
    };
    let mut since = since;
    let mut first_id: Option<String> = None;
    let mut looked_into = 0;
    'pages: for page in 0..PAGES {
        let offset = (page * PAGE_COUNT).to_string();
        let mut asked = vec![("count", PAGE), ("offset", offset.as_str())];
        // New messages do not shift the pages then.
        asked.extend(
            first_id
                .as_ref()
                .map(|id| ("start_message_id", id.as_str())),
        );
        let answer = match api.call("messages.getConversations", &asked).await {
            Ok(answer) => answer,
            Err(error) if page == 0 => return Err(error.for_fetch()),
            Err(error) => return Ok(interrupted(caught, error)),
        };
        let conversations = items(&answer);
        for conversation in conversations {
            let last = conversation.get("last_message").unwrap_or(&Value::Null);
            let Some(at) = message::time_of(last) else {
                continue;
            };
            if caught.newest.is_none() {
                caught.newest = Some(at);
                since = since.max(at.minus(reach));
                first_id = wire::id(last.get("id"));
            }
            if at < since {
                caught.end = CatchUpEnd::Reached;
                break 'pages;
            }
            let Some(person) =
                message::person(wire::at(conversation, &["conversation", "peer", "id"]))
            else {
                continue;
            };
            if looked_into == DIALOGS {
                break 'pages;
            }
            looked_into += 1;
            match newest(api, person.as_str()).await {
                Ok(answer) => caught
                    .inbound
                    .extend(inbound_since(account, &answer, since)),
                Err(error) => return Ok(interrupted(caught, error)),
            }
        }
        if conversations.len() < PAGE_COUNT {
            caught.end = CatchUpEnd::Reached;
            break;
        }
    }
    caught.inbound.sort_by_key(|event| event.at);
    Ok(caught)
}

fn interrupted(mut caught: CaughtUp, error: CallError) -> CaughtUp {
    let cause = error.for_fetch().to_string();
    caught.inbound.sort_by_key(|event| event.at);
    caught.end = CatchUpEnd::Interrupted { cause };
    caught
}

/// Translates what was said in a dialog since then, oldest first.
pub(super) fn inbound_since(
    account: &PlatformId,
    answer: &Value,
    since: Timestamp,
) -> Vec<Inbound> {
    let recent = items(answer)
        .iter()
        .rev()
        .filter(|message| message::time_of(message).is_some_and(|at| at >= since));
    let inbound = recent.filter_map(|message| {
        let at = message::time_of(message)?;
        echo_of(account, message, at).or_else(|| inbound_of(account, message, at))
    });
    inbound.collect()
}

fn items(answer: &Value) -> &[Value] {
    answer
        .get("items")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
}
