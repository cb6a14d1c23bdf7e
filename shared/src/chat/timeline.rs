//! What an operator scrolls through: the events of a chat folded into entries, with edits, deletions, reactions and
//! the fate of each reply written onto the message they speak of. Pure; the desk keeps one per chat it shows.

use std::collections::HashMap;

use crate::model::{
    Attachment, DeliveryState, FailureReason, FileFault, FileId, KeptFile, Message, MessageId,
    Timestamp,
};

use super::{Author, Event, Stored};

/// A line of the timeline.
#[expect(clippy::large_enum_variant, reason = "most entries are messages")]
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Something said.
    Message(MessageEntry),
    /// Anything else worth a line: claimed, transferred, closed, a note … as it was stored.
    Event(Stored),
}

/// A message as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageEntry {
    /// Who wrote it.
    pub author: Author,
    /// As written first; `text` holds what it says now.
    pub message: Message,
    /// What it says now; the original for those who may see it is in `message`.
    pub text: String,
    /// How often the visitor changed it.
    pub edits: u32,
    /// The visitor took it back (IN-09).
    pub is_deleted: bool,
    /// The visitor's emoji.
    pub reaction: Option<String>,
    /// For replies: where it is.
    pub delivery: Option<DeliveryState>,
    /// For held replies: until when it can be taken back.
    pub held_until: Option<Timestamp>,
    /// It came after later ones (IN-07).
    pub is_late: bool,
    /// The contact to offer for the card (D-08).
    pub contact: Option<crate::model::ContactKind>,
    /// Its files: here, or why not; one that is not named is still being fetched.
    pub files: HashMap<FileId, Result<KeptFile, FileFault>>,
    /// The event that brought it.
    pub stored: Stored,
    platform_at: Option<Timestamp>,
    reacted_at: Option<Timestamp>,
}

/// The events of one chat, in order, and what they add up to.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    events: Vec<Stored>,
    entries: Vec<Entry>,
    places: HashMap<MessageId, usize>,
    revision: u64,
}

impl Timeline {
    /// Returns the lines, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns a number that changes with every change; for caches.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the events it was made of, oldest first.
    pub fn events(&self) -> &[Stored] {
        &self.events
    }

    /// Finds a message by id.
    pub fn find_message(&self, id: MessageId) -> Option<&MessageEntry> {
        match self.entries.get(*self.places.get(&id)?)? {
            Entry::Message(entry) => Some(entry),
            Entry::Event(_) => None,
        }
    }

    /// Takes a new event in. An event it has is passed over.
    pub fn push(&mut self, stored: Stored) {
        if self
            .events
            .last()
            .is_some_and(|last| stored.seq <= last.seq)
        {
            return;
        }
        self.fold(&stored);
        self.events.push(stored);
        self.revision += 1;
    }

