//! The rules everyone works by. [`Chat::decide`] reads and answers with events or a refusal; [`Chat::apply`] takes an
//! event in and cannot fail. This file is the state and the dispatch; each family of commands has its own file.

mod apply;
mod block;
mod card;
mod categorize;
mod claim;
mod close;
mod command;
mod deadlines;
mod event;
mod note;
mod originals;
mod platform;
mod receipt;
mod redact;
mod refusal;
mod reply;
pub mod rights;
pub mod timeline;
mod transfer;
mod upcast;

#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a property looks at a few events"
)]
mod properties;
#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a property looks at a few events"
)]
mod repeats;
#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "tests read better with values"
)]
mod testing;

pub use command::{
    Actor, Command, Context, DeskCommand, FreshIds, LONGEST_HOLD, Opening, PlatformCommand,
    Receipt, RelayCommand, ReplyDraft, SettledAs, TransferTarget,
};
pub use event::{Event, SentReply, Stored};
pub use originals::Revision;
pub use refusal::Refusal;
pub use rights::{Outlook, Right, Sight};
pub use upcast::{SHAPE, UpcastError, upcast};

use serde::{Deserialize, Serialize};

use crate::model::{
    AttachmentKind, Card, CategoryPath, ChannelId, ChatId, ContactAsk, DeliveryId, DepartmentId,
    EntryPoint, FailureReason, FileFault, FileId, KeptFile, Language, MessageId, OperatorId,
    PlatformId, Policy, Seq, ThreadOwner, Timestamp, Version, Visitor, VisitorId,
};

/// Where a chat stands (features 1a; the stages of later features join here).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// Waits for an operator.
    Queue,
    /// One operator owns it.
    Chatting {
        /// The owner.
        owner: OperatorId,
    },
    /// Softly closed: reopens under the same number when either side writes.
    ClosedByOperator {
        /// Who had it, if anyone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<OperatorId>,
    },
    /// Closed for good.
    Closed,
}

impl Stage {
    /// Returns the stage's name as the store and the protocol write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Chatting { .. } => "chatting",
            Self::ClosedByOperator { .. } => "closed_by_operator",
            Self::Closed => "closed",
        }
    }
}

/// Who wrote a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Author {
    /// The visitor.
    Visitor,
    /// An operator at a desk.
    Operator {
        /// Who.
        operator: OperatorId,
    },
    /// Somebody outside the desk (IN-08).
    Outside,
}

/// The last thing said, for the list row (D-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLine {
    /// Who.
    pub author: Author,
    /// At most [`LAST_LINE_LIMIT`] characters, one line.
    pub text: String,
    /// The kind of the first attachment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<AttachmentKind>,
    /// When, by the relay's clock.
    pub at: Timestamp,
    /// The message it is of; none: a button, or another thing that is no message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The edit its text is of; 0: as first written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub edit: u32,
    /// The visitor took it back: there is no text any more (IN-09).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_deleted: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in references"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Characters kept of the last line.
pub const LAST_LINE_LIMIT: usize = 160;

/// A block in force (BL-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// By whom.
    pub by: OperatorId,
    /// None: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// In words.
    pub reason: String,
}

/// A reply that has not arrived safely yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Which.
    pub message: MessageId,
    /// Its row of the outbox.
    pub delivery: DeliveryId,
    /// Who wrote it.
    pub by: OperatorId,
    /// May be taken back until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
    /// What is the matter with it.
    pub trouble: Trouble,
    /// What comes back when it is taken back; only while it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Box<Answered>>,
}

/// What a held reply took off the list row, for the case that it never leaves (OUT-16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Since when the visitor had waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// How many messages nobody had read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread: u32,
    /// What had been said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_line: Option<LastLine>,
}

/// The state of an [`Outgoing`] reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "trouble")]
pub enum Trouble {
    /// Nothing: it is on its way.
    None,
    /// It failed and needs a person.
    Failed {
        /// Why.
        reason: FailureReason,
    },
    /// Nobody knows.
    Unconfirmed,
}

