//! What of a visitor's own words is kept for supervisors alone (IN-09): the text of a message that was taken back, and
//! every text but the last of one that was changed. Who may read them is `rights`' business.

use crate::model::MessageId;

use super::Event;

/// What has become of a visitor's message since it was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revision {
    /// The highest number of a change; 0: it was never changed.
    pub last_edit: u32,
    /// It was taken back.
    pub is_deleted: bool,
}

impl Revision {
    /// Returns the message that an event changes, and how.
    pub fn of(event: &Event) -> Option<(MessageId, Self)> {
        if let Event::Deleted { message } = event {
            let revision = Self {
                last_edit: 0,
                is_deleted: true,
            };
            return Some((*message, revision));
        }
        let Event::Edited {
            message: Some(message),
            edit,
            text: _,
            edited_at: _,
        } = event
        else {
            return None;
        };
        let revision = Self {
            last_edit: *edit,
            is_deleted: false,
        };
        Some((*message, revision))
    }

    /// Returns what both add up to, in whatever order they came.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            last_edit: self.last_edit.max(other.last_edit),
            is_deleted: self.is_deleted || other.is_deleted,
        }
    }
}

impl Event {
    /// Returns the message whose words, as its visitor wrote them, this event holds.
    pub fn holds_words_of(&self) -> Option<MessageId> {
        if let Self::Received { message, .. } = self {
            return Some(message.id);
        }
        if let Self::Edited { message, .. } = self {
            return *message;
        }
        None
    }

    /// Returns the event as those read it who may not see originals; none: it is the same for everybody.
    #[must_use]
    pub fn without_originals(&self, revision: Revision) -> Option<Self> {
        let mut event = self.clone();
        if let Self::Received { message, .. } = &mut event
            && (revision.is_deleted || revision.last_edit > 0)
        {
            message.text.clear();
            if revision.is_deleted {
                message.attachments.clear();
            }
            return Some(event);
        }
        if let Self::Edited { text, edit, .. } = &mut event
            && (revision.is_deleted || *edit < revision.last_edit)
        {
            text.clear();
            return Some(event);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Event, PlatformCommand};
    use super::*;

    fn edited(desk: &mut TestDesk, message: MessageId, edit: u32, text: &str) {
        let edited_at = desk.now;
        desk.platform(PlatformCommand::Edit {
            message: Some(message),
            text: text.into(),
            edit,
            edited_at,
        })
        .unwrap();
    }

    /// Returns the words in a chat's log as an operator reads them.
    fn words(desk: &TestDesk) -> Vec<String> {
        let all = desk
            .log
            .iter()
            .filter_map(|stored| Revision::of(&stored.event));
        let revision = all.fold(Revision::default(), |sum, (_, one)| sum.and(one));
        let shown = desk.log.iter().map(|stored| {
            let veiled = stored.event.without_originals(revision);
            veiled.unwrap_or_else(|| stored.event.clone())
        });
        let texts = shown.filter_map(|event| {
            if let Event::Received { message, .. } = event {
                return Some(message.text);
            }
            let Event::Edited { text, .. } = event else {
                return None;
            };
            Some(text)
        });
        texts.collect()
    }

    fn first_message(desk: &TestDesk) -> MessageId {
        let mut held = desk
            .log
            .iter()
            .filter_map(|stored| stored.event.holds_words_of());
        held.next().expect("a message")
    }

    #[test]
    fn of_a_changed_message_only_the_last_words_are_left() {
        let mut desk = waiting();
        let message = first_message(&desk);
        edited(&mut desk, message, 2, "second");
        edited(&mut desk, message, 1, "first");
        let words = words(&desk);
        assert_eq!(
            words
                .iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>(),
            ["second"]
        );
        assert_eq!(words[0], "", "what was written first");
    }

    #[test]
    fn of_a_message_taken_back_no_words_are_left() {
        let mut desk = waiting();
        let message = first_message(&desk);
        edited(&mut desk, message, 1, "changed");
        desk.platform(PlatformCommand::Delete { message }).unwrap();
        assert!(words(&desk).iter().all(String::is_empty));
    }

    #[test]
    fn what_was_never_changed_is_the_same_for_everybody() {
        let desk = waiting();
        for stored in &desk.log {
            assert_eq!(stored.event.without_originals(Revision::default()), None);
        }
    }
}