    /// Puts an earlier page, oldest first, before what is there. Events it has are passed over.
    pub fn prepend(&mut self, page: Vec<Stored>) {
        let first = self.events.first().map(|stored| stored.seq);
        let mut events = page;
        events.retain(|stored| first.is_none_or(|first| stored.seq < first));
        events.append(&mut self.events);
        self.entries.clear();
        self.places.clear();
        for stored in &events {
            self.fold(stored);
        }
        self.events = events;
        self.revision += 1;
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per event, and no wildcard"
    )]
    fn fold(&mut self, stored: &Stored) {
        match &stored.event {
            Event::Received {
                message,
                late,
                contact,
                standby: _,
            } => {
                let mut entry = MessageEntry::new(Author::Visitor, message, stored);
                entry.is_late = *late;
                entry.contact = *contact;
                self.add_message(entry);
            }
            Event::AnsweredOutside {
                message,
                application: _,
            } => {
                self.add_message(MessageEntry::new(Author::Outside, message, stored));
            }
            Event::ReplyWritten {
                by,
                message,
                held_until,
                ..
            } => {
                let mut entry = MessageEntry::new(
                    Author::Operator {
                        operator: by.clone(),
                    },
                    message,
                    stored,
                );
                entry.delivery = Some(DeliveryState::Queued);
                entry.held_until = *held_until;
                entry.files = sent_files(message);
                self.add_message(entry);
            }
            Event::Edited {
                message: Some(message),
                text,
                edit,
                edited_at: _,
            } => self.change(*message, |entry| {
                if *edit > entry.edits {
                    entry.edits = *edit;
                    entry.text.clone_from(text);
                }
            }),
            Event::Deleted { message } => self.change(*message, |entry| entry.is_deleted = true),
            Event::Reacted {
                message: Some(message),
                emoji,
                reacted_at,
            } => self.change(*message, |entry| {
                if entry.reacted_at.is_none_or(|known| *reacted_at >= known) {
                    entry.reacted_at = Some(*reacted_at);
                    entry.reaction.clone_from(emoji);
                }
            }),
            Event::FileKept { message, id, file } => self.change(*message, |entry| {
                entry.files.insert(*id, Ok(file.clone()));
            }),
            Event::FileLost { message, id, fault } => self.change(*message, |entry| {
                entry.files.insert(*id, Err(*fault));
            }),
            Event::ReplyWithdrawn { message, by: _ } => {
                self.deliver(*message, DeliveryState::Withdrawn);
            }
            Event::ReplySent {
                message,
                platform_at,
                platform_id: _,
            } => self.change(*message, |entry| {
                entry.platform_at = Some(*platform_at);
                entry.delivery = Some(DeliveryState::Sent);
                entry.held_until = None;
            }),
            Event::ReplyFailed {
                message,
                reason,
                sent: _,
            } => self.fail(*message, reason),
            Event::ReplyUnconfirmed { message } => {
                self.deliver(*message, DeliveryState::Unconfirmed);
            }
            Event::ReplyRetried { message, by: _ } => self.deliver(*message, DeliveryState::Queued),
            Event::ReplyDelivered { messages, until } => {
                self.receipt(messages, *until, &DeliveryState::Delivered);
            }
            Event::ReplyRead { messages, until } => {
                self.receipt(messages, *until, &DeliveryState::Read);
            }
            Event::MarkedRead { .. } | Event::ThreadOwned { .. } => {}
            Event::Redacted => self.forget(stored),
            Event::Opened { .. }
            | Event::Edited { message: None, .. }
            | Event::Reacted { message: None, .. }
            | Event::Noticed { .. }
            | Event::ProfileChanged { .. }
            | Event::Claimed { .. }
            | Event::Released { .. }
            | Event::Transferred { .. }
            | Event::NoteWritten { .. }
            | Event::Categorized { .. }
            | Event::CardEdited { .. }
            | Event::Blocked { .. }
            | Event::Unblocked { .. }
            | Event::Closed { .. }
            | Event::Reopened { .. }
            | Event::WindowClosed
            | Event::Finished => self.entries.push(Entry::Event(stored.clone())),
        }
    }

    fn add_message(&mut self, entry: MessageEntry) {
        self.places.insert(entry.message.id, self.entries.len());
        self.entries.push(Entry::Message(entry));
    }

    fn change(&mut self, message: MessageId, change: impl FnOnce(&mut MessageEntry)) {
        let place = self
            .places
            .get(&message)
            .and_then(|place| self.entries.get_mut(*place));
        if let Some(Entry::Message(entry)) = place {
            change(entry);
        }
    }

    fn deliver(&mut self, message: MessageId, state: DeliveryState) {
        self.change(message, |entry| {
            entry.delivery = Some(state);
            entry.held_until = None;
        });
    }

    fn fail(&mut self, message: MessageId, reason: &FailureReason) {
        self.deliver(
            message,
            DeliveryState::Failed {
                reason: reason.clone(),
            },
        );
    }

    /// Moves replies on to *delivered* or *read*: those named, and all sent up to `until`. Never back.
    fn receipt(&mut self, messages: &[MessageId], until: Option<Timestamp>, state: &DeliveryState) {
        for entry in self.entries.iter_mut().rev() {
            let Entry::Message(entry) = entry else {
                continue;
            };
            let is_covered = messages.contains(&entry.message.id)
                || until.is_some_and(|until| entry.platform_at.is_some_and(|at| at <= until));
            let moves_on = match entry.delivery {
                Some(DeliveryState::Sent) => true,
                Some(DeliveryState::Delivered) => *state == DeliveryState::Read,
                Some(
                    DeliveryState::Queued
                    | DeliveryState::Read
                    | DeliveryState::Failed { .. }
                    | DeliveryState::Unconfirmed
                    | DeliveryState::Withdrawn,
                )
                | None => false,
            };
            if is_covered && moves_on {
                entry.delivery = Some(state.clone());
            }
        }
    }

    fn forget(&mut self, stored: &Stored) {
        for entry in &mut self.entries {
            if let Entry::Message(entry) = entry {
                entry.text.clear();
                entry.message.text.clear();
                entry.message.attachments.clear();
                entry.files.clear();
            }
        }
        self.entries.push(Entry::Event(stored.clone()));
    }
}

