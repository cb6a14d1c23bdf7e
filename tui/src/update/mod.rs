//! How the desk changes: one input in, the new state and what to do outside. No clock, no files, no sockets.

mod alerts;
mod commands;
mod compose;
mod files;
mod frames;
mod items;
mod keys;
mod moving;
mod popups;
mod seeking;
mod shelf;
mod stray;
mod templates;
#[cfg(test)]
mod tests;

pub(crate) use frames::goodbye_id;
pub use items::PLACEHOLDERS;
pub(crate) use items::{
    Opens, count_items, fill, link_at, links, opens, other_reading, visible, web_address,
};

use shared::model::Timestamp;

use crate::app::App;
use crate::effect::Effect;
use crate::input::{Input, LinkState};

/// Takes one input in and returns what to do outside, in order.
pub fn update(app: &mut App, input: Input, now: Timestamp) -> Vec<Effect> {
    app.now = now;
    match input {
        Input::Key(key) => app.press(key),
        Input::Paste(text) => app.paste(&text),
        Input::Resize { columns, rows } => {
            app.columns = columns;
            app.rows = rows;
            app.scroll = app.scroll.min(app.deepest_scroll());
        }
        Input::Focus(has_focus) => {
            app.has_focus = has_focus;
            app.look();
        }
        Input::Frame(frame) => app.hear(*frame),
        Input::Link(link) => app.relink(link),
        Input::Folder { asked, rows } => app.looked_into(&asked, rows),
        Input::Uploading(percent) => app.uploading(percent),
        Input::HandedIn { chat, result } => app.handed_in(chat, result),
        Input::Saved { id, result } => app.saved(id, result),
        Input::Due => {}
    }
    app.due();
    app.retitle();
    std::mem::take(&mut app.effects)
}

/// Takes leave: what stands in the composer goes among the drafts. Returns what to do outside before the end.
pub fn leave(app: &mut App, now: Timestamp) -> Vec<Effect> {
    app.now = now;
    app.keep_draft();
    std::mem::take(&mut app.effects)
}

impl App {
    fn relink(&mut self, link: LinkState) {
        if !matches!(link, LinkState::Online { .. }) {
            self.is_live = false;
            self.lag_ms = None;
            self.asked.clear();
            self.book.forget_requests();
            self.fetched.is_closed_loaded = false;
        }
        if !matches!(link, LinkState::Refused { .. }) {
            self.goodbye = None;
        }
        self.link = link;
    }

    /// Does what its moment has come for.
    fn due(&mut self) {
        let now = self.now;
        if self.said.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.said = None;
        }
        self.typing.retain(|(_, until)| now < *until);
        self.presences.retain(|(.., until)| now < *until);
        if self.edited_at.is_some_and(|at| at.0 + 1_000 <= now.0) {
            self.keep_draft();
        }
        self.resend(|pending| pending.retry_at.is_some_and(|at| at <= now));
    }
}
