//! Reading events as they were written, by whichever version (`storage.md` 9). Pure. Every shape that was ever written has
//! a fixture file, kept for ever.

use super::Event;

/// The shape in which this version writes events.
pub const SHAPE: u32 = 1;

/// The kinds that this version knows.
const KINDS: [&str; 33] = [
    "opened",
    "received",
    "file_kept",
    "file_lost",
    "edited",
    "deleted",
    "reacted",
    "noticed",
    "answered_outside",
    "thread_owned",
    "profile_changed",
    "claimed",
    "released",
    "transferred",
    "reply_written",
    "reply_withdrawn",
    "reply_sent",
    "reply_failed",
    "reply_unconfirmed",
    "reply_retried",
    "reply_delivered",
    "reply_read",
    "note_written",
    "categorized",
    "card_edited",
    "blocked",
    "unblocked",
    "marked_read",
    "closed",
    "reopened",
    "window_closed",
    "finished",
    "redacted",
];

/// Why an event could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UpcastError {
    /// Nothing is wrong with it: this version is too old.
    #[error("an event of kind {kind}, shape {shape}, was written by a newer relay")]
    Newer {
        /// Its kind.
        kind: String,
        /// Its shape.
        shape: u32,
    },
    /// It is not what its kind and shape promise.
    #[error("an event of kind {kind}, shape {shape}, is damaged")]
    Damaged {
        /// Its kind.
        kind: String,
        /// Its shape.
        shape: u32,
        /// What the reader stumbled over.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads an event of any shape as one of today.
///
/// # Errors
///
/// Says whether this version is too old or the event is damaged.
pub fn upcast(kind: &str, shape: u32, json: &str) -> Result<Event, UpcastError> {
    if shape > SHAPE || !KINDS.contains(&kind) {
        let kind = kind.to_owned();
        return Err(UpcastError::Newer { kind, shape });
    }
    let damaged = |source| UpcastError::Damaged {
        kind: kind.to_owned(),
        shape,
        source,
    };
    let event: Event = serde_json::from_str(json).map_err(damaged)?;
    if event.kind() != kind {
        let found = format!("it says that it is {}", event.kind());
        return Err(damaged(serde::de::Error::custom(found)));
    }
    Ok(event)
}

impl Event {
    /// Returns the kind as it is written: the `kind` of its JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Received { .. } => "received",
            Self::FileKept { .. } => "file_kept",
            Self::FileLost { .. } => "file_lost",
            Self::Edited { .. } => "edited",
            Self::Deleted { .. } => "deleted",
            Self::Reacted { .. } => "reacted",
            Self::Noticed { .. } => "noticed",
            Self::AnsweredOutside { .. } => "answered_outside",
            Self::ThreadOwned { .. } => "thread_owned",
            Self::ProfileChanged { .. } => "profile_changed",
            Self::Claimed { .. } => "claimed",
            Self::Released { .. } => "released",
            Self::Transferred { .. } => "transferred",
            Self::ReplyWritten { .. } => "reply_written",
            Self::ReplyWithdrawn { .. } => "reply_withdrawn",
            Self::ReplySent { .. } => "reply_sent",
            Self::ReplyFailed { .. } => "reply_failed",
            Self::ReplyUnconfirmed { .. } => "reply_unconfirmed",
            Self::ReplyRetried { .. } => "reply_retried",
            Self::ReplyDelivered { .. } => "reply_delivered",
            Self::ReplyRead { .. } => "reply_read",
            Self::NoteWritten { .. } => "note_written",
            Self::Categorized { .. } => "categorized",
            Self::CardEdited { .. } => "card_edited",
            Self::Blocked { .. } => "blocked",
            Self::Unblocked { .. } => "unblocked",
            Self::MarkedRead { .. } => "marked_read",
            Self::Closed { .. } => "closed",
            Self::Reopened { .. } => "reopened",
            Self::WindowClosed => "window_closed",
            Self::Finished => "finished",
            Self::Redacted => "redacted",
        }
    }
}

/// Every event of the fixture files, with the JSON it was read from.
#[cfg(test)]
pub(super) fn fixtures() -> Vec<(Event, serde_json::Value)> {
    const SHAPE_1: &str = include_str!("fixtures/shape1.json");
    let bodies: Vec<serde_json::Value> = serde_json::from_str(SHAPE_1).unwrap();
    let read = |body: serde_json::Value| {
        let kind = body["kind"].as_str().unwrap();
        let event =
            upcast(kind, 1, &body.to_string()).unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        (event, body)
    };
    bodies.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_shape_1_is_still_read() {
        let read: BTreeSet<_> = fixtures().iter().map(|(event, _)| event.kind()).collect();
        assert_eq!(read, KINDS.into_iter().collect());
    }

    #[test]
    fn nothing_of_an_old_event_is_lost() {
        for (event, body) in fixtures() {
            let again = serde_json::to_value(&event).unwrap();
            for (name, value) in body.as_object().unwrap() {
                assert_eq!(again.get(name), Some(value), "{name} of {}", event.kind());
            }
        }
    }

    #[test]
    fn what_a_newer_relay_wrote_is_told_from_damage() {
        let finished = r#"{"kind":"finished"}"#;
        let check = |kind, shape, json| upcast(kind, shape, json).unwrap_err();
        assert!(matches!(
            check("teleported", 1, r#"{"kind":"teleported"}"#),
            UpcastError::Newer { .. }
        ));
        assert!(matches!(
            check("finished", 2, finished),
            UpcastError::Newer { shape: 2, .. }
        ));
        assert!(matches!(
            check("redacted", 1, finished),
            UpcastError::Damaged { .. }
        ));
        assert!(matches!(
            check("claimed", 1, r#"{"kind":"claimed"}"#),
            UpcastError::Damaged { .. }
        ));
    }
}
