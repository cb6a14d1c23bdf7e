//! A message of VK (vk.md 4): its name, its words. A peer's own count names it, wherever it comes from.

use serde_json::Value;

use shared::model::{PlatformId, Timestamp};

use crate::channels::Quote;
use crate::channels::wire;

/// From here on a peer is a chat of many.
const FIRST_CHAT: i64 = 2_000_000_000;
/// No further than this: people have numbers behind it.
const LAST_CHAT: i64 = 2_100_000_000;

/// Returns a message's name: the peer, and its number there.
pub(super) fn id_of(message: &Value) -> Option<PlatformId> {
    let peer = whole(message.get("peer_id"))?;
    let number = whole(
        message
            .get("conversation_message_id")
            .or_else(|| message.get("cmid")),
    )?;
    (number > 0).then(|| name(peer, number))
}

/// Returns the name of the message that has this number with this peer.
pub(super) fn name(peer: i64, number: i64) -> PlatformId {
    PlatformId(format!("{peer}:{number}"))
}

/// Takes a name apart.
pub(super) fn parts(platform_id: &PlatformId) -> Option<(i64, i64)> {
    let (peer, number) = platform_id.as_str().split_once(':')?;
    Some((peer.parse().ok()?, number.parse().ok()?))
}

/// The same for the callback, the long poll and the history.
pub(super) fn key(platform_id: &PlatformId) -> String {
    format!("msg:{platform_id}")
}

/// Returns the person of a dialog; none: it is a chat of many, or another community.
pub(super) fn person(value: Option<&Value>) -> Option<PlatformId> {
    let peer = whole(value)?;
    let is_person = peer > 0 && !(FIRST_CHAT..=LAST_CHAT).contains(&peer);
    is_person.then(|| PlatformId(peer.to_string()))
}

/// Reads a number, or one in a text.
pub(super) fn whole(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `true`, or 1.
pub(super) fn is_set(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Bool(true))) || whole(value) == Some(1)
}

/// Whether VK has left out a part: the whole must be asked for.
pub(super) fn is_cropped(message: &Value) -> bool {
    is_set(message.get("is_cropped"))
}

pub(super) fn time_of(message: &Value) -> Option<Timestamp> {
    wire::time(message.get("date"))
}

/// Returns what is written, as people read it (vk.md 4): four marks of HTML are letters, a mention is a name.
pub(super) fn text_of(message: &Value) -> String {
    let text = message
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let text = text
        .replace("<br>", "\n")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    wire::message_text(Some(&names_of_mentions(&text).into())).unwrap_or_default()
}

/// `[id700000001|Имя]` is *Имя*.
fn names_of_mentions(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        read.push_str(before);
        let mention = after.split_once(']').and_then(|(inside, after)| {
            let (whose, name) = inside.split_once('|')?;
            is_whose(whose).then_some((name, after))
        });
        if let Some((name, after)) = mention {
            read.push_str(name);
            rest = after;
        } else {
            read.push('[');
            rest = after;
        }
    }
    read.push_str(rest);
    read
}

/// `id700000001`, `club190000001`, `public190000001`.
fn is_whose(text: &str) -> bool {
    ["id", "club", "public", "event"].iter().any(|kind| {
        let number = text.strip_prefix(kind).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Returns what a message answers.
pub(super) fn quote_of(message: &Value) -> Option<Quote> {
    let quoted = message
        .get("reply_message")
        .filter(|quoted| quoted.is_object())?;
    let number = whole(quoted.get("conversation_message_id"));
    // The peer may be left out there: it is the same.
    let peer = whole(quoted.get("peer_id"))
        .filter(|peer| *peer != 0)
        .or_else(|| whole(message.get("peer_id")));
    Some(match (peer, number) {
        (Some(peer), Some(number)) if number > 0 => Quote::Message(name(peer, number)),
        _ => Quote::Other,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_read_as_people_read_them() {
        for (came, read) in [
            ("a &lt;3 &amp;lt; &quot;b&quot;", "a <3 &lt; \"b\""),
            (
                "[id700000001|Имя], [club1|@shop] и [x|y] и [id|z] [",
                "Имя, @shop и [x|y] и [id|z] [",
            ),
            ("один<br>два", "один\nдва"),
        ] {
            assert_eq!(text_of(&json!({ "text": came })), read);
        }
    }

    #[test]
    fn only_a_dialog_has_a_person() {
        for (peer, is_person) in [
            (json!(700_000_001), true),
            (json!("700000001"), true),
            (json!(1), true),
            (json!(200_000_000_001_i64), true),
            (json!(2_000_000_007), false),
            (json!(-190_000_001), false),
            (json!(0), false),
            (json!(null), false),
        ] {
            assert_eq!(person(Some(&peer)).is_some(), is_person, "{peer}");
        }
    }
}
