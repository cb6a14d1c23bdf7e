//! The last events, each with its frame encoded once for all desks and with who saw the chat before and after it; and
//! every chat that is not closed for good, as those events leave it. A desk is a cursor into this (`storage.md` 6).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use shared::chat::rights::sees;
use shared::chat::{Chat, Sight, Stage, Stored};
use shared::model::{ChatId, Operator, Policy, Seq, Version};
use shared::protocol::{ResumePoint, SectionCounts, ServerFrame, Snapshot};

use super::encode;

/// Events kept at most.
const KEPT: usize = 10_000;
/// Bytes of frames kept at most.
const KEPT_BYTES: usize = 16 << 20;
/// Waiting chats in a snapshot, the longest waiting first.
const AWAITING_WINDOW: usize = 300;
/// Chats of others in a snapshot, the latest first.
const OTHERS_WINDOW: usize = 200;

/// One event in the ring.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) stored: Stored,
    pub(super) frame: Utf8Bytes,
    /// None: the chat began with it.
    pub(super) before: Option<Sight>,
    pub(super) after: Sight,
    /// The chat was closed for good before it.
    pub(super) is_return: bool,
}

/// Shared by the follower, which fills it, and the desks, which read it.
pub(crate) struct Ring {
    state: Mutex<State>,
    last_tx: watch::Sender<Seq>,
}

struct State {
    point: ResumePoint,
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    chats: HashMap<ChatId, Chat>,
    /// Rises when the history was replaced: every desk begins anew.
    generation: u64,
}

/// What a desk at some point gets next.
pub(super) enum Next {
    /// These, in order; may be none.
    Entries(Vec<Arc<Entry>>),
    /// The point is not known here, or too long ago.
    Lost,
}

impl Ring {
    pub(super) fn new(point: ResumePoint, chats: Vec<Chat>) -> Self {
        let last_tx = watch::channel(point.seq).0;
        let chats = chats.into_iter().map(|chat| (chat.id, chat)).collect();
        let state = State {
            point,
            entries: VecDeque::new(),
            bytes: 0,
            chats,
            generation: 0,
        };
        Self {
            state: Mutex::new(state),
            last_tx,
        }
    }

    /// Begins anew with another history.
    pub(super) fn replace(&self, point: ResumePoint, chats: Vec<Chat>) {
        let mut state = self.lock();
        state.entries.clear();
        state.bytes = 0;
        state.chats = chats.into_iter().map(|chat| (chat.id, chat)).collect();
        state.generation += 1;
        let seq = point.seq;
        state.point = point;
        drop(state);
        self.last_tx.send_replace(seq);
    }

    /// Whether the chat of an event is here, or begins with it.
    pub(super) fn has_chat_of(&self, stored: &Stored) -> bool {
        stored.version == Version(1) || self.lock().chats.contains_key(&stored.chat)
    }

    /// Takes the next event in; the caller has checked that it is the next. `closed` is its chat as the store has it,
    /// when it is not here: a late receipt of a chat that is closed for good.
    pub(super) fn push(&self, stored: Stored, closed: Option<&Chat>) {
        let mut state = self.lock();
        let seq = stored.seq;
        match closed {
            Some(chat) => state.push_closed(stored, chat),
            None => state.push(stored),
        }
        drop(state);
        self.last_tx.send_replace(seq);
    }

    /// Takes in that a chat which was closed for good goes on (IN-03): desks that have it no more get it whole.
    pub(super) fn push_returned(&self, chat: Option<Chat>, stored: Stored) {
        let mut state = self.lock();
        let seq = stored.seq;
        if let Some(chat) = chat {
            state.chats.insert(stored.chat, chat);
        }
        state.push(stored);
        if let Some(entry) = state.entries.back_mut().and_then(Arc::get_mut) {
            entry.is_return = true;
        }
        drop(state);
        self.last_tx.send_replace(seq);
    }

    /// Puts earlier events, with the sights of then, before what is there; at the start only.
    pub(super) fn warm(&self, entries: Vec<Entry>) {
        let mut state = self.lock();
        for entry in entries.into_iter().rev() {
            state.bytes += entry.frame.len();
            state.entries.push_front(Arc::new(entry));
        }
    }

    pub(super) fn point(&self) -> ResumePoint {
        self.lock().point.clone()
    }

