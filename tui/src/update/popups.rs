//! Popups: opened by actions, moved in, chosen from, closed.

use shared::chat::rights::{self, Right};
use shared::chat::{DeskCommand, Refusal, TransferTarget};
use shared::model::{CardField, ChatId, ContactKind, OperatorId, VisitorId};
use shared::protocol::ClientFrame;

use super::keys::edit;
use crate::app::popup::{
    BlockForm, Choice, Confirm, Kind, LENGTHS, MOST_HOURS, Popup, REASONS, Shelf,
};
use crate::app::{App, Asked, Page};
use crate::effect::Effect;
use crate::key::{Code, Key};
use crate::keymap::{Action, Zone};

/// A popup's text field is drawn about this wide.
const FIELD_CELLS: u16 = 60;

impl App {
    /// Opens the popup an action stands for.
    pub(super) fn open_popup(&mut self, action: Action) {
        let kind = match action {
            Action::Palette => Kind::Palette,
            Action::Help => Kind::Help,
            Action::Templates => Kind::Templates(Shelf::default()),
            Action::Transfer => Kind::Transfer,
            Action::Category => Kind::Category { then_close: false },
            Action::Close if self.needs_category() => Kind::Category { then_close: true },
            Action::Close => Kind::Confirm(Confirm::Close),
            Action::Block if self.is_blocked_here() => Kind::Confirm(Confirm::Unblock),
            Action::Block => Kind::Block(BlockForm {
                length: 1,
                ..BlockForm::default()
            }),
            Action::Blocks => {
                let request = self.request(Asked::Blocks);
                self.send(ClientFrame::LoadBlocks { request });
                Kind::Blocks
            }
            Action::Find => {
                self.forget_search();
                self.seeking.found = None;
                Kind::Search
            }
            Action::Filter => {
                self.open_filter();
                return;
            }
            Action::Messages => Kind::Messages,
            Action::Quote => Kind::Quote,
            Action::OpenLink => Kind::Links,
            Action::OwnTemplates => Kind::OwnTemplates,
            Action::SaveTemplate => {
                self.popup = Some(self.ask_template_title());
                return;
            }
            Action::Sessions => {
                let request = self.request(Asked::Sessions);
                self.send(ClientFrame::LoadSessions { request });
                Kind::Sessions
            }
            Action::Visitor => {
                self.load_visitor();
                Kind::Card
            }
            _ => return,
        };
        self.popup = Some(Popup::new(kind));
    }

    fn is_blocked_here(&self) -> bool {
        let now = self.relay_now();
        self.chat().is_some_and(|chat| chat.is_blocked(now))
    }

    fn needs_category(&self) -> bool {
        self.policy()
            .is_some_and(|policy| policy.categories.required)
            && self.chat().is_some_and(|chat| chat.category.is_none())
    }

    pub(super) fn load_visitor(&mut self) {
        let Some(visitor) = self.chat().map(|chat| chat.visitor.id) else {
            return;
        };
        self.load_past_of(visitor, Page::First);
    }

    /// Asks for the visitor's chats before those that are there (V-11). Returns whether there are any.
    pub(super) fn load_more_past(&mut self) -> bool {
        let Some(visitor) = self.chat().map(|chat| chat.visitor.id) else {
            return false;
        };
        let past = self.fetched.past.get(&visitor);
        let has_more = past.is_some_and(|past| past.has_more && past.from.is_some());
        if has_more {
            self.load_past_of(visitor, Page::Next);
        }
        has_more
    }

    fn load_past_of(&mut self, visitor: VisitorId, page: Page) {
        let asked = Asked::Visitor(visitor, page);
        if self.asked.values().any(|known| *known == asked) {
            return;
        }
        let past = self.fetched.past.get(&visitor);
        let before = past
            .and_then(|past| past.from)
            .filter(|_| page == Page::Next);
        let request = self.request(asked);
        self.send(ClientFrame::LoadVisitor {
            request,
            visitor,
            before,
            limit: 20,
        });
    }

