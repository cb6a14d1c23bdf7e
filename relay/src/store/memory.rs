//! A store in memory that keeps the same promises as the others: for tests of what stands on a store. It can be told to
//! leave a commit unknown: done or not, and the caller does not learn which.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use shared::chat::{Chat, Event, Revision, Stored, Trouble};
use shared::model::{
    Attachment, AttachmentKind, ChannelId, ChatId, DeliveryId, FailureReason, FileId, Mark,
    MessageId, OperatorId, PlatformId, Seq, Template, TemplateId, Timestamp, Version, Visitor,
    VisitorId,
};
use shared::protocol::{ChatPlace, DraftText};

use super::{
    BlockChange, BlockEntry, Change, Claim, DRAFTS_KEPT, DRAFTS_KEPT_FOR, Delivery, DeliveryStage,
    DueChat, FileRow, FileStage, Filed, FoundMessage, Head, Key, LONGEST_WAIT, LeaseToken, NewFile,
    Outcome, PutBack, Query, SessionEntry, Settled, Store, StoreError, Terms, TokenHash,
    UnreadBody, UnsettledCounts, newest_first,
};

/// What happens to the next commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Weather {
    /// All is well.
    #[default]
    Fair,
    /// It is taken, and the caller hears nothing.
    TakenUnheard,
    /// It is not taken, and the caller hears nothing.
    LostUnheard,
}

/// See the module.
#[derive(Default)]
pub(crate) struct MemoryStore {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    weather: Vec<Weather>,
    loses_a_claim: bool,
    events: Vec<Stored>,
    terms: BTreeMap<Seq, (ChatId, Terms)>,
    revisions: HashMap<MessageId, Revision>,
    chats: BTreeMap<ChatId, Row>,
    open: HashMap<VisitorId, ChatId>,
    names: HashMap<(ChannelId, PlatformId), MessageId>,
    visitors: HashMap<(ChannelId, PlatformId), Visitor>,
    other_names: HashMap<(ChannelId, PlatformId), VisitorId>,
    messages: BTreeMap<MessageId, (ChannelId, FoundMessage)>,
    seen: HashMap<Key, Option<Seq>>,
    /// In the order written, which is not that of the ids: clocks differ.
    outbox: Vec<(LeaseToken, Delivery)>,
    leases: HashMap<String, Lease>,
    blocks: HashMap<VisitorId, BlockEntry>,
    sessions: Vec<SessionEntry>,
    drafts: BTreeMap<(OperatorId, ChatId), (Timestamp, DraftText)>,
    templates: BTreeMap<TemplateId, Template>,
    files: BTreeMap<FileId, FileRow>,
    unread: Vec<UnreadBody>,
    bookmarks: HashMap<String, String>,
    /// Cannot be read.
    spoiled: Option<ChatId>,
    is_down: bool,
}

struct Lease {
    owner: String,
    token: LeaseToken,
    until: Instant,
}

struct Row {
    chat: Chat,
    deadline: Option<Timestamp>,
    events: Vec<Seq>,
}

impl MemoryStore {
    /// Decides what happens to the next commits, the first first.
    pub(crate) fn forecast(&self, weather: &[Weather]) {
        self.lock().weather = weather.iter().rev().copied().collect();
    }

    /// The next claim that claims something is taken, and the caller hears nothing.
    pub(crate) fn lose_the_answer_of_a_claim(&self) {
        self.lock().loses_a_claim = true;
    }

    /// Makes one chat unreadable, or none.
    pub(crate) fn spoil(&self, chat: Option<ChatId>) {
        self.lock().spoiled = chat;
    }

    /// Lets it answer nothing, or answer again.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// Returns every event so far.
    pub(crate) fn events(&self) -> Vec<Stored> {
        self.lock().events.clone()
    }

