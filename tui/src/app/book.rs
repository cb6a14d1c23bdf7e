//! The chats this desk knows, what was said in those it shows, and the four lists they stand in. No frames, no keys.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use shared::chat::timeline::Timeline;
use shared::chat::{Chat, Stage, Stored};
use shared::model::{ChatId, OperatorId, Seq, Timestamp, Version};

/// One of the four lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// Nobody owns them.
    Queue,
    /// This operator's.
    Mine,
    /// Colleagues'.
    Others,
    /// Closed, softly or for good.
    Closed,
}

impl Section {
    /// Every list, in the order of its key.
    pub const ALL: [Self; 4] = [Self::Queue, Self::Mine, Self::Others, Self::Closed];
}

/// What was said in a chat, as far as it was loaded.
#[derive(Debug, Clone, Default)]
pub struct Story {
    /// The events.
    pub timeline: Timeline,
    /// A page has come.
    pub is_loaded: bool,
    /// A page was asked for.
    pub is_loading: bool,
    /// There are earlier ones.
    pub has_more: bool,
}

/// What taking an event in led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The chat moved on.
    Applied,
    /// It was in the chat already.
    Known,
    /// Events are missing: the chat must be loaded.
    Gap,
}

/// All chats of the desk.
#[derive(Debug, Clone, Default)]
pub struct Book {
    chats: BTreeMap<ChatId, Chat>,
    stories: BTreeMap<ChatId, Story>,
    wanted: BTreeSet<ChatId>,
}

impl Book {
    /// Finds a chat.
    pub fn get(&self, id: ChatId) -> Option<&Chat> {
        self.chats.get(&id)
    }

    /// Returns every chat, by id.
    pub fn chats(&self) -> impl Iterator<Item = &Chat> {
        self.chats.values()
    }

    /// Finds a chat by the number people call it by.
    pub fn numbered(&self, number: Seq) -> Option<&Chat> {
        self.chats().find(|chat| chat.number == Some(number))
    }

    /// Returns what was said in a chat.
    pub fn story(&self, id: ChatId) -> Option<&Story> {
        self.stories.get(&id)
    }

    /// Returns the story of a chat, empty at first.
    pub fn story_mut(&mut self, id: ChatId) -> &mut Story {
        self.stories.entry(id).or_default()
    }

    /// Takes an event in if it is the chat's next one.
    pub fn take(&mut self, stored: &Stored) -> Taken {
        let known = self
            .chats
            .get(&stored.chat)
            .map_or(Version(0), |chat| chat.version);
        if stored.version <= known {
            return Taken::Known;
        }
        if stored.version != known.plus(1) {
            self.wanted.insert(stored.chat);
            return Taken::Gap;
        }
        self.chats
            .entry(stored.chat)
            .or_insert_with(|| Chat::unborn(stored.chat))
            .apply(stored);
        if let Some(story) = self.stories.get_mut(&stored.chat) {
            story.timeline.push(stored.clone());
        }
        Taken::Applied
    }

    /// Puts a chat in as it stands, unless a later state is known. Returns whether its story must be loaded anew.
    pub fn show(&mut self, chat: Chat) -> bool {
        self.wanted.remove(&chat.id);
        let known = self.get(chat.id).map(|known| known.version);
        if known.is_some_and(|known| known >= chat.version) {
            return false;
        }
        let id = chat.id;
        self.chats.insert(id, chat);
        self.stories.remove(&id).is_some() || known.is_none()
    }

    /// Forgets a chat.
    pub fn hide(&mut self, id: ChatId) {
        self.wanted.remove(&id);
        self.chats.remove(&id);
        self.stories.remove(&id);
    }

    /// Forgets everything and begins with these.
    pub fn restart(&mut self, chats: Vec<Chat>) {
        self.stories.clear();
        self.wanted.clear();
        self.chats = chats.into_iter().map(|chat| (chat.id, chat)).collect();
    }

    /// Forgets that pages were asked for: the connection that was to bring them is gone.
    pub fn forget_requests(&mut self) {
        for story in self.stories.values_mut() {
            story.is_loading = false;
        }
    }

    /// Returns the chats that have a gap and must be loaded.
    pub fn wanted(&self) -> impl Iterator<Item = ChatId> + '_ {
        self.wanted.iter().copied()
    }

    /// Returns the chats of a list, in its order.
    pub fn list(&self, section: Section, me: &OperatorId) -> Vec<&Chat> {
        let mut chats: Vec<&Chat> = self
            .chats()
            .filter(|chat| section_of(chat, me) == section)
            .collect();
        match section {
            Section::Queue => chats.sort_by_key(|chat| (chat.waits_since(), chat.id)),
            Section::Mine => chats.sort_by_key(|chat| mine_order(chat)),
            Section::Others => chats.sort_by_key(|chat| (Reverse(chat.last_at), chat.id)),
            Section::Closed => {
                chats
                    .sort_by_key(|chat| (Reverse(chat.closed_at.unwrap_or(chat.last_at)), chat.id));
            }
        }
        chats
    }

    /// Returns the chat that needs this operator most, other than `but`: own ones in which somebody waits, oldest first,
    /// then the oldest of the queue.
    pub fn needing(&self, me: &OperatorId, but: Option<ChatId>) -> Option<ChatId> {
        let mine = self.list(Section::Mine, me);
        let waiting = mine
            .into_iter()
            .filter(|chat| chat.waiting_since.is_some() || chat.troubled().next().is_some());
        waiting
            .chain(self.list(Section::Queue, me))
            .map(|chat| chat.id)
            .find(|id| Some(*id) != but)
    }

    /// Returns since when the visitor who waits longest waits.
    pub fn oldest_wait(&self, section: Section, me: &OperatorId) -> Option<Timestamp> {
        self.chats()
            .filter(|chat| section_of(chat, me) == section)
            .filter_map(|chat| chat.waiting_since)
            .min()
    }
}

/// Waiting ones first, the oldest at the top; then the quiet ones, the latest at the top.
fn mine_order(chat: &Chat) -> (bool, i64, ChatId) {
    match chat.waiting_since {
        Some(since) => (false, since.0, chat.id),
        None => (true, -chat.last_at.0, chat.id),
    }
}

/// Returns the list a chat stands in.
pub fn section_of(chat: &Chat, me: &OperatorId) -> Section {
    match &chat.stage {
        Stage::Queue => Section::Queue,
        Stage::Chatting { owner } if owner == me => Section::Mine,
        Stage::Chatting { .. } => Section::Others,
        Stage::ClosedByOperator { .. } | Stage::Closed => Section::Closed,
    }
}