    /// After a refusal that a popup can help with, opens it.
    pub(super) fn offer_way_out(&mut self, command: &DeskCommand, refusal: &Refusal) {
        let is_reply = matches!(command, DeskCommand::Reply(_));
        let kind = match refusal {
            Refusal::Owned { by } if is_reply && self.may(Right::TakeOver) => {
                Kind::Confirm(Confirm::TakeOver(by.clone()))
            }
            // A block that closes did neither: the category is chosen, and the block asked for again.
            Refusal::CategoryRequired => Kind::Category {
                then_close: !matches!(command, DeskCommand::Block { .. }),
            },
            Refusal::WindowClosed { human_agent: true } => Kind::Confirm(Confirm::HumanAgent),
            _ => return,
        };
        if self.popup.is_none() {
            self.popup = Some(Popup::new(kind));
        }
    }

    /// Asks whether the chat is to be taken from its owner (OUT-22); the text in the composer stays. Returns whether it may.
    pub(super) fn offer_take_over(&mut self) -> bool {
        let owner = self.chat().and_then(|chat| chat.owner().cloned());
        let Some(owner) = owner.filter(|_| self.off(Action::TakeOver).is_none()) else {
            return false;
        };
        self.popup = Some(Popup::new(Kind::Confirm(Confirm::TakeOver(owner))));
        true
    }

    fn take_over(&mut self, from: &OperatorId) {
        let Some(chat) = self.open else { return };
        let back = DeskCommand::Transfer {
            to: TransferTarget::Operator {
                operator: from.clone(),
            },
            comment: None,
        };
        self.ask_with_undo(chat, DeskCommand::Claim { take_over: true }, back);
        self.zone = Zone::Composer;
    }

    pub(super) fn press_popup(&mut self, key: Key, action: Option<Action>) {
        match (key.code, action) {
            (_, Some(Action::Interrupt)) => {
                let is_quit = self
                    .popup
                    .as_ref()
                    .is_some_and(|popup| matches!(popup.kind, Kind::Confirm(Confirm::Quit(_))));
                if is_quit {
                    self.quit();
                } else {
                    self.interrupt();
                }
            }
            (_, Some(Action::Repaint)) => self.run(Action::Repaint),
            (_, Some(Action::Reconnect)) => self.run(Action::Reconnect),
            (Code::Escape, _) => self.step_back(),
            (Code::Enter, _) => self.choose(),
            _ => self.move_in_popup(key),
        }
    }

    /// Closes the popup; a field of the card goes back to the card.
    pub(super) fn step_back(&mut self) {
        let Some(popup) = self.popup.take() else {
            return;
        };
        match popup.kind {
            Kind::Field(_) => self.popup = Some(Popup::new(Kind::Card)),
            Kind::Comment(_) => self.popup = Some(Popup::new(Kind::Transfer)),
            Kind::Templates(picked) => self.leave_shelf(picked, popup.field.text()),
            Kind::Confirm(Confirm::Old(_)) => self.settle_old(false),
            Kind::Filter => self.seeking.filter.clear(),
            _ => {}
        }
    }

