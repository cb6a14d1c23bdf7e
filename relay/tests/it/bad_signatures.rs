//! Requests that are not from the platform (B-01, B-02): refused, counted, and nothing of them stored.

use std::time::{Duration, Instant};

use hostile::signatures::{HEADER, forged, sign};
use shared::chat::{Event, Stored};
use shared::model::ChannelId;

use crate::door::{Door, OTHER_PAGE, OTHER_SECRET, PAGE, SECRET, message, message_to};

const REJECTED: &str = "deskwire_rejected_webhooks_total";
const VISITOR: &str = "7412589630147852";

fn signed(secret: &str, body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    vec![(HEADER, sign(secret, body).into_bytes())]
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_know_the_secret_is_refused_counted_and_leaves_nothing() {
    let door = Door::open("forged").await;
    let body = message("m_forged", VISITOR, "forged");
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let compact = serde_json::to_vec(&json).unwrap();
    let before = door.store().head().await.unwrap().seq;
    let cases = forged(SECRET, OTHER_SECRET, &body, &compact);
    assert!(cases.len() >= 20, "the whole table");
    for (done, case) in (1_u64..).zip(&cases) {
        let status = door
            .post_with(&door.channel, &case.headers, &case.body)
            .await;
        assert_eq!(status, 403, "{}", case.name);
        let counted = door.counter(REJECTED, &door.channel);
        assert_eq!(counted, done, "{} is counted", case.name);
    }
    assert_eq!(door.store().head().await.unwrap().seq, before);
    assert_eq!(door.count_unread().await, 0, "nothing is kept raw");
    assert_eq!(door.find_message("m_forged").await, None);

    let shown = door.metrics_text();
    for secret in [SECRET, OTHER_SECRET, "verify-me", "EAApage", "EAAother"] {
        assert!(!shown.contains(secret), "{shown}");
    }

    assert_eq!(door.post(&body).await, 200, "the body itself is good");
    assert!(door.find_message("m_forged").await.is_some());
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_request_changes_nothing() {
    let door = Door::open("replayed").await;
    let body = message("m_replayed", VISITOR, "once");
    assert_eq!(door.post(&body).await, 200);
    for _ in 0..3 {
        assert_eq!(door.post(&body).await, 200);
    }
    let chat = door.find_message("m_replayed").await.unwrap().chat;
    let events = door.events(chat).await;
    let is_message = |stored: &&Stored| matches!(stored.event, Event::Received { .. });
    assert_eq!(events.iter().filter(is_message).count(), 1);
    let repeats = door.counter("deskwire_repeated_events_total", &door.channel);
    assert_eq!(repeats, 3);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_applications_secret_opens_no_other_applications_page() {
    let door = Door::open("confused").await;
    let before = door.store().head().await.unwrap().seq;
    let for_other = message_to(OTHER_PAGE, "m_confused", VISITOR, "for the other page");
    // At the other's address with our secret, and the other way round: not from that platform.
    let ours = signed(SECRET, &for_other);
    assert_eq!(door.post_with(&door.other, &ours, &for_other).await, 403);
    let for_us = message_to(PAGE, "m_confused", VISITOR, "for our page");
    let theirs = signed(OTHER_SECRET, &for_us);
    assert_eq!(door.post_with(&door.channel, &theirs, &for_us).await, 403);
    // At its own address, speaking of the other's page: kept raw, for people to look at, and in no chat.
    assert_eq!(door.post_with(&door.channel, &ours, &for_other).await, 200);
    assert_eq!(door.count_unread().await, 1);
    assert_eq!(door.store().head().await.unwrap().seq, before);
    let nowhere = ChannelId("nowhere".to_owned());
    assert_eq!(door.post_with(&nowhere, &ours, &for_other).await, 404);
    door.close().await;
}

#[test]
fn an_empty_secret_is_refused_by_check() {
    let text = "[company]\nname = \"Acme\"\n[[channel]]\nid = \"a\"\nkind = \"messenger\"\npage_id = \"1\"\n\
                access_token = \"t\"\nverify_token = \"v\"\napp_secret = \"\"\n";
    let loaded = relay::config::parse(std::path::Path::new("config.toml"), text);
    assert!(loaded.config.is_none());
    let shown: Vec<_> = loaded.faults.iter().map(ToString::to_string).collect();
    assert!(
        shown.iter().any(|fault| fault.contains("app_secret")),
        "{shown:?}"
    );
}

/// A report for people, run with `--nocapture`: times are asserted nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn it_takes_as_long_to_refuse_the_first_digit_as_the_last() {
    const EACH: usize = 2_000;
    let door = Door::open("timed").await;
    let body = message("m_timed", VISITOR, "timed");
    let cases = forged(SECRET, OTHER_SECRET, &body, &body);
    let named = |wanted: &str| cases.iter().find(|case| case.name == wanted).unwrap();
    let (first, last) = (named("first digit wrong"), named("last digit wrong"));
    let (mut of_first, mut of_last) = (vec![], vec![]);
    for _ in 0..EACH {
        for (case, times) in [(first, &mut of_first), (last, &mut of_last)] {
            let begun = Instant::now();
            let status = door
                .post_with(&door.channel, &case.headers, &case.body)
                .await;
            times.push(begun.elapsed());
            assert_eq!(status, 403);
        }
    }
    println!(
        "refused in the median after {:?} (first digit wrong) and {:?} (last digit wrong)",
        median(of_first),
        median(of_last)
    );
    door.close().await;
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
