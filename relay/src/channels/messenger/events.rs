//! One event of an envelope to inbound events (meta.md 4). An event may carry two things, or none that is known.

use serde_json::Value;

use shared::model::{EntryPoint, Notice, NoticeKind, PlatformId, ThreadOwner, Timestamp};
use shared::text;

use crate::channels::{Happening, Inbound, Quote, Received, Watermark, label};
use crate::hex::hex;

use crate::channels::wire;

use super::attachments;

/// Names beside the payload of an event.
const ENVELOPE: [&str; 6] = [
    "sender",
    "recipient",
    "timestamp",
    "hop_context",
    "lead",
    "prior_message",
];
/// Known, and no business of a support desk.
const IGNORED: [&str; 7] = [
    "game_play",
    "payment",
    "pre_checkout",
    "checkout_update",
    "app_roles",
    "typing",
    "messaging_optouts",
];

/// An event and where it stood.
pub(super) struct Event<'a> {
    pub(super) account: &'a PlatformId,
    pub(super) value: &'a Value,
    pub(super) at: Timestamp,
    pub(super) standby: bool,
    pub(super) app_id: Option<&'a str>,
}

/// Translates an event; adds to what was received.
pub(super) fn translate_event(event: &Event<'_>, received: &mut Received) {
    let Some(members) = event.value.as_object() else {
        received.note_unread("an event is no object");
        return;
    };
    let names = members
        .keys()
        .map(String::as_str)
        .filter(|name| !ENVELOPE.contains(name));
    let mut is_known = false;
    for name in names {
        is_known |= event.translate(name, received);
    }
    if !is_known {
        received.note_unread("an event of no known kind");
    }
}

