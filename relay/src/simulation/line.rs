//! What lies between one run of a relay and everything outside of it: it may be slow, stalled, or end at any await, and
//! what was asked of the store may have been done although the answer is an error.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use shared::chat::{Chat, Revision, Stored};
use shared::model::{
    ChannelId, ChatId, DeliveryId, FileId, MessageId, OperatorId, PlatformId, Seq, Template,
    TemplateId, Timestamp, Visitor, VisitorId,
};
use shared::protocol::{ChatPlace, DraftText};

use crate::store::memory::{MemoryStore, Weather, unknown};
use crate::store::{
    BlockEntry, Change, Claim, Delivery, DueChat, FileRow, FoundMessage, Head, LeaseToken, Outcome,
    PutBack, Query, SessionEntry, Store, StoreError, TokenHash, UnreadBody, UnsettledCounts,
};

use super::chance::Chance;
use super::sabotage::Sabotage;

/// How one run of a relay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    /// Stopped by the system: nothing it does reaches anybody until it goes on.
    Stalled,
    /// Killed.
    Dead,
}

/// The life of one run of a relay. Whoever waits is woken in the order of their coming.
pub(super) struct Life {
    state: Mutex<State>,
    changed: Notify,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            state: Mutex::new(State::Running),
            changed: Notify::new(),
        }
    }
}

impl Life {
    /// Lets pass while it runs; holds up while it is stalled; never returns once it is dead.
    pub(super) async fn runs(&self) {
        self.until(State::Running).await;
    }

    pub(super) async fn ended(&self) {
        self.until(State::Dead).await;
    }

    async fn until(&self, wanted: State) {
        loop {
            let changed = self.changed.notified();
            if *self.state.lock().unwrap() == wanted {
                return;
            }
            changed.await;
        }
    }

    /// Changes it; death is for ever.
    pub(super) fn set(&self, to: State) {
        let mut state = self.state.lock().unwrap();
        if *state != State::Dead {
            *state = to;
            self.changed.notify_waiters();
        }
    }
}

/// Whether the world's stores and platforms still make trouble.
#[derive(Default)]
pub(super) struct Storm(AtomicBool);

impl Storm {
    pub(super) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One relay's line to the store.
pub(super) struct Line {
    pub(super) store: Arc<MemoryStore>,
    pub(super) life: Arc<Life>,
    pub(super) storm: Arc<Storm>,
    pub(super) chance: Chance,
    pub(super) sabotage: Option<Sabotage>,
    /// The relay is stopped when this has been done, before it hears of it.
    pub(super) stalls_after: Mutex<Option<&'static str>>,
}

impl Line {
    fn note_done(&self, what: &str) {
        let mut stalls_after = self.stalls_after.lock().unwrap();
        if *stalls_after == Some(what) {
            *stalls_after = None;
            self.life.set(State::Stalled);
        }
    }

    async fn travel(&self, slow_per_mille: u64) {
        self.life.runs().await;
        if self.chance.is(slow_per_mille) {
            tokio::time::sleep(self.chance.millis(1..6)).await;
            self.life.runs().await;
        }
    }

    fn weather(&self) -> Weather {
        match self.chance.next() % 100 {
            _ if self.storm.is_over() => Weather::Fair,
            0 | 1 => Weather::TakenUnheard,
            2 | 3 => Weather::LostUnheard,
            _ => Weather::Fair,
        }
    }

    async fn commit_through(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
        self.travel(1000).await;
        let outcomes = match self.sabotage {
            Some(sabotage) => {
                sabotage.commit(&self.store, self.weather(), changes, &self.chance)?
            }
            None => self.store.commit_in(self.weather(), changes)?,
        };
        self.travel(300).await;
        Ok(outcomes)
    }

    async fn ask(&self) -> Result<(), StoreError> {
        self.travel(200).await;
        if !self.storm.is_over() && self.chance.is(4) {
            return Err(unknown());
        }
        Ok(())
    }
}

/// Every method of the store, as it is through a line.
macro_rules! through_the_line {
    (
        reads { $(fn $read:ident($($read_name:ident: $read_type:ty),*) -> $read_answer:ty;)* }
        writes { $(fn $write:ident($($write_name:ident: $write_type:ty),*) -> $write_answer:ty;)* }
    ) => {
        #[async_trait]
        impl Store for Line {
            async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
                self.commit_through(changes).await
            }

            async fn changed(&self, after: Seq) {
                self.life.runs().await;
                self.store.changed(after).await;
            }

            $(async fn $read(&self, $($read_name: $read_type),*) -> Result<$read_answer, StoreError> {
                self.ask().await?;
                let answer = self.store.$read($($read_name),*).await?;
                self.life.runs().await;
                Ok(answer)
            })*

            $(async fn $write(&self, $($write_name: $write_type),*) -> Result<$write_answer, StoreError> {
                self.travel(500).await;
                let weather = self.weather();
                if weather == Weather::LostUnheard {
                    return Err(unknown());
                }
                let answer = self.store.$write($($write_name),*).await?;
                self.note_done(stringify!($write));
                self.travel(100).await;
                if weather == Weather::TakenUnheard {
                    return Err(unknown());
                }
                Ok(answer)
            })*
        }
    };
}

