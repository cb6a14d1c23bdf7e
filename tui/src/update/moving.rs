//! Which chat is on the screen, and what follows from looking at it: its story is asked for, colleagues are told, its
//! draft lies in the composer.

use shared::chat::DeskCommand;
use shared::model::{ChatId, Presence};
use shared::protocol::{ClientFrame, OpenSection};

use crate::app::book::{Section, section_of};
use crate::app::{App, Asked};
use crate::keymap::Zone;

/// Events asked for at once.
const PAGE: u32 = 50;

impl App {
    /// Shows a chat, and the list it stands in.
    pub(crate) fn show_chat(&mut self, id: ChatId) {
        if self.open != Some(id) {
            self.leave_chat();
            self.open = Some(id);
            self.scroll = 0;
            self.new_count = self.book.get(id).map_or(0, |chat| chat.unread);
            self.new_from = None;
            self.load_draft();
            self.load_past();
            self.send(ClientFrame::Presence {
                chat: id,
                presence: Presence::Viewing,
            });
        }
        if let Some(chat) = self.book.get(id) {
            self.section = section_of(chat, &self.me);
        }
        self.look();
    }

    /// Leaves the chat on the screen; its text is kept.
    pub(super) fn leave_chat(&mut self) {
        if let Some(chat) = self.open {
            self.keep_draft();
            self.send(ClientFrame::Presence {
                chat,
                presence: Presence::Gone,
            });
        }
        self.open = None;
        self.composer.clear();
        self.is_note = false;
        self.edited_at = None;
        self.told_replying_at = None;
        self.zone = Zone::Command;
    }

    /// Looks at the chat on the screen: its story is loaded, and what stands there is read.
    pub(super) fn look(&mut self) {
        let Some(id) = self.open else { return };
        let story = self.book.story_mut(id);
        if !story.is_loaded && !story.is_loading {
            self.load_story(id);
        }
        self.mark_new();
        let is_seen = self.has_focus && self.scroll == 0 && self.is_live;
        let is_unread = self
            .chat()
            .is_some_and(|chat| chat.unread > 0 && self.is_mine(chat));
        let is_asked = self
            .pending
            .iter()
            .any(|pending| pending.chat == id && pending.command == DeskCommand::MarkRead);
        if is_seen && is_unread && !is_asked {
            self.ask(id, DeskCommand::MarkRead);
        }
    }

    /// Finds where the messages begin that were unread when the chat was opened.
    fn mark_new(&mut self) {
        let count = usize::try_from(self.new_count).unwrap_or(usize::MAX);
        if self.new_from.is_some() || count == 0 {
            return;
        }
        let Some(story) = self.open.and_then(|open| self.book.story(open)) else {
            return;
        };
        let received = story
            .timeline
            .events()
            .iter()
            .rev()
            .filter(|stored| matches!(stored.event, shared::chat::Event::Received { .. }));
        let first = received.take(count).last().map(|stored| stored.seq);
        if story.is_loaded {
            self.new_from = first;
        }
    }

    /// Asks for the visitor's earlier chats where the panel shows them.
    fn load_past(&mut self) {
        let visitor = self.chat().map(|chat| chat.visitor.id);
        let is_shown = self.columns >= 160;
        if is_shown && visitor.is_some_and(|visitor| !self.fetched.past.contains_key(&visitor)) {
            self.load_visitor();
        }
    }

    /// Asks for the next chats of a list that was cut.
    fn load_open(&mut self) {
        let (section, after) = match self.section {
            Section::Queue => (OpenSection::Awaiting, self.next_open.awaiting),
            Section::Mine => (OpenSection::Mine, self.next_open.mine),
            Section::Others => (OpenSection::Others, self.next_open.others),
            Section::Closed => return,
        };
        let asked = Asked::Open(section);
        let is_asked = self.asked.values().any(|known| *known == asked);
        if after.is_none() || is_asked || !self.is_live {
            return;
        }
        let request = self.request(asked);
        self.send(ClientFrame::LoadOpen {
            request,
            section,
            after,
            limit: PAGE,
        });
    }

