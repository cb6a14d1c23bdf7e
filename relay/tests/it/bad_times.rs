//! Times that no clock shows (B-15): understood as far as they can be true, and no window, timer or order is led astray.

use hostile::times::{Taken, times};
use shared::model::Timestamp;

use crate::door::{Door, PAGE};

const OF_ENTRY: i64 = 1_500_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_an_impossible_time_has_a_possible_one() {
    let door = Door::open("times").await;
    let times = times();
    assert!(times.len() >= 20, "the whole table");
    for (number, (name, written, taken)) in times.into_iter().enumerate() {
        let body = format!(
            r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":{OF_ENTRY},"messaging":[{{"sender":{{"id":"8800{number}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":{written},"message":{{"mid":"m_time_{number}","text":"when?"}}}}]}}]}}"#
        );
        let before = door.now();
        assert_eq!(door.post(body.as_bytes()).await, 200, "{name}");
        let message = door.received(&format!("m_time_{number}")).await;
        let message = message.unwrap_or_else(|| panic!("{name}: the message is there"));
        match taken {
            Taken::At(at) => assert_eq!(message.sent_at, Timestamp(at), "{name}"),
            Taken::OfItsEntry => assert_eq!(message.sent_at, Timestamp(OF_ENTRY), "{name}"),
            Taken::WhenReceived => assert!(
                (before..=door.now()).contains(&message.sent_at),
                "{name}: {:?}",
                message.sent_at
            ),
        }
    }
    let now = door.now();
    for chat in door.store().list_open_chats().await.unwrap() {
        assert!(chat.window_from.is_none_or(|from| from <= now));
        assert!(chat.last_received_at.is_none_or(|at| at <= now));
    }
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_from_the_future_does_not_cover_what_is_written_later() {
    let door = Door::open("receipts").await;
    let visitor = "7412589630147852";
    let hello = crate::door::message("m_first", visitor, "hello");
    assert_eq!(door.post(&hello).await, 200);
    for (kind, watermark) in [
        ("read", i64::MAX),
        ("delivery", 253_402_300_799_999),
        ("read", i64::MIN),
    ] {
        let body = format!(
            r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1600000000000,"messaging":[{{"sender":{{"id":"{visitor}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":1600000000001,"{kind}":{{"watermark":{watermark}}}}}]}}]}}"#
        );
        assert_eq!(door.post(body.as_bytes()).await, 200, "{kind} {watermark}");
    }
    let chat = door.find_message("m_first").await.unwrap().chat;
    let chat = door.store().find_chat(chat).await.unwrap().unwrap();
    let now = door.now();
    assert!(chat.read_until.is_none_or(|until| until <= now));
    assert!(chat.delivered_until.is_none_or(|until| until <= now));
    door.close().await;
}