impl Event<'_> {
    /// Translates what stands under a name; false when it is not known.
    fn translate(&self, name: &str, received: &mut Received) -> bool {
        if IGNORED.contains(&name) {
            received.note_ignored(name);
            return true;
        }
        let value = self.value.get(name).unwrap_or(&Value::Null);
        if matches!(name, "policy_enforcement" | "policy-enforcement") {
            received.inbound.push(self.alarm(value));
            return true;
        }
        let translated = match name {
            "message" => self.message(value),
            "message_edit" => Self::edit(value),
            "reaction" => self.reaction(value),
            "delivery" => self.receipt(value, "delivery"),
            "read" => self.receipt(value, "read"),
            "postback" => self.postback(value),
            "pass_thread_control" | "take_thread_control" | "request_thread_control" => {
                self.control(name, value)
            }
            // A referral beside a message belongs to it, and is as well understood as that.
            "referral" if self.value.get("message").is_some() => return false,
            _ => self.notice(name, value),
        };
        let Some((key, what)) = translated else {
            return false;
        };
        match self.visitor() {
            Some(visitor) => received.inbound.push(Inbound {
                account: self.account.clone(),
                visitor,
                key,
                at: self.at,
                what,
            }),
            None => received.note_ignored(format!("{name} of nobody we can answer")),
        }
        true
    }

    /// The one of the two that is not the Page (meta.md 3.3). None: a guest without an id, or nobody.
    fn visitor(&self) -> Option<PlatformId> {
        let sender = wire::platform_id(wire::at(self.value, &["sender", "id"]));
        let recipient = wire::platform_id(wire::at(self.value, &["recipient", "id"]));
        let has_page = [&sender, &recipient]
            .into_iter()
            .any(|id| id.as_ref() == Some(self.account));
        let others = [sender, recipient]
            .into_iter()
            .flatten()
            .find(|id| id != self.account);
        others.filter(|_| has_page)
    }

    fn message(&self, message: &Value) -> Option<(String, Happening)> {
        let platform_id = wire::platform_id(message.get("mid"))?;
        if wire::flag(message, "is_deleted") {
            return Some((
                format!("del:{platform_id}"),
                Happening::Delete { platform_id },
            ));
        }
        let key = message_key(&platform_id);
        let text = wire::message_text(message.get("text")).unwrap_or_default();
        let attachments = attachments::translate(message);
        if wire::flag(message, "is_echo") {
            let delivery = message
                .get("metadata")
                .and_then(Value::as_str)
                .and_then(label::read);
            let application = wire::id(message.get("app_id"));
            let what = Happening::Echo {
                platform_id,
                text,
                attachments,
                application,
                delivery,
            };
            return Some((key, what));
        }
        let referral = message
            .get("referral")
            .or_else(|| self.value.get("referral"));
        let what = Happening::Message {
            platform_id,
            text,
            attachments,
            quotes: quote(message),
            entry: referral.and_then(entry_point),
            standby: self.standby,
        };
        Some((key, what))
    }

    fn edit(edit: &Value) -> Option<(String, Happening)> {
        let platform_id = wire::platform_id(edit.get("mid"))?;
        let number = wire::id(edit.get("num_edit"))?.parse().ok()?;
        let text = wire::message_text(edit.get("text"))?;
        let key = format!("edit:{platform_id}:{number}");
        Some((
            key,
            Happening::Edit {
                platform_id,
                text,
                edit: number,
            },
        ))
    }

    fn reaction(&self, reaction: &Value) -> Option<(String, Happening)> {
        let platform_id = wire::platform_id(reaction.get("mid"))?;
        let is_taken_away = reaction.get("action").and_then(Value::as_str) == Some("unreact");
        let emoji =
            wire::line(reaction.get("emoji")).or_else(|| wire::line(reaction.get("reaction")));
        let emoji = emoji.filter(|_| !is_taken_away);
        let shown = emoji.as_deref().unwrap_or("-");
        let key = format!("react:{platform_id}:{}:{shown}", self.at.0);
        Some((key, Happening::Reaction { platform_id, emoji }))
    }

    fn receipt(&self, receipt: &Value, name: &str) -> Option<(String, Happening)> {
        let mids = receipt
            .get("mids")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let single = wire::platform_id(receipt.get("mid"));
        let platform_ids: Vec<_> = mids
            .iter()
            .filter_map(|mid| wire::platform_id(Some(mid)))
            .chain(single)
            .collect();
        let until = wire::time(receipt.get("watermark"));
        if platform_ids.is_empty() && until.is_none() {
            return None;
        }
        let first = platform_ids.first().map_or("", PlatformId::as_str);
        let visitor = self.visitor()?;
        let key = format!(
            "{name}:{visitor}:{}:{first}",
            until.map_or(0, |until| until.0)
        );
        let watermark = Watermark {
            platform_ids,
            before: vec![],
            until,
        };
        let what = if name == "read" {
            Happening::Read(watermark)
        } else {
            Happening::Delivered(watermark)
        };
        Some((key, what))
    }

    /// Shown as if the visitor had said it; opens the window (meta.md 4.13).
    fn postback(&self, postback: &Value) -> Option<(String, Happening)> {
        if !postback.is_object() {
            return None;
        }
        let words =
            wire::line(postback.get("title")).or_else(|| wire::line(postback.get("payload")));
        let key = match wire::id(postback.get("mid")) {
            Some(mid) => format!("post:{mid}"),
            None => self.key("post", postback)?,
        };
        let notice = Notice {
            kind: NoticeKind::ButtonPressed,
            text: words.unwrap_or_else(|| "pressed a button".to_owned()),
        };
        let entry = postback.get("referral").and_then(entry_point);
        Some((
            key,
            Happening::Notice {
                notice,
                opens_window: !self.standby,
                entry,
            },
        ))
    }

    fn control(&self, name: &str, control: &Value) -> Option<(String, Happening)> {
        let new_owner = wire::id(control.get("new_owner_app_id"));
        let owner = match (name, new_owner) {
            ("request_thread_control", _) => None,
            (_, Some(new_owner)) if self.app_id == Some(new_owner.as_str()) => {
                Some(ThreadOwner::Us)
            }
            (_, Some(new_owner)) => Some(ThreadOwner::Other(new_owner)),
            (_, None) => Some(ThreadOwner::Unknown),
        };
        // Only the other application's words: the desk says what happened, in its operator's language.
        let notice = Notice {
            kind: match owner {
                Some(_) => NoticeKind::ThreadControl,
                None => NoticeKind::ThreadAsked,
            },
            text: wire::line(control.get("metadata")).unwrap_or_default(),
        };
        Some((
            self.key(name, control)?,
            Happening::ThreadControl { owner, notice },
        ))
    }

    /// Everything that is one line on the desk.
    fn notice(&self, name: &str, value: &Value) -> Option<(String, Happening)> {
        let (kind, text, opens_window) = match name {
            "referral" => (NoticeKind::Referral, referral_line(self.value, value), true),
            "optin" => (
                NoticeKind::OptedIn,
                titled("opted in", value.get("title")),
                false,
            ),
            "messaging_customer_information" => (NoticeKind::FormFilled, form_lines(value), true),
            "account_linking" => (
                NoticeKind::AccountLinked,
                titled("account", value.get("status")),
                false,
            ),
            "response_feedback" => (
                NoticeKind::Feedback,
                wire::line(value.get("feedback")).unwrap_or_default(),
                false,
            ),
            "messaging_feedback" => (NoticeKind::Feedback, "answered a survey".to_owned(), false),
            "order" => (NoticeKind::Ordered, order_line(value), true),
            _ => return None,
        };
        let entry = if name == "referral" {
            entry_point(value)
        } else {
            None
        };
        let notice = Notice { kind, text };
        Some((
            self.key(name, value)?,
            Happening::Notice {
                notice,
                opens_window,
                entry,
            },
        ))
    }

    fn alarm(&self, value: &Value) -> Inbound {
        let action = wire::line(value.get("action")).unwrap_or_else(|| "acted".to_owned());
        let reason = wire::line(value.get("reason")).unwrap_or_default();
        Inbound {
            account: self.account.clone(),
            visitor: PlatformId(String::new()),
            key: format!("policy:{}:{action}", self.at.0),
            at: self.at,
            what: Happening::Alarm {
                text: format!("Meta enforces its policy ({action}): {reason}"),
            },
        }
    }

    /// A key for what has no id of its own: who, when, what, and a hash of its words.
    fn key(&self, name: &str, value: &Value) -> Option<String> {
        use sha2::{Digest, Sha256};
        let visitor = self
            .visitor()
            .map_or_else(|| "-".to_owned(), |visitor| visitor.0);
        let text = serde_json::to_vec(value).ok()?;
        let hash = hex(Sha256::digest(&text).get(..8)?);
        Some(format!("{name}:{visitor}:{}:{hash}", self.at.0))
    }
}

