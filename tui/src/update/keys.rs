//! What a key press does: first the popup, then the zone's keymap, then text.

use shared::chat::timeline::Entry;
use shared::chat::{Author, DeskCommand};
use shared::model::Timestamp;

use crate::app::App;
use crate::app::book::Section;
use crate::app::popup::{Confirm, Kind, Popup, Shelf};
use crate::effect::Effect;
use crate::key::{Code, Key};
use crate::keymap::{Action, Zone};
use crate::language::Language;
use crate::theme::Theme;

/// The panel of commands waits so long: practised hands never see it.
const GUIDE_MS: i64 = 400;

/// Two Ctrl+C within this time leave the desk.
const TWICE_MS: i64 = 2_000;

impl App {
    pub(super) fn press(&mut self, key: Key) {
        let key = key.normal();
        let zone = self.zone;
        let was_guided = self.is_guided();
        self.guide_at = None;
        let action = self.keymap.find(zone, key, &self.layouts);
        if self.popup.is_some() {
            self.press_popup(key, action);
            return;
        }
        match zone {
            Zone::Command => self.press_command(key, action, was_guided),
            Zone::Composer => self.press_composer(key, action),
        }
    }

    fn press_command(&mut self, key: Key, action: Option<Action>, was_guided: bool) {
        if self.stray_key(key, action) {
            return;
        }
        if let Some(action) = action {
            self.run(action);
        } else if let Some(text) = self.template_on(key) {
            self.insert_template(&text);
        } else if key.code == Code::Char('/') || key.code == Code::Char('\\') {
            self.run(Action::Palette);
        } else if key.code == Code::Escape {
            self.escape(was_guided);
        } else if let Some(letter) = key.text().filter(|letter| letter.is_alphabetic())
            && !self.is_burst()
        {
            let key = letter.to_string();
            self.say(self.say_with("notice-no-command", &[("key", &key)]));
        }
    }

    fn press_composer(&mut self, key: Key, action: Option<Action>) {
        if let Some(action) = action {
            self.run(action);
            return;
        }
        if let Some(text) = self.template_on(key) {
            self.insert_template(&text);
            return;
        }
        let chord = key.as_chord(&self.layouts);
        let letter = matches!(chord.code, Code::Char(_)) && chord.alt && !chord.ctrl;
        if letter {
            let plain = Key {
                alt: false,
                ..chord
            };
            if let Some(action) = self.keymap.find(Zone::Command, plain, &self.layouts) {
                self.run(Action::Commands);
                self.guide_at = None;
                self.run(action);
            }
            return;
        }
        if self.is_read_only() {
            if let Some(off) = self.off(Action::Reply) {
                let text = self.off_in_words(&off);
                self.say(text);
            }
            return;
        }
        let before = self.composer.before_caret();
        let opens = before.is_empty() || before.ends_with(char::is_whitespace);
        if let Some(sign) = key
            .text()
            .filter(|sign| opens && matches!(sign, '\\' | '/' | '、'))
        {
            let picked = Shelf {
                opened_by: Some(sign),
                ..Shelf::default()
            };
            self.popup = Some(Popup::new(Kind::Templates(picked)));
            return;
        }
        if key.code == Code::Up && self.composer.is_empty() {
            self.recall();
            return;
        }
        self.type_key(chord);
    }

    /// Brings the text of my last reply back into an empty composer.
    fn recall(&mut self) {
        let me = Author::Operator {
            operator: self.me.clone(),
        };
        let story = self.open.and_then(|open| self.book.story(open));
        let text = story.and_then(|story| {
            let entries = story.timeline.entries().iter().rev();
            entries.into_iter().find_map(|entry| match entry {
                Entry::Message(message) if message.author == me => Some(message.text.clone()),
                Entry::Message(_) | Entry::Event(_) => None,
            })
        });
        if let Some(text) = text {
            self.composer.set(&text, text.len());
            self.edited();
        }
    }

    fn type_key(&mut self, key: Key) {
        let cells = crate::view::composer_cells(self);
        let was = self.composer.text().len();
        let is_edit = edit(&mut self.composer, key, cells);
        if is_edit || self.composer.text().len() != was {
            self.edited();
        }
    }

