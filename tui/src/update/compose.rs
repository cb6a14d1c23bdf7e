//! The text being written: kept per chat, sent as a reply or a note, helped by templates.

use shared::chat::{DeskCommand, ReplyDraft};
use shared::model::{ChatId, MessageId, Presence};
use shared::protocol::{ClientFrame, DraftText};
use shared::text::{find_placeholder, fitting, split_numbered, utf16_len};

use crate::app::popup::{Confirm, Kind, Popup};
use crate::app::{App, Words};
use crate::drafts::Draft;
use crate::effect::Effect;
use crate::keymap::{Action, Zone};

/// How often colleagues and the visitor are told of typing.
const TYPING_MS: i64 = 3_000;

/// Characters pasted without a question.
const PASTE_LIMIT: usize = 2_000;

impl App {
    /// Puts the caret into the composer.
    pub(super) fn write(&mut self, is_note: bool) {
        let action = if is_note { Action::Note } else { Action::Reply };
        if let Some(off) = self.off(action) {
            let text = self.off_in_words(&off);
            self.say(text);
            return;
        }
        self.turn_to(is_note);
        self.zone = Zone::Composer;
        self.scroll = 0;
        self.look();
    }

    /// Puts the other of the two texts into the composer: what was begun as a note never stands in a reply (D-11, D-14).
    fn turn_to(&mut self, is_note: bool) {
        if self.is_note != is_note {
            self.keep_draft();
            self.show_draft(is_note);
        }
    }

    /// The reply answers one message, or none in particular.
    pub(super) fn quote(&mut self, message: Option<MessageId>) {
        self.write(false);
        self.quoting = message;
        self.edited_at = Some(self.now);
    }

    /// The text has changed.
    pub(super) fn edited(&mut self) {
        self.edited_at = Some(self.now);
        let is_due = self
            .told_replying_at
            .is_none_or(|at| at.0 + TYPING_MS <= self.now.0);
        let Some(chat) = self.open.filter(|_| is_due && !self.composer.is_empty()) else {
            return;
        };
        self.told_replying_at = Some(self.now);
        let presence = if self.is_note {
            Presence::Noting
        } else {
            Presence::Replying
        };
        self.send(ClientFrame::Presence { chat, presence });
    }

    /// Keeps what stands in the composer.
    pub(super) fn keep_draft(&mut self) {
        let Some(chat) = self.open.filter(|_| self.edited_at.take().is_some()) else {
            return;
        };
        let draft = Draft {
            text: self.composer.text().to_owned(),
            caret: self.composer.caret(),
            saved_at: self.now.0 / 1_000,
            is_note: self.is_note,
            quotes: self.quoting,
        };
        self.store_draft(chat, draft);
    }

    fn store_draft(&mut self, chat: ChatId, draft: Draft) {
        let told = DraftText {
            text: draft.text.clone(),
            caret: u32::try_from(draft.caret).unwrap_or(0),
            is_note: draft.is_note,
        };
        if self.drafts.put(&Self::draft_key(chat), draft) {
            self.effect(Effect::SaveDrafts);
            if !self.is_live {
                self.untold_drafts.insert(chat);
            }
            let other = self.told_draft(chat, !told.is_note);
            let is_emptied = told.text.is_empty();
            self.send(ClientFrame::SaveDraft { chat, draft: told });
            // The relay keeps one text per chat: the one that is left takes the place of the one that went.
            if let Some(draft) = other.filter(|_| is_emptied) {
                self.send(ClientFrame::SaveDraft { chat, draft });
            }
        }
    }

    /// Returns the note or the reply begun in a chat, as the relay keeps it.
    fn told_draft(&self, chat: ChatId, is_note: bool) -> Option<DraftText> {
        let kept = self.drafts.get(&Self::draft_key(chat), is_note)?;
        Some(DraftText {
            text: kept.text.clone(),
            caret: u32::try_from(kept.caret).unwrap_or(0),
            is_note,
        })
    }

    /// Puts what was kept for the chat on the screen into the composer: the reply, else the note.
    pub(super) fn load_draft(&mut self) {
        let key = self.open.map(Self::draft_key).unwrap_or_default();
        let has = |is_note| self.drafts.get(&key, is_note).is_some();
        self.show_draft(!has(false) && has(true));
    }

