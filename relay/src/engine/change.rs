//! From events to what is written: the chat's row, outbox rows, search terms, message ids, blocks. Pure.

use std::sync::Arc;

use shared::chat::{Chat, Event, SentReply};
use shared::model::{
    Attachment, DeliveryId, HandedFile, Message, MessageId, PlatformId, Policy, Timestamp,
};

use crate::store::{
    BlockChange, Change, DeliveryBody, DeliveryStage, Filed, Key, MessageRow, NewDelivery, NewFile,
    Settled, Terms, searched_text,
};

/// Which attempt a delivery's result speaks of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) delivery: DeliveryId,
    pub(super) number: u32,
}

/// Returns the change that these events of a chat, decided at `now`, make. Their own time is never before the chat's last:
/// where a clock that was ahead has written in it, they do not run backwards, but replies do not wait until we are there.
pub(super) fn derive(
    before: &Chat,
    key: Key,
    events: Vec<Event>,
    now: Timestamp,
    policy: &Policy,
    attempt: Option<Attempt>,
) -> Change {
    let at = now.max(before.last_at);
    let mut after = before.clone();
    for event in &events {
        after.apply_unstored(event, at);
    }
    let mut change = Change {
        key,
        chat: before.id,
        expected: before.version,
        at,
        deadline: after.deadline(policy),
        visitor: None,
        messages: vec![],
        deliveries: vec![],
        settled: vec![],
        terms: vec![],
        block: None,
        files: vec![],
        filed: None,
        attached: None,
        events: vec![],
        after: Arc::new(after),
    };
    let mut walker = Walker {
        before,
        policy,
        attempt,
        now,
        change: &mut change,
    };
    for (place, event) in (0_u16..).zip(&events) {
        walker.take(place, event);
    }
    change.events = events;
    change
}

struct Walker<'a> {
    before: &'a Chat,
    policy: &'a Policy,
    attempt: Option<Attempt>,
    now: Timestamp,
    change: &'a mut Change,
}

impl Walker<'_> {
    fn take(&mut self, place: u16, event: &Event) {
        if let Some(text) = searched_text(event) {
            self.index(place, text);
        }
        match event {
            Event::Opened { .. } | Event::ProfileChanged { .. } | Event::CardEdited { .. } => {
                self.change.visitor = Some(self.change.after.visitor.clone());
            }
            Event::Received { message, .. } | Event::AnsweredOutside { message, .. } => {
                self.begin_message(place, message.id, message.platform_id.clone());
                self.begin_files(message);
            }
            Event::FileKept { id, file, .. } => {
                self.change.filed = Some(Filed {
                    id: *id,
                    kept: Some(file.clone()),
                });
            }
            Event::FileLost { id, .. } => {
                self.change.filed = Some(Filed {
                    id: *id,
                    kept: None,
                });
            }
            Event::NoteWritten { message, .. } => self.begin_message(place, *message, None),
            Event::ReplyWritten { message, .. } => {
                self.begin_message(place, message.id, None);
                self.change.attached = handed(message).map(|handed| (handed.id, message.id));
                self.deliver(event);
            }
            Event::ReplySent {
                message,
                platform_id,
                ..
            } => {
                self.begin_message(place, *message, platform_id.clone());
                self.settle(*message, DeliveryStage::Sent);
            }
            Event::ReplyFailed { message, sent, .. } => self.fail(*message, sent.as_ref()),
            Event::ReplyUnconfirmed { message } => {
                self.settle(*message, DeliveryStage::Unconfirmed);
            }
            Event::ReplyRetried { message, .. } => self.settle(*message, DeliveryStage::Due),
            Event::ReplyWithdrawn { message, .. } => {
                self.settle(*message, DeliveryStage::Withdrawn);
            }
            Event::Blocked { by, until, reason } => {
                let (by, until, reason) = (by.clone(), *until, reason.clone());
                self.change.block = Some(BlockChange::Set { by, until, reason });
            }
            Event::Unblocked { .. } => self.change.block = Some(BlockChange::Lift),
            Event::Edited { .. }
            | Event::Deleted { .. }
            | Event::Reacted { .. }
            | Event::Noticed { .. }
            | Event::ThreadOwned { .. }
            | Event::Claimed { .. }
            | Event::Released { .. }
            | Event::Transferred { .. }
            | Event::ReplyDelivered { .. }
            | Event::ReplyRead { .. }
            | Event::Categorized { .. }
            | Event::MarkedRead { .. }
            | Event::Closed { .. }
            | Event::Reopened { .. }
            | Event::WindowClosed
            | Event::Finished
            | Event::Redacted => {}
        }
    }

    fn begin_message(&mut self, event: u16, id: MessageId, platform_id: Option<PlatformId>) {
        let channel = self.change.after.visitor.channel.clone();
        self.change.messages.push(MessageRow {
            id,
            event,
            channel,
            platform_id,
        });
    }

    fn begin_files(&mut self, message: &Message) {
        let files = message.attachments.iter().filter_map(|attachment| {
            Some(NewFile {
                id: attachment.file.as_ref()?.id?,
                message: message.id,
                source: attachment.clone(),
            })
        });
        self.change.files.extend(files);
    }

    fn index(&mut self, place: u16, text: &str) {
        let terms = Terms::of(text);
        if !terms.is_empty() {
            self.change.terms.push((place, terms));
        }
    }

    fn deliver(&mut self, event: &Event) {
        let Event::ReplyWritten {
            message,
            delivery,
            asks,
            human_agent,
            held_until,
            by: _,
        } = event
        else {
            return;
        };
        let after = &self.change.after;
        let window_ends = if *human_agent {
            after.human_window_ends(self.policy)
        } else {
            after.window_ends(self.policy)
        };
        let Message {
            id, text, quotes, ..
        } = message;
        self.change.deliveries.push(NewDelivery {
            id: *delivery,
            channel: after.visitor.channel.clone(),
            body: DeliveryBody {
                message: *id,
                visitor: after.visitor.platform_id.clone(),
                text: text.clone(),
                quotes: *quotes,
                asks: *asks,
                human_agent: *human_agent,
                file: handed(message),
            },
            // At once is at once, whatever the clock is set to meanwhile.
            not_before: held_until.map_or(Timestamp(0), |until| {
                self.now.plus(until.since(self.change.at))
            }),
            window_ends,
        });
    }

    fn fail(&mut self, message: MessageId, sent: Option<&SentReply>) {
        let Some(sent) = sent else {
            return self.settle(message, DeliveryStage::Failed);
        };
        self.change.settled.push(Settled {
            delivery: sent.delivery,
            attempt: None,
            to: DeliveryStage::Failed,
            not_before: None,
            window_ends: None,
        });
    }

    fn settle(&mut self, message: MessageId, to: DeliveryStage) {
        let Ok(outgoing) = self.before.find_outgoing(message) else {
            return;
        };
        let attempt = match (self.attempt, to) {
            (Some(attempt), _) if attempt.delivery == outgoing.delivery => Some(attempt.number),
            (_, DeliveryStage::Withdrawn) => Some(0),
            (_, _) => None,
        };
        let is_due = to == DeliveryStage::Due;
        self.change.settled.push(Settled {
            delivery: outgoing.delivery,
            attempt,
            to,
            not_before: is_due.then_some(Timestamp(0)),
            window_ends: if is_due {
                self.change.after.window_ends(self.policy)
            } else {
                None
            },
        });
    }
}

/// Returns the file that a reply carries.
fn handed(message: &Message) -> Option<HandedFile> {
    message.attachments.first().and_then(Attachment::handed)
}
