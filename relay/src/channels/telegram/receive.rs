//! An update to inbound events (telegram.md 3): one payload beside its number. Groups, channels and business accounts are no
//! business of a support desk; a kind that nobody knows yet is a line with its name.

use serde_json::Value;

use shared::model::{Notice, NoticeKind, PlatformId, Timestamp};

use crate::channels::wire;
use crate::channels::{Answer, Happening, Inbound, Received};

use super::message;

/// Beside the payload.
const NUMBER: &str = "update_id";
/// Known, and not used.
const IGNORED: [&str; 20] = [
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "channel_post",
    "edited_channel_post",
    "inline_query",
    "chosen_inline_result",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "message_reaction_count",
    "guest_message",
    "managed_bot",
];
/// Bits of the number of an edit that tell edits of one second apart.
const WITHIN_A_SECOND: u32 = 12;
/// Nobody can edit a message this many seconds after writing it, and more do not fit beside those bits.
const LATEST_EDIT: i64 = (1 << (32 - WITHIN_A_SECOND)) - 1;

/// Translates the body of a call. Never fails: what is not understood is said, and kept raw by the caller.
pub(super) fn translate(body: &[u8], bot: &PlatformId, received_at: Timestamp) -> Received {
    if let Ok(update) = serde_json::from_slice::<Value>(body) {
        return take(&update, bot, received_at);
    }
    let mut received = nothing();
    received.note_unread("the body is not JSON");
    received
}

/// Translates one update.
pub(super) fn take(update: &Value, bot: &PlatformId, received_at: Timestamp) -> Received {
    let mut received = nothing();
    let Some(members) = update.as_object() else {
        received.note_unread("the update is no object");
        return received;
    };
    let number = wire::id(members.get(NUMBER)).unwrap_or_default();
    let payloads: Vec<_> = members.iter().filter(|(name, _)| *name != NUMBER).collect();
    if payloads.is_empty() {
        received.note_unread("an update of nothing");
    }
    for (name, value) in payloads {
        let update = Update {
            bot,
            number: &number,
            received_at,
            value,
        };
        update.take(name, &mut received);
    }
    received
}

/// Telegram is answered with nothing: a JSON body with a method in it would be carried out.
fn nothing() -> Received {
    Received {
        answer: Answer {
            body: String::new(),
        },
        inbound: vec![],
        unread: vec![],
        ignored: vec![],
    }
}

/// A payload and where it stood.
struct Update<'a> {
    bot: &'a PlatformId,
    number: &'a str,
    received_at: Timestamp,
    value: &'a Value,
}

