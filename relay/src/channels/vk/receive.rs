//! An event to inbound events (vk.md 5). What proves a body is the secret in it (vk.md 2); by long poll it has none.

use bytes::Bytes;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use shared::model::{
    Attachment, AttachmentKind, EntryPoint, Notice, NoticeKind, PlatformId, Timestamp,
};

use crate::channels::wire;
use crate::channels::{Answer, Happening, Inbound, Received, Rejected, Watermark, Webhook};

use super::{attachments, message};

/// What VK is answered. Other words are commands to it.
const TAKEN: &str = "ok";
/// A read receipt speaks of the last one, and means those before it: so many are looked for.
const READ_BEFORE: i64 = 20;
/// Known, and not used. There are many more, of walls and markets: what does not begin so is no matter of messages.
const OF_MESSAGES: [&str; 2] = ["message_", "user_"];

/// Checks the secret and translates a body.
pub(super) fn callback(
    webhook: &Webhook<'_>,
    account: &PlatformId,
    secret: &str,
    confirmation: Option<String>,
) -> Result<Received, Rejected> {
    let value = serde_json::from_slice::<Value>(webhook.body).unwrap_or(Value::Null);
    let claimed = value.get("secret").and_then(Value::as_str);
    let is_right = claimed.map(|claimed| {
        !secret.is_empty() && bool::from(claimed.as_bytes().ct_eq(secret.as_bytes()))
    });
    let is_question = value.get("type").and_then(Value::as_str) == Some("confirmation");
    match is_right {
        Some(false) => return Err(Rejected::Wrong),
        // The question may come before the secret is saved there, and its answer is no secret (vk.md 2).
        None if !is_question => return Err(Rejected::Missing),
        None | Some(true) => {}
    }
    if is_question {
        return answer_question(&value, account, confirmation);
    }
    Ok(translate(&value, account, webhook.received_at))
}

fn answer_question(
    value: &Value,
    account: &PlatformId,
    confirmation: Option<String>,
) -> Result<Received, Rejected> {
    let is_ours = wire::platform_id(value.get("group_id")).as_ref() == Some(account);
    let Some(body) = confirmation.filter(|_| is_ours) else {
        return Err(Rejected::WrongToken);
    };
    Ok(Received {
        answer: Answer { body },
        inbound: vec![],
        unread: vec![],
        ignored: vec!["confirmation".to_owned()],
    })
}

/// Translates a body that is VK's. Never fails: what is not understood is said, and kept raw by the caller.
pub(super) fn translate(value: &Value, account: &PlatformId, received_at: Timestamp) -> Received {
    let mut received = Received {
        answer: Answer {
            body: TAKEN.to_owned(),
        },
        inbound: vec![],
        unread: vec![],
        ignored: vec![],
    };
    let Some(kind) = wire::line(value.get("type")) else {
        received.note_unread("the body is no event");
        return received;
    };
    let object = value.get("object").unwrap_or(&Value::Null);
    let event = Event {
        // Another community behind the same secret is told apart by it.
        account: wire::platform_id(value.get("group_id")).unwrap_or_else(|| account.clone()),
        kind: &kind,
        object,
        id: wire::id(value.get("event_id")),
        received_at,
    };
    match event.translate() {
        Read::Inbound(inbound) => received.inbound.push(*inbound),
        Read::Ignored(what) => received.note_ignored(what),
        Read::Unread(reason) => received.note_unread(reason),
    }
    received
}

/// Translates an update of the long poll; returns it with its bytes.
pub(super) fn update(value: &Value, account: &PlatformId, now: Timestamp) -> (Bytes, Received) {
    (
        Bytes::from(value.to_string()),
        translate(value, account, now),
    )
}

/// What an event led to.
enum Read {
    Inbound(Box<Inbound>),
    Ignored(String),
    Unread(String),
}

/// An event and whose it is.
struct Event<'a> {
    account: PlatformId,
    kind: &'a str,
    object: &'a Value,
    id: Option<String>,
    received_at: Timestamp,
}

