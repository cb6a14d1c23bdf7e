//! One event: who, what, when.

use serde_json::Value;

use shared::model::{
    Attachment, AttachmentKind, EntryPoint, Notice, NoticeKind, PlatformId, Timestamp,
};

use crate::channels::wire;
use crate::channels::{Happening, Inbound, Quote, Received, Watermark};

/// Kinds of attachment by name; any other is shown by its name.
const KINDS: [(&str, AttachmentKind); 9] = [
    ("photo", AttachmentKind::Photo),
    ("audio", AttachmentKind::Audio),
    ("video", AttachmentKind::Video),
    ("document", AttachmentKind::Document),
    ("sticker", AttachmentKind::Sticker),
    ("location", AttachmentKind::Location),
    ("contact", AttachmentKind::Contact),
    ("link", AttachmentKind::Link),
    ("product", AttachmentKind::Product),
];

/// Returns the key under which a message comes in.
pub(super) fn message_key(platform_id: &PlatformId) -> String {
    format!("msg:{platform_id}")
}

/// Translates an event; adds to what was received.
pub(super) fn take(
    event: &Value,
    account: &PlatformId,
    received_at: Timestamp,
    received: &mut Received,
) {
    let name = wire::line(event.get("type")).unwrap_or_default();
    let visitor = wire::platform_id(event.get("visitor"));
    let Some(visitor) = visitor.filter(|visitor| visitor != account) else {
        received.note_unread("an event without a visitor");
        return;
    };
    let at = wire::time(event.get("at")).unwrap_or(received_at);
    let event = Event { value: event, at };
    match event.translate(&name, &visitor) {
        Some((key, what)) => received.inbound.push(Inbound {
            account: account.clone(),
            visitor,
            key,
            at,
            what,
        }),
        None => received.note_unread(format!("{name:?} is not understood")),
    }
}

struct Event<'a> {
    value: &'a Value,
    at: Timestamp,
}

impl Event<'_> {
    fn translate(&self, name: &str, visitor: &PlatformId) -> Option<(String, Happening)> {
        let id = || wire::platform_id(self.value.get("id"));
        Some(match name {
            "message" => {
                let platform_id = id()?;
                (message_key(&platform_id), self.message(platform_id))
            }
            "answered" => {
                let platform_id = id()?;
                (message_key(&platform_id), self.answered(platform_id))
            }
            "edit" => {
                let (platform_id, edit) = (id()?, self.edit()?);
                let key = format!("edit:{platform_id}:{edit}");
                let text = self.text();
                let what = Happening::Edit {
                    platform_id,
                    text,
                    edit,
                };
                (key, what)
            }
            "delete" => {
                let platform_id = id()?;
                (
                    format!("del:{platform_id}"),
                    Happening::Delete { platform_id },
                )
            }
            "reaction" => {
                let platform_id = id()?;
                let emoji = wire::line(self.value.get("emoji"));
                let shown = emoji.as_deref().unwrap_or("-");
                let key = format!("react:{platform_id}:{}:{shown}", self.at.0);
                (key, Happening::Reaction { platform_id, emoji })
            }
            "delivered" => {
                let watermark = self.watermark()?;
                (
                    self.receipt_key("delivered", visitor, &watermark),
                    Happening::Delivered(watermark),
                )
            }
            "read" => {
                let watermark = self.watermark()?;
                (
                    self.receipt_key("read", visitor, &watermark),
                    Happening::Read(watermark),
                )
            }
            "typing" => (format!("typing:{visitor}:{}", self.at.0), Happening::Typing),
            "" => return None,
            // Not a word of the format: a line with its name, and nothing lost.
            other => (format!("{other}:{visitor}:{}", id()?), self.unknown(other)),
        })
    }

    /// A colleague answered elsewhere (IN-08).
    fn answered(&self, platform_id: PlatformId) -> Happening {
        Happening::Echo {
            platform_id,
            text: self.text(),
            attachments: self.attachments(),
            application: None,
            delivery: None,
        }
    }

    fn unknown(&self, name: &str) -> Happening {
        let text = match wire::line(self.value.get("text")) {
            Some(text) => format!("[{name}] {text}"),
            None => format!("[{name}]"),
        };
        Happening::Notice {
            notice: Notice {
                kind: NoticeKind::Other,
                text,
            },
            opens_window: false,
            entry: None,
        }
    }

    fn message(&self, platform_id: PlatformId) -> Happening {
        let text = self.text();
        let mut attachments = self.attachments();
        if text.is_empty() && attachments.is_empty() {
            attachments.push(Attachment::of(AttachmentKind::Other("message".to_owned())));
        }
        Happening::Message {
            platform_id,
            text,
            attachments,
            quotes: wire::platform_id(self.value.get("reply_to")).map(Quote::Message),
            entry: self.value.get("entry").and_then(entry_point),
            standby: false,
        }
    }

    fn text(&self) -> String {
        wire::message_text(self.value.get("text")).unwrap_or_default()
    }

    fn attachments(&self) -> Vec<Attachment> {
        let list = self.value.get("attachments").and_then(Value::as_array);
        list.into_iter().flatten().map(attachment).collect()
    }

    /// Rises with each edit of a message.
    fn edit(&self) -> Option<u32> {
        u32::try_from(self.value.get("edit")?.as_u64()?).ok()
    }

    fn watermark(&self) -> Option<Watermark> {
        let ids = self.value.get("ids").and_then(Value::as_array);
        let watermark = Watermark {
            platform_ids: ids
                .into_iter()
                .flatten()
                .filter_map(|id| wire::platform_id(Some(id)))
                .collect(),
            before: vec![],
            until: wire::time(self.value.get("until")),
        };
        (watermark != Watermark::default()).then_some(watermark)
    }

    fn receipt_key(&self, name: &str, visitor: &PlatformId, watermark: &Watermark) -> String {
        let first = watermark.platform_ids.first();
        let first = first.map_or("", PlatformId::as_str);
        let until = watermark.until.unwrap_or(self.at);
        format!("{name}:{visitor}:{}:{first}", until.0)
    }
}

fn attachment(attachment: &Value) -> Attachment {
    let name = wire::line(attachment.get("kind")).unwrap_or_else(|| "attachment".to_owned());
    let known = KINDS.iter().find(|(known, _)| *known == name);
    Attachment {
        kind: known.map_or(AttachmentKind::Other(name), |(_, kind)| kind.clone()),
        url: wire::address(attachment.get("url")),
        title: wire::line(attachment.get("title")),
        file: wire::file(None, attachment.get("size"), attachment.get("seconds")),
    }
}

fn entry_point(entry: &Value) -> Option<EntryPoint> {
    let entry = EntryPoint {
        source: wire::line(entry.get("source")),
        reference: wire::line(entry.get("reference")),
        title: wire::line(entry.get("title")),
    };
    (entry != EntryPoint::default()).then_some(entry)
}
