//! The last events, each with its frame encoded once for all desks and with who saw the chat before and after it; and
//! every chat that is not closed for good, as those events leave it. A desk is a cursor into this (`storage.md` 6).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use shared::chat::{Chat, Event, Revision, Sight, Stage, Stored};
use shared::model::{ChatId, MessageId, OperatorId, Seq, Version};
use shared::protocol::{ChatPage, ChatPlace, OpenSection, ResumePoint, ServerFrame, Snapshot};

use super::encode;
use super::lists::{self, Tally, Windows, section_of};
use super::viewer::Viewer;

/// Events kept at most: a desk that missed ten thousand goes on with the next.
const KEPT: usize = 16_384;
/// Bytes of frames kept at most.
const KEPT_BYTES: usize = 16 << 20;
/// Events that a desk takes at once.
const PAGE: usize = 256;
/// Bytes of frames after which a page ends: a desk that does not read holds on to one page.
const PAGE_BYTES: usize = 256 << 10;

/// One event in the ring.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) stored: Stored,
    frame: Utf8Bytes,
    /// What became of the message since, and the frame for those who may not read originals.
    revised: Option<(Revision, Utf8Bytes)>,
    /// None: the chat began with it.
    pub(super) before: Option<Standing>,
    pub(super) after: Standing,
    /// The chat was closed for good before it.
    pub(super) is_return: bool,
}

