//! Emptying what is personal (V-15, `storage.md` 9): one event at a time, pure. What may be kept is the skeleton: kinds,
//! times, our own ids, operators, categories.

use crate::model::{Attachment, Card, FailureReason, Message, Notice, PlatformId, Visitor};

use super::Event;

impl Event {
    /// Returns the event without texts, names, addresses, file names and ids of the platform.
    ///
    /// Events emptied and followed by [`Event::Redacted`] add up to the chat that [`Event::Redacted`] alone leaves.
    #[must_use]
    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per event, and no wildcard"
    )]
    pub fn redacted(&self) -> Self {
        let mut event = self.clone();
        match &mut event {
            Self::Opened {
                visitor,
                entry,
                language: _,
                department: _,
                reserved_for: _,
                by_us: _,
                window_from: _,
            } => {
                empty_visitor(visitor);
                *entry = None;
            }
            Self::Received {
                message,
                standby: _,
                late: _,
                contact: _,
            }
            | Self::AnsweredOutside {
                message,
                application: _,
            }
            | Self::ReplyWritten {
                message,
                by: _,
                delivery: _,
                asks: _,
                human_agent: _,
                held_until: _,
            } => empty_message(message),
            Self::Edited {
                text,
                message: _,
                edit: _,
                edited_at: _,
            }
            | Self::Noticed {
                notice: Notice { text, kind: _ },
                opens_window_at: _,
            }
            | Self::NoteWritten {
                text,
                by: _,
                message: _,
                mentions: _,
            }
            | Self::Blocked {
                reason: text,
                by: _,
                until: _,
            } => text.clear(),
            Self::Reacted {
                emoji,
                message: _,
                reacted_at: _,
            } => {
                if let Some(emoji) = emoji {
                    emoji.clear();
                }
            }
            Self::ProfileChanged { visitor } => empty_visitor(visitor),
            Self::Transferred {
                comment,
                by: _,
                to: _,
            } => *comment = None,
            Self::ReplySent {
                platform_id,
                message: _,
                platform_at: _,
            } => *platform_id = None,
            Self::ReplyFailed {
                reason,
                message: _,
                sent: _,
            } => reason.empty(),
            Self::FileKept {
                file,
                message: _,
                id: _,
            } => file.name.clear(),
            Self::CardEdited {
                value,
                by: _,
                field: _,
            } => *value = None,
            Self::Deleted { .. }
            | Self::FileLost { .. }
            | Self::ThreadOwned { .. }
            | Self::Claimed { .. }
            | Self::Released { .. }
            | Self::ReplyWithdrawn { .. }
            | Self::ReplyUnconfirmed { .. }
            | Self::ReplyRetried { .. }
            | Self::ReplyDelivered { .. }
            | Self::ReplyRead { .. }
            | Self::Categorized { .. }
            | Self::Unblocked { .. }
            | Self::MarkedRead { .. }
            | Self::Closed { .. }
            | Self::Reopened { .. }
            | Self::WindowClosed
            | Self::Finished
            | Self::Redacted => {}
        }
        event
    }
}

impl FailureReason {
    /// Forgets the platform's words: they may quote the visitor.
    pub(super) fn empty(&mut self) {
        match self {
            Self::NotAllowed { text } | Self::Refused { text } => text.clear(),
            Self::WindowClosed
            | Self::VisitorUnreachable
            | Self::ThreadControlled
            | Self::GivenUp
            | Self::ChannelGone => {}
        }
    }
}

/// Leaves our id and the channel.
pub(super) fn empty_visitor(visitor: &mut Visitor) {
    visitor.platform_id = PlatformId(String::new());
    visitor.card = Card::default();
}

fn empty_message(message: &mut Message) {
    message.platform_id = None;
    message.text.clear();
    for Attachment {
        url,
        title,
        file,
        kind: _,
    } in &mut message.attachments
    {
        *url = None;
        *title = None;
        *file = None;
    }
}

#[cfg(test)]
mod tests {
    use crate::chat::upcast::fixtures;

    /// What the fixtures hold that a person might be known by.
    const PERSONAL: [&str; 17] = [
        "Olga",
        "7412589630147852",
        "olga@acme.example",
        "+70000000000",
        "https://",
        "m_10",
        "photo of",
        "blue one",
        "red one",
        "angry",
        "spring sale",
        "ad-17",
        "likes tea",
        "spam, twice",
        "cannot be reached",
        "❤",
        "please call",
    ];

    #[test]
    fn nothing_personal_is_left_in_any_kind_of_event() {
        let mut found = std::collections::BTreeSet::new();
        for (event, _) in fixtures() {
            let before = serde_json::to_string(&event).unwrap();
            let after = serde_json::to_string(&event.redacted()).unwrap();
            for word in PERSONAL {
                if before.contains(word) {
                    found.insert(word);
                }
                assert!(!after.contains(word), "{word} is left in {after}");
            }
            assert_eq!(event.redacted().kind(), event.kind());
            assert_eq!(event.redacted().redacted(), event.redacted());
        }
        assert_eq!(found.len(), PERSONAL.len(), "the fixtures hold them all");
    }
}