    /// Runs an action, or says why it is off.
    pub(super) fn run(&mut self, action: Action) {
        if let Some(off) = self.off(action) {
            let is_writing = matches!(action, Action::Reply | Action::Send);
            if is_writing && off.id == "off-other-owner" && self.offer_take_over() {
                return;
            }
            let text = self.off_in_words(&off);
            self.say(text);
            return;
        }
        match action {
            Action::Send => self.submit(),
            Action::Newline => {
                self.composer.newline();
                self.edited();
            }
            Action::Accept => self.accept_suggestion(),
            Action::Reply => self.write(false),
            Action::Note => self.write(true),
            Action::Claim => self.claim(),
            Action::Undo => self.undo_here(),
            Action::Redo => {
                self.composer.redo();
                self.edited();
            }
            Action::Commands => {
                self.zone = Zone::Command;
                self.guide_at = Some(Timestamp(self.now.0 + GUIDE_MS));
            }
            Action::Zoom => self.is_zoomed = !self.is_zoomed,
            Action::AskContacts => self.confirm_contacts(),
            Action::SendFile => self.pick_file(),
            Action::Copy => self.copy(),
            Action::Reconnect => self.effect(Effect::Reconnect),
            Action::Repaint => self.effect(Effect::Repaint),
            Action::Interrupt => self.interrupt(),
            Action::Language => self.next_language(),
            Action::Theme => self.next_theme(),
            Action::Quit => self.quit(),
            _ => self.run_moving(action),
        }
    }

    fn run_moving(&mut self, action: Action) {
        match action {
            Action::Queue => self.show_section(Section::Queue),
            Action::Mine => self.show_section(Section::Mine),
            Action::Others => self.show_section(Section::Others),
            Action::Closed => self.show_section(Section::Closed),
            Action::Up | Action::ChatUp => self.step_writing(-1),
            Action::Down | Action::ChatDown => self.step_writing(1),
            Action::ScrollUp => self.scroll_up(),
            Action::ScrollDown => self.scroll_down(),
            Action::GoLast => {
                self.scroll = 0;
                self.look();
            }
            Action::Next => {
                if let Some(id) = self.book.needing(&self.me, self.open) {
                    self.show_chat(id);
                }
            }
            _ => self.run_on_chat(action),
        }
    }

    /// Steps through the list; the caret stays in the composer where the next chat can be written in.
    fn step_writing(&mut self, by: isize) {
        let zone = self.zone;
        self.step(by);
        if self.off(Action::Reply).is_none() {
            self.zone = zone;
        }
    }

    fn run_on_chat(&mut self, action: Action) {
        let Some(chat) = self.open else {
            self.open_popup(action);
            return;
        };
        match action {
            Action::TakeOver => {
                self.offer_take_over();
            }
            Action::Release => self.ask_with_undo(
                chat,
                DeskCommand::Release,
                DeskCommand::Claim { take_over: false },
            ),
            Action::Reopen => self.ask_with_undo(chat, DeskCommand::Reopen, DeskCommand::Close),
            Action::Unblock => self.ask(chat, DeskCommand::Unblock),
            Action::AddContact => self.add_contact(),
            _ => self.open_popup(action),
        }
    }

    /// Claims the chat on the screen if nobody owns it, else the oldest of the queue, and begins a reply.
    fn claim(&mut self) {
        let here = self
            .chat()
            .filter(|chat| chat.stage == shared::chat::Stage::Queue)
            .map(|chat| chat.id);
        let oldest = || {
            self.book
                .list(Section::Queue, &self.me)
                .first()
                .map(|chat| chat.id)
        };
        let Some(id) = here.or_else(oldest) else {
            return;
        };
        self.show_chat(id);
        let command = DeskCommand::Claim { take_over: false };
        self.ask_with_undo(id, command, DeskCommand::Release);
        self.zone = Zone::Composer;
    }