    /// Puts the note or the reply begun in the chat on the screen into the composer.
    pub(super) fn show_draft(&mut self, is_note: bool) {
        // Its history goes with it: Ctrl+Z must not bring the other text, or another chat's, into this one.
        self.composer.set("", 0);
        self.is_note = is_note;
        self.quoting = None;
        self.changing = None;
        self.edited_at = None;
        let Some(chat) = self.open else { return };
        if let Some(draft) = self.drafts.get(&Self::draft_key(chat), is_note) {
            self.composer.set(&draft.text, draft.caret);
            self.quoting = draft.quotes;
        }
    }

    /// Tells the relay of drafts that changed while it could not be told.
    pub(super) fn tell_drafts(&mut self) {
        for chat in std::mem::take(&mut self.untold_drafts) {
            // What is there goes last: the relay keeps one text per chat.
            let mut both = [false, true].map(|is_note| {
                self.told_draft(chat, is_note).unwrap_or(DraftText {
                    is_note,
                    ..DraftText::default()
                })
            });
            both.sort_by_key(|draft| !draft.text.is_empty());
            for draft in both {
                self.send(ClientFrame::SaveDraft { chat, draft });
            }
        }
    }

    /// Gives a text back that did not go out: before what stands in the composer now.
    pub(super) fn put_back(&mut self, chat: ChatId, words: Words) {
        let Words {
            text,
            is_note,
            quotes,
        } = words;
        if self.open == Some(chat) {
            self.turn_to(is_note);
            let both = join(&text, self.composer.text());
            self.composer.set(&both, text.len());
            self.quoting = quotes.or(self.quoting);
            self.zone = Zone::Composer;
            self.edited_at = Some(self.now);
            self.keep_draft();
            return;
        }
        let now = self.drafts.get(&Self::draft_key(chat), is_note);
        let text = join(&text, now.map_or("", |draft| &draft.text));
        let draft = Draft {
            caret: text.len(),
            text,
            saved_at: self.now.0 / 1_000,
            is_note,
            quotes,
        };
        self.store_draft(chat, draft);
    }

    /// Makes a note of the reply in the composer. Returns whether there was one.
    pub(super) fn keep_reply_as_note(&mut self, chat: ChatId) -> bool {
        let text = self.composer.text().to_owned();
        if text.trim().is_empty() {
            return false;
        }
        self.composer.clear();
        self.edited_at = Some(self.now);
        self.keep_draft();
        let words = Words {
            text,
            is_note: true,
            quotes: None,
        };
        self.put_back(chat, words);
        true
    }

    /// Returns how much the channel of the open chat carries, in UTF-16 units.
    pub(crate) fn text_limit(&self) -> Option<usize> {
        let channel = &self.chat()?.visitor.channel;
        let limit = self.policy()?.find_channel(channel)?.abilities.text_limit;
        (limit > 0).then_some(limit)
    }

    /// Sends what stands in the composer, if nothing speaks against it.
    pub(super) fn submit(&mut self) {
        let Some(chat) = self.open else { return };
        let text = self.composer.text().trim().to_owned();
        if text.is_empty() {
            return;
        }
        if let Some(off) = self.off(Action::Send) {
            let words = self.off_in_words(&off);
            self.say(words);
            return;
        }
        if self.is_note {
            let mentions = self.mentions(&text);
            self.sent(chat, DeskCommand::Note { text, mentions });
            return;
        }
        if let Some(name) = find_placeholder(&text) {
            let values = [("name", name.into())];
            let words = self
                .language
                .tr("composer-empty-field", &values)
                .into_owned();
            self.say(words);
            return;
        }
        if self.is_window_closed() {
            self.offer_human_agent();
            return;
        }
        match self.text_limit() {
            Some(limit) if utf16_len(&text) > limit => {
                self.popup = Some(Popup::new(Kind::TooLong));
            }
            Some(_) | None => self.send_reply(&text, false),
        }
    }

    /// Leaves in the composer what the channel carries in one message; the operator looks at it before it is sent.
    pub(super) fn trim(&mut self) {
        let limit = self.text_limit().unwrap_or(usize::MAX);
        let text = fitting(self.composer.text().trim(), limit).to_owned();
        self.composer.set(&text, text.len());
        self.edited();
        self.tell("done-trimmed");
    }

    fn is_window_closed(&self) -> bool {
        let now = self.relay_now();
        self.chat()
            .zip(self.policy())
            .is_some_and(|(chat, policy)| chat.window_ends(policy).is_some_and(|ends| ends <= now))
    }

