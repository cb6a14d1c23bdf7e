//! Chats and what was said in them (ok.md 6): what was missed, what moderators wrote (which no call ever tells), whether a
//! doubtful reply arrived, and who the visitor is.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use shared::model::{PlatformId, Timestamp};

use crate::channels::wire;
use crate::channels::{CatchUpEnd, CaughtUp, FetchError, History, Inbound, Profile};

use super::api::{Api, CallError};
use super::message;

/// Messages or chats on a page: the most there may be.
const PAGE: usize = 100;
/// Messages that are looked at to clear up a doubtful reply.
const LATELY: usize = 50;
/// Calls of one catch-up at most: at five a second, some minutes.
const CALLS: usize = 1000;

/// Who the visitor is: a chat of a group has their name and picture.
pub(super) async fn profile(
    api: &Api,
    visitor: &PlatformId,
) -> Result<Option<Profile>, FetchError> {
    let chat = api.get(&["me", "chat", visitor.as_str()], &[]).await;
    Ok(profile_of(&chat.map_err(CallError::for_fetch)?))
}

/// Returns what a chat tells of the person in it.
pub(super) fn profile_of(chat: &Value) -> Option<Profile> {
    let profile = Profile {
        name: wire::line(chat.get("title")),
        first_name: None,
        photo_url: wire::address(wire::at(chat, &["icon", "url"])),
    };
    (profile != Profile::default()).then_some(profile)
}

/// What was said in a chat lately.
pub(super) async fn history(api: &Api, visitor: &PlatformId) -> Result<History, FetchError> {
    let path = ["me", "messages", visitor.as_str()];
    let answer = api.get(&path, &[("count", &LATELY.to_string())]).await;
    Ok(history_of(&answer.map_err(CallError::for_fetch)?))
}

/// Translates a history: the newest comes first.
pub(super) fn history_of(answer: &Value) -> History {
    let listed = members(answer, "messages");
    let mut messages: Vec<_> = listed.iter().filter_map(message::past).collect();
    messages.reverse();
    History {
        is_whole: messages.len() == listed.len() && listed.len() < LATELY,
        messages,
    }
}

/// Returns the last of our messages that says this.
pub(super) fn newest_saying(history: &History, text: &str) -> Option<PlatformId> {
    let ours = history.messages.iter().filter(|message| message.is_ours);
    let mut saying = ours.filter(|message| message.text.trim() == text.trim());
    saying.next_back().map(|found| found.platform_id.clone())
}

/// Everything said since then, as calls would have told it, and what moderators wrote. What was found before an error is not
/// lost.
pub(super) async fn catch_up(
    api: &Api,
    account: &PlatformId,
    since: Timestamp,
    reach: Duration,
) -> Result<CaughtUp, FetchError> {
    let mut asking = Asking {
        api,
        account,
        since,
        reach,
        calls: 0,
        caught: CaughtUp {
            inbound: vec![],
            newest: None,
            end: CatchUpEnd::TooMuch,
        },
    };
    match asking.ask_all().await {
        Ok(end) => asking.caught.end = end,
        Err(error) if asking.calls <= 1 => return Err(error.for_fetch()),
        Err(error) => {
            let cause = error.for_fetch().to_string();
            asking.caught.end = CatchUpEnd::Interrupted { cause };
        }
    }
    // Of one moment, what was said later was found first.
    asking.caught.inbound.reverse();
    asking.caught.inbound.sort_by_key(|event| event.at);
    Ok(asking.caught)
}

/// One catch-up under way.
struct Asking<'a> {
    api: &'a Api,
    account: &'a PlatformId,
    since: Timestamp,
    reach: Duration,
    calls: usize,
    caught: CaughtUp,
}

impl Asking<'_> {
    async fn get(&mut self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, CallError> {
        self.calls += 1;
        self.api.get(path, query).await
    }

    /// Chats come by their last activity, the newest first.
    async fn ask_all(&mut self) -> Result<CatchUpEnd, CallError> {
        let mut marker: Option<String> = None;
        let count = PAGE.to_string();
        while self.calls < CALLS {
            let mut query = vec![("count", count.as_str())];
            query.extend(marker.as_deref().map(|marker| ("marker", marker)));
            let answer = self.get(&["me", "chats"], &query).await?;
            let chats = members(&answer, "chats");
            for chat in chats {
                let active_at = wire::time(chat.get("lastEventTime"));
                if self.caught.newest.is_none() {
                    self.begin_at(active_at);
                }
                if active_at.is_some_and(|at| at < self.since) {
                    return Ok(CatchUpEnd::Reached);
                }
                if let Some(id) = wire::id(chat.get("chat_id"))
                    && self.ask_chat(&id).await? == CatchUpEnd::TooMuch
                {
                    return Ok(CatchUpEnd::TooMuch);
                }
            }
            marker = wire::id(answer.get("marker"));
            if marker.is_none() || chats.is_empty() {
                return Ok(CatchUpEnd::Reached);
            }
        }
        Ok(CatchUpEnd::TooMuch)
    }

    fn begin_at(&mut self, newest: Option<Timestamp>) {
        self.caught.newest = newest;
        if let Some(newest) = newest {
            self.since = self.since.max(newest.minus(self.reach));
        }
    }

    /// `from` is the later moment, `to` the earlier one (ok.md 2).
    async fn ask_chat(&mut self, id: &str) -> Result<CatchUpEnd, CallError> {
        let (to, count) = (self.since.0.max(0).to_string(), PAGE.to_string());
        let mut from: Option<String> = None;
        let mut seen = HashSet::new();
        while self.calls < CALLS {
            let mut query = vec![("to", to.as_str()), ("count", count.as_str())];
            query.extend(from.as_deref().map(|from| ("from", from)));
            let answer = self.get(&["me", "messages", id], &query).await?;
            let listed = members(&answer, "messages");
            let events = inbound_of(&answer, self.account, self.since);
            let new: Vec<_> = events
                .into_iter()
                .filter(|event| seen.insert(event.key.clone()))
                .collect();
            let oldest = listed.iter().filter_map(message::time).min();
            let Some(oldest) = oldest.filter(|oldest| *oldest >= self.since) else {
                self.caught.inbound.extend(new);
                return Ok(CatchUpEnd::Reached);
            };
            // Several may have been said in one moment: it is asked for again, unless that brings nothing.
            let step = i64::from(new.is_empty());
            from = Some(oldest.0.saturating_sub(step).to_string());
            self.caught.inbound.extend(new);
            if listed.len() < PAGE {
                return Ok(CatchUpEnd::Reached);
            }
        }
        Ok(CatchUpEnd::TooMuch)
    }
}

/// Translates a page of a history, the newest first; the keys are those of calls.
pub(super) fn inbound_of(answer: &Value, account: &PlatformId, since: Timestamp) -> Vec<Inbound> {
    let recent = members(answer, "messages").iter().filter_map(|value| {
        let at = message::time(value).filter(|at| *at >= since)?;
        message::translate(value, account, at)
    });
    recent.collect()
}

fn members<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
