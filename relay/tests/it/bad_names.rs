//! Names of files, profiles and links as a platform tells them (B-07): clean, on one line, not longer than a line.

use std::fmt::Write as _;

use relay::channels::Happening;
use serde_json::{Value, json};
use shared::model::{Attachment, FilePart};

use crate::door::{Door, PAGE};

const LONGEST: usize = 20_000;

fn with_attachments(mid: &str, attachments: &Value) -> Vec<u8> {
    let body = json!({
        "object": "page",
        "entry": [{
            "id": PAGE,
            "time": 1_600_000_000_000_i64,
            "messaging": [{
                "sender": { "id": "7412589630147852" },
                "recipient": { "id": PAGE },
                "timestamp": 1_600_000_000_000_i64,
                "message": { "mid": mid, "attachments": attachments },
            }],
        }],
    });
    serde_json::to_vec(&body).unwrap()
}

fn encoded(name: &str) -> String {
    name.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    })
}

fn check(name: &str, attachment: &Attachment) {
    for text in attachment.title.iter().chain(&attachment.url) {
        let is_clean = shared::text::clean_line(text) == *text;
        let has_control = text.chars().any(char::is_control);
        assert!(is_clean && !has_control, "{name}: {text:?}");
    }
    let title = attachment.title.as_deref().unwrap_or_default();
    assert!(
        title.chars().count() <= 300,
        "{name}: {} characters",
        title.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_clean_before_anybody_keeps_it() {
    let door = Door::open("names").await;
    let names = hostile::texts::file_names();
    assert!(names.len() >= 50, "the whole table");
    for (number, (name, file)) in names.iter().enumerate() {
        let mid = format!("m_name_{number}");
        // Six of them, some three times as long, in a body of at most 1 MiB.
        let file: &str = &file.chars().take(LONGEST).collect::<String>();
        let in_path = format!("https://cdn.example/v/{}?x=1", encoded(file));
        let attachments = json!([
            { "type": "file", "payload": { "url": in_path } },
            { "type": "file", "payload": { "url": format!("https://cdn.example/{file}") } },
            { "type": "image", "payload": { "url": "https://cdn.example/1", "title": file } },
            { "type": file, "title": file, "url": file },
            { "type": "location", "payload": { "title": file, "coordinates": file } },
            { "type": "template", "payload": { "text": file } },
        ]);
        let body = with_attachments(&mid, &attachments);
        let received = door.read(&body);
        let Some(Happening::Message { attachments, .. }) =
            received.inbound.first().map(|inbound| &inbound.what)
        else {
            panic!("{name}: {received:?}");
        };
        assert_eq!(attachments.len(), 6, "{name}");
        for attachment in attachments {
            check(name, attachment);
        }
        assert_eq!(door.post(&body).await, 200, "{name}");
        let mut kept = door.received(&mid).await.unwrap();
        // What is fetched has an id of ours besides.
        for attachment in &mut kept.attachments {
            attachment
                .file
                .take_if(|file| file.id.take().is_some() && *file == FilePart::default());
        }
        assert_eq!(
            kept.attachments, *attachments,
            "{name}: kept as it was read"
        );
    }
    door.close().await;
}