    fn move_in_popup(&mut self, key: Key) {
        let Some(mut popup) = self.popup.take() else {
            return;
        };
        let folded = key.as_command(&self.layouts);
        if popup.kind == Kind::Messages && folded == Key::char('y') {
            let rows = super::visible(self, &popup);
            let own = rows.into_iter().skip(popup.at);
            let text = own.into_iter().find_map(|row| match row.choice {
                Choice::Copy(text) => Some(text),
                _ => None,
            });
            if let Some(text) = text {
                self.copy_text(text);
            }
        } else if self.turn_shelf(&mut popup, key) || self.turn_scope(&mut popup, key) {
            // Nothing is typed.
        } else if let Kind::Block(form) = &mut popup.kind {
            form.press(folded);
        } else if popup.kind == Kind::Filter && self.walk_filtered(key) {
        } else if popup.kind == Kind::Transfer && key.code == Code::Tab {
            if let Some(Choice::Transfer(to)) = self.choice_of(&popup, popup.at) {
                popup = Popup::new(Kind::Comment(to));
            }
        } else if let Some(digit) = picked_digit(&popup, key) {
            self.popup = Some(popup);
            self.pick(digit);
            return;
        } else if popup.kind == Kind::File && key.code == Code::Tab {
            self.complete_path(&mut popup);
        } else if popup.has_rows() && matches!(key.code, Code::Up | Code::Down | Code::Tab) {
            let last = super::visible(self, &popup).len().saturating_sub(1);
            let is_end = key.code != Code::Up && popup.at == last;
            if is_end && popup.kind == Kind::Search && self.fetched.has_more_hits {
                self.ask_search(&popup, Page::Next);
            }
            if is_end && popup.kind == Kind::Card {
                self.load_more_past();
            }
            popup.at = match key.code {
                Code::Up => popup.at.saturating_sub(1),
                _ => (popup.at + 1).min(last),
            };
        } else if popup.has_field() {
            let was = popup.field.text().to_owned();
            edit(&mut popup.field, key.as_chord(&self.layouts), FIELD_CELLS);
            if popup.field.text() != was {
                popup.at = 0;
                self.forget_search();
                self.seeking.found = None;
                if popup.kind == Kind::File {
                    self.look_into(popup.field.text().to_owned());
                }
                if let Some(text) = self.template_behind_leader(&popup) {
                    self.insert_template(&text);
                    return;
                }
                if let Some(picked) = plain_sign(&popup) {
                    self.leave_shelf(picked, " ");
                    return;
                }
            }
            if popup.kind == Kind::Filter {
                popup.field.text().clone_into(&mut self.seeking.filter);
            }
        }
        self.popup = Some(popup);
    }

    /// Asks what was written; what is found stands in the popup until its text changes.
    fn search(&mut self, popup: Popup) {
        self.ask_search(&popup, Page::First);
        self.popup = Some(popup);
    }

    fn ask_search(&mut self, popup: &Popup, page: Page) {
        let text = popup.field.text().trim().to_owned();
        let asked = Asked::Search(page);
        if text.is_empty() || self.asked.values().any(|known| *known == asked) {
            return;
        }
        let last = self.fetched.hits.last().map(|hit| hit.stored.seq);
        let request = self.request(asked);
        self.send(ClientFrame::Search {
            request,
            text,
            before: last.filter(|_| page == Page::Next),
            limit: 50,
        });
    }

    /// What was found belonged to another text.
    fn forget_search(&mut self) {
        self.fetched.hits.clear();
        self.fetched.has_more_hits = false;
        self.asked
            .retain(|_, asked| !matches!(asked, Asked::Search(_)));
    }

    fn choice_of(&self, popup: &Popup, at: usize) -> Option<Choice> {
        let item = super::visible(self, popup).into_iter().nth(at)?;
        Some(item.choice)
    }

    /// Chooses a row by its digit; 0 is the last row where one is marked so.
    fn pick(&mut self, digit: char) {
        let Some(popup) = &mut self.popup else { return };
        let number = digit
            .to_digit(10)
            .and_then(|number| usize::try_from(number).ok());
        let at = match number {
            Some(0) | None => None,
            Some(number) => Some(number - 1),
        };
        let snapshot = popup.clone();
        let rows = super::visible(self, &snapshot);
        let at = at.or_else(|| rows.iter().position(|item| item.aside == "0"));
        if let Some(at) = at.filter(|at| *at < rows.len()) {
            if let Some(popup) = &mut self.popup {
                popup.at = at;
            }
            self.choose();
        }
    }

    /// Enter.
    fn choose(&mut self) {
        let Some(popup) = self.popup.take() else {
            return;
        };
        match &popup.kind {
            Kind::Block(form) if form.hours == Some(0) => {
                // No length is not a length: it would read as "now", or as "for good" (BL-01).
                self.tell("block-own-ask");
                self.popup = Some(popup);
            }
            Kind::Block(form) => self.block(form),
            Kind::Comment(to) => self.transfer(to.clone(), Some(popup.field.text())),
            Kind::Field(field) => self.edit_card(*field, popup.field.text()),
            Kind::TemplateTitle(scope) => self.save_template(scope.clone(), popup.field.text()),
            Kind::Confirm(confirm) => self.confirm(confirm),
            Kind::Search if self.fetched.hits.is_empty() => self.search(popup),
            Kind::Search => self.open_hit(popup.at),
            Kind::Filter => self.keep_filter(),
            _ => self.choose_row(popup),
        }
    }

