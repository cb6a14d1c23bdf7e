//! Meta's webhook JSON: the envelope, the escaped bytes and their signature. Knows no state.
//!
//! Rules: Meta, *Webhooks for Messenger Platform*; the MAC is over the escaped bytes, which are also those on the wire.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::meta::render;
pub use crate::meta::{appsecret_proof, signature};

/// One element of `messaging[]` or `standby[]`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Event {
    sender: Party,
    recipient: Party,
    timestamp: u64,
    #[serde(flatten)]
    payload: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize)]
struct Party {
    id: String,
}

impl Event {
    /// Builds an event whose only key is `key`.
    pub(super) fn new(sender: &str, recipient: &str, at_ms: u64, key: &str, value: Value) -> Self {
        Self {
            sender: Party { id: sender.into() },
            recipient: Party {
                id: recipient.into(),
            },
            timestamp: at_ms,
            payload: Map::from_iter([(key.to_owned(), value)]),
        }
    }

    /// Returns the mid this event tells about, when it is a message or a postback.
    pub(super) fn mid(&self) -> Option<&str> {
        ["message", "postback"]
            .iter()
            .find_map(|key| self.payload.get(*key)?.get("mid")?.as_str())
    }

    /// Returns the first event key, such as `message` or `delivery`.
    pub(super) fn key(&self) -> &str {
        self.payload.keys().next().map_or("", String::as_str)
    }

    pub(super) const fn at_ms(&self) -> u64 {
        self.timestamp
    }

    pub(super) fn is_echo(&self) -> bool {
        self.payload
            .get("message")
            .is_some_and(|message| message.get("is_echo") == Some(&Value::Bool(true)))
    }

    /// Removes what Meta removes from a standby copy: the payload of a postback.
    pub(super) fn for_standby(mut self) -> Self {
        if let Some(Value::Object(postback)) = self.payload.get_mut("postback") {
            postback.remove("payload");
        }
        self
    }
}

/// Which list of an entry an event travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Messaging,
    Standby,
}

#[derive(Serialize)]
struct Envelope<'a> {
    object: &'static str,
    entry: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    time: u64,
    id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messaging: Vec<&'a Event>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standby: Vec<&'a Event>,
}

/// Renders one body: neighbouring events of one Page and list share an entry, as Meta batches them.
pub(super) fn render_body<'a>(
    events: impl IntoIterator<Item = (&'a str, List, &'a Event)>,
    sent_at_ms: u64,
) -> Bytes {
    let mut entry: Vec<Entry<'a>> = Vec::new();
    let mut previous = None;
    for (page_id, list, event) in events {
        if previous != Some((page_id, list)) {
            entry.push(Entry {
                time: sent_at_ms,
                id: page_id,
                messaging: Vec::new(),
                standby: Vec::new(),
            });
            previous = Some((page_id, list));
        }
        if let Some(last) = entry.last_mut() {
            match list {
                List::Messaging => last.messaging.push(event),
                List::Standby => last.standby.push(event),
            }
        }
    }
    render(&Envelope {
        object: "page",
        entry,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fixture(name: &str) -> String {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn signatures_equal_the_platform_vectors() {
        let vectors: Value = serde_json::from_str(&fixture("signature_vectors.json")).unwrap();
        let vectors = vectors["vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 8);
        for vector in vectors {
            let ours = signature(
                vector["app_secret"].as_str().unwrap(),
                vector["body"].as_str().unwrap().as_bytes(),
            );
            let equal = vector["x_hub_signature_256"].as_str() == Some(ours.as_str());
            assert_eq!(equal, vector["valid"], "{}", vector["name"]);
        }
    }

    #[test]
    fn a_body_is_rendered_byte_for_byte_as_the_platform_sends_it() {
        let mid = "m_4XSXwrdsbkh6G4_HT1UADGz-vdTlhGVeyzhtCRFZJEbzhrMtC31U8WbBnQUZksQSkHYAZe3io_cCo95fi_4L2A";
        let text = "Grüße aus Köln – äöå 👋🏽 https://example.com/a/b?x=1&y=<z>";
        let event = Event::new(
            "7412589630147852",
            "104820093344556",
            1_795_190_148_123,
            "message",
            json!({ "mid": mid, "text": text }),
        );
        let body = render_body(
            [("104820093344556", List::Messaging, &event)],
            1_795_190_148_523,
        );
        assert_eq!(
            String::from_utf8(body.to_vec()).unwrap(),
            fixture("messenger_text_wire_escaped.json").trim_end()
        );
    }

    #[test]
    fn escaped_text_survives_the_round_trip() {
        for text in [
            "семья 👨‍👩‍👧‍👦 שלום \u{202e}abc\u{202c}",
            "quotes \" and \\ and / and \u{1b}[31m\u{7f}\n\t\u{0}",
            "汉字𠀀 ~ é",
            "",
        ] {
            let wire = render(&json!({ "text": text }));
            assert!(wire.is_ascii(), "{text}");
            let back: Value = serde_json::from_slice(&wire).unwrap();
            assert_eq!(back["text"], text);
        }
    }

    #[test]
    fn neighbouring_events_of_one_page_share_an_entry() {
        let event = Event::new("1", "2", 3, "read", json!({ "watermark": 3 }));
        let body = render_body(
            [
                ("2", List::Messaging, &event),
                ("2", List::Messaging, &event),
                ("4", List::Messaging, &event),
                ("2", List::Standby, &event),
            ],
            5,
        );
        let body: Value = serde_json::from_slice(&body).unwrap();
        let sizes: Vec<_> = body["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                let size = |list: &str| entry[list].as_array().map_or(0, Vec::len);
                (
                    entry["id"].as_str().unwrap(),
                    size("messaging"),
                    size("standby"),
                )
            })
            .collect();
        assert_eq!(sizes, [("2", 2, 0), ("4", 1, 0), ("2", 0, 1)]);
    }
}