impl Update<'_> {
    fn take(&self, name: &str, received: &mut Received) {
        if IGNORED.contains(&name) {
            received.note_ignored(name);
            return;
        }
        if let Some(kind) = self.is_of_many() {
            received.note_ignored(format!("{name} of a {kind}"));
            return;
        }
        if wire::at(self.value, &["from", "is_bot"]) == Some(&Value::Bool(true)) {
            received.note_ignored(format!("{name} of a bot"));
            return;
        }
        if name == "message" && message::is_about_the_chat(self.value) {
            received.note_ignored("a message about the chat itself");
            return;
        }
        let understood = match name {
            "message" => self.message(),
            "edited_message" => self.edit(),
            "callback_query" => self.press(),
            "my_chat_member" => self.membership(),
            "message_reaction" => self.reaction(),
            _ => self.unknown(name),
        };
        match understood {
            Some(inbound) => received.inbound.push(inbound),
            None => received.note_unread(format!("{} is not understood", clean_name(name))),
        }
    }

    /// What kind of place it happened in, unless that is a talk of two.
    fn is_of_many(&self) -> Option<String> {
        let chat = self.value.get("chat");
        let chat = chat.or_else(|| wire::at(self.value, &["message", "chat"]))?;
        let kind = wire::line(chat.get("type"))?;
        (kind != "private").then_some(kind)
    }

    fn inbound(&self, visitor: PlatformId, key: String, at: Timestamp, what: Happening) -> Inbound {
        Inbound {
            account: self.bot.clone(),
            visitor,
            key,
            at,
            what,
        }
    }

    /// Whoever it is about; never the bot itself.
    fn visitor(&self) -> Option<PlatformId> {
        let places = [["from", "id"], ["user", "id"], ["chat", "id"]];
        let mut found = places
            .iter()
            .filter_map(|place| wire::platform_id(wire::at(self.value, place)));
        found.next().filter(|visitor| visitor != self.bot)
    }

    fn time(&self, name: &str) -> Timestamp {
        wire::time(self.value.get(name))
            .filter(|at| at.0 > 0)
            .unwrap_or(self.received_at)
    }

    fn message(&self) -> Option<Inbound> {
        let platform_id = message::id_of(self.value)?;
        let what = message::translate(self.value, platform_id.clone());
        let key = message::key(&platform_id);
        Some(self.inbound(self.visitor()?, key, self.time("date"), what))
    }

    fn edit(&self) -> Option<Inbound> {
        let platform_id = message::id_of(self.value)?;
        let edit = self.number_of_edit();
        let key = format!("edit:{platform_id}:{edit}");
        let what = Happening::Edit {
            text: message::text_of(self.value),
            platform_id,
            edit,
        };
        Some(self.inbound(self.visitor()?, key, self.time("edit_date"), what))
    }

    /// Rises with each edit: the seconds since the message was written, and the last bits of the update's number, since
    /// several edits may fall into one second.
    fn number_of_edit(&self) -> u32 {
        let seconds = |name| self.value.get(name).and_then(Value::as_i64).unwrap_or(0);
        let since = seconds("edit_date").saturating_sub(seconds("date"));
        let since = u32::try_from(since.clamp(0, LATEST_EDIT)).unwrap_or(0);
        let number: u32 = self.number.parse().unwrap_or(0);
        (since << WITHIN_A_SECOND) | (number & ((1 << WITHIN_A_SECOND) - 1))
    }

    /// A button under a message.
    fn press(&self) -> Option<Inbound> {
        let id = wire::id(self.value.get("id"))?;
        let data = wire::line(self.value.get("data"));
        let title = message::title_of_button(self.value).or(data);
        let what = Happening::Notice {
            notice: Notice {
                kind: NoticeKind::ButtonPressed,
                text: title.unwrap_or_else(|| "pressed a button".to_owned()),
            },
            opens_window: true,
            entry: None,
        };
        let key = Inbound::press_key(&id);
        Some(self.inbound(self.visitor()?, key, self.received_at, what))
    }

    /// The visitor stopped the bot, or began it anew.
    fn membership(&self) -> Option<Inbound> {
        let status = wire::line(wire::at(self.value, &["new_chat_member", "status"]))?;
        let text = match status.as_str() {
            "kicked" | "left" => "blocked the bot: nothing reaches them",
            _ => "unblocked the bot",
        };
        let at = self.time("date");
        let visitor = self.visitor()?;
        let key = format!("member:{visitor}:{}:{status}", at.0);
        let notice = Notice {
            kind: NoticeKind::Other,
            text: text.to_owned(),
        };
        Some(self.inbound(visitor, key, at, Happening::Remark { notice }))
    }

    fn reaction(&self) -> Option<Inbound> {
        let platform_id = message::id_of(self.value)?;
        let visitor = self.visitor()?;
        let list = self.value.get("new_reaction")?.as_array()?;
        let emoji = list.first().map(emoji_of);
        let shown = emoji.as_deref().unwrap_or("-");
        let at = self.time("date");
        let key = format!("react:{platform_id}:{}:{}:{shown}", self.number, at.0);
        let what = Happening::Reaction { platform_id, emoji };
        Some(self.inbound(visitor, key, at, what))
    }

    fn unknown(&self, name: &str) -> Option<Inbound> {
        let visitor = self.visitor()?;
        let notice = Notice {
            kind: NoticeKind::Other,
            text: format!("[{}]", clean_name(name)),
        };
        let what = Happening::Notice {
            notice,
            opens_window: false,
            entry: None,
        };
        let key = format!("update:{}:{visitor}", self.number);
        Some(self.inbound(visitor, key, self.time("date"), what))
    }
}

fn emoji_of(reaction: &Value) -> String {
    let emoji = wire::line(reaction.get("emoji"));
    emoji.unwrap_or_else(|| match reaction.get("type").and_then(Value::as_str) {
        Some("paid") => "⭐".to_owned(),
        _ => "[emoji]".to_owned(),
    })
}

fn clean_name(name: &str) -> String {
    wire::line(Some(&Value::String(name.to_owned()))).unwrap_or_default()
}