    /// Asks for the next earlier page of a chat.
    pub(super) fn load_story(&mut self, chat: ChatId) {
        if !self.is_live {
            return;
        }
        let story = self.book.story_mut(chat);
        story.is_loading = true;
        let before = story
            .is_loaded
            .then(|| story.timeline.events().first().map(|stored| stored.seq))
            .flatten();
        let request = self.request(Asked::Timeline(chat));
        self.send(ClientFrame::LoadTimeline {
            request,
            chat,
            before,
            limit: PAGE,
        });
    }

    /// Shows another list.
    pub(super) fn show_section(&mut self, section: Section) {
        self.section = section;
        if section == Section::Closed && !self.fetched.is_closed_loaded {
            self.load_closed();
        }
        let stands_there = self
            .chat()
            .is_some_and(|chat| section_of(chat, &self.me) == section);
        if stands_there {
            return;
        }
        let first = self.list().first().map(|chat| chat.id);
        match first {
            Some(id) => self.show_chat(id),
            None => self.leave_chat(),
        }
    }

    /// Asks for the next page of closed chats.
    pub(super) fn load_closed(&mut self) {
        if !self.is_live {
            return;
        }
        let before = self
            .fetched
            .next_closed
            .filter(|_| self.fetched.is_closed_loaded);
        self.fetched.is_closed_loaded = true;
        let request = self.request(Asked::Closed);
        self.send(ClientFrame::LoadClosed {
            request,
            before,
            limit: PAGE,
        });
    }

    /// Shows the chat above (-1) or below (1) in the list.
    pub(super) fn step(&mut self, by: isize) {
        let ids: Vec<ChatId> = self.list().iter().map(|chat| chat.id).collect();
        let at = self
            .open
            .and_then(|open| ids.iter().position(|id| *id == open));
        let to = match at {
            Some(at) => at
                .saturating_add_signed(by)
                .min(ids.len().saturating_sub(1)),
            None => 0,
        };
        if at == Some(to) && by > 0 {
            self.load_open();
        }
        if at == Some(to)
            && self.section == Section::Closed
            && by > 0
            && self.fetched.has_more_closed
        {
            self.load_closed();
        }
        if let Some(id) = ids.get(to) {
            self.show_chat(*id);
        }
    }

    /// Returns how far the conversation can be scrolled up.
    pub(super) fn deepest_scroll(&self) -> usize {
        let (width, height) = crate::view::conversation_size(self);
        crate::view::conversation_rows(self, width).saturating_sub(height)
    }

    pub(super) fn scroll_up(&mut self) {
        let page = crate::view::conversation_size(self)
            .1
            .saturating_sub(2)
            .max(1);
        let deepest = self.deepest_scroll();
        self.scroll = (self.scroll + page).min(deepest);
        if self.scroll >= deepest {
            self.load_earlier();
        }
    }

    /// Asks for what lies above the top of the conversation: an earlier page, else the visitor's chat before (V-11).
    pub(super) fn load_earlier(&mut self) {
        let told = self.told();
        let Some(top) = told.last().copied() else {
            return;
        };
        let story = self.book.story_mut(top);
        if story.is_loading || !story.is_loaded {
            return;
        }
        if story.has_more {
            self.load_story(top);
            return;
        }
        let Some(visitor) = self.chat().map(|chat| chat.visitor.id) else {
            return;
        };
        let Some(past) = self.fetched.past.get(&visitor) else {
            self.load_visitor();
            return;
        };
        let next = past.iter().skip_while(|id| **id != top).nth(1).copied();
        if let Some(next) = next {
            self.load_story(next);
        }
    }

    pub(super) fn scroll_down(&mut self) {
        let page = crate::view::conversation_size(self)
            .1
            .saturating_sub(2)
            .max(1);
        self.scroll = self.scroll.saturating_sub(page);
        self.look();
    }
}
