//! A verified body to inbound events (viber.md 3): one event each.

use serde_json::Value;

use shared::model::{FailureReason, Notice, NoticeKind, PlatformId, Timestamp};

use crate::channels::wire;
use crate::channels::{Answer, Happening, Inbound, Received, Watermark};

use super::message;

/// Known, and not used.
const IGNORED: [&str; 3] = ["webhook", "client_status", "action"];

/// Translates a body. Never fails: what is not understood is said, and kept raw by the caller.
pub(super) fn translate(body: &[u8], account: &PlatformId, received_at: Timestamp) -> Received {
    // Viber is answered with nothing: a body would be sent to whoever opened the chat.
    let mut received = Received {
        answer: Answer {
            body: String::new(),
        },
        inbound: vec![],
        unread: vec![],
        ignored: vec![],
    };
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        received.note_unread("the body is not JSON");
        return received;
    };
    let Some(name) = wire::line(value.get("event")) else {
        received.note_unread("the body is no event");
        return received;
    };
    if IGNORED.contains(&name.as_str()) {
        received.note_ignored(name);
        return received;
    }
    let event = Event {
        account,
        value: &value,
        at: wire::time(value.get("timestamp")).unwrap_or(received_at),
    };
    match event.translate(&name) {
        Some(inbound) => received.inbound.push(inbound),
        None => received.note_unread(format!("{name} is not understood")),
    }
    received
}

/// An event and whose it is.
struct Event<'a> {
    account: &'a PlatformId,
    value: &'a Value,
    at: Timestamp,
}

impl Event<'_> {
    fn translate(&self, name: &str) -> Option<Inbound> {
        let token = wire::platform_id(self.value.get("message_token"))?;
        let visitor = self.visitor()?;
        let key = match name {
            "message" => message::key(&token),
            _ => format!("{name}:{token}:{visitor}"),
        };
        let what = match name {
            "message" => message::translate(self.value.get("message")?, token),
            "delivered" => Happening::Delivered(Watermark {
                platform_ids: vec![token],
                before: vec![],
                until: None,
            }),
            // It comes for the latest and covers all before it.
            "seen" => Happening::Read(Watermark {
                platform_ids: vec![token],
                before: vec![],
                until: Some(self.at),
            }),
            // Long after it took the reply, too (viber.md 3).
            "failed" => Happening::Failed {
                platform_id: token,
                delivery: None,
                reason: FailureReason::Refused {
                    text: wire::line(self.value.get("desc"))
                        .unwrap_or_else(|| "no reason given".to_owned()),
                },
            },
            "conversation_started" => remark(titled("opened the chat", self.value.get("context"))),
            "subscribed" => remark("subscribed".to_owned()),
            "unsubscribed" => {
                remark("unsubscribed: nothing reaches them before they write again".to_owned())
            }
            _ => Happening::Notice {
                notice: notice(format!("[{name}]")),
                opens_window: false,
                entry: None,
            },
        };
        Some(Inbound {
            account: self.account.clone(),
            visitor,
            key,
            at: self.at,
            what,
        })
    }

    fn visitor(&self) -> Option<PlatformId> {
        let places: [&[&str]; 3] = [&["sender", "id"], &["user", "id"], &["user_id"]];
        let mut found = places
            .iter()
            .filter_map(|place| wire::platform_id(wire::at(self.value, place)));
        found.next().filter(|visitor| visitor != self.account)
    }
}

fn notice(text: String) -> Notice {
    Notice {
        kind: NoticeKind::Other,
        text,
    }
}

fn remark(text: String) -> Happening {
    Happening::Remark {
        notice: notice(text),
    }
}

fn titled(what: &str, words: Option<&Value>) -> String {
    match wire::line(words) {
        Some(words) => format!("{what}: {words}"),
        None => what.to_owned(),
    }
}