    /// Returns every delivery.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        let state = self.lock();
        state
            .outbox
            .iter()
            .map(|(_, delivery)| delivery.clone())
            .collect()
    }

    /// Commits in this weather, whatever was forecast.
    pub(crate) fn commit_in(
        &self,
        weather: Weather,
        changes: Vec<Change>,
    ) -> Result<Vec<Outcome>, StoreError> {
        if weather == Weather::LostUnheard {
            return Err(unknown());
        }
        let mut state = self.lock();
        if state.is_down {
            return Err(unknown());
        }
        let outcomes: Vec<_> = changes
            .into_iter()
            .map(|change| state.take(change))
            .collect();
        drop(state);
        self.changed.notify_waiters();
        match weather {
            Weather::TakenUnheard => Err(unknown()),
            Weather::Fair | Weather::LostUnheard => outcomes.into_iter().collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn unknown() -> StoreError {
    StoreError::Unavailable(anyhow::anyhow!("the line went dead"))
}

impl State {
    fn take(&mut self, change: Change) -> Result<Outcome, StoreError> {
        if let Some(seq) = self.seen.get(&change.key) {
            return Ok(Outcome::Already { seq: *seq });
        }
        let now = self
            .chats
            .get(&change.chat)
            .map_or(Version(0), |row| row.chat.version);
        if now != change.expected || self.has_other_open_chat(&change) || !self.settles(&change) {
            return Ok(Outcome::Moved { now });
        }
        if self.takes_a_name(&change) {
            return Err(StoreError::Refused(anyhow::anyhow!(
                "a message has this name already"
            )));
        }
        let before = self.last_seq();
        let first = if change.events.is_empty() {
            before
        } else {
            before.next()
        };
        let mark = mark_after(before);
        self.write(change, before, mark);
        Ok(Outcome::Done { first, mark })
    }

    /// Whether a message of another id has the platform's name of one of these.
    fn takes_a_name(&self, change: &Change) -> bool {
        change.messages.iter().any(|row| {
            let name = row.platform_id.clone().map(|id| (row.channel.clone(), id));
            let known = name.and_then(|name| self.names.get(&name));
            known.is_some_and(|known| *known != row.id)
        })
    }

    fn last_seq(&self) -> Seq {
        Seq(i64::try_from(self.events.len()).expect("few"))
    }

    fn delivery_mut(&mut self, id: DeliveryId) -> Option<&mut (LeaseToken, Delivery)> {
        self.outbox
            .iter_mut()
            .find(|(_, delivery)| delivery.id == id)
    }

    fn find_delivery(&self, id: DeliveryId) -> Option<&Delivery> {
        let rows = self.outbox.iter().map(|(_, delivery)| delivery);
        rows.rev().find(|delivery| delivery.id == id)
    }

    fn has_other_open_chat(&self, change: &Change) -> bool {
        let other = self.open.get(&change.after.visitor.id);
        !change.after.is_finished() && other.is_some_and(|other| *other != change.chat)
    }

    fn settles(&self, change: &Change) -> bool {
        change.settled.iter().all(|settled| {
            self.find_delivery(settled.delivery)
                .is_some_and(|delivery| is_allowed(delivery, settled))
        }) && change.attached.is_none_or(|(id, _)| {
            self.files.get(&id).is_some_and(|file| {
                let is_free = file.message.is_none() && file.stage == FileStage::Kept;
                is_free && file.chat == change.chat
            })
        }) && change.filed.as_ref().is_none_or(|filed| {
            self.files
                .get(&filed.id)
                .is_some_and(|file| match file.stage {
                    FileStage::Due => true,
                    FileStage::Kept => filed.kept.is_none(),
                    FileStage::Lost | FileStage::Unwanted => false,
                })
        })
    }

    fn write_files(&mut self, new: Vec<NewFile>, filed: Option<Filed>, of: &Chat, at: Timestamp) {
        for NewFile {
            id,
            message,
            source,
        } in new
        {
            self.files.entry(id).or_insert(FileRow {
                id,
                chat: of.id,
                message: Some(message),
                channel: of.visitor.channel.clone(),
                source,
                stage: FileStage::Due,
                tries: 0,
                not_before: Timestamp(0),
                at,
                kept: None,
            });
        }
        let Some(filed) = filed else { return };
        if let Some(file) = self.files.get_mut(&filed.id) {
            file.stage = match (&filed.kept, file.stage) {
                (Some(_), _) => FileStage::Kept,
                (None, FileStage::Kept) => FileStage::Unwanted,
                (None, FileStage::Due | FileStage::Lost | FileStage::Unwanted) => FileStage::Lost,
            };
            file.kept = filed.kept;
        }
    }

    #[expect(clippy::too_many_lines, reason = "one table after the other")]
    fn write(&mut self, change: Change, before: Seq, mark: Mark) {
        let Change {
            key,
            chat,
            expected,
            at,
            events,
            after,
            deadline,
            visitor,
            ..
        } = change;
        let (number, mut of_chat) = match self.chats.remove(&chat) {
            Some(row) => (row.chat.number, row.events),
            None => (Some(before.next()), vec![]),
        };
        let mut seq = before;
        for (place, event) in events.into_iter().enumerate() {
            seq = seq.next();
            let version = expected.plus(place + 1);
            of_chat.push(seq);
            if let Some((message, revision)) = Revision::of(&event) {
                let known = self.revisions.entry(message).or_default();
                *known = known.and(revision);
            }
            self.events.push(Stored {
                seq,
                mark,
                chat,
                version,
                at,
                event,
            });
        }
        self.seen.insert(key, (seq > before).then_some(seq));
        for row in change.messages {
            let found = FoundMessage {
                id: row.id,
                chat,
                seq: Seq(before.0 + 1 + i64::from(row.event)),
                platform_id: row.platform_id.clone(),
            };
            let entry = self.messages.entry(row.id).or_insert((row.channel, found));
            if let Some(platform_id) = row.platform_id {
                self.names
                    .insert((entry.0.clone(), platform_id.clone()), row.id);
                entry.1.platform_id = Some(platform_id);
            }
        }
        for (place, terms) in change.terms {
            let seq = Seq(before.0 + 1 + i64::from(place));
            self.terms.insert(seq, (chat, terms));
        }
        for new in change.deliveries {
            let delivery = Delivery {
                id: new.id,
                chat,
                channel: new.channel,
                body: new.body,
                state: DeliveryStage::Due,
                attempt: 0,
                is_doubtful: false,
                not_before: new.not_before,
                window_ends: new.window_ends,
                started_at: None,
            };
            self.outbox.push((LeaseToken(0), delivery));
        }
        for settled in change.settled {
            if let Some((_, delivery)) = self.delivery_mut(settled.delivery) {
                delivery.state = settled.to;
                if settled.to == DeliveryStage::Due {
                    delivery.not_before = settled.not_before.unwrap_or(at);
                    delivery.window_ends = settled.window_ends;
                    delivery.is_doubtful = false;
                }
            }
        }
        if let Some(visitor) = visitor {
            let name = (visitor.channel.clone(), visitor.platform_id.clone());
            self.visitors.insert(name, visitor);
        }
        if let Some((id, message)) = change.attached
            && let Some(file) = self.files.get_mut(&id)
        {
            file.message = Some(message);
        }
        self.write_files(change.files, change.filed, &after, at);
        self.write_block(change.block.as_ref(), &after, at);
        let mut after = Arc::unwrap_or_clone(after);
        after.number = number.filter(|_| after.has_begun());
        if after.has_begun() {
            let visitor = after.visitor.id;
            if !after.is_finished() {
                self.open.insert(visitor, chat);
            } else if self.open.get(&visitor) == Some(&chat) {
                self.open.remove(&visitor);
            }
            let row = Row {
                chat: after,
                deadline,
                events: of_chat,
            };
            self.chats.insert(chat, row);
        }
    }

    fn write_block(&mut self, block: Option<&BlockChange>, after: &Chat, at: Timestamp) {
        match block {
            Some(BlockChange::Set { by, until, reason }) => {
                let entry = BlockEntry {
                    visitor: after.visitor.id,
                    channel: after.visitor.channel.clone(),
                    platform_id: after.visitor.platform_id.clone(),
                    visitor_name: after.visitor.name().to_owned(),
                    chat: after.id,
                    by: by.clone(),
                    at,
                    until: *until,
                    reason: reason.clone(),
                    dropped: 0,
                };
                self.blocks.insert(after.visitor.id, entry);
            }
            Some(BlockChange::Lift) => {
                self.blocks.retain(|visitor, block| {
                    *visitor != after.visitor.id || block.chat != after.id
                });
            }
            None => {}
        }
    }

    /// Bodies that name a visitor, or came while they wrote.
    fn forget_mentions(&mut self, visitor: VisitorId) {
        let around = Duration::from_secs(60);
        let names: Vec<PlatformId> = self
            .visitors
            .values()
            .filter(|known| known.id == visitor)
            .map(|known| known.platform_id.clone())
            .chain(self.other_names_of(visitor))
            .collect();
        let chats = self.chats_where(|chat| chat.visitor.id == visitor);
        self.unread.retain(|unread| {
            let body = String::from_utf8_lossy(&unread.body);
            let names_them = names.iter().any(|name| body.contains(name.as_str()));
            let is_nearby = chats.iter().any(|chat| {
                chat.visitor.channel == unread.channel
                    && unread.at >= chat.opened_at.minus(around)
                    && unread.at <= chat.last_at.plus(around)
            });
            !names_them && !is_nearby
        });
    }

    fn other_names_of(&self, visitor: VisitorId) -> Vec<PlatformId> {
        let names = self.other_names.iter();
        let names = names.filter(|(_, named)| **named == visitor);
        names.map(|((_, name), _)| name.clone()).collect()
    }

    fn redact_chat(&mut self, id: ChatId, mark: Mark, at: Timestamp) {
        let Some(row) = self.chats.get_mut(&id) else {
            return;
        };
        for seq in &row.events {
            let place = usize::try_from(seq.0 - 1).expect("from 1 on");
            self.events[place].event = self.events[place].event.redacted();
            self.terms.remove(seq);
        }
        let given_up = row.chat.outgoing.iter();
        let given_up = given_up.filter(|outgoing| outgoing.trouble == Trouble::None);
        let given_up = given_up.map(|outgoing| Event::ReplyFailed {
            message: outgoing.message,
            reason: FailureReason::GivenUp,
            sent: None,
        });
        for event in given_up.chain([Event::Redacted]).collect::<Vec<_>>() {
            let seq = Seq(i64::try_from(self.events.len() + 1).expect("few"));
            let stored = Stored {
                seq,
                mark,
                chat: id,
                version: row.chat.version.plus(1),
                at: at.max(row.chat.last_at),
                event,
            };
            row.chat.apply(&stored);
            row.events.push(seq);
            self.events.push(stored);
        }
        let forgotten = |(_, found): &(ChannelId, FoundMessage)| found.chat == id;
        self.messages.retain(|_, entry| !forgotten(entry));
        let messages = &self.messages;
        self.names
            .retain(|_, message| messages.contains_key(message));
        self.drafts.retain(|(_, chat), _| *chat != id);
        for (_, delivery) in self.outbox.iter_mut().filter(|(_, d)| d.chat == id) {
            delivery.body.text.clear();
            delivery.body.visitor = PlatformId(String::new());
            if matches!(delivery.state, DeliveryStage::Due | DeliveryStage::Sending) {
                delivery.state = DeliveryStage::Failed;
            }
        }
    }

    fn chats_where(&self, keep: impl Fn(&Chat) -> bool) -> Vec<Chat> {
        let chats = self.chats.values().map(|row| &row.chat);
        chats.filter(|chat| keep(chat)).cloned().collect()
    }
}

/// Another for each commit.
fn mark_after(before: Seq) -> Mark {
    Mark(1_000 + before.0)
}

/// The arrows of [`Settled`].
fn is_allowed(delivery: &Delivery, settled: &Settled) -> bool {
    use DeliveryStage::{Due, Failed, Sending, Sent, Unconfirmed, Withdrawn};
    if settled
        .attempt
        .is_some_and(|attempt| attempt != delivery.attempt)
    {
        return false;
    }
    match (delivery.state, settled.to) {
        (Sending | Due | Unconfirmed | Failed, Sent)
        | (Unconfirmed | Failed, Due)
        | (Due | Unconfirmed, Failed) => true,
        (Sending, Failed | Unconfirmed) => settled.attempt.is_some(),
        (Sent, Failed) => settled.attempt.is_none(),
        (Due, Withdrawn) => delivery.attempt == 0,
        _ => false,
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
        let weather = self.lock().weather.pop().unwrap_or_default();
        self.commit_in(weather, changes)
    }

    async fn changed(&self, after: Seq) {
        loop {
            let changed = self.changed.notified();
            if self.lock().last_seq() > after {
                return;
            }
            changed.await;
        }
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let state = self.lock();
        Ok(Head {
            log: "memory".into(),
            seq: state.last_seq(),
            mark: state.events.last().map_or(Mark(0), |last| last.mark),
            floor: Seq(0),
        })
    }

    async fn events_after(&self, after: Seq, limit: u32) -> Result<Vec<Stored>, StoreError> {
        let state = self.lock();
        let skipped = usize::try_from(after.0).unwrap_or(usize::MAX);
        let later = state.events.iter().skip(skipped);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn timeline(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError> {
        let state = self.lock();
        let seqs = state.chats.get(&chat).map_or(&[][..], |row| &row.events);
        let end = before.map_or(seqs.len(), |before| {
            seqs.partition_point(|seq| *seq < before)
        });
        let start = end.saturating_sub(limit as usize);
        let page = seqs.get(start..end).unwrap_or_default().iter();
        let find = |seq: &Seq| state.events.get(usize::try_from(seq.0 - 1).ok()?).cloned();
        Ok(page.filter_map(find).collect())
    }

    async fn find_chat(&self, id: ChatId) -> Result<Option<Chat>, StoreError> {
        let state = self.lock();
        if state.spoiled == Some(id) {
            return Err(StoreError::Damaged(anyhow::anyhow!("spoiled by a test")));
        }
        Ok(state.chats.get(&id).map(|row| row.chat.clone()))
    }

    async fn find_chat_by_number(&self, number: Seq) -> Result<Option<Chat>, StoreError> {
        Ok(self
            .lock()
            .chats_where(|chat| chat.number == Some(number))
            .pop())
    }

    async fn find_open_chat(
        &self,
        channel: &ChannelId,
        visitor: VisitorId,
    ) -> Result<Option<ChatId>, StoreError> {
        let is_it = |chat: &Chat| {
            chat.visitor.channel == *channel && chat.visitor.id == visitor && !chat.is_finished()
        };
        Ok(self.lock().chats_where(is_it).pop().map(|chat| chat.id))
    }

    async fn list_open_chats(&self) -> Result<Vec<Chat>, StoreError> {
        Ok(self.lock().chats_where(|chat| !chat.is_finished()))
    }

    async fn list_closed_chats(
        &self,
        before: Option<ChatPlace>,
        limit: u32,
    ) -> Result<Vec<Chat>, StoreError> {
        let closed = self.lock().chats_where(|chat| !chat.is_open());
        Ok(newest_first(closed, before, limit))
    }

    async fn list_visitor_chats(
        &self,
        visitor: VisitorId,
        before: Option<ChatPlace>,
        limit: u32,
    ) -> Result<Vec<Chat>, StoreError> {
        let theirs = self.lock().chats_where(|chat| chat.visitor.id == visitor);
        Ok(newest_first(theirs, before, limit))
    }

    async fn list_due_chats(&self, now: Timestamp, limit: u32) -> Result<Vec<DueChat>, StoreError> {
        let state = self.lock();
        let mut due: Vec<_> = state
            .chats
            .iter()
            .filter_map(|(chat, row)| {
                let deadline = row.deadline.filter(|deadline| *deadline <= now)?;
                Some(DueChat {
                    chat: *chat,
                    deadline,
                })
            })
            .collect();
        due.sort_by_key(|due| due.deadline);
        due.truncate(limit as usize);
        Ok(due)
    }

    async fn next_deadline(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self
            .lock()
            .chats
            .values()
            .filter_map(|row| row.deadline)
            .min())
    }

    async fn list_channels_with_chats(&self) -> Result<Vec<ChannelId>, StoreError> {
        let mut channels: Vec<_> = self
            .lock()
            .chats
            .values()
            .map(|row| row.chat.visitor.channel.clone())
            .collect();
        channels.sort();
        channels.dedup();
        Ok(channels)
    }

    async fn find_visitor(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
    ) -> Result<Option<Visitor>, StoreError> {
        let name = (channel.clone(), platform_id.clone());
        let state = self.lock();
        let other = || {
            let visitor = state.other_names.get(&name)?;
            state.visitors.values().find(|known| known.id == *visitor)
        };
        Ok(state.visitors.get(&name).or_else(other).cloned())
    }

    async fn name_visitor(
        &self,
        visitor: VisitorId,
        channel: &ChannelId,
        other: &PlatformId,
    ) -> Result<(), StoreError> {
        let name = (channel.clone(), other.clone());
        self.lock().other_names.insert(name, visitor);
        Ok(())
    }

    async fn find_message(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
    ) -> Result<Option<FoundMessage>, StoreError> {
        let state = self.lock();
        let id = state.names.get(&(channel.clone(), platform_id.clone()));
        let found = id.and_then(|id| state.messages.get(id));
        Ok(found.map(|(_, found)| found.clone()))
    }

    async fn find_message_by_id(&self, id: MessageId) -> Result<Option<FoundMessage>, StoreError> {
        Ok(self
            .lock()
            .messages
            .get(&id)
            .map(|(_, found)| found.clone()))
    }

    async fn find_revisions(
        &self,
        messages: Vec<MessageId>,
    ) -> Result<HashMap<MessageId, Revision>, StoreError> {
        let state = self.lock();
        let known = messages.into_iter();
        let known = known.filter_map(|id| Some((id, *state.revisions.get(&id)?)));
        Ok(known.collect())
    }

    async fn search(
        &self,
        query: &Query,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError> {
        let state = self.lock();
        let earlier = state.terms.range(..before.unwrap_or(Seq(i64::MAX))).rev();
        let found = earlier.filter(|(_, (chat, terms))| query.is_met_by(*chat, terms));
        let events = found.filter_map(|(seq, _)| {
            let place = usize::try_from(seq.0 - 1).ok()?;
            state.events.get(place).cloned()
        });
        Ok(events.take(limit as usize).collect())
    }

    async fn claim_deliveries(&self, claim: Claim) -> Result<Vec<Delivery>, StoreError> {
        let mut state = self.lock();
        let holds = |lease: &Lease| {
            lease.owner == claim.owner && lease.token == claim.token && lease.until > Instant::now()
        };
        let lease = state.leases.get(&format!("send:{}", claim.channel));
        if !lease.is_some_and(holds) {
            return Ok(vec![]);
        }
        let mut busy: Vec<ChatId> = vec![];
        let mut claimed = vec![];
        for (token, delivery) in &mut state.outbox {
            let is_waiting = matches!(delivery.state, DeliveryStage::Due | DeliveryStage::Sending);
            if delivery.channel != claim.channel || !is_waiting {
                continue;
            }
            let is_first = !busy.contains(&delivery.chat);
            busy.push(delivery.chat);
            let is_time = delivery.not_before <= claim.now
                || delivery.not_before > claim.now.plus(LONGEST_WAIT);
            let is_due = delivery.state == DeliveryStage::Due && is_time;
            if is_first && is_due && claimed.len() < claim.limit as usize {
                delivery.state = DeliveryStage::Sending;
                delivery.attempt += 1;
                delivery.started_at = Some(claim.now);
                *token = claim.token;
                claimed.push(delivery.clone());
            }
        }
        if !claimed.is_empty() && std::mem::take(&mut state.loses_a_claim) {
            return Err(unknown());
        }
        Ok(claimed)
    }

    async fn next_delivery_at(&self, channel: &ChannelId) -> Result<Option<Timestamp>, StoreError> {
        let state = self.lock();
        let due = state.outbox.iter().filter(|(_, delivery)| {
            delivery.channel == *channel && delivery.state == DeliveryStage::Due
        });
        Ok(due.map(|(_, delivery)| delivery.not_before).min())
    }

    async fn list_abandoned(
        &self,
        channel: &ChannelId,
        token: LeaseToken,
    ) -> Result<Vec<Delivery>, StoreError> {
        let state = self.lock();
        let abandoned = state.outbox.iter().filter(|(held, delivery)| {
            delivery.channel == *channel
                && delivery.state == DeliveryStage::Sending
                && *held < token
        });
        Ok(abandoned.map(|(_, delivery)| delivery.clone()).collect())
    }

    async fn list_overdue(
        &self,
        channel: &ChannelId,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        let state = self.lock();
        let overdue = state.outbox.iter().filter(|(_, delivery)| {
            delivery.channel == *channel
                && delivery.state == DeliveryStage::Due
                && delivery.window_ends.is_some_and(|ends| ends <= now)
        });
        Ok(overdue.map(|(_, delivery)| delivery.clone()).collect())
    }

    async fn put_back(
        &self,
        delivery: DeliveryId,
        attempt: u32,
        how: PutBack,
    ) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let Some((_, delivery)) = state.delivery_mut(delivery) else {
            return Ok(false);
        };
        if delivery.state != DeliveryStage::Sending || delivery.attempt != attempt {
            return Ok(false);
        }
        match how {
            PutBack::Due { not_before, .. } => {
                delivery.state = DeliveryStage::Due;
                delivery.not_before = not_before;
            }
            PutBack::Doubtful { .. } => delivery.is_doubtful = true,
        }
        Ok(true)
    }

    async fn find_delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        Ok(self.lock().find_delivery(id).cloned())
    }

    async fn count_unsettled(&self) -> Result<UnsettledCounts, StoreError> {
        let mut counts = UnsettledCounts::default();
        for (_, delivery) in &self.lock().outbox {
            match delivery.state {
                DeliveryStage::Due => counts.due += 1,
                DeliveryStage::Sending => counts.sending += 1,
                DeliveryStage::Unconfirmed => counts.unconfirmed += 1,
                DeliveryStage::Sent | DeliveryStage::Failed | DeliveryStage::Withdrawn => {}
            }
        }
        Ok(counts)
    }

    async fn take_lease(
        &self,
        name: &str,
        owner: &str,
        hold_for: Duration,
    ) -> Result<Option<LeaseToken>, StoreError> {
        let now = Instant::now();
        let mut state = self.lock();
        let lease = state.leases.entry(name.to_owned()).or_insert(Lease {
            owner: owner.to_owned(),
            token: LeaseToken(1),
            until: now,
        });
        if lease.owner != owner {
            if lease.until > now {
                return Ok(None);
            }
            owner.clone_into(&mut lease.owner);
            lease.token = LeaseToken(lease.token.0 + 1);
        }
        lease.until = now + hold_for;
        Ok(Some(lease.token))
    }

    async fn give_lease_back(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        let mut state = self.lock();
        if let Some(lease) = state.leases.get_mut(name)
            && lease.owner == owner
        {
            lease.owner.clear();
            lease.until = Instant::now();
        }
        Ok(())
    }

    async fn list_blocks(&self) -> Result<Vec<BlockEntry>, StoreError> {
        Ok(self.lock().blocks.values().cloned().collect())
    }

    async fn count_dropped(&self, visitor: VisitorId, more: u64) -> Result<(), StoreError> {
        if let Some(entry) = self.lock().blocks.get_mut(&visitor) {
            entry.dropped += more;
        }
        Ok(())
    }

    async fn save_session(&self, session: SessionEntry) -> Result<(), StoreError> {
        if self.lock().is_down {
            return Err(unknown());
        }
        self.lock().sessions.push(session);
        Ok(())
    }

    async fn find_session(&self, hash: &TokenHash) -> Result<Option<SessionEntry>, StoreError> {
        let state = self.lock();
        Ok(state.sessions.iter().find(|s| s.hash == *hash).cloned())
    }

    async fn touch_session(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError> {
        for session in &mut self.lock().sessions {
            if session.hash == *hash {
                session.used_at = at;
            }
        }
        Ok(())
    }

    async fn list_sessions(&self, now: Timestamp) -> Result<Vec<SessionEntry>, StoreError> {
        let state = self.lock();
        let alive = state.sessions.iter().filter(|s| s.expires_at > now);
        Ok(alive.cloned().collect())
    }

    async fn end_session(&self, hash: &TokenHash) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let before = state.sessions.len();
        state.sessions.retain(|session| session.hash != *hash);
        Ok(state.sessions.len() < before)
    }

    async fn save_draft(
        &self,
        operator: &OperatorId,
        chat: ChatId,
        draft: &DraftText,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        let place = (operator.clone(), chat);
        if draft.text.is_empty() {
            state.drafts.remove(&place);
            return Ok(());
        }
        state.drafts.insert(place, (at, draft.clone()));
        let own = state.drafts.iter().filter(|((who, _), _)| who == operator);
        let mut own: Vec<_> = own.map(|((_, chat), (at, _))| (*at, *chat)).collect();
        own.sort_unstable_by(|a, b| b.cmp(a));
        let oldest = at.minus(DRAFTS_KEPT_FOR);
        for (place, (at, chat)) in own.into_iter().enumerate() {
            if place >= DRAFTS_KEPT || at < oldest {
                state.drafts.remove(&(operator.clone(), chat));
            }
        }
        Ok(())
    }

    async fn list_drafts(
        &self,
        operator: &OperatorId,
    ) -> Result<Vec<(ChatId, DraftText)>, StoreError> {
        let state = self.lock();
        let own = state.drafts.iter().filter(|((who, _), _)| who == operator);
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|((_, chat), (at, _))| std::cmp::Reverse((*at, *chat)));
        Ok(own
            .into_iter()
            .map(|((_, chat), (_, draft))| (*chat, draft.clone()))
            .collect())
    }

    async fn list_due_files(
        &self,
        channel: &ChannelId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<FileRow>, StoreError> {
        let state = self.lock();
        let is_due = |file: &&FileRow| {
            file.stage == FileStage::Due && file.channel == *channel && file.not_before <= now
        };
        let mut due: Vec<_> = state.files.values().filter(is_due).cloned().collect();
        due.sort_by_key(|file| (file.not_before, file.id));
        due.truncate(limit as usize);
        Ok(due)
    }

    async fn next_file_at(&self, channel: &ChannelId) -> Result<Option<Timestamp>, StoreError> {
        let state = self.lock();
        let due = state
            .files
            .values()
            .filter(|file| file.stage == FileStage::Due && file.channel == *channel);
        Ok(due.map(|file| file.not_before).min())
    }

    async fn put_file_off(&self, id: FileId, not_before: Timestamp) -> Result<(), StoreError> {
        if let Some(file) = self.lock().files.get_mut(&id)
            && file.stage == FileStage::Due
        {
            file.tries += 1;
            file.not_before = not_before;
        }
        Ok(())
    }

    async fn find_file(&self, id: FileId) -> Result<Option<FileRow>, StoreError> {
        Ok(self.lock().files.get(&id).cloned())
    }

    async fn add_file(&self, file: FileRow) -> Result<(), StoreError> {
        self.lock().files.entry(file.id).or_insert(file);
        Ok(())
    }

    async fn give_up_strays(&self, before: Timestamp) -> Result<(), StoreError> {
        for file in self.lock().files.values_mut() {
            if file.stage == FileStage::Kept && file.message.is_none() && file.at < before {
                file.stage = FileStage::Unwanted;
            }
        }
        Ok(())
    }

    async fn list_old_files(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<FileRow>, StoreError> {
        let state = self.lock();
        let is_old = |file: &&FileRow| {
            file.stage == FileStage::Kept && file.message.is_some() && file.at < before
        };
        let mut old: Vec<_> = state.files.values().filter(is_old).cloned().collect();
        old.sort_by_key(|file| file.at);
        old.truncate(limit as usize);
        Ok(old)
    }

    async fn list_unwanted_files(&self, limit: u32) -> Result<Vec<FileId>, StoreError> {
        let state = self.lock();
        let unwanted = state
            .files
            .values()
            .filter(|file| file.stage == FileStage::Unwanted);
        Ok(unwanted.map(|file| file.id).take(limit as usize).collect())
    }

    async fn drop_file(&self, id: FileId) -> Result<(), StoreError> {
        self.lock()
            .files
            .retain(|known, file| *known != id || file.stage != FileStage::Unwanted);
        Ok(())
    }

    async fn save_template(&self, template: &Template) -> Result<(), StoreError> {
        if let Some(id) = template.id {
            self.lock().templates.insert(id, template.clone());
        }
        Ok(())
    }

    async fn delete_template(&self, id: TemplateId) -> Result<bool, StoreError> {
        Ok(self.lock().templates.remove(&id).is_some())
    }

    async fn list_templates(&self) -> Result<Vec<Template>, StoreError> {
        Ok(self.lock().templates.values().cloned().collect())
    }

    async fn keep_unread(&self, unread: UnreadBody) -> Result<(), StoreError> {
        self.lock().unread.push(unread);
        Ok(())
    }

    async fn count_unread(&self) -> Result<u64, StoreError> {
        Ok(self.lock().unread.len() as u64)
    }

    async fn bookmark(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.lock().bookmarks.get(name).cloned())
    }

    async fn set_bookmark(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.lock()
            .bookmarks
            .insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    async fn redact(&self, visitor: VisitorId, at: Timestamp) -> Result<Vec<ChatId>, StoreError> {
        let mut state = self.lock();
        let mark = mark_after(state.last_seq());
        let chats: Vec<ChatId> = state
            .chats_where(|chat| chat.visitor.id == visitor)
            .into_iter()
            .map(|chat| chat.id)
            .collect();
        state.forget_mentions(visitor);
        for chat in &chats {
            state.redact_chat(*chat, mark, at);
            for file in state.files.values_mut().filter(|file| file.chat == *chat) {
                file.stage = FileStage::Unwanted;
                file.kept = None;
                file.message = None;
                file.source = Attachment::of(AttachmentKind::Document);
            }
        }
        state.visitors.retain(|_, known| known.id != visitor);
        state.other_names.retain(|_, named| *named != visitor);
        state.blocks.remove(&visitor);
        drop(state);
        self.changed.notify_waiters();
        Ok(chats)
    }

    async fn backup(&self, _to: &Path) -> Result<(), StoreError> {
        Err(StoreError::Refused(anyhow::anyhow!("not in memory")))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        if self.lock().is_down {
            return Err(unknown());
        }
        Ok(())
    }
}
