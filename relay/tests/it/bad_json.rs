//! JSON at its edges (B-05): read as far as it is JSON, else kept raw; never an error but for what is too large.

use hostile::json::{Outcome, documents};

use crate::door::{Door, PAGE, message};

#[tokio::test(flavor = "multi_thread")]
async fn every_document_at_the_edge_of_json_has_its_outcome() {
    let door = Door::open("json").await;
    let documents = documents(PAGE);
    assert!(documents.len() >= 40, "the whole table");
    for (number, document) in documents.iter().enumerate() {
        let name = document.name;
        let unread_before = door.count_unread().await;
        let status = door.post(&document.body).await;
        let unread = door.count_unread().await - unread_before;
        let message = door.received(&format!("m_json_{number}")).await;
        let found = match (status, unread, message.is_some()) {
            (200, 0, true) => Outcome::Understood,
            (200, 1, false) => Outcome::Kept,
            (200, 0, false) => Outcome::Empty,
            (413, 0, false) => Outcome::TooLarge,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(found, document.outcome, "{name}");
        let text = message.map(|message| message.text).unwrap_or_default();
        assert!(
            text.len() <= shared::text::MESSAGE_BYTES && !text.chars().any(char::is_control),
            "{name}: {text:?}"
        );
    }
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_strange_things_does_not_become_larger_in_the_store_or_the_log() {
    let door = Door::open("swollen").await;
    let entries = format!("[{}0]", "0,".repeat(400_000));
    let received = door.read(entries.as_bytes());
    let said: usize = received.unread.iter().map(String::len).sum();
    assert!(said < 1_000, "{said} bytes of reasons for one body");
    let many = message("m_many", "1", "one of many");
    assert_eq!(door.post(&many).await, 200);
    door.close().await;
}