    /// Copies the visitor's newest message.
    fn copy(&mut self) {
        let story = self.open.and_then(|open| self.book.story(open));
        let text = story.and_then(|story| {
            story
                .timeline
                .entries()
                .iter()
                .rev()
                .find_map(|entry| match entry {
                    Entry::Message(message)
                        if message.author == Author::Visitor && !message.is_deleted =>
                    {
                        Some(message.text.clone())
                    }
                    Entry::Message(_) | Entry::Event(_) => None,
                })
        });
        if let Some(text) = text {
            self.copy_text(text);
        }
    }

    pub(super) fn copy_text(&mut self, text: String) {
        self.effect(Effect::Copy(text));
        self.tell("done-copied");
    }

    fn undo_here(&mut self) {
        if self.zone == Zone::Command {
            self.undo_last();
        } else if !self.withdraw() {
            self.composer.undo();
            self.edited();
        }
    }

    pub(super) fn interrupt(&mut self) {
        let is_second = self
            .interrupted_at
            .is_some_and(|at| self.now.0 - at.0 <= TWICE_MS);
        if is_second {
            self.quit();
            return;
        }
        self.interrupted_at = Some(self.now);
        if self.popup.is_some() {
            self.step_back();
        } else {
            let until = Timestamp(self.now.0 + TWICE_MS);
            self.said = Some((self.tr("done-quit-again").into_owned(), until));
        }
    }

    /// Leaves, after one more question when commands have no answer yet.
    pub(super) fn quit(&mut self) {
        let unsent = self.unsent();
        let confirm = Kind::Confirm(Confirm::Quit(unsent));
        let is_asked = self
            .popup
            .as_ref()
            .is_some_and(|popup| popup.kind == confirm);
        if unsent > 0 && !is_asked {
            self.popup = Some(Popup::new(confirm));
            return;
        }
        for pending in std::mem::take(&mut self.pending) {
            self.keep_words(&pending);
        }
        self.keep_draft();
        self.is_quitting = true;
        self.effect(Effect::SaveDrafts);
        self.effect(Effect::Quit);
    }

    fn next_language(&mut self) {
        let all = Language::ALL;
        let at = all.iter().position(|known| *known == self.language);
        let next = at.map_or(0, |at| (at + 1) % all.len());
        self.language = all.get(next).copied().unwrap_or_default();
        self.is_language_own = true;
        let language = shared::model::Language::from(self.language.code());
        self.send(shared::protocol::ClientFrame::Speak { language });
    }

    fn next_theme(&mut self) {
        let all = Theme::NAMED;
        let at = all.iter().position(|(_, known)| *known == self.theme);
        let next = at.map_or(0, |at| (at + 1) % all.len());
        self.theme = all.get(next).map(|(_, theme)| *theme).unwrap_or_default();
        self.is_theme_own = true;
    }
}

/// Does an editing key in a text drawn `cells` wide. Returns whether the text may have changed.
pub(super) fn edit(field: &mut crate::composer::Composer, key: Key, cells: u16) -> bool {
    if let Some(char) = key.text() {
        return field.insert_char(char);
    }
    match (key.code, key.ctrl, key.alt) {
        (Code::Backspace, false, false) => field.backspace(),
        (Code::Backspace, ..) | (Code::Char('w'), true, _) => field.delete_word_left(),
        (Code::Delete, false, false) => field.delete_forward(),
        (Code::Delete, ..) => field.delete_word_right(),
        (Code::Char('u'), true, _) => field.delete_to_line_start(),
        _ => {
            move_caret(field, key, cells);
            return false;
        }
    }
    true
}

fn move_caret(field: &mut crate::composer::Composer, key: Key, cells: u16) {
    match (key.code, key.ctrl || key.alt) {
        (Code::Left, false) => field.left(),
        (Code::Right, false) => field.right(),
        (Code::Left, true) => field.word_left(),
        (Code::Right, true) => field.word_right(),
        (Code::Home, false) => field.line_start(),
        (Code::End, false) | (Code::Char('e'), true) => field.line_end(),
        (Code::Home, true) => field.text_start(),
        (Code::End, true) => field.text_end(),
        (Code::Up, false) => {
            field.up(cells);
        }
        (Code::Down, false) => {
            field.down(cells);
        }
        _ => {}
    }
}