    fn choose_row(&mut self, popup: Popup) {
        let Some(item) = super::visible(self, &popup).into_iter().nth(popup.at) else {
            self.popup = Some(popup);
            return;
        };
        if let Some(off) = item.off {
            self.say(off);
            self.popup = Some(popup);
            return;
        }
        match item.choice {
            Choice::Act(action) => self.run(action),
            Choice::Open(chat) => self.show_chat(chat),
            Choice::Find(number) => self.find_chat(number),
            Choice::Insert(text) => self.insert_template(&text),
            Choice::Transfer(to) => self.transfer(to, None),
            Choice::Categorize(category) => {
                let then_close = popup.kind == Kind::Category { then_close: true };
                self.categorize(category, then_close);
            }
            Choice::Unblock(chat) => {
                self.fetched.blocks.retain(|row| row.chat != chat);
                self.ask(chat, DeskCommand::Unblock);
            }
            Choice::Read => self.popup = Some(popup),
            Choice::SendParts => {
                let text = self.composer.text().trim().to_owned();
                self.send_reply(&text, false);
            }
            Choice::Trim => self.trim(),
            Choice::Copy(text) => self.copy_text(text),
            Choice::MorePast => {
                self.load_more_past();
                self.popup = Some(popup);
            }
            Choice::Quote(message) => self.quote(message),
            Choice::Link(address) => self.open_link(address),
            Choice::Folder(path) => {
                let at = path.len();
                let mut popup = popup;
                popup.field.set(&path, at);
                popup.at = 0;
                self.popup = Some(popup);
                self.look_into(path);
            }
            Choice::SendFile(path) => self.send_file(path),
            Choice::File(id, name) => self.save_file(id, name),
            Choice::ChangeTemplate(id) => self.change_template(id),
            Choice::DeleteTemplate(id) => self.delete_template(id),
            Choice::EndSession(operator, session) => {
                let request = self.request(Asked::Sessions);
                self.send(ClientFrame::EndSession {
                    request,
                    operator,
                    session,
                });
            }
            Choice::Retry(message) => self.ask_here(DeskCommand::Retry { message }),
            Choice::GiveUp(message) => self.ask_here(DeskCommand::GiveUp { message }),
            Choice::Edit(field) => self.open_field(field),
        }
    }

    /// Opens an address where the operator sits; over SSH it is copied instead.
    fn open_link(&mut self, address: String) {
        if self.has_browser {
            self.effect(Effect::Open(address));
            self.tell("done-opened");
        } else {
            self.effect(Effect::Copy(address));
            self.tell("done-link-copied");
        }
    }

    fn ask_here(&mut self, command: DeskCommand) {
        if let Some(chat) = self.open {
            self.ask(chat, command);
        }
    }

    fn find_chat(&mut self, number: shared::model::Seq) {
        if let Some(id) = self.book.numbered(number).map(|chat| chat.id) {
            self.show_chat(id);
            return;
        }
        let request = self.request(Asked::Find(number));
        self.send(ClientFrame::FindChat { request, number });
    }

    fn open_field(&mut self, field: CardField) {
        let value = self
            .chat()
            .and_then(|chat| chat.visitor.card.field(field).clone());
        let mut popup = Popup::new(Kind::Field(field));
        let value = value.unwrap_or_default();
        popup.field.set(&value, value.len());
        self.popup = Some(popup);
    }

    fn edit_card(&mut self, field: CardField, text: &str) {
        let value = Some(text.trim().to_owned()).filter(|value| !value.is_empty());
        self.ask_here(DeskCommand::EditCard { field, value });
        self.popup = Some(Popup::new(Kind::Card));
    }

    /// Puts the contact the visitor gave onto the card.
    pub(super) fn add_contact(&mut self) {
        let Some((kind, value)) = self.offered_contact() else {
            return;
        };
        let field = match kind {
            ContactKind::Phone => CardField::Phone,
            ContactKind::Email => CardField::Email,
        };
        self.ask_here(DeskCommand::EditCard {
            field,
            value: Some(value),
        });
    }

