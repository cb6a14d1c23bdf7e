//! A store in memory that keeps the same promises as the others: for tests of what stands on a store. It can be told to
//! leave a commit unknown: done or not, and the caller does not learn which.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;

use shared::chat::{Chat, Event, Revision, Stored, Trouble};
use shared::model::{
    ChannelId, ChatId, DeliveryId, FailureReason, Mark, MessageId, OperatorId, PlatformId, Seq,
    Template, TemplateId, Timestamp, Version, Visitor, VisitorId,
};
use shared::protocol::{ChatPlace, DraftText};

use super::{
    BlockChange, BlockEntry, Change, Claim, DRAFTS_KEPT, DRAFTS_KEPT_FOR, Delivery, DeliveryStage,
    DueChat, FoundMessage, Head, Key, LeaseToken, Outcome, PutBack, Query, SessionEntry, Settled,
    Store, StoreError, Terms, TokenHash, UnreadBody, UnsettledCounts, newest_first,
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
pub(crate) struct MemoryStore {
    state: Mutex<State>,
    last: watch::Sender<Seq>,
}

#[derive(Default)]
struct State {
    weather: Vec<Weather>,
    events: Vec<Stored>,
    terms: BTreeMap<Seq, (ChatId, Terms)>,
    revisions: HashMap<MessageId, Revision>,
    chats: BTreeMap<ChatId, Row>,
    open: HashMap<VisitorId, ChatId>,
    names: HashMap<(ChannelId, PlatformId), MessageId>,
    visitors: HashMap<(ChannelId, PlatformId), Visitor>,
    messages: BTreeMap<MessageId, (ChannelId, FoundMessage)>,
    seen: HashMap<Key, Seq>,
    outbox: BTreeMap<DeliveryId, (LeaseToken, Delivery)>,
    leases: HashMap<String, Lease>,
    blocks: HashMap<VisitorId, BlockEntry>,
    sessions: Vec<SessionEntry>,
    drafts: BTreeMap<(OperatorId, ChatId), (Timestamp, DraftText)>,
    templates: BTreeMap<TemplateId, Template>,
    unread: Vec<UnreadBody>,
    bookmarks: HashMap<String, String>,
    is_down: bool,
    last_mark: i64,
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

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            last: watch::channel(Seq(0)).0,
        }
    }
}

impl MemoryStore {
    /// Decides what happens to the next commits, the first first.
    pub(crate) fn forecast(&self, weather: &[Weather]) {
        self.lock().weather = weather.iter().rev().copied().collect();
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
            .values()
            .map(|(_, delivery)| delivery.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown() -> StoreError {
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
        let before = Seq(i64::try_from(self.events.len()).expect("few"));
        let first = if change.events.is_empty() {
            before
        } else {
            before.next()
        };
        self.last_mark += 1;
        let mark = Mark(self.last_mark);
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

    fn has_other_open_chat(&self, change: &Change) -> bool {
        let other = self.open.get(&change.after.visitor.id);
        !change.after.is_finished() && other.is_some_and(|other| *other != change.chat)
    }

    fn settles(&self, change: &Change) -> bool {
        change.settled.iter().all(|settled| {
            let found = self.outbox.get(&settled.delivery);
            found.is_some_and(|(_, delivery)| is_allowed(delivery, settled))
        })
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
        self.seen.insert(key, seq);
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
            self.outbox.insert(new.id, (LeaseToken(0), delivery));
        }
        for settled in change.settled {
            if let Some((_, delivery)) = self.outbox.get_mut(&settled.delivery) {
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
        self.write_block(change.block.as_ref(), &after, at);
        let mut after = after;
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
                self.blocks.remove(&after.visitor.id);
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
        for (_, delivery) in self.outbox.values_mut().filter(|(_, d)| d.chat == id) {
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
        (Due, Withdrawn) => delivery.attempt == 0,
        _ => false,
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
        let mut state = self.lock();
        let weather = state.weather.pop().unwrap_or_default();
        if weather == Weather::LostUnheard || state.is_down {
            return Err(unknown());
        }
        let outcomes: Vec<_> = changes
            .into_iter()
            .map(|change| state.take(change))
            .collect();
        let last = Seq(i64::try_from(state.events.len()).expect("few"));
        drop(state);
        self.last.send_replace(last);
        match weather {
            Weather::TakenUnheard => Err(unknown()),
            Weather::Fair | Weather::LostUnheard => outcomes.into_iter().collect(),
        }
    }

    async fn changed(&self, after: Seq) {
        let mut last = self.last.subscribe();
        last.wait_for(|last| *last > after).await.ok();
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let state = self.lock();
        let last = state.events.last();
        Ok(Head {
            log: "memory".into(),
            seq: last.map_or(Seq(0), |stored| stored.seq),
            mark: last.map_or(Mark(0), |stored| stored.mark),
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
        Ok(self.lock().chats.get(&id).map(|row| row.chat.clone()))
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
        Ok(self.lock().visitors.get(&name).cloned())
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
        let lease = state.leases.get(&format!("send:{}", claim.channel));
        let is_held = lease.is_some_and(|lease| {
            lease.owner == claim.owner && lease.token == claim.token && lease.until > Instant::now()
        });
        if !is_held {
            return Ok(vec![]);
        }
        let mut busy: Vec<ChatId> = vec![];
        let mut claimed = vec![];
        for (token, delivery) in state.outbox.values_mut() {
            let is_waiting = matches!(delivery.state, DeliveryStage::Due | DeliveryStage::Sending);
            if delivery.channel != claim.channel || !is_waiting {
                continue;
            }
            let is_first = !busy.contains(&delivery.chat);
            busy.push(delivery.chat);
            let is_due = delivery.state == DeliveryStage::Due && delivery.not_before <= claim.now;
            if is_first && is_due && claimed.len() < claim.limit as usize {
                delivery.state = DeliveryStage::Sending;
                delivery.attempt += 1;
                delivery.started_at = Some(claim.now);
                *token = claim.token;
                claimed.push(delivery.clone());
            }
        }
        Ok(claimed)
    }

    async fn next_delivery_at(&self, channel: &ChannelId) -> Result<Option<Timestamp>, StoreError> {
        let state = self.lock();
        let due = state.outbox.values().filter(|(_, delivery)| {
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
        let abandoned = state.outbox.values().filter(|(held, delivery)| {
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
        let overdue = state.outbox.values().filter(|(_, delivery)| {
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
        let Some((_, delivery)) = state.outbox.get_mut(&delivery) else {
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
        Ok(self
            .lock()
            .outbox
            .get(&id)
            .map(|(_, delivery)| delivery.clone()))
    }

    async fn count_unsettled(&self) -> Result<UnsettledCounts, StoreError> {
        let mut counts = UnsettledCounts::default();
        for (_, delivery) in self.lock().outbox.values() {
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
        let mut state = self.lock();
        let now = Instant::now();
        let lease = state
            .leases
            .entry(name.to_owned())
            .or_insert_with(|| Lease {
                owner: String::new(),
                token: LeaseToken(0),
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
        let mark = Mark(state.last_mark + 1);
        state.last_mark = mark.0;
        let chats: Vec<ChatId> = state
            .chats_where(|chat| chat.visitor.id == visitor)
            .into_iter()
            .map(|chat| chat.id)
            .collect();
        state.forget_mentions(visitor);
        for chat in &chats {
            state.redact_chat(*chat, mark, at);
        }
        state.visitors.retain(|_, known| known.id != visitor);
        state.blocks.remove(&visitor);
        let last = Seq(i64::try_from(state.events.len()).expect("few"));
        drop(state);
        self.last.send_replace(last);
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