/// One chat: what its events add up to. The same on the relay and on every desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// Which.
    pub id: ChatId,
    /// How many events it has had.
    pub version: Version,
    /// The number people call it by, for ever (S-10): the number of its first event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Seq>,
    /// With whom.
    pub visitor: Visitor,
    /// Fixed at the start (IN-15).
    pub language: Language,
    /// Whose queue, if one department's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
    /// The only operator who sees it while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_for: Option<OperatorId>,
    /// How the visitor came (D-04).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryPoint>,
    /// Where it stands.
    #[serde(flatten)]
    pub stage: Stage,
    /// By the relay's clock.
    pub opened_at: Timestamp,
    /// Of the last event; later ones are never earlier.
    pub last_at: Timestamp,
    /// Of the oldest visitor message nobody has answered (relay's clock).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// When it last joined a queue; orders chats in which nobody waits for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<Timestamp>,
    /// When it was last closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Visitor messages nobody has read.
    #[serde(default)]
    pub unread: u32,
    /// When the reply window last began, by the platform's clock (meta.md 9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_from: Option<Timestamp>,
    /// When [`Event::WindowClosed`] was last told: windows that ended before need no telling, however late a message
    /// of theirs comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_told_at: Option<Timestamp>,
    /// Of the newest visitor message, by the platform's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_received_at: Option<Timestamp>,
    /// The last thing said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_line: Option<LastLine>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryPath>,
    /// In force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Block>,
    /// Who may answer on the platform.
    pub thread_owner: ThreadOwner,
    /// Replies under way or in trouble, in the order written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outgoing: Vec<Outgoing>,
    /// Contacts asked for and not yet given.
    #[serde(default, skip_serializing_if = "ContactAsk::is_empty")]
    pub asked: ContactAsk,
    /// Who owned it last (S-01, Q-10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_owner: Option<OperatorId>,
    /// Receipts up to here (platform's clock); only ever later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_until: Option<Timestamp>,
    /// Receipts up to here (platform's clock); only ever later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_until: Option<Timestamp>,
}

impl Chat {
    /// Returns a chat that has not begun: version 0, nothing known.
    pub fn unborn(id: ChatId) -> Self {
        Self {
            id,
            version: Version(0),
            number: None,
            visitor: Visitor {
                id: VisitorId(0),
                channel: ChannelId(String::new()),
                platform_id: PlatformId(String::new()),
                card: Card::default(),
            },
            language: Language(String::new()),
            department: None,
            reserved_for: None,
            entry: None,
            stage: Stage::Queue,
            opened_at: Timestamp(0),
            last_at: Timestamp(0),
            waiting_since: None,
            queued_at: None,
            closed_at: None,
            unread: 0,
            window_from: None,
            window_told_at: None,
            last_received_at: None,
            last_line: None,
            category: None,
            block: None,
            thread_owner: ThreadOwner::Unknown,
            outgoing: Vec::new(),
            asked: ContactAsk::default(),
            last_owner: None,
            delivered_until: None,
            read_until: None,
        }
    }