impl Event<'_> {
    fn translate(&self) -> Read {
        if let Some(warning) = wire::line(self.object.get("warning")) {
            return self.alarm(&warning);
        }
        match self.kind {
            "message_new" => {
                // Before 5.103 the message stood there itself.
                let message = self.object.get("message").unwrap_or(self.object);
                self.message(message)
            }
            "message_reply" => self.reply(),
            "message_edit" => self.edit(),
            "message_typing_state" => self.of_person("from_id", |_| Some(Happening::Typing)),
            "message_read" => self.of_person("from_id", Event::read),
            "message_reaction_event" => self.of_person("reacted_id", Event::reaction),
            "message_event" => self.press(),
            "message_allow" => self.remark("allowed messages"),
            "message_deny" => {
                self.remark("denied messages: nothing reaches them before they write again")
            }
            "user_block" => self.remark(&titled("blocked in the community", self.object)),
            "user_unblock" => self.remark("unblocked in the community"),
            kind if OF_MESSAGES.iter().any(|begin| kind.starts_with(begin)) => {
                Read::Unread(format!("{kind} is not known"))
            }
            kind => Read::Ignored(kind.to_owned()),
        }
    }

    fn message(&self, message: &Value) -> Read {
        match inbound_of(&self.account, message, self.received_at) {
            Some(inbound) => Read::Inbound(Box::new(inbound)),
            None if message::person(message.get("peer_id")).is_none()
                && message::whole(message.get("peer_id")).is_some() =>
            {
                Read::Ignored("a chat of many, or of another community".to_owned())
            }
            None => Read::Unread(format!("{} is not understood", self.kind)),
        }
    }

    /// The community's own words: our echo, or somebody's who answers in VK.
    fn reply(&self) -> Read {
        match echo_of(&self.account, self.object, self.received_at) {
            Some(inbound) => Read::Inbound(Box::new(inbound)),
            None => self.message(self.object),
        }
    }

    fn edit(&self) -> Read {
        let is_ours = message::is_set(self.object.get("out"));
        if is_ours {
            return Read::Ignored("an edit of ours".to_owned());
        }
        let edited = || {
            let platform_id = message::id_of(self.object)?;
            let edited_at = wire::time(self.object.get("update_time")).unwrap_or(self.received_at);
            let what = Happening::Edit {
                text: message::text_of(self.object),
                // Seconds rise with each edit.
                edit: u32::try_from(edited_at.0 / 1000).ok()?,
                platform_id: platform_id.clone(),
            };
            Some(Inbound {
                account: self.account.clone(),
                visitor: message::person(self.object.get("peer_id"))?,
                key: format!("edit:{platform_id}:{}", edited_at.0),
                at: edited_at,
                what,
            })
        };
        match edited() {
            Some(inbound) => Read::Inbound(Box::new(inbound)),
            None => self.message(self.object),
        }
    }

    /// Something about a person, who is named by this member.
    fn of_person(&self, member: &str, what: impl FnOnce(&Self) -> Option<Happening>) -> Read {
        let key = self.id.as_ref().map(|id| format!("{}:{id}", self.kind));
        self.keyed(member, key, what)
    }

    fn keyed(
        &self,
        member: &str,
        key: Option<String>,
        what: impl FnOnce(&Self) -> Option<Happening>,
    ) -> Read {
        let inbound = || {
            Some(Inbound {
                account: self.account.clone(),
                visitor: message::person(self.object.get(member))?,
                key: key?,
                at: self.received_at,
                what: what(self)?,
            })
        };
        match inbound() {
            Some(inbound) => Read::Inbound(Box::new(inbound)),
            None => Read::Unread(format!("{} is not understood", self.kind)),
        }
    }

    fn read(&self) -> Option<Happening> {
        let peer = message::whole(self.object.get("peer_id"))?;
        let last = message::whole(self.object.get("conversation_message_id"))?;
        let first = last.saturating_sub(READ_BEFORE).max(0) + 1;
        Some(Happening::Read(Watermark {
            platform_ids: vec![message::name(peer, last)],
            before: (first..last)
                .rev()
                .map(|number| message::name(peer, number))
                .collect(),
            until: None,
        }))
        .filter(|_| last > 0)
    }

    fn reaction(&self) -> Option<Happening> {
        let number = message::whole(self.object.get("reaction_id"));
        Some(Happening::Reaction {
            platform_id: message::id_of(self.object)?,
            // VK tells a number only.
            emoji: number.map(|number| format!("reaction {number}")),
        })
    }

    /// A press has an id of its own, by which it is answered.
    fn press(&self) -> Read {
        let id = wire::id(self.object.get("event_id")).or_else(|| self.id.clone());
        let key = id.map(|id| Inbound::press_key(&id));
        self.keyed("user_id", key, |event| Some(event.button()))
    }

    fn button(&self) -> Happening {
        let payload = self.object.get("payload");
        let words = match payload {
            Some(Value::String(text)) => wire::line(Some(&text.as_str().into())),
            Some(other) => wire::line(Some(&other.to_string().into())),
            None => None,
        };
        Happening::Notice {
            notice: Notice {
                kind: NoticeKind::ButtonPressed,
                text: words.unwrap_or_else(|| "pressed a button".to_owned()),
            },
            opens_window: false,
            entry: None,
        }
    }

    fn remark(&self, text: &str) -> Read {
        let notice = Notice {
            kind: NoticeKind::Other,
            text: text.to_owned(),
        };
        self.of_person("user_id", |_| Some(Happening::Remark { notice }))
    }

    fn alarm(&self, warning: &str) -> Read {
        let key = format!("warning:{}", self.id.as_deref().unwrap_or("-"));
        Read::Inbound(Box::new(Inbound {
            account: self.account.clone(),
            visitor: PlatformId(String::new()),
            key,
            at: self.received_at,
            what: Happening::Alarm {
                text: format!(
                    "VK warns instead of bringing messages ({warning}): set the callback server's API version to 5.199"
                ),
            },
        }))
    }
}

