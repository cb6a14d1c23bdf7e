//! Taking events in. Cannot fail, reads no policy: the same events give the same chat everywhere, for ever.

use crate::model::{
    AttachmentKind, ContactKind, Message, MessageId, Notice, NoticeKind, OperatorId, Timestamp,
};
use crate::text;

use super::redact::empty_visitor;
use super::{
    Answered, Author, Block, Chat, Event, LAST_LINE_LIMIT, LastLine, Outgoing, SentReply, Stage,
    Stored, TransferTarget, Trouble,
};

impl Chat {
    /// Takes one event in. The caller hands in every event of the chat once, in order.
    pub fn apply(&mut self, stored: &Stored) {
        if !self.has_begun() {
            self.number = Some(stored.seq);
        }
        self.apply_event(&stored.event, stored.at);
        self.version = stored.version;
        self.last_at = stored.at;
    }

    /// Takes one event in that has no number yet: what a chat will be once a change is committed.
    pub fn apply_unstored(&mut self, event: &Event, at: Timestamp) {
        self.apply_event(event, at);
        self.version = self.version.plus(1);
        self.last_at = at;
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per event, and no wildcard"
    )]
    fn apply_event(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Opened { .. } => self.begin(event, at),
            Event::Received {
                message,
                standby: _,
                late: _,
                contact,
            } => self.take_in(message, *contact, at),
            Event::Noticed {
                notice,
                opens_window_at,
            } => self.take_notice(notice, *opens_window_at, at),
            Event::AnsweredOutside {
                message,
                application: _,
            } => {
                self.answer();
                self.say_message(Author::Outside, message, at);
            }
            Event::Edited {
                message: Some(message),
                text,
                edit,
                edited_at: _,
            } => self.edit_line(*message, *edit, text),
            Event::Deleted { message } => self.delete_line(*message),
            Event::ThreadOwned { owner } => self.thread_owner = owner.clone(),
            Event::ProfileChanged { visitor } => self.visitor = visitor.clone(),
            Event::Reacted {
                emoji: Some(_),
                reacted_at,
                message: _,
            } => self.open_window(*reacted_at),
            Event::CardEdited {
                field,
                value,
                by: _,
            } => self.visitor.card.set_field(*field, value.clone()),
            Event::Categorized { category, by: _ } => self.category.clone_from(category),
            Event::MarkedRead { by: _ } => self.read_all(),
            Event::Blocked { by, until, reason } => {
                self.block = Some(Block {
                    by: by.clone(),
                    until: *until,
                    reason: reason.clone(),
                });
            }
            Event::Unblocked { by: _ } => self.block = None,
            Event::WindowClosed => self.window_told_at = Some(at),

            Event::Claimed { by, from: _ } => self.own(by.clone()),
            Event::Transferred {
                to,
                by: _,
                comment: _,
            } => self.move_to(to, at),
            Event::Closed { by: _ } => {
                self.stage = Stage::ClosedByOperator {
                    owner: self.owner().cloned(),
                };
                self.closed_at = Some(at);
                self.answer();
            }
            Event::Reopened {
                by: _,
                owner: Some(owner),
            } => self.own(owner.clone()),
            Event::Released { by: _ } | Event::Reopened { by: _, owner: None } => self.enqueue(at),
            Event::Finished => {
                self.stage = Stage::Closed;
                self.closed_at = self.closed_at.or(Some(at));
                self.answer();
            }

            Event::ReplyWritten {
                by,
                message,
                delivery,
                asks,
                held_until,
                human_agent: _,
            } => {
                let (message_id, by) = (message.id, by.clone());
                // Others that are held keep what they took: each may be taken back by itself.
                let answered = held_until.map(|_| {
                    Box::new(Answered {
                        waiting_since: self.waiting_since,
                        unread: self.unread,
                        last_line: self.last_line.clone(),
                    })
                });
                self.say_message(
                    Author::Operator {
                        operator: by.clone(),
                    },
                    message,
                    at,
                );
                self.waiting_since = None;
                self.unread = 0;
                self.asked.phone |= asks.phone;
                self.asked.email |= asks.email;
                self.outgoing.push(Outgoing {
                    message: message_id,
                    delivery: *delivery,
                    by,
                    held_until: *held_until,
                    trouble: Trouble::None,
                    answered,
                });
            }
            Event::ReplyWithdrawn { message, by: _ } => self.take_back(*message),
            Event::ReplySent { message, .. } => {
                self.outgoing
                    .retain(|outgoing| outgoing.message != *message);
            }
            Event::ReplyFailed {
                message,
                reason,
                sent,
            } => {
                if let Some(sent) = sent {
                    self.take_up_again(*message, sent);
                }
                self.set_trouble(
                    *message,
                    Trouble::Failed {
                        reason: reason.clone(),
                    },
                );
            }
            Event::ReplyUnconfirmed { message } => self.set_trouble(*message, Trouble::Unconfirmed),
            Event::ReplyRetried { message, by: _ } => self.set_trouble(*message, Trouble::None),
            Event::ReplyDelivered { until, messages: _ } => {
                self.delivered_until = self.delivered_until.max(*until);
            }
            Event::ReplyRead { until, messages: _ } => {
                self.read_until = self.read_until.max(*until);
            }
            Event::Redacted => self.forget(),
            Event::Edited { message: None, .. }
            | Event::FileKept { .. }
            | Event::FileLost { .. }
            | Event::NoteWritten { .. }
            | Event::Reacted { emoji: None, .. } => {}
        }
    }

    fn begin(&mut self, event: &Event, at: Timestamp) {
        let Event::Opened {
            visitor,
            language,
            department,
            reserved_for,
            entry,
            by_us: _,
            window_from,
        } = event
        else {
            return;
        };
        self.visitor = visitor.clone();
        self.language = language.clone();
        self.department.clone_from(department);
        self.reserved_for.clone_from(reserved_for);
        self.entry.clone_from(entry);
        self.window_from = *window_from;
        self.opened_at = at;
        self.queued_at = Some(at);
        self.stage = Stage::Queue;
    }

    fn take_in(&mut self, message: &Message, contact: Option<ContactKind>, at: Timestamp) {
        self.unread = self.unread.saturating_add(1);
        self.wait_for_answer(at);
        self.open_window(message.sent_at);
        self.last_received_at = self.last_received_at.max(Some(message.sent_at));
        match contact {
            Some(ContactKind::Email) => self.asked.email = false,
            Some(ContactKind::Phone) => self.asked.phone = false,
            None => {}
        }
        self.say_message(Author::Visitor, message, at);
    }

    fn take_notice(&mut self, notice: &Notice, opens_window_at: Option<Timestamp>, at: Timestamp) {
        if notice.kind == NoticeKind::ButtonPressed {
            self.wait_for_answer(at);
            self.say(Author::Visitor, None, &notice.text, None, at);
        }
        if let Some(from) = opens_window_at {
            self.open_window(from);
        }
    }

    fn move_to(&mut self, to: &TransferTarget, at: Timestamp) {
        let department = match to {
            TransferTarget::Operator { operator } => return self.own(operator.clone()),
            TransferTarget::Department { department } => Some(department.clone()),
            TransferTarget::Queue => None,
        };
        self.department = department;
        self.reserved_for = None;
        self.enqueue(at);
    }

    fn own(&mut self, owner: OperatorId) {
        self.last_owner = Some(owner.clone());
        self.stage = Stage::Chatting { owner };
        self.queued_at = None;
        self.closed_at = None;
    }

    fn enqueue(&mut self, at: Timestamp) {
        self.stage = Stage::Queue;
        self.closed_at = None;
        self.queued_at = Some(at);
    }

    fn wait_for_answer(&mut self, at: Timestamp) {
        self.waiting_since = self.waiting_since.or(Some(at));
    }

    /// Nobody waits any more, whatever becomes of replies that are held.
    fn answer(&mut self) {
        self.waiting_since = None;
        for answered in self.held_back() {
            answered.waiting_since = None;
        }
        self.read_all();
    }

    fn read_all(&mut self) {
        self.unread = 0;
        for answered in self.held_back() {
            answered.unread = 0;
        }
    }

    fn held_back(&mut self) -> impl Iterator<Item = &mut Answered> {
        self.outgoing
            .iter_mut()
            .filter_map(|outgoing| outgoing.answered.as_deref_mut())
    }

    /// Gives back what a held reply took: to the reply after it, which answers the same now, or to the chat.
    fn take_back(&mut self, message: MessageId) {
        let place = self
            .outgoing
            .iter()
            .position(|outgoing| outgoing.message == message);
        let Some(place) = place else { return };
        let taken = self.outgoing.remove(place);
        let Some(taken) = taken.answered else { return };
        if self.last_line.as_ref().and_then(|line| line.message) == Some(message) {
            self.last_line.clone_from(&taken.last_line);
        }
        for answered in self.held_back() {
            if answered.last_line.as_ref().and_then(|line| line.message) == Some(message) {
                answered.last_line.clone_from(&taken.last_line);
            }
        }
        let Some(next) = self.outgoing.get_mut(place) else {
            self.waiting_since = earlier(taken.waiting_since, self.waiting_since);
            self.unread = self.unread.saturating_add(taken.unread);
            return;
        };
        if let Some(next) = next.answered.as_deref_mut() {
            next.waiting_since = earlier(taken.waiting_since, next.waiting_since);
            next.unread = next.unread.saturating_add(taken.unread);
        }
    }

    /// The lines that stand on the row, or may come back to it.
    fn lines(&mut self) -> impl Iterator<Item = &mut LastLine> {
        let held = self.outgoing.iter_mut().filter_map(|outgoing| {
            let answered = outgoing.answered.as_deref_mut()?;
            answered.last_line.as_mut()
        });
        self.last_line.iter_mut().chain(held)
    }

    /// The highest edit wins, as in the timeline.
    fn edit_line(&mut self, message: MessageId, edit: u32, text: &str) {
        let text = text::one_line(text, LAST_LINE_LIMIT);
        for line in self.lines() {
            if line.message == Some(message) && edit > line.edit && !line.is_deleted {
                line.edit = edit;
                line.text.clone_from(&text);
            }
        }
    }

    fn delete_line(&mut self, message: MessageId) {
        for line in self.lines() {
            if line.message == Some(message) {
                line.is_deleted = true;
                line.text.clear();
                line.attachment = None;
            }
        }
    }

    fn open_window(&mut self, from: Timestamp) {
        if self.window_from.is_none_or(|known| from > known) {
            self.window_from = Some(from);
        }
    }

    fn say_message(&mut self, author: Author, message: &Message, at: Timestamp) {
        let attachment = message
            .attachments
            .first()
            .map(|attachment| attachment.kind.clone());
        self.say(author, Some(message.id), &message.text, attachment, at);
    }

    fn say(
        &mut self,
        author: Author,
        message: Option<MessageId>,
        text: &str,
        attachment: Option<AttachmentKind>,
        at: Timestamp,
    ) {
        let text = text::one_line(text, LAST_LINE_LIMIT);
        self.last_line = Some(LastLine {
            author,
            text,
            attachment,
            at,
            message,
            edit: 0,
            is_deleted: false,
        });
    }

    /// A reply that had left comes back, in the order written: before those that are held, which keep what they took.
    fn take_up_again(&mut self, message: MessageId, sent: &SentReply) {
        if self.find_outgoing(message).is_ok() {
            return;
        }
        let place = self
            .outgoing
            .partition_point(|outgoing| outgoing.message < message);
        let outgoing = Outgoing {
            message,
            delivery: sent.delivery,
            by: sent.by.clone(),
            held_until: None,
            trouble: Trouble::None,
            answered: None,
        };
        self.outgoing.insert(place, outgoing);
    }

    fn set_trouble(&mut self, message: MessageId, trouble: Trouble) {
        if let Some(outgoing) = self
            .outgoing
            .iter_mut()
            .find(|outgoing| outgoing.message == message)
        {
            outgoing.trouble = trouble;
            outgoing.held_until = None;
            outgoing.answered = None;
        }
    }

    /// Forgets everything personal (`storage.md` 9).
    fn forget(&mut self) {
        empty_visitor(&mut self.visitor);
        self.last_line = None;
        self.entry = None;
        if let Some(block) = &mut self.block {
            block.reason.clear();
        }
        for outgoing in &mut self.outgoing {
            if let Some(answered) = &mut outgoing.answered {
                answered.last_line = None;
            }
            if let Trouble::Failed { reason } = &mut outgoing.trouble {
                reason.empty();
            }
        }
    }
}

/// Returns the earlier of two moments, of which either may not be.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
