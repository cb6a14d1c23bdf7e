//! Looking for something: the list filtered as one types, a found message brought onto the screen, and the way back.

use shared::model::ChatId;
use shared::protocol::PAGE_LIMIT;

use crate::app::App;
use crate::app::popup::{Kind, Popup};
use crate::app::seeking::Sought;
use crate::key::{Code, Key};

impl App {
    /// Opens the filter of the list, with what stands in it.
    pub(super) fn open_filter(&mut self) {
        self.is_zoomed = false;
        let mut popup = Popup::new(Kind::Filter);
        let was = self.seeking.filter.clone();
        popup.field.set(&was, was.len());
        self.popup = Some(popup);
    }

    /// A key while the filter is being typed: arrows walk the list. Returns whether it was one.
    pub(super) fn walk_filtered(&mut self, key: Key) -> bool {
        let by = match key.code {
            Code::Up => -1,
            Code::Down => 1,
            _ => return false,
        };
        self.step(by);
        true
    }

    /// Ends the typing of the filter; the first chat it finds is shown unless one of them is.
    pub(super) fn keep_filter(&mut self) {
        let ids: Vec<ChatId> = self.list().iter().map(|chat| chat.id).collect();
        let is_among = self.open.is_some_and(|open| ids.contains(&open));
        if let Some(first) = ids.first().filter(|_| !is_among) {
            self.show_chat(*first);
        }
    }

    /// Shows the message a search has found.
    pub(super) fn open_hit(&mut self, at: usize) {
        let mut hits = std::mem::take(&mut self.fetched.hits);
        if at >= hits.len() {
            return;
        }
        let hit = hits.swap_remove(at);
        let back = self.seeking.back.unwrap_or_else(|| self.place());
        let chat = hit.chat.id;
        self.book.show(*hit.chat);
        self.show_chat(chat);
        self.seeking.back = Some(back);
        self.seeking.hit = Some(Sought {
            chat,
            seq: hit.stored.seq,
            is_shown: false,
        });
        self.seek();
    }

    /// Loads earlier pages until the message that was found is there, then moves the conversation to it.
    pub(crate) fn seek(&mut self) {
        let Some(sought) = self.seeking.hit.filter(|hit| !hit.is_shown) else {
            return;
        };
        let Some(story) = self.book.story(sought.chat) else {
            return;
        };
        if self.open != Some(sought.chat) || !story.is_loaded || story.is_loading {
            return;
        }
        let first = story.timeline.events().first().map(|stored| stored.seq);
        if story.has_more && first.is_none_or(|first| sought.seq < first) {
            self.load_page(sought.chat, PAGE_LIMIT);
            return;
        }
        let (width, height) = crate::view::conversation_size(self);
        if let Some(below) = crate::view::rows_below(self, width, sought.seq) {
            self.scroll = below.saturating_sub(height / 2).min(self.deepest_scroll());
        }
        self.seeking.hit = Some(Sought {
            is_shown: true,
            ..sought
        });
    }

    /// Esc where letters are commands: the way back from a found message, the filter, then the panel of commands.
    pub(super) fn escape(&mut self, was_guided: bool) {
        self.said = None;
        if let Some(place) = self.seeking.back.take() {
            self.seeking.hit = None;
            match place.open {
                Some(open) => self.show_chat(open),
                None => self.leave_chat(),
            }
            self.section = place.section;
            self.scroll = place.scroll.min(self.deepest_scroll());
        } else if !self.seeking.filter.is_empty() {
            self.seeking.filter.clear();
        } else if !was_guided {
            self.guide_at = Some(self.now);
        }
    }
}