    /// Returns the chat that these events, in order, add up to; none when there are none.
    pub fn replay<'a>(id: ChatId, events: impl IntoIterator<Item = &'a Stored>) -> Option<Self> {
        let mut chat = Self::unborn(id);
        for stored in events {
            chat.apply(stored);
        }
        chat.has_begun().then_some(chat)
    }

    /// Whether the chat has had an event.
    pub fn has_begun(&self) -> bool {
        self.version > Version(0)
    }

    /// Returns the owner: at most one, ever (invariant 4).
    pub fn owner(&self) -> Option<&OperatorId> {
        match &self.stage {
            Stage::Chatting { owner } => Some(owner),
            Stage::ClosedByOperator { owner } => owner.as_ref(),
            Stage::Queue | Stage::Closed => None,
        }
    }

    /// Whether somebody may still write in it.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Queue | Stage::Chatting { .. })
    }

    /// Whether it is closed for good.
    pub fn is_finished(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Returns since when this chat waits in its list: the unanswered message, else its joining of the queue.
    pub fn waits_since(&self) -> Timestamp {
        self.waiting_since
            .or(self.queued_at)
            .unwrap_or(self.last_at)
    }

    /// Returns when plain replies can no longer leave, for channels with a reply window (OUT-06).
    pub fn window_ends(&self, policy: &Policy) -> Option<Timestamp> {
        let channel = policy.find_channel(&self.visitor.channel)?;
        let window = channel.abilities.reply_window?;
        Some(self.window_from?.plus(window.duration()))
    }

    /// Returns when even a human-agent reply can no longer leave (OUT-07).
    pub fn human_window_ends(&self, policy: &Policy) -> Option<Timestamp> {
        let channel = policy.find_channel(&self.visitor.channel)?;
        let window = channel.abilities.human_window?;
        Some(self.window_from?.plus(window.duration()))
    }

    /// Whether the block, if any, is in force.
    pub fn is_blocked(&self, now: Timestamp) -> bool {
        self.block
            .as_ref()
            .is_some_and(|block| block.until.is_none_or(|until| now < until))
    }

    /// Returns the replies that need a person: failed or unconfirmed (OUT-04).
    pub fn troubled(&self) -> impl Iterator<Item = &Outgoing> {
        self.outgoing
            .iter()
            .filter(|outgoing| outgoing.trouble != Trouble::None)
    }

    /// Decides what follows from a command. Reads only; knows the time as an argument.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] is an answer: nothing happens, and it says why.
    pub fn decide(&self, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Platform(command) => self.decide_platform(command, context),
            Command::Desk(command) => self.decide_desk(command, context),
            Command::Relay(command) => Ok(self.decide_relay(command, context)),
        }
    }

    fn decide_desk(
        &self,
        command: &DeskCommand,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let asker = self.asker(context)?;
        match command {
            DeskCommand::Claim { take_over } => self.claim(*take_over, &asker),
            DeskCommand::Release => self.release(&asker),
            DeskCommand::Reply(draft) => self.reply(draft, &asker, context),
            DeskCommand::Withdraw { message } => self.withdraw(*message, &asker, context),
            DeskCommand::Retry { message } => self.retry(*message, &asker, context),
            DeskCommand::GiveUp { message } => self.give_up(*message, &asker),
            DeskCommand::Note { text, mentions } => self.note(text, mentions, &asker, context),
            DeskCommand::Categorize { category } => {
                self.categorize(category.as_ref(), &asker, context)
            }
            DeskCommand::Transfer { to, comment } => {
                self.transfer(to, comment.as_deref(), &asker, context)
            }
            DeskCommand::Close => self.close(&asker, context),
            DeskCommand::Reopen => self.reopen(&asker),
            DeskCommand::Block {
                for_seconds,
                reason,
                close,
            } => self.block_visitor(*for_seconds, reason, *close, &asker, context),
            DeskCommand::Unblock => self.unblock(&asker),
            DeskCommand::EditCard { field, value } => {
                self.edit_card(*field, value.as_deref(), &asker)
            }
            DeskCommand::MarkRead => Ok(self.mark_read(&asker)),
        }
    }

    fn decide_relay(&self, command: &RelayCommand, context: &Context<'_>) -> Vec<Event> {
        match command {
            RelayCommand::Tick => self.tick(context),
            RelayCommand::Finish if self.is_left_for_good() => vec![Event::Finished],
            RelayCommand::File {
                message,
                id,
                result,
            } if self.has_begun() => vec![filed(*message, *id, result)],
            RelayCommand::Finish | RelayCommand::File { .. } => vec![],
            RelayCommand::Settle {
                delivery: _,
                message,
                result,
            } => self.settle(*message, result),
        }
    }
}

fn filed(message: MessageId, id: FileId, result: &Result<KeptFile, FileFault>) -> Event {
    match result {
        Ok(file) => Event::FileKept {
            message,
            id,
            file: file.clone(),
        },
        Err(fault) => Event::FileLost {
            message,
            id,
            fault: *fault,
        },
    }
}
