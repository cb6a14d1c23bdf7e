//! Whatever stands in a store, an event is read, told to be newer, or told to be damaged; and what is read stays the same
//! when it is written anew, and can be taken in by any chat.

use shared::chat::timeline::Timeline;
use shared::chat::{Chat, Event, SHAPE, Stored, upcast};
use shared::model::{ChatId, Mark, Seq, Timestamp};

/// Events of one chat, a line each: the shape in the first byte, then the JSON.
pub fn check(bytes: &[u8]) {
    let mut chat = Chat::unborn(ChatId(1));
    let mut timeline = Timeline::default();
    let mut log = vec![];
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(event) = read(line) else {
            continue;
        };
        let stored = Stored {
            seq: log.last().map_or(Seq(1), |last: &Stored| last.seq.next()),
            mark: Mark(7),
            chat: chat.id,
            version: chat.version.plus(1),
            at: Timestamp(1_795_190_400_000),
            event,
        };
        chat.apply(&stored);
        timeline.push(stored.clone());
        log.push(stored);
    }
    let entries = timeline.entries().to_vec();
    let mut paged = Timeline::default();
    let behind = log.split_off(log.len() / 2);
    paged.prepend(behind);
    paged.prepend(log);
    assert_eq!(paged.entries(), entries, "pages add up to the whole");
}

fn read(line: &[u8]) -> Option<Event> {
    let (shape, json) = line.split_first()?;
    let shape = u32::from(shape.wrapping_sub(b'0'));
    let json = String::from_utf8_lossy(json);
    let kind = serde_json::from_str::<serde_json::Value>(&json).ok()?;
    let kind = kind.get("kind")?.as_str()?;
    let event = upcast(kind, shape, &json).ok()?;
    assert!(shape <= SHAPE, "what is newer is not read");
    assert_eq!(event.kind(), kind, "an event is of its kind");
    let written = serde_json::to_string(&event).expect("an event can be written down");
    let again = upcast(kind, SHAPE, &written).expect("what was read can be read again");
    assert_eq!(again, event, "nothing is lost by writing it anew");
    let emptied = event.redacted();
    assert_eq!(emptied.redacted(), emptied, "what is empty stays so");
    Some(event)
}
