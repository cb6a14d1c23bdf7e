//! Taking events in. Cannot fail, reads no policy: the same events give the same chat everywhere, for ever.

use crate::model::{
    AttachmentKind, ContactKind, Message, MessageId, Notice, NoticeKind, OperatorId, Timestamp,
};
use crate::text;

use super::redact::empty_visitor;
use super::{
    Author, Block, Chat, Event, LAST_LINE_LIMIT, LastLine, Outgoing, Stage, Stored, TransferTarget,
    Trouble,
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
            Event::MarkedRead { by: _ } => self.unread = 0,
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
                self.say_message(
                    Author::Operator {
                        operator: by.clone(),
                    },
                    message,
                    at,
                );
                self.answer();
                self.asked.phone |= asks.phone;
                self.asked.email |= asks.email;
                self.outgoing.push(Outgoing {
                    message: message_id,
                    delivery: *delivery,
                    by,
                    held_until: *held_until,
                    trouble: Trouble::None,
                });
            }
            Event::ReplyWithdrawn { message, by: _ } | Event::ReplySent { message, .. } => {
                self.outgoing
                    .retain(|outgoing| outgoing.message != *message);
            }
            Event::ReplyFailed { message, reason } => {
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
            Event::Edited { .. }
            | Event::Deleted { .. }
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
        } = event
        else {
            return;
        };
        self.visitor = visitor.clone();
        self.language = language.clone();
        self.department.clone_from(department);
        self.reserved_for.clone_from(reserved_for);
        self.entry.clone_from(entry);
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
            self.say(Author::Visitor, &notice.text, None, at);
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

    fn answer(&mut self) {
        self.waiting_since = None;
        self.unread = 0;
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
        self.say(author, &message.text, attachment, at);
    }

    fn say(
        &mut self,
        author: Author,
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
        });
    }

    fn set_trouble(&mut self, message: MessageId, trouble: Trouble) {
        if let Some(outgoing) = self
            .outgoing
            .iter_mut()
            .find(|outgoing| outgoing.message == message)
        {
            outgoing.trouble = trouble;
            outgoing.held_until = None;
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
            if let Trouble::Failed { reason } = &mut outgoing.trouble {
                reason.empty();
            }
        }
    }
}
