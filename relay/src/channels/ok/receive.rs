//! A body to inbound events (ok.md 3): one event each.

use serde_json::Value;

use shared::model::{EntryPoint, Notice, NoticeKind, PlatformId, Timestamp};

use crate::channels::wire;
use crate::channels::{Answer, Happening, Inbound, Received};

use super::message;

const CREATED: &str = "MESSAGE_CREATED";

/// Translates a body. Never fails: what is not understood is said, and kept raw by the caller.
pub(super) fn translate(body: &[u8], account: &PlatformId, received_at: Timestamp) -> Received {
    let mut received = Received {
        answer: Answer {
            body: "ok".to_owned(),
        },
        inbound: vec![],
        unread: vec![],
        ignored: vec![],
    };
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        received.note_unread("the body is not JSON");
        return received;
    };
    let Some(kind) = kind_of(&value) else {
        received.note_unread("the body is no event");
        return received;
    };
    let event = Event {
        account,
        value: &value,
        received_at,
    };
    match event.translate(&kind) {
        Some(inbound) => received.inbound.push(inbound),
        None => received.note_unread(format!("{kind} is not understood")),
    }
    received
}

/// Old bodies do not say what they are: those with a message are one.
fn kind_of(value: &Value) -> Option<String> {
    let is_old = value.get("message").is_some_and(Value::is_object);
    wire::line(value.get("webhookType")).or_else(|| is_old.then(|| CREATED.to_owned()))
}

/// An event and whose it is.
struct Event<'a> {
    account: &'a PlatformId,
    value: &'a Value,
    received_at: Timestamp,
}

impl Event<'_> {
    fn translate(&self, kind: &str) -> Option<Inbound> {
        match kind {
            CREATED => message::translate(self.value, self.account, self.time()),
            "MESSAGE_CALLBACK" => self.press(),
            "CHAT_SYSTEM" => self.system(),
            _ => self.unknown(kind, kind),
        }
    }

    fn time(&self) -> Timestamp {
        message::time(self.value).unwrap_or(self.received_at)
    }

    fn inbound(&self, key: String, what: Happening) -> Option<Inbound> {
        Some(Inbound {
            account: self.account.clone(),
            visitor: message::visitor(self.value)?,
            key,
            at: self.time(),
            what,
        })
    }

    /// A button under a message. Its label stays at Odnoklassniki: only what is behind it is told.
    fn press(&self) -> Option<Inbound> {
        let id = wire::id(self.value.get("callbackId"))?;
        let payload = wire::line(self.value.get("payload"));
        let what = Happening::Notice {
            notice: Notice {
                kind: NoticeKind::ButtonPressed,
                text: payload.unwrap_or_else(|| "pressed a button".to_owned()),
            },
            opens_window: true,
            entry: None,
        };
        self.inbound(format!("press:{id}"), what)
    }

    /// Something became of the chat itself.
    fn system(&self) -> Option<Inbound> {
        let kind = wire::line(self.value.get("type")).unwrap_or_else(|| "CHAT_SYSTEM".to_owned());
        if kind != "CHAT_STARTED" {
            return self.unknown("system", &kind);
        }
        let reference = wire::line(self.value.get("payload"));
        let text = match &reference {
            Some(reference) => format!("came through a link, {reference}"),
            None => "opened the chat".to_owned(),
        };
        let what = Happening::Notice {
            notice: Notice {
                kind: NoticeKind::Referral,
                text,
            },
            opens_window: false,
            entry: reference.map(|reference| EntryPoint {
                source: Some("ok.ru".to_owned()),
                reference: Some(reference),
                title: None,
            }),
        };
        self.inbound(self.key("system", &kind)?, what)
    }

    fn unknown(&self, sort: &str, kind: &str) -> Option<Inbound> {
        let what = Happening::Notice {
            notice: Notice {
                kind: NoticeKind::Other,
                text: format!("[{kind}]"),
            },
            opens_window: false,
            entry: None,
        };
        self.inbound(self.key(sort, kind)?, what)
    }

    /// A key for what has no id of its own: where, what and when (ok.md 3). Without a time a repeat could not be told from
    /// another one.
    fn key(&self, sort: &str, kind: &str) -> Option<String> {
        let (chat, at) = (message::visitor(self.value)?, message::time(self.value)?);
        Some(format!("{sort}:{chat}:{kind}:{}", at.0))
    }
}
