//! What is kept, behind one trait: events, chats and the work they cause (`docs/storage` in short: ARCHITECTURE.md).
//! No rules here, and no SQL: that is in the engines' folders. The contract suite (`contract.rs`) holds for every engine.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use shared::chat::{Chat, Event, Revision, Stored};
use shared::model::{
    ChannelId, ChatId, DeliveryId, FileId, Mark, MessageId, OperatorId, PlatformId, Seq, Template,
    TemplateId, Timestamp, Version, Visitor, VisitorId,
};
use shared::protocol::{ChatPlace, DraftText};

#[cfg(test)]
#[expect(clippy::cast_possible_wrap, reason = "small counts")]
mod contract;
mod deliveries;
mod files;
#[cfg(test)]
mod killed;
#[cfg(test)]
pub(crate) mod memory;
pub mod sqlite;
pub mod terms;
#[cfg(test)]
pub(crate) mod testing;

pub use deliveries::{
    Claim, Delivery, DeliveryBody, DeliveryStage, LONGEST_WAIT, LeaseToken, NewDelivery, PutBack,
    Settled, UnsettledCounts,
};
pub use files::{FileRow, FileStage, Filed, NewFile};
pub use terms::{Part, Query, Terms};

/// Drafts kept for one operator.
pub const DRAFTS_KEPT: usize = 100;
/// Drafts are kept so long after they were last changed.
pub const DRAFTS_KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Events, chats and the work they cause. Cloneable behind an `Arc`; every method may be called from any task.
///
/// `Err` from a writing method means *unknown*: hand in the same again; keys make that harmless (promise 5).
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes what still fits, in one transaction with whatever else waits. One outcome per change, same order. A change
    /// that the engine refuses for itself is the only one not taken; then the answer is its error.
    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError>;
    /// Completes when something may have been committed by anyone since `after`. May complete for nothing.
    async fn changed(&self, after: Seq);
    /// Returns the name of this history and its last event.
    async fn head(&self) -> Result<Head, StoreError>;
    /// Events after `after`, in order, without holes; at most `limit`.
    async fn events_after(&self, after: Seq, limit: u32) -> Result<Vec<Stored>, StoreError>;
    /// A page of one chat's events, oldest first: the `limit` last ones before `before` (none: the newest).
    async fn timeline(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError>;

    /// One chat as of its last event.
    async fn find_chat(&self, id: ChatId) -> Result<Option<Chat>, StoreError>;
    /// The chat that people call by this number (S-10).
    async fn find_chat_by_number(&self, number: Seq) -> Result<Option<Chat>, StoreError>;
    /// The visitor's chat that is not closed for good, if any: there is at most one.
    async fn find_open_chat(
        &self,
        channel: &ChannelId,
        visitor: VisitorId,
    ) -> Result<Option<ChatId>, StoreError>;
    /// Every chat that is not closed for good.
    async fn list_open_chats(&self) -> Result<Vec<Chat>, StoreError>;
    /// Chats closed softly or for good, the latest last event first, after a place in that order.
    async fn list_closed_chats(
        &self,
        before: Option<ChatPlace>,
        limit: u32,
    ) -> Result<Vec<Chat>, StoreError>;
    /// Chats of a visitor, the latest last event first, after a place in that order.
    async fn list_visitor_chats(
        &self,
        visitor: VisitorId,
        before: Option<ChatPlace>,
        limit: u32,
    ) -> Result<Vec<Chat>, StoreError>;
    /// Chats whose deadline has come, in order of deadline.
    async fn list_due_chats(&self, now: Timestamp, limit: u32) -> Result<Vec<DueChat>, StoreError>;
    /// The earliest deadline of all chats.
    async fn next_deadline(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Channels that have had a chat: they may not vanish from the config (CH-14).
    async fn list_channels_with_chats(&self) -> Result<Vec<ChannelId>, StoreError>;

    /// A visitor by the platform's id, or by another name of theirs.
    async fn find_visitor(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
    ) -> Result<Option<Visitor>, StoreError>;
    /// Notes another name that the platform calls a visitor by, who may be written down only later. Somebody whose own id
    /// it is keeps it.
    async fn name_visitor(
        &self,
        visitor: VisitorId,
        channel: &ChannelId,
        other: &PlatformId,
    ) -> Result<(), StoreError>;
    /// A message by the platform's id: whose chat it is in.
    async fn find_message(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
    ) -> Result<Option<FoundMessage>, StoreError>;
    /// A message by our id.
    async fn find_message_by_id(&self, id: MessageId) -> Result<Option<FoundMessage>, StoreError>;
    /// Which of these messages were changed or taken back, and how (IN-09).
    async fn find_revisions(
        &self,
        messages: Vec<MessageId>,
    ) -> Result<HashMap<MessageId, Revision>, StoreError>;
    /// Events that hold all terms, newest first, before `before`.
    async fn search(
        &self,
        query: &Query,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError>;

    /// Claims due deliveries of a channel for sending: intent before action (`storage.md` 7). Takes the earliest of each
    /// chat only, none of a chat that has one in flight, only while the lease is held. Committed when it returns.
    async fn claim_deliveries(&self, claim: Claim) -> Result<Vec<Delivery>, StoreError>;
    /// When the next delivery of a channel may be claimed.
    async fn next_delivery_at(&self, channel: &ChannelId) -> Result<Option<Timestamp>, StoreError>;
    /// Deliveries of a channel that were being sent under an older lease: their outcome is unknown.
    async fn list_abandoned(
        &self,
        channel: &ChannelId,
        token: LeaseToken,
    ) -> Result<Vec<Delivery>, StoreError>;
    /// Deliveries of a channel that wait although their reply window has closed.
    async fn list_overdue(
        &self,
        channel: &ChannelId,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError>;
    /// Moves a delivery that is being sent in this attempt: back to *due*, or marks it doubtful. False: it has moved on.
    async fn put_back(
        &self,
        delivery: DeliveryId,
        attempt: u32,
        how: PutBack,
    ) -> Result<bool, StoreError>;
    /// One delivery as it stands.
    async fn find_delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;
    /// How many deliveries are not final: for metrics and a drained stop.
    async fn count_unsettled(&self) -> Result<UnsettledCounts, StoreError>;

    /// Takes or renews a lease; none: somebody else holds it. The token rises whenever the owner changes.
    async fn take_lease(
        &self,
        name: &str,
        owner: &str,
        hold_for: Duration,
    ) -> Result<Option<LeaseToken>, StoreError>;
    /// Gives a lease back at once.
    async fn give_lease_back(&self, name: &str, owner: &str) -> Result<(), StoreError>;

    /// Blocks in force, for intake's memory and the list (BL-03).
    async fn list_blocks(&self) -> Result<Vec<BlockEntry>, StoreError>;
    /// Adds to the number of messages a block dropped (BL-02).
    async fn count_dropped(&self, visitor: VisitorId, more: u64) -> Result<(), StoreError>;

    /// Files of a channel that are due to be fetched, the earliest first (F-02).
    async fn list_due_files(
        &self,
        channel: &ChannelId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<FileRow>, StoreError>;
    /// When the next file of a channel is to be fetched.
    async fn next_file_at(&self, channel: &ChannelId) -> Result<Option<Timestamp>, StoreError>;
    /// Puts a file that is to be fetched off, counting the try.
    async fn put_file_off(&self, id: FileId, not_before: Timestamp) -> Result<(), StoreError>;
    /// A file by its id.
    async fn find_file(&self, id: FileId) -> Result<Option<FileRow>, StoreError>;
    /// Keeps the row of a file that a desk has handed in.
    async fn add_file(&self, file: FileRow) -> Result<(), StoreError>;
    /// Gives up files that were handed in before that moment and never sent.
    async fn give_up_strays(&self, before: Timestamp) -> Result<(), StoreError>;
    /// Files kept since before that moment, the oldest first; those that were never sent are not among them.
    async fn list_old_files(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<FileRow>, StoreError>;
    /// Files whose bytes are to be removed.
    async fn list_unwanted_files(&self, limit: u32) -> Result<Vec<FileId>, StoreError>;
    /// Forgets a file whose bytes have been removed.
    async fn drop_file(&self, id: FileId) -> Result<(), StoreError>;

    /// Keeps a session; only the token's hash is known here (SEC-03).
    async fn save_session(&self, session: SessionEntry) -> Result<(), StoreError>;
    /// A session by its token's hash.
    async fn find_session(&self, hash: &TokenHash) -> Result<Option<SessionEntry>, StoreError>;
    /// Notes that a session was used.
    async fn touch_session(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError>;
    /// All sessions that have not expired.
    async fn list_sessions(&self, now: Timestamp) -> Result<Vec<SessionEntry>, StoreError>;
    /// Ends a session at once; false: there was none.
    async fn end_session(&self, hash: &TokenHash) -> Result<bool, StoreError>;

    /// Keeps a draft; an empty text drops it (OUT-18). Of an operator's, the newest [`DRAFTS_KEPT`] stay, and each for
    /// [`DRAFTS_KEPT_FOR`].
    async fn save_draft(
        &self,
        operator: &OperatorId,
        chat: ChatId,
        draft: &DraftText,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// An operator's drafts, the newest first.
    async fn list_drafts(
        &self,
        operator: &OperatorId,
    ) -> Result<Vec<(ChatId, DraftText)>, StoreError>;
    /// Keeps a template saved from a desk; it has an id (T-03).
    async fn save_template(&self, template: &Template) -> Result<(), StoreError>;
    /// Deletes one; false: there was none.
    async fn delete_template(&self, id: TemplateId) -> Result<bool, StoreError>;
    /// All templates saved from desks.
    async fn list_templates(&self) -> Result<Vec<Template>, StoreError>;

    /// Keeps a verified body that was not understood, in whole or in part (`meta.md` 2.3).
    async fn keep_unread(&self, unread: UnreadBody) -> Result<(), StoreError>;
    /// How many of those are kept.
    async fn count_unread(&self) -> Result<u64, StoreError>;
    /// Reads a small note of the relay to itself: `caught_up:<channel>` …
    async fn bookmark(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Writes one.
    async fn set_bookmark(&self, name: &str, value: &str) -> Result<(), StoreError>;

    /// Empties everything personal of a visitor for good, in all chats (V-15, `storage.md` 9). Returns the chats.
    async fn redact(&self, visitor: VisitorId, at: Timestamp) -> Result<Vec<ChatId>, StoreError>;
    /// Writes a hot copy; refuses a path that exists.
    async fn backup(&self, to: &Path) -> Result<(), StoreError>;
    /// Writes and syncs a little, to see whether the store can be written (`readyz`).
    async fn probe(&self) -> Result<(), StoreError>;
}

/// A scope and an id: the guard against doing something twice. Kept 35 days.
///
/// `in:<channel>:<event>`, `op:<operator>:<command>`, `tick:<chat>:<deadline>`, `out:<delivery>:<attempt>`, `late:<delivery>:<attempt>:<window>`,
/// `left:<channel>:<event>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(pub String);

/// What one command leads to; stands or falls as a whole.
#[derive(Debug, Clone)]
pub struct Change {
    /// Taken before: nothing happens, and the answer is the same as then.
    pub key: Key,
    /// Which chat.
    pub chat: ChatId,
    /// The version it was decided on.
    pub expected: Version,
    /// Of all its events; never before the chat's last.
    pub at: Timestamp,
    /// What happened, in order; may be empty (the key is still taken).
    pub events: Vec<Event>,
    /// The chat after them. Its `number` may be unknown; the store knows it.
    pub after: Arc<Chat>,
    /// [`Chat::deadline`] of that.
    pub deadline: Option<Timestamp>,
    /// A visitor to write or refresh.
    pub visitor: Option<Visitor>,
    /// Messages and notes that begin here, or whose platform id became known.
    pub messages: Vec<MessageRow>,
    /// New work for the outbox.
    pub deliveries: Vec<NewDelivery>,
    /// What becomes of work in the outbox.
    pub settled: Vec<Settled>,
    /// What to find the events by: place in `events`, terms.
    pub terms: Vec<(u16, Terms)>,
    /// A block begins or ends.
    pub block: Option<BlockChange>,
    /// Files to fetch.
    pub files: Vec<NewFile>,
    /// What became of one.
    pub filed: Option<Filed>,
    /// One that was handed in, and the reply that takes it along: only once.
    pub attached: Option<(FileId, MessageId)>,
}

/// Begins the name of the bookmark that says since when a channel is taken off its account (CH-13); an empty one: it is not.
pub const UNLINKED: &str = "unlinked:";

/// What became of a [`Change`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// On disk, in its place, visible. `first` is the number of its first event, or of the last before if it has none.
    Done {
        /// Of its first event.
        first: Seq,
        /// Of the commit.
        mark: Mark,
    },
    /// Its key was taken before; `seq` is the last event it led to then.
    Already {
        /// None: it led to none.
        seq: Option<Seq>,
    },
    /// The chat has another version, its visitor another open chat, or a settled delivery has moved on.
    Moved {
        /// The chat's version now.
        now: Version,
    },
}

/// Why the store did not answer as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or written; what was handed in may or may not have been taken.
    #[error("the store does not answer")]
    Unavailable(#[source] anyhow::Error),
    /// The disk is full; nothing of it was taken.
    #[error("the store's disk is full")]
    Full(#[source] anyhow::Error),
    /// More waits than may wait.
    #[error("the store is overloaded")]
    Overloaded,
    /// Something in it was written by a newer relay.
    #[error("the store was written by a newer relay (schema {found})")]
    Newer {
        /// Its schema.
        found: u32,
    },
    /// What was read does not make sense.
    #[error("the store holds something unreadable")]
    Damaged(#[source] anyhow::Error),
    /// A single change that the engine refuses for itself: a fault of ours.
    #[error("the store refused a change")]
    Refused(#[source] anyhow::Error),
}

/// Where the history ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Random name of this history.
    pub log: String,
    /// The last event; 0: none yet.
    pub seq: Seq,
    /// Its commit; 0 at the very beginning.
    pub mark: Mark,
    /// Holes may exist only at or below this.
    pub floor: Seq,
}

/// Returns a page of chats by their last event, the latest first.
fn newest_first(mut chats: Vec<Chat>, before: Option<ChatPlace>, limit: u32) -> Vec<Chat> {
    let place = |chat: &Chat| ChatPlace {
        at: chat.last_at,
        chat: chat.id,
    };
    chats.retain(|chat| before.is_none_or(|before| place(chat) < before));
    chats.sort_by_key(|chat| std::cmp::Reverse(place(chat)));
    chats.truncate(limit as usize);
    chats
}

/// Returns the text an event is found by; none: it is not searched.
pub fn searched_text(event: &Event) -> Option<&str> {
    match event {
        Event::Received { message, .. }
        | Event::AnsweredOutside { message, .. }
        | Event::ReplyWritten { message, .. } => Some(&message.text),
        Event::Edited { text, .. } | Event::NoteWritten { text, .. } => Some(text),
        _ => None,
    }
}

/// A row of `message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Ours.
    pub id: MessageId,
    /// Place in the change's events; its seq becomes the message's, if the message is new.
    pub event: u16,
    /// Of the chat.
    pub channel: ChannelId,
    /// The platform's, if known.
    pub platform_id: Option<PlatformId>,
}

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMessage {
    /// Ours.
    pub id: MessageId,
    /// Its chat.
    pub chat: ChatId,
    /// The event that brought it.
    pub seq: Seq,
    /// The platform's, if known.
    pub platform_id: Option<PlatformId>,
}

/// A chat with something due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueChat {
    /// Which.
    pub chat: ChatId,
    /// Since when.
    pub deadline: Timestamp,
}

/// A block begins or ends with a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockChange {
    /// The change's visitor is silenced.
    Set {
        /// By whom.
        by: OperatorId,
        /// None: for ever.
        until: Option<Timestamp>,
        /// In words.
        reason: String,
    },
    /// Let speak again, if the block is this chat's.
    Lift,
}

/// A block in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockEntry {
    /// Who is silenced.
    pub visitor: VisitorId,
    /// Where.
    pub channel: ChannelId,
    /// As the platform calls them.
    pub platform_id: PlatformId,
    /// The name as known.
    pub visitor_name: String,
    /// The chat it was set in.
    pub chat: ChatId,
    /// By whom.
    pub by: OperatorId,
    /// Since when.
    pub at: Timestamp,
    /// None: for ever.
    pub until: Option<Timestamp>,
    /// In words.
    pub reason: String,
    /// Messages dropped so far.
    pub dropped: u64,
}

/// SHA-256 of a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// A desk's session; the token itself is known to the desk alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// Of the token.
    pub hash: TokenHash,
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
}

/// A verified body, or a part of one, that was not understood.
#[derive(Debug, Clone)]
pub struct UnreadBody {
    /// At which channel's address it arrived.
    pub channel: ChannelId,
    /// When.
    pub at: Timestamp,
    /// What was not understood.
    pub reason: String,
    /// As it came.
    pub body: bytes::Bytes,
}