/// How a chat stood at some moment: who saw it, and in which list.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) sight: Sight,
    is_waiting: bool,
    is_open: bool,
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
    Page {
        entries: Vec<Arc<Entry>>,
        /// Others follow already.
        is_more: bool,
    },
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

    /// Begins anew with what was loaded: another history.
    pub(super) fn replace(&self, fresh: Self) {
        let fresh = fresh
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let seq = fresh.point.seq;
        let mut state = self.lock();
        let generation = state.generation + 1;
        *state = State {
            generation,
            ..fresh
        };
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
        match closed {
            Some(chat) => state.push_closed(stored, chat),
            None => state.push(stored),
        }
    }

    /// Takes in that a chat which was closed for good goes on (IN-03): desks that have it no more get it whole.
    pub(super) fn push_returned(&self, chat: Option<Chat>, stored: Stored) {
        let mut state = self.lock();
        if let Some(chat) = chat {
            state.chats.insert(stored.chat, chat);
        }
        state.push(stored);
        if let Some(entry) = state.entries.back_mut().and_then(Arc::get_mut) {
            entry.is_return = true;
        }
    }

    /// Wakes the desks: once for all that came together, so that each sends it in one write.
    pub(super) fn announce(&self) {
        let seq = self.lock().point.seq;
        self.last_tx.send_replace(seq);
    }

    /// Puts earlier events, with the sights of then, before what is there; at the start only. Of a history with a hole
    /// it keeps what follows the hole: places in the ring are counted by numbers.
    pub(super) fn warm(&self, mut entries: Vec<Entry>) {
        let is_hole = |pair: &[Entry]| pair[1].stored.seq != pair[0].stored.seq.next();
        if let Some(hole) = entries.windows(2).rposition(is_hole) {
            entries.drain(..=hole);
        }
        let mut state = self.lock();
        let later = std::mem::take(&mut state.entries);
        for entry in entries {
            state.rewrite(&entry.stored);
            state.bytes += entry.size();
            state.entries.push_back(Arc::new(entry));
        }
        state.entries.extend(later);
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
            outlook: String::new(),
        })
    }

    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Returns a receiver that wakes when events came.
    pub(super) fn subscribe(&self) -> watch::Receiver<Seq> {
        self.last_tx.subscribe()
    }

    /// Returns what comes after a point: at most [`PAGE`] events, and no more after [`PAGE_BYTES`].
    pub(super) fn after(&self, seq: Seq) -> Next {
        let state = self.lock();
        let Some(first) = state.entries.front().map(|entry| entry.stored.seq) else {
            return if seq == state.point.seq {
                let (entries, is_more) = (vec![], false);
                Next::Page { entries, is_more }
            } else {
                Next::Lost
            };
        };
        let skipped = seq.0 + 1 - first.0;
        match usize::try_from(skipped) {
            Ok(skipped) if skipped <= state.entries.len() => {
                let mut bytes = 0;
                let fits = |entry: &&Arc<Entry>| {
                    let is_first = bytes == 0;
                    bytes += entry.size();
                    is_first || bytes <= PAGE_BYTES
                };
                let later = state.entries.range(skipped..);
                let entries: Vec<_> = later.take(PAGE).take_while(fits).cloned().collect();
                let is_more = skipped + entries.len() < state.entries.len();
                Next::Page { entries, is_more }
            }
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

    pub(super) fn snapshot(&self, viewer: &Viewer) -> Snapshot {
        let state = self.lock();
        let seen = state.chats.values().filter(|chat| viewer.sees(chat));
        let Windows {
            chats,
            counts,
            next,
        } = lists::windows(&viewer.operator.id, &seen.collect::<Vec<_>>());
        let mut at = state.point.clone();
        at.outlook = viewer.outlook();
        Snapshot {
            at,
            chats,
            counts,
            next,
        }
    }

    /// Counts the open chats in each list, for a desk that needs no snapshot.
    pub(super) fn tally(&self, viewer: &Viewer) -> Tally {
        let state = self.lock();
        let seen = state.chats.values().filter(|chat| viewer.sees(chat));
        Tally::untold(lists::counts(&viewer.operator.id, seen), state.point.seq)
    }

    /// Returns a page of a list of open chats.
    pub(super) fn page(
        &self,
        section: OpenSection,
        after: Option<ChatPlace>,
        limit: usize,
        viewer: &Viewer,
    ) -> ChatPage {
        let state = self.lock();
        let me = &viewer.operator.id;
        let listed = state.chats.values();
        let listed = listed.filter(|chat| section_of(chat, me) == section && viewer.sees(chat));
        lists::page(section, listed.collect(), after, limit)
    }

    /// Whether a chat is here, and in sight.
    pub(super) fn is_seen(&self, chat: ChatId, viewer: &Viewer) -> bool {
        let state = self.lock();
        state.chats.get(&chat).is_some_and(|chat| viewer.sees(chat))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, stored: Stored) {
        let before = self.chats.get(&stored.chat).map(Standing::of);
        let chat = self
            .chats
            .entry(stored.chat)
            .or_insert_with(|| Chat::unborn(stored.chat));
        chat.apply(&stored);
        let after = Standing::of(chat);
        if chat.is_finished() {
            self.chats.remove(&stored.chat);
        }
        self.keep(Entry::new(stored, before, after));
    }

    fn push_closed(&mut self, stored: Stored, chat: &Chat) {
        let standing = Standing::of(chat);
        self.keep(Entry::new(stored, Some(standing.clone()), standing));
    }

    fn keep(&mut self, entry: Entry) {
        self.rewrite(&entry.stored);
        (self.point.seq, self.point.mark) = (entry.stored.seq, entry.stored.mark);
        self.bytes += entry.size();
        self.entries.push_back(Arc::new(entry));
        while self.entries.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.size();
        }
    }

    /// Does to earlier entries what an event means for those who have not read them yet: words that were taken back or
    /// changed are originals now (IN-09), and an erased chat says nothing more (V-15).
    fn rewrite(&mut self, news: &Stored) {
        let revision = Revision::of(&news.event);
        let is_erased = matches!(news.event, Event::Redacted);
        if revision.is_none() && !is_erased {
            return;
        }
        let of_chat = self.entries.iter_mut();
        for entry in of_chat.filter(|entry| entry.stored.chat == news.chat) {
            let changed = match revision {
                Some((message, revision)) => entry.revised(message, revision),
                None => Some(entry.redacted()),
            };
            if let Some(changed) = changed {
                self.bytes = (self.bytes + changed.size()).saturating_sub(entry.size());
                *entry = Arc::new(changed);
            }
        }
    }
}

impl Entry {
    pub(super) fn new(stored: Stored, before: Option<Standing>, after: Standing) -> Self {
        let frame = encode(&ServerFrame::Event(stored.clone()));
        Self {
            stored,
            frame,
            revised: None,
            before,
            after,
            is_return: false,
        }
    }

    /// Returns the frame for a reader.
    pub(super) fn frame_for(&self, reads_originals: bool) -> Utf8Bytes {
        match &self.revised {
            Some((_, frame)) if !reads_originals => frame.clone(),
            Some(_) | None => self.frame.clone(),
        }
    }

    fn size(&self) -> usize {
        let revised = self.revised.as_ref();
        self.frame.len() + revised.map_or(0, |(_, frame)| frame.len())
    }

