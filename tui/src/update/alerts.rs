//! What makes a sound: a new chat that waits, a chat given to me or taken from me, a word in my chat, a failed reply.

use shared::chat::{Event, Stored, TransferTarget};
use shared::model::Timestamp;

use crate::app::App;
use crate::app::book::{Section, section_of};
use crate::effect::Effect;

/// At most one bell in this time.
const BELL_MS: i64 = 1_000;

impl App {
    /// Sounds if an event needs this operator; `before` is the list the chat stood in.
    pub(super) fn alert(&mut self, stored: &Stored, before: Option<Section>) {
        let Some(chat) = self.book.get(stored.chat) else {
            return;
        };
        let after = section_of(chat, &self.me);
        let is_seen = self.has_focus && self.open == Some(stored.chat);
        let id = match &stored.event {
            Event::Claimed {
                by,
                from: Some(from),
            } if *from == self.me && *by != self.me => {
                let who = shared::text::clean_line(&self.name_of(by));
                let visitor = shared::text::clean_line(chat.visitor.name());
                let values = [("name", &*who), ("visitor", &*visitor)];
                let text = self.say_with("done-taken", &values);
                self.say(text);
                "notify-taken"
            }
            Event::Transferred {
                to: TransferTarget::Operator { operator },
                by,
                ..
            } if *operator == self.me && *by != self.me => "notify-transferred",
            Event::NoteWritten { mentions, by, .. }
                if mentions.contains(&self.me) && *by != self.me =>
            {
                "notify-mentioned"
            }
            Event::ReplyFailed { .. } | Event::ReplyUnconfirmed { .. }
                if after == Section::Mine =>
            {
                "notify-failed"
            }
            Event::Received { .. } if after == Section::Mine && !is_seen => "notify-mine",
            Event::Received { .. } | Event::Opened { .. } | Event::Reopened { .. }
                if after == Section::Queue && before != Some(Section::Queue) =>
            {
                "notify-queue"
            }
            _ => return,
        };
        self.ring(id);
    }

    /// Rings, unless it just did, and notifies when nobody looks.
    pub(super) fn ring(&mut self, id: &str) {
        let is_quiet = self.bell_at.is_none_or(|at| at.0 + BELL_MS <= self.now.0);
        if !self.is_live || !is_quiet {
            return;
        }
        self.bell_at = Some(self.now);
        self.effect(Effect::Bell);
        if !self.has_focus {
            let text = self.tr(id).into_owned();
            self.effect(Effect::Notify(text));
        }
    }

    /// Sets the terminal's title when the number of waiting chats has changed.
    pub(super) fn retitle(&mut self) {
        let count = self
            .book
            .chats()
            .filter(|chat| {
                let section = section_of(chat, &self.me);
                section == Section::Queue
                    || (section == Section::Mine && chat.waiting_since > Some(Timestamp(0)))
            })
            .count();
        let title = if count == 0 {
            self.tr("title").into_owned()
        } else {
            let values = [("count", count.into())];
            self.language.tr("title-unread", &values).into_owned()
        };
        if title != self.title {
            self.title.clone_from(&title);
            self.effect(Effect::Title(title));
        }
    }
}