/// Returns the files that a reply carries: they are here.
fn sent_files(message: &Message) -> HashMap<FileId, Result<KeptFile, FileFault>> {
    let files = message.attachments.iter().filter_map(Attachment::handed);
    let files = files.map(|handed| (handed.id, Ok(handed.file)));
    files.collect()
}

impl MessageEntry {
    fn new(author: Author, message: &Message, stored: &Stored) -> Self {
        Self {
            author,
            text: message.text.clone(),
            message: message.clone(),
            edits: 0,
            is_deleted: false,
            reaction: None,
            delivery: None,
            held_until: None,
            is_late: false,
            contact: None,
            files: HashMap::new(),
            stored: stored.clone(),
            platform_at: None,
            reacted_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{DeskCommand, PlatformCommand, Receipt, ReplyDraft, SettledAs};
    use super::*;
    use crate::model::ContactAsk;

    fn timeline(desk: &TestDesk) -> Timeline {
        let mut timeline = Timeline::default();
        for stored in &desk.log {
            timeline.push(stored.clone());
        }
        timeline
    }

    fn only_reply(timeline: &Timeline) -> &MessageEntry {
        let reply = timeline.entries().iter().find_map(|entry| match entry {
            Entry::Message(entry) if entry.delivery.is_some() => Some(entry),
            Entry::Message(_) | Entry::Event(_) => None,
        });
        reply.expect("a reply")
    }

    fn replied() -> TestDesk {
        let mut desk = held_by("anna");
        let draft = ReplyDraft {
            text: "Yes".into(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(0),
        };
        desk.by("anna", DeskCommand::Reply(draft)).unwrap();
        desk
    }

    #[test]
    fn a_reply_goes_from_queued_to_read_and_never_back() {
        let mut desk = replied();
        assert_eq!(
            only_reply(&timeline(&desk)).delivery,
            Some(DeliveryState::Queued)
        );
        let message = desk.chat.outgoing[0].message;
        desk.settle(
            message,
            SettledAs::Sent {
                platform_id: None,
                begun_at: desk.now,
            },
        );
        assert_eq!(
            only_reply(&timeline(&desk)).delivery,
            Some(DeliveryState::Sent)
        );
        let until = Some(desk.now);
        desk.platform(PlatformCommand::Read(Receipt {
            messages: vec![],
            until,
        }))
        .unwrap();
        desk.platform(PlatformCommand::Delivered(Receipt {
            messages: vec![message],
            until: None,
        }))
        .unwrap();
        assert_eq!(
            only_reply(&timeline(&desk)).delivery,
            Some(DeliveryState::Read)
        );
    }

    #[test]
    fn the_highest_edit_wins_whatever_the_order() {
        let mut desk = waiting();
        let first = timeline(&desk)
            .entries()
            .iter()
            .find_map(|entry| match entry {
                Entry::Message(entry) => Some(entry.message.id),
                Entry::Event(_) => None,
            });
        for (edit, text) in [(2, "second"), (1, "first")] {
            let edited_at = desk.now;
            desk.platform(PlatformCommand::Edit {
                message: first,
                text: text.into(),
                edit,
                edited_at,
            })
            .unwrap();
        }
        assert_eq!(
            timeline(&desk).find_message(first.unwrap()).unwrap().text,
            "second"
        );
    }

    #[test]
    fn pages_loaded_backwards_give_the_same_timeline() {
        let mut desk = replied();
        desk.visitor_writes("thanks");
        let whole = timeline(&desk);
        for cut in 0..=desk.log.len() {
            let mut pieces = Timeline::default();
            for stored in &desk.log[cut..] {
                pieces.push(stored.clone());
            }
            pieces.prepend(desk.log[..cut].to_vec());
            assert_eq!(pieces.entries(), whole.entries(), "cut at {cut}");
        }
    }
}
