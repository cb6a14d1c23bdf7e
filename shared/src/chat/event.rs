//! What happened in a chat. The list of these *is* the timeline that operators read, and the truth. No logic here.
//!
//! A stored event is for ever: add fields with defaults, give a new meaning a new variant (`storage.md` 9).

use serde::{Deserialize, Serialize};

use crate::model::{
    CardField, CategoryPath, ChatId, ContactAsk, ContactKind, DeliveryId, DepartmentId, EntryPoint,
    FailureReason, FileFault, FileId, KeptFile, Language, Mark, Message, MessageId, Notice,
    OperatorId, PlatformId, Seq, ThreadOwner, Timestamp, Version, Visitor,
};

use super::TransferTarget;

/// An event in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Its number in the one order.
    pub seq: Seq,
    /// The commit it came with.
    pub mark: Mark,
    /// Whose.
    pub chat: ChatId,
    /// The chat's version after it.
    pub version: Version,
    /// By the relay's clock; never earlier than the chat's event before it.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// A reply that the platform had taken: what the chat forgot of it then, and a new try needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentReply {
    /// Its row of the outbox.
    pub delivery: DeliveryId,
    /// Who wrote it.
    pub by: OperatorId,
}

/// A fact about one chat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Event {
    /// The chat began.
    Opened {
        /// With whom, as known then.
        visitor: Visitor,
        /// Of the chat (IN-15).
        language: Language,
        /// Whose queue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        department: Option<DepartmentId>,
        /// The channel's own operator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved_for: Option<OperatorId>,
        /// How they came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<EntryPoint>,
        /// Begun by words of ours that were written elsewhere: nobody waits.
        #[serde(default)]
        by_us: bool,
        /// The reply window that the visitor's last words in an earlier chat began.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window_from: Option<Timestamp>,
    },
    /// The visitor wrote.
    Received {
        /// What.
        message: Message,
        /// On standby: another application is to answer.
        #[serde(default)]
        standby: bool,
        /// Came after later ones (IN-07), or long after it was written (CH-15).
        #[serde(default)]
        late: bool,
        /// It answers a [`ContactAsk`]: offer to put it onto the card (D-08).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<ContactKind>,
    },
    /// A file of a message is here now (F-02).
    FileKept {
        /// Of which.
        message: MessageId,
        /// Which.
        id: FileId,
        /// What it is.
        file: KeptFile,
    },
    /// A file of a message will not be here, or is here no more (F-05).
    FileLost {
        /// Of which.
        message: MessageId,
        /// Which.
        id: FileId,
        /// Why.
        fault: FileFault,
    },
    /// The visitor changed a message.
    Edited {
        /// Which; none: one we never had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        /// The whole new text.
        text: String,
        /// The highest wins.
        edit: u32,
        /// By the platform's clock.
        edited_at: Timestamp,
    },
    /// The visitor took a message back; only supervisors still see its text (IN-09).
    Deleted {
        /// Which.
        message: MessageId,
    },
    /// An emoji was put to a message or taken away.
    Reacted {
        /// Which, when known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        /// None: taken away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emoji: Option<String>,
        /// By the platform's clock.
        reacted_at: Timestamp,
    },
    /// Something on the platform that is not a message.
    Noticed {
        /// What.
        notice: Notice,
        /// The reply window starts anew at this moment of the platform's clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opens_window_at: Option<Timestamp>,
    },
    /// Somebody answered outside the desk (IN-08).
    AnsweredOutside {
        /// What.
        message: Message,
        /// With which application.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        application: Option<String>,
    },
    /// The right to answer on the platform moved.
    ThreadOwned {
        /// To whom.
        owner: ThreadOwner,
    },
    /// The name or the picture became known.
    ProfileChanged {
        /// As known now.
        visitor: Visitor,
    },

    /// An operator took the chat.
    Claimed {
        /// Who.
        by: OperatorId,
        /// From whom, when taken over (TR-10).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<OperatorId>,
    },
    /// Put back into the queue.
    Released {
        /// By whom.
        by: OperatorId,
    },
    /// Handed over.
    Transferred {
        /// By whom.
        by: OperatorId,
        /// To whom.
        to: TransferTarget,
        /// For the receiver.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// An operator wrote to the visitor. The outbox holds it from the same moment.
    ReplyWritten {
        /// Who.
        by: OperatorId,
        /// What.
        message: Message,
        /// Its row of the outbox.
        delivery: DeliveryId,
        /// Contacts asked for.
        #[serde(default, skip_serializing_if = "ContactAsk::is_empty")]
        asks: ContactAsk,
        /// Under the human-agent tag (OUT-07).
        #[serde(default)]
        human_agent: bool,
        /// May be taken back until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_until: Option<Timestamp>,
    },
    /// Taken back in time.
    ReplyWithdrawn {
        /// Which.
        message: MessageId,
        /// By whom.
        by: OperatorId,
    },
    /// The platform took it.
    ReplySent {
        /// Which.
        message: MessageId,
        /// Its id there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        platform_id: Option<PlatformId>,
        /// When, by the platform's clock where it told; watermarks are compared with this.
        platform_at: Timestamp,
    },
    /// It will not reach the visitor.
    ReplyFailed {
        /// Which.
        message: MessageId,
        /// Why.
        reason: FailureReason,
        /// The platform had taken it, and said so later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<SentReply>,
    },
    /// It may have gone out.
    ReplyUnconfirmed {
        /// Which.
        message: MessageId,
    },
    /// Put into the outbox again.
    ReplyRetried {
        /// Which.
        message: MessageId,
        /// By whom.
        by: OperatorId,
    },
    /// Replies reached the device.
    ReplyDelivered {
        /// These.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        messages: Vec<MessageId>,
        /// And all up to here (platform's clock).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Replies were seen.
    ReplyRead {
        /// These.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        messages: Vec<MessageId>,
        /// And all up to here (platform's clock).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// For colleagues only.
    NoteWritten {
        /// Who.
        by: OperatorId,
        /// Its id, so that it can be named.
        message: MessageId,
        /// What.
        text: String,
        /// Named with @.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<OperatorId>,
    },
    /// Given, changed or cleared.
    Categorized {
        /// By whom.
        by: OperatorId,
        /// None: cleared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<CategoryPath>,
    },
    /// A field of the card was written (V-05).
    CardEdited {
        /// By whom.
        by: OperatorId,
        /// Which.
        field: CardField,
        /// None: emptied.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// The visitor was silenced (BL-05).
    Blocked {
        /// By whom.
        by: OperatorId,
        /// None: for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// In words.
        reason: String,
    },
    /// Let speak again; by nobody when the time ran out (BL-04).
    Unblocked {
        /// By whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<OperatorId>,
    },
    /// The owner, or whoever looked, has read up to here.
    MarkedRead {
        /// Who.
        by: OperatorId,
    },
    /// Ended softly: `closed_by_operator`.
    Closed {
        /// By whom.
        by: OperatorId,
    },
    /// Begun again: by an operator, or because the visitor wrote.
    Reopened {
        /// None: the visitor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<OperatorId>,
        /// Who has it now; none: the queue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<OperatorId>,
    },
    /// Nobody spoke in time: until the visitor writes, nothing can be sent (OUT-06).
    WindowClosed,
    /// Ended for good: the next message opens another chat.
    Finished,
    /// Everything personal was emptied (`storage.md` 9).
    Redacted,
}