    fn transfer(&mut self, to: TransferTarget, comment: Option<&str>) {
        let Some(chat) = self.open else { return };
        let is_mine = self.chat().is_some_and(|chat| self.is_mine(chat));
        let comment = comment
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty());
        let take_over = matches!(to, TransferTarget::Operator { .. });
        let command = DeskCommand::Transfer { to, comment };
        // What a colleague has already is taken back only by those who may take chats over.
        let may_undo = !take_over || rights::has(self.role(), Right::TakeOver);
        if is_mine && may_undo {
            self.ask_with_undo(chat, command, DeskCommand::Claim { take_over });
        } else {
            self.ask(chat, command);
            self.undo = None;
        }
    }

    fn categorize(&mut self, category: Option<shared::model::CategoryPath>, then_close: bool) {
        let Some(chat) = self.open else { return };
        let before = self.chat().and_then(|chat| chat.category.clone());
        let command = DeskCommand::Categorize { category };
        self.ask_with_undo(chat, command, DeskCommand::Categorize { category: before });
        if then_close {
            self.close(chat);
        }
    }

    fn close(&mut self, chat: ChatId) {
        self.ask_with_undo(chat, DeskCommand::Close, DeskCommand::Reopen);
        if let Some(next) = self.book.needing(&self.me, Some(chat)) {
            self.show_chat(next);
        }
    }

    fn block(&mut self, form: &BlockForm) {
        let Some(chat) = self.open else { return };
        let id = REASONS.get(form.reason).copied().unwrap_or("block-other");
        let command = DeskCommand::Block {
            for_seconds: form.seconds(),
            reason: self.tr(id).into_owned(),
            close: form.close,
        };
        self.ask_with_undo(chat, command, DeskCommand::Unblock);
    }

    fn confirm(&mut self, confirm: &Confirm) {
        let text = self.composer.text().trim().to_owned();
        match confirm {
            Confirm::Close => {
                if let Some(chat) = self.open {
                    self.close(chat);
                }
            }
            Confirm::HumanAgent if text.is_empty() => {}
            Confirm::HumanAgent => self.send_reply(&text, true),
            Confirm::Paste { text, .. } => {
                if !self.composer.insert(text) {
                    self.tell("composer-full");
                }
                self.edited();
            }
            Confirm::TakeOver(from) => self.take_over(from),
            Confirm::Old(_) => self.settle_old(true),
            Confirm::Unblock => self.ask_here(DeskCommand::Unblock),
            Confirm::AskContacts => self.ask_contacts(),
            Confirm::Quit(_) => {}
        }
    }
}

/// Returns the shelf when a space follows the sign that opened it: then the sign was meant as text.
fn plain_sign(popup: &Popup) -> Option<Shelf> {
    match popup.kind {
        Kind::Templates(picked) => (popup.field.text() == " ").then_some(picked),
        _ => None,
    }
}

/// Returns the digit that picks a row: only while nothing stands in the text field.
fn picked_digit(popup: &Popup, key: Key) -> Option<char> {
    key.text().filter(char::is_ascii_digit).filter(|_| {
        popup.has_rows()
            && popup.field.is_empty()
            && popup.kind != Kind::Search
            && popup.kind != Kind::File
    })
}

impl BlockForm {
    fn press(&mut self, key: Key) {
        if let Some(hours) = self.hours {
            match key.code {
                Code::Char(digit @ '0'..='9') => {
                    let typed = hours * 10 + u32::from(digit as u8 - b'0');
                    self.hours = Some(typed.min(MOST_HOURS));
                    return;
                }
                Code::Backspace => {
                    self.hours = Some(hours / 10);
                    return;
                }
                _ => {}
            }
        }
        match key.code {
            Code::Tab => self.hours = self.hours.xor(Some(0)),
            Code::Char(digit @ '1'..='4') => {
                self.reason = usize::from(digit as u8 - b'1');
            }
            Code::Up => self.reason = self.reason.saturating_sub(1),
            Code::Down => self.reason = (self.reason + 1).min(REASONS.len() - 1),
            Code::Left => {
                self.hours = None;
                self.length = self.length.saturating_sub(1);
            }
            Code::Right => {
                self.hours = None;
                self.length = (self.length + 1).min(LENGTHS.len() - 1);
            }
            Code::Char(' ') => self.close = !self.close,
            _ => {}
        }
    }
}
