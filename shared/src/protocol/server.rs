//! What the relay sends.

use serde::{Deserialize, Serialize};

use crate::chat::{Chat, Refusal, Stored};
use crate::model::{
    ChannelId, ChannelState, ChatId, CommandId, Mark, OperatorId, Policy, Presence, Seq, Template,
    TemplateId, Timestamp,
};

use super::{DraftText, Goodbye};

/// A frame from the relay.
#[expect(
    clippy::large_enum_variant,
    reason = "most frames are events, the largest variant"
)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ServerFrame {
    /// The answer to `hello`. After it come either `snapshot`, or the missed events, and then `live`.
    Welcome {
        /// [`super::PROTOCOL`].
        protocol: u32,
        /// Name and version of the relay.
        program: String,
        /// Who this desk is.
        you: OperatorId,
        /// Now, by the relay's clock.
        server_time: Timestamp,
        /// The missed events follow; otherwise a snapshot.
        is_resumed: bool,
        /// The config in force, as far as desks need it.
        policy: Box<Policy>,
        /// Saved from desks: personal, and those of the own departments (T-01).
        templates: Vec<Template>,
        /// This operator's drafts (OUT-18).
        drafts: Vec<(ChatId, DraftText)>,
        /// Who has a desk open.
        online: Vec<OperatorId>,
        /// How the channels are.
        channels: Vec<ChannelHealth>,
    },
    /// Everything anew; what the desk had of chats is void.
    Snapshot(Box<Snapshot>),
    /// Caught up: what follows happens now (D-21).
    Live {
        /// Up to here.
        at: ResumePoint,
    },
    /// Something happened in a chat this operator sees.
    Event(Stored),
    /// A chat came into sight, or was asked for, or must be taken anew. Events up to its version are in it.
    ChatShown {
        /// As it stands.
        chat: Box<Chat>,
        /// The event that showed it; events up to here need no separate taking in.
        at: Seq,
    },
    /// A chat went out of sight; the desk forgets it.
    ChatHidden {
        /// Which.
        chat: ChatId,
        /// The event that hid it; 0 when it was asked for and is not there.
        at: Seq,
    },
    /// A command was done.
    Accepted {
        /// Which.
        id: CommandId,
        /// The last event it led to; none: there was nothing to do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<Seq>,
    },
    /// A command was not done.
    Refused {
        /// Which.
        id: CommandId,
        /// Code and details.
        #[serde(flatten)]
        refusal: Refusal,
        /// What happened, in English.
        sentence: String,
        /// What to do about it.
        hint: String,
    },
    /// A command could not be decided now: the store does not answer. Send it again, it keeps its id.
    Unavailable {
        /// Which.
        id: CommandId,
    },
    /// The answer to a `save_…`, `delete_…`, `end_…` or a search that was not done.
    Declined {
        /// Which.
        request: u32,
        /// For programs.
        code: String,
        /// For people.
        sentence: String,
    },
    /// Events of one chat, oldest first.
    Timeline {
        /// Which request.
        request: u32,
        /// Whose.
        chat: ChatId,
        /// The page.
        events: Vec<Stored>,
        /// There are earlier ones.
        has_more: bool,
    },
    /// Chats that were asked for.
    Chats {
        /// Which request.
        request: u32,
        /// The page.
        page: ChatPage,
    },
    /// What a search found, newest first.
    Hits {
        /// Which request.
        request: u32,
        /// The page.
        hits: Vec<Hit>,
        /// There are earlier ones.
        has_more: bool,
    },
    /// Blocks in force (BL-03).
    Blocks {
        /// Which request.
        request: u32,
        /// Newest first.
        blocks: Vec<BlockRow>,
    },
    /// Sessions (SEC-03).
    Sessions {
        /// Which request.
        request: u32,
        /// Newest first.
        sessions: Vec<SessionRow>,
    },
    /// A template is saved; also sent, with request 0, to every other desk that may use it.
    TemplateSaved {
        /// Which request.
        request: u32,
        /// As saved.
        template: Template,
    },
    /// A template is gone; also sent, with request 0, to every other desk that could use it.
    TemplateDeleted {
        /// Which request.
        request: u32,
        /// Which.
        id: TemplateId,
    },
    /// How many open chats this operator sees in each list; sent while any list is longer than what the desk was sent.
    Counts(SectionCounts),
    /// What colleagues do in a chat (D-20). Ends by itself 6 s after the last one.
    Presence {
        /// Where.
        chat: ChatId,
        /// Who.
        operator: OperatorId,
        /// What.
        presence: Presence,
    },
    /// The visitor is typing (IN-12). Ends by itself after 6 s.
    VisitorTyping {
        /// Where.
        chat: ChatId,
    },
    /// A colleague came or went.
    Online {
        /// Who.
        operator: OperatorId,
        /// Came.
        is_online: bool,
    },
    /// A channel works, or does not (CH-13, D-21).
    Channel(ChannelHealth),
    /// The config changed; what a desk may see may have changed too, then a snapshot follows.
    Policy {
        /// The new one.
        policy: Box<Policy>,
    },
    /// A draft was changed at another desk of the same operator.
    Draft {
        /// Of which chat.
        chat: ChatId,
        /// Empty: dropped.
        draft: DraftText,
    },
    /// Something an operator should read once: the store cannot be written, a bad config was left out …
    Notice {
        /// How bad.
        level: NoticeLevel,
        /// For programs: `store_failing`, `store_recovered`, `config_refused`, `config_taken` …
        code: String,
        /// For people; no secret.
        text: String,
    },
    /// The answer to `ping`.
    Pong {
        /// From the ping.
        stamp: u64,
        /// Now, by the relay's clock.
        server_time: Timestamp,
    },
    /// The relay ends the connection.
    Goodbye(Goodbye),
}