    fn offer_human_agent(&mut self) {
        let now = self.relay_now();
        let may = self
            .chat()
            .zip(self.policy())
            .is_some_and(|(chat, policy)| {
                chat.human_window_ends(policy)
                    .is_some_and(|ends| now < ends)
            });
        if may {
            self.popup = Some(Popup::new(Kind::Confirm(Confirm::HumanAgent)));
        } else {
            self.tell("refusal-window_closed");
        }
    }

    /// Sends a reply, in as many parts as the channel needs.
    pub(super) fn send_reply(&mut self, text: &str, human_agent: bool) {
        let Some(chat) = self.open else { return };
        let limit = self.text_limit().unwrap_or(usize::MAX);
        let mut quotes = self.quoting.take();
        for part in split_numbered(text, limit) {
            let draft = ReplyDraft {
                text: part,
                quotes: quotes.take(),
                asks: shared::model::ContactAsk::default(),
                file: None,
                human_agent,
                hold_ms: None,
            };
            self.sent(chat, DeskCommand::Reply(draft));
        }
    }

    fn sent(&mut self, chat: ChatId, command: DeskCommand) {
        self.ask(chat, command);
        self.composer.clear();
        self.quoting = None;
        self.changing = None;
        self.edited_at = Some(self.now);
        self.keep_draft();
        self.told_replying_at = None;
        self.scroll = 0;
        self.turn_to(false);
        if !self.composer.is_empty() {
            // A reply waits behind the note that was sent: one Enter too many must not send it.
            self.zone = Zone::Command;
        }
    }

    fn mentions(&self, text: &str) -> Vec<shared::model::OperatorId> {
        let Some(policy) = self.policy() else {
            return Vec::new();
        };
        let named = |id: &str| {
            text.split_whitespace().any(|word| {
                word.strip_prefix('@')
                    .is_some_and(|name| name.trim_end_matches([',', '.', ':', '!', '?']) == id)
            })
        };
        policy
            .operators
            .iter()
            .filter(|operator| named(operator.id.as_str()))
            .map(|operator| operator.id.clone())
            .collect()
    }

    /// Asks before a letter sends anything: the text of the composer goes out with buttons for phone and e-mail.
    pub(super) fn confirm_contacts(&mut self) {
        if self.is_note || self.composer.text().trim().is_empty() {
            self.tell("off-no-text");
        } else {
            self.popup = Some(Popup::new(Kind::Confirm(Confirm::AskContacts)));
        }
    }

    /// Asks the visitor for the contacts the channel can ask for.
    pub(super) fn ask_contacts(&mut self) {
        let Some(chat) = self.chat() else { return };
        let asks = self
            .policy()
            .and_then(|policy| policy.find_channel(&chat.visitor.channel))
            .map(|channel| channel.abilities.asks_contacts);
        let (id, text) = (chat.id, self.composer.text().trim().to_owned());
        let (Some(asks), false) = (asks, text.is_empty()) else {
            self.tell("refusal-empty_text");
            return;
        };
        let draft = ReplyDraft {
            text,
            quotes: self.quoting.take(),
            asks,
            file: None,
            human_agent: false,
            hold_ms: None,
        };
        self.sent(id, DeskCommand::Reply(draft));
    }

    /// Pastes: into the popup's field, else into the composer; never as commands.
    pub(super) fn paste(&mut self, text: &str) {
        if let Some(popup) = self.popup.as_mut() {
            if popup.has_field() {
                popup.field.insert(text);
                popup.at = 0;
                if popup.kind == Kind::Filter {
                    popup.field.text().clone_into(&mut self.seeking.filter);
                }
            }
            return;
        }
        if self.zone == Zone::Command {
            self.write(self.is_note);
        }
        if self.zone == Zone::Composer && !self.is_read_only() {
            let count = text.chars().count();
            if count > PASTE_LIMIT {
                let confirm = Confirm::Paste {
                    text: text.to_owned(),
                    count,
                };
                self.popup = Some(Popup::new(Kind::Confirm(confirm)));
                return;
            }
            if !self.composer.insert(text) {
                self.tell("composer-full");
            }
            self.edited();
        }
    }

    /// Whether the draft of the open chat is kept.
    pub(crate) fn is_draft_kept(&self) -> bool {
        self.edited_at.is_none()
    }
}

fn join(first: &str, second: &str) -> String {
    if second.trim().is_empty() {
        first.to_owned()
    } else {
        format!("{first}\n{second}")
    }
}