through_the_line! {
    reads {
        fn head() -> Head;
        fn events_after(after: Seq, limit: u32) -> Vec<Stored>;
        fn timeline(chat: ChatId, before: Option<Seq>, limit: u32) -> Vec<Stored>;
        fn find_chat(id: ChatId) -> Option<Chat>;
        fn find_chat_by_number(number: Seq) -> Option<Chat>;
        fn find_open_chat(channel: &ChannelId, visitor: VisitorId) -> Option<ChatId>;
        fn list_open_chats() -> Vec<Chat>;
        fn list_closed_chats(before: Option<ChatPlace>, limit: u32) -> Vec<Chat>;
        fn list_visitor_chats(visitor: VisitorId, before: Option<ChatPlace>, limit: u32) -> Vec<Chat>;
        fn list_due_chats(now: Timestamp, limit: u32) -> Vec<DueChat>;
        fn next_deadline() -> Option<Timestamp>;
        fn list_channels_with_chats() -> Vec<ChannelId>;
        fn find_visitor(channel: &ChannelId, platform_id: &PlatformId) -> Option<Visitor>;
        fn find_message(channel: &ChannelId, platform_id: &PlatformId) -> Option<FoundMessage>;
        fn find_message_by_id(id: MessageId) -> Option<FoundMessage>;
        fn find_revisions(messages: Vec<MessageId>) -> HashMap<MessageId, Revision>;
        fn search(query: &Query, before: Option<Seq>, limit: u32) -> Vec<Stored>;
        fn next_delivery_at(channel: &ChannelId) -> Option<Timestamp>;
        fn list_abandoned(channel: &ChannelId, token: LeaseToken) -> Vec<Delivery>;
        fn list_overdue(channel: &ChannelId, now: Timestamp) -> Vec<Delivery>;
        fn find_delivery(id: DeliveryId) -> Option<Delivery>;
        fn count_unsettled() -> UnsettledCounts;
        fn list_blocks() -> Vec<BlockEntry>;
        fn find_session(hash: &TokenHash) -> Option<SessionEntry>;
        fn list_sessions(now: Timestamp) -> Vec<SessionEntry>;
        fn list_drafts(operator: &OperatorId) -> Vec<(ChatId, DraftText)>;
        fn list_templates() -> Vec<Template>;
        fn list_due_files(channel: &ChannelId, now: Timestamp, limit: u32) -> Vec<FileRow>;
        fn next_file_at(channel: &ChannelId) -> Option<Timestamp>;
        fn find_file(id: FileId) -> Option<FileRow>;
        fn list_old_files(before: Timestamp, limit: u32) -> Vec<FileRow>;
        fn list_unwanted_files(limit: u32) -> Vec<FileId>;
        fn count_unread() -> u64;
        fn bookmark(name: &str) -> Option<String>;
        fn probe() -> ();
    }
    writes {
        fn claim_deliveries(claim: Claim) -> Vec<Delivery>;
        fn put_back(delivery: DeliveryId, attempt: u32, how: PutBack) -> bool;
        fn take_lease(name: &str, owner: &str, hold_for: Duration) -> Option<LeaseToken>;
        fn give_lease_back(name: &str, owner: &str) -> ();
        fn name_visitor(visitor: VisitorId, channel: &ChannelId, other: &PlatformId) -> ();
        fn count_dropped(visitor: VisitorId, more: u64) -> ();
        fn save_session(session: SessionEntry) -> ();
        fn touch_session(hash: &TokenHash, at: Timestamp) -> ();
        fn end_session(hash: &TokenHash) -> bool;
        fn save_draft(operator: &OperatorId, chat: ChatId, draft: &DraftText, at: Timestamp) -> ();
        fn save_template(template: &Template) -> ();
        fn delete_template(id: TemplateId) -> bool;
        fn put_file_off(id: FileId, not_before: Timestamp) -> ();
        fn drop_file(id: FileId) -> ();
        fn add_file(file: FileRow) -> ();
        fn give_up_strays(before: Timestamp) -> ();
        fn keep_unread(unread: UnreadBody) -> ();
        fn set_bookmark(name: &str, value: &str) -> ();
        fn redact(visitor: VisitorId, at: Timestamp) -> Vec<ChatId>;
        fn backup(to: &Path) -> ();
    }
}