/// Where a desk is in the one order of events; good only while all three are found (`storage.md` 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumePoint {
    /// The name of the history.
    pub log: String,
    /// The last event taken in.
    pub seq: Seq,
    /// Its commit; 0 at the very beginning.
    pub mark: Mark,
    /// A name for what the rights allowed this operator then; they have changed when the relay gives it another name.
    #[serde(default)]
    pub outlook: String,
}

/// Everything a desk needs to begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// True as of here.
    pub at: ResumePoint,
    /// Open and softly closed chats this operator sees: the longest waiting of the queue, the latest of the own and of
    /// others; each list cut to a window.
    pub chats: Vec<Chat>,
    /// How many open ones there are in each list, cut or not.
    pub counts: SectionCounts,
    /// Where `load_open` goes on in each list.
    #[serde(default)]
    pub next: SectionPlaces,
}

/// The lists of open chats (D-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenSection {
    /// Nobody owns them.
    Awaiting,
    /// Mine.
    Mine,
    /// Of others.
    Others,
}

/// Counts of the lists of open chats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionCounts {
    /// Awaiting reply.
    pub awaiting: u32,
    /// Mine.
    pub mine: u32,
    /// With others.
    pub others: u32,
}

/// A chat's place in a list: when it counts from there, and which it is, for others may have the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChatPlace {
    /// Since when it waits, or its last event: what the list is ordered by.
    pub at: Timestamp,
    /// Which.
    pub chat: ChatId,
}

/// Where each list of open chats goes on; none: all of it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionPlaces {
    /// Awaiting reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<ChatPlace>,
    /// Mine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine: Option<ChatPlace>,
    /// With others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<ChatPlace>,
}

/// A page of chats.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatPage {
    /// In the order asked for; may be none although there are more.
    pub chats: Vec<Chat>,
    /// There are more.
    pub has_more: bool,
    /// Where the next page begins, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<ChatPlace>,
}

/// One message or note found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The event that holds it.
    pub stored: Stored,
    /// The chat it belongs to, as it stands.
    pub chat: Box<Chat>,
}

/// A block as the list shows it (BL-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockRow {
    /// The chat whose `unblock` lifts it.
    pub chat: ChatId,
    /// Who is silenced.
    pub visitor_name: String,
    /// Where.
    pub channel: ChannelId,
    /// By whom.
    pub by: OperatorId,
    /// Since when.
    pub at: Timestamp,
    /// None: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// In words.
    pub reason: String,
    /// Messages dropped so far.
    pub dropped: u64,
}

/// A session as the list shows it (SEC-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Its short public name.
    pub session: String,
    /// Whose.
    pub operator: OperatorId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
    /// From where it was opened.
    pub address: String,
    /// It is the one asking.
    pub is_this: bool,
}

/// How a channel is (CH-13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelHealth {
    /// Which.
    pub channel: ChannelId,
    /// How.
    #[serde(flatten)]
    pub health: ChannelState,
}

/// Who is in which chat (D-20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorPresence {
    /// Who.
    pub operator: OperatorId,
    /// Where.
    pub chat: ChatId,
    /// What.
    pub presence: Presence,
}

/// How bad a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Look at it today.
    Warning,
    /// Work is held up.
    Error,
}