/// Translates what a person wrote; none: it is not a person's, or not readable. The same for callback and history.
pub(super) fn inbound_of(
    account: &PlatformId,
    message: &Value,
    received_at: Timestamp,
) -> Option<Inbound> {
    if message::is_set(message.get("out")) {
        return None;
    }
    let platform_id = message::id_of(message)?;
    let mut attachments = attachments::translate(message);
    let text = message::text_of(message);
    if text.is_empty() && attachments.is_empty() {
        attachments.push(nothing());
    }
    if message::is_cropped(message) {
        attachments.push(cropped());
    }
    Some(Inbound {
        account: account.clone(),
        visitor: message::person(message.get("peer_id"))?,
        key: message::key(&platform_id),
        at: message::time_of(message).unwrap_or(received_at),
        what: Happening::Message {
            platform_id,
            text,
            attachments,
            quotes: message::quote_of(message),
            entry: entry_of(message),
            standby: false,
        },
    })
}

/// Shown where VK has left out a part of a message and would not tell it.
fn cropped() -> Attachment {
    Attachment::of(AttachmentKind::Other("cropped".to_owned()))
}

/// Returns the name of a message of which VK has left out a part.
pub(super) fn cut_short(inbound: &Inbound) -> Option<&PlatformId> {
    let Happening::Message {
        platform_id,
        attachments,
        ..
    } = &inbound.what
    else {
        return None;
    };
    attachments.contains(&cropped()).then_some(platform_id)
}

/// Translates what the community said.
pub(super) fn echo_of(
    account: &PlatformId,
    message: &Value,
    received_at: Timestamp,
) -> Option<Inbound> {
    let platform_id = message::id_of(message)?;
    if !message::is_set(message.get("out")) {
        return None;
    }
    let by_person = message.get("admin_author_id").is_some();
    Some(Inbound {
        account: account.clone(),
        visitor: message::person(message.get("peer_id"))?,
        key: message::key(&platform_id),
        at: message::time_of(message).unwrap_or(received_at),
        what: Happening::Echo {
            platform_id,
            text: message::text_of(message),
            attachments: attachments::translate(message),
            application: (!by_person).then(|| "VK API".to_owned()),
            delivery: None,
        },
    })
}

fn nothing() -> Attachment {
    Attachment::of(AttachmentKind::Other("message".to_owned()))
}

/// A link of the community's, or its start button.
fn entry_of(message: &Value) -> Option<EntryPoint> {
    let entry = EntryPoint {
        source: wire::line(message.get("ref_source")),
        reference: wire::line(message.get("ref")),
        title: None,
    };
    (entry != EntryPoint::default()).then_some(entry)
}

fn titled(what: &str, object: &Value) -> String {
    match wire::line(object.get("comment")) {
        Some(comment) => format!("{what}: {comment}"),
        None => what.to_owned(),
    }
}