    /// Returns it with what became of a message; none: it holds no words of that message.
    fn revised(&self, message: MessageId, news: Revision) -> Option<Self> {
        if self.stored.event.holds_words_of() != Some(message) {
            return None;
        }
        let known = self.revised.as_ref().map(|(revision, _)| *revision);
        let revision = known.unwrap_or_default().and(news);
        let event = self.stored.event.without_originals(revision)?;
        let shown = Stored {
            event,
            ..self.stored.clone()
        };
        Some(Self {
            stored: self.stored.clone(),
            frame: self.frame.clone(),
            revised: Some((revision, encode(&ServerFrame::Event(shown)))),
            before: self.before.clone(),
            after: self.after.clone(),
            is_return: self.is_return,
        })
    }

    fn redacted(&self) -> Self {
        let stored = Stored {
            event: self.stored.event.redacted(),
            ..self.stored.clone()
        };
        Self::new(stored, self.before.clone(), self.after.clone())
    }
}

impl Standing {
    pub(super) fn of(chat: &Chat) -> Self {
        Self {
            sight: Sight::of(chat),
            is_waiting: chat.stage == Stage::Queue,
            is_open: chat.is_open(),
        }
    }

    /// Returns the list of open chats it stands in for an operator; none: it is closed.
    pub(super) fn section(&self, me: &OperatorId) -> Option<OpenSection> {
        let section = if self.is_waiting {
            OpenSection::Awaiting
        } else if self.sight.owner.as_ref() == Some(me) {
            OpenSection::Mine
        } else {
            OpenSection::Others
        };
        self.is_open.then_some(section)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model::Mark;

    use crate::store::testing::{NOON, received};

    /// Returns the events of one visitor's messages, at the given numbers.
    fn events(seqs: &[i64], text: &str) -> Vec<Stored> {
        let mut chat = Chat::unborn(ChatId(1));
        let mut stored = vec![];
        for seq in seqs {
            let change = received(&chat, *seq, 1, text, &format!("in:{seq}"));
            let event = change
                .events
                .into_iter()
                .find(|event| event.holds_words_of().is_some());
            let event = Stored {
                seq: Seq(*seq),
                mark: Mark(*seq),
                chat: chat.id,
                version: chat.version.plus(1),
                at: NOON,
                event: event.expect("a message is an event"),
            };
            chat.apply(&event);
            stored.push(event);
        }
        stored
    }

    fn entry(stored: Stored) -> Entry {
        let standing = Standing::of(&Chat::unborn(ChatId(1)));
        Entry::new(stored, None, standing)
    }

    fn ring_at(seq: i64) -> Ring {
        let point = ResumePoint {
            log: "log".into(),
            seq: Seq(seq),
            mark: Mark(seq),
            outlook: String::new(),
        };
        Ring::new(point, vec![])
    }

    fn seqs_after(ring: &Ring, seq: i64) -> Option<Vec<i64>> {
        match ring.after(Seq(seq)) {
            Next::Page { entries, .. } => Some(entries.iter().map(|e| e.stored.seq.0).collect()),
            Next::Lost => None,
        }
    }

    #[test]
    fn a_desk_goes_on_after_a_hole_and_begins_anew_before_it() {
        let ring = ring_at(12);
        ring.warm(
            events(&[8, 9, 11, 12], "a")
                .into_iter()
                .map(entry)
                .collect(),
        );
        assert_eq!(seqs_after(&ring, 12), Some(vec![]));
        assert_eq!(seqs_after(&ring, 10), Some(vec![11, 12]));
        assert_eq!(seqs_after(&ring, 9), None);
    }

    #[test]
    fn a_page_ends_when_it_is_heavy_and_goes_on_where_it_ended() {
        let heavy = "x".repeat(PAGE_BYTES / 3);
        let ring = ring_at(0);
        for stored in events(&[1, 2, 3, 4], &heavy) {
            ring.push(stored, None);
        }
        assert_eq!(seqs_after(&ring, 0), Some(vec![1, 2]));
        assert_eq!(seqs_after(&ring, 2), Some(vec![3, 4]));
    }

    #[test]
    fn an_event_heavier_than_a_page_is_a_page() {
        let ring = ring_at(0);
        for stored in events(&[1, 2], &"x".repeat(2 * PAGE_BYTES)) {
            ring.push(stored, None);
        }
        assert_eq!(seqs_after(&ring, 0), Some(vec![1]));
    }
}