    /// Returns the point of an event that is still here.
    pub(super) fn point_at(&self, seq: Seq) -> Option<ResumePoint> {
        let state = self.lock();
        let first = state.entries.front()?.stored.seq;
        let entry = state.entries.get(usize::try_from(seq.0 - first.0).ok()?)?;
        Some(ResumePoint {
            log: state.point.log.clone(),
            seq,
            mark: entry.stored.mark,
        })
    }

    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Returns a receiver that wakes when events came.
    pub(super) fn subscribe(&self) -> watch::Receiver<Seq> {
        self.last_tx.subscribe()
    }

    /// Returns what comes after a point, at most `limit`.
    pub(super) fn after(&self, seq: Seq, limit: usize) -> Next {
        let state = self.lock();
        let Some(first) = state.entries.front().map(|entry| entry.stored.seq) else {
            return if seq == state.point.seq {
                Next::Entries(vec![])
            } else {
                Next::Lost
            };
        };
        let skipped = seq.0 + 1 - first.0;
        match usize::try_from(skipped) {
            Ok(skipped) if skipped <= state.entries.len() => Next::Entries(
                state
                    .entries
                    .iter()
                    .skip(skipped)
                    .take(limit)
                    .cloned()
                    .collect(),
            ),
            Ok(_) | Err(_) => Next::Lost,
        }
    }

    /// Whether a desk can go on from a point: same history, and log, number and mark are all found.
    pub(super) fn knows(&self, point: &ResumePoint) -> bool {
        let state = self.lock();
        if point.log != state.point.log {
            return false;
        }
        if point.seq == state.point.seq {
            return point.mark == state.point.mark;
        }
        let Some(first) = state.entries.front().map(|entry| entry.stored.seq) else {
            return false;
        };
        let place = usize::try_from(point.seq.0 - first.0).ok();
        place
            .and_then(|place| state.entries.get(place))
            .is_some_and(|entry| entry.stored.mark == point.mark)
    }

    pub(crate) fn find_chat(&self, id: ChatId) -> Option<Chat> {
        self.lock().chats.get(&id).cloned()
    }

    pub(super) fn chats_where(&self, keep: impl Fn(&Chat) -> bool) -> Vec<Chat> {
        self.lock()
            .chats
            .values()
            .filter(|chat| keep(chat))
            .cloned()
            .collect()
    }

    pub(super) fn snapshot(&self, operator: &Operator, policy: &Policy) -> Snapshot {
        let state = self.lock();
        let seen = state
            .chats
            .values()
            .filter(|chat| sees(operator, &Sight::of(chat), policy));
        let (mut awaiting, mut mine, mut others) = (vec![], vec![], vec![]);
        let mut counts = SectionCounts::default();
        for chat in seen {
            match (&chat.stage, chat.owner()) {
                (Stage::Queue, _) => awaiting.push(chat),
                (_, Some(owner)) if *owner == operator.id => mine.push(chat),
                (_, _) => others.push(chat),
            }
        }
        let count = |chats: &Vec<&Chat>| u32::try_from(chats.len()).unwrap_or(u32::MAX);
        (counts.awaiting, counts.mine, counts.others) =
            (count(&awaiting), count(&mine), count(&others));
        awaiting.sort_by_key(|chat| chat.waits_since());
        awaiting.truncate(AWAITING_WINDOW);
        others.sort_by_key(|chat| std::cmp::Reverse(chat.last_at));
        others.truncate(OTHERS_WINDOW);
        let chats = awaiting
            .into_iter()
            .chain(mine)
            .chain(others)
            .cloned()
            .collect();
        Snapshot {
            at: state.point.clone(),
            chats,
            counts,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, stored: Stored) {
        let before = self.chats.get(&stored.chat).map(Sight::of);
        let chat = self
            .chats
            .entry(stored.chat)
            .or_insert_with(|| Chat::unborn(stored.chat));
        chat.apply(&stored);
        let after = Sight::of(chat);
        if chat.is_finished() {
            self.chats.remove(&stored.chat);
        }
        self.keep(Entry::new(stored, before, after));
    }

    fn push_closed(&mut self, stored: Stored, chat: &Chat) {
        let sight = Sight::of(chat);
        self.keep(Entry::new(stored, Some(sight.clone()), sight));
    }

    fn keep(&mut self, entry: Entry) {
        (self.point.seq, self.point.mark) = (entry.stored.seq, entry.stored.mark);
        self.bytes += entry.frame.len();
        self.entries.push_back(Arc::new(entry));
        while self.entries.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.frame.len();
        }
    }
}

impl Entry {
    pub(super) fn new(stored: Stored, before: Option<Sight>, after: Sight) -> Self {
        let frame = encode(&ServerFrame::Event(stored.clone()));
        Self {
            stored,
            frame,
            before,
            after,
            is_return: false,
        }
    }
}