/// The same for the webhook, the copy on standby and the Conversations API (meta.md 3.4).
pub(super) fn message_key(platform_id: &PlatformId) -> String {
    format!("msg:{platform_id}")
}

fn quote(message: &Value) -> Option<Quote> {
    let reply_to = message
        .get("reply_to")
        .filter(|reply_to| reply_to.is_object())?;
    Some(match wire::platform_id(reply_to.get("mid")) {
        Some(mid) => Quote::Message(mid),
        None => Quote::Other,
    })
}

fn entry_point(referral: &Value) -> Option<EntryPoint> {
    let entry = EntryPoint {
        source: wire::line(referral.get("source")),
        reference: wire::line(referral.get("ref")),
        title: wire::line(wire::at(referral, &["ads_context_data", "ad_title"])).or_else(|| {
            wire::line(wire::at(referral, &["product", "id"])).map(|id| format!("product {id}"))
        }),
    };
    (entry != EntryPoint::default()).then_some(entry)
}

fn referral_line(event: &Value, referral: &Value) -> String {
    let entry = entry_point(referral).unwrap_or_default();
    let parts = [entry.source, entry.title, entry.reference];
    let mut line = "came through a link".to_owned();
    for part in parts.into_iter().flatten() {
        line.push_str(", ");
        line.push_str(&part);
    }
    let answers = wire::at(event, &["lead", "data"]).and_then(Value::as_array);
    for answer in answers.into_iter().flatten().take(20) {
        let question = wire::line(answer.get("question")).unwrap_or_default();
        let words = wire::line(answer.get("answer")).unwrap_or_default();
        line.push_str("; ");
        line.push_str(&question);
        line.push(' ');
        line.push_str(&words);
    }
    line
}

fn titled(what: &str, title: Option<&Value>) -> String {
    match wire::line(title) {
        Some(title) => format!("{what}: {title}"),
        None => what.to_owned(),
    }
}

fn form_lines(value: &Value) -> String {
    let screens = value.get("screens").and_then(Value::as_array);
    let responses = screens
        .into_iter()
        .flatten()
        .filter_map(|screen| screen.get("responses")?.as_array())
        .flatten();
    let lines: Vec<_> = responses
        .take(40)
        .filter_map(|answer| {
            Some(format!(
                "{}: {}",
                wire::line(answer.get("key"))?,
                wire::line(answer.get("value"))?
            ))
        })
        .collect();
    text::one_line(&format!("filled in a form: {}", lines.join(", ")), 2000)
}

fn order_line(value: &Value) -> String {
    let products = value.get("products").and_then(Value::as_array);
    let names: Vec<_> = products
        .into_iter()
        .flatten()
        .take(20)
        .filter_map(|product| {
            let name = wire::line(product.get("name")).or_else(|| wire::line(product.get("id")))?;
            let quantity = wire::line(product.get("quantity")).unwrap_or_else(|| "1".to_owned());
            Some(format!("{quantity} × {name}"))
        })
        .collect();
    titled(&format!("ordered {}", names.join(", ")), value.get("note"))
}
