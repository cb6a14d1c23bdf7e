//! What can be said of the state: which chat is open, who owns it, what is possible in it and why not, when something is
//! due.

use std::borrow::Cow;

use shared::chat::rights::{self, Right};
use shared::chat::{Chat, Outgoing, Stage};
use shared::model::{ChatId, ContactKind, FileLimits, OperatorId, Policy, Role, Timestamp};

use super::App;
use super::book::Section;
use crate::input::LinkState;
use crate::keymap::{Action, Zone};
use shared::chat::timeline::Entry;

/// Why an action is off: the id of a message and the name it mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Off {
    /// The message.
    pub id: &'static str,
    /// Whom it names.
    pub name: String,
}

impl Off {
    fn new(id: &'static str) -> Self {
        Self {
            id,
            name: String::new(),
        }
    }
}

impl App {
    /// Returns now by the relay's clock, to compare with what the relay says.
    pub(crate) fn relay_now(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_add(self.skew))
    }

    /// Returns the message `id` of the language files.
    pub(crate) fn tr<'id>(&self, id: &'id str) -> Cow<'id, str> {
        self.language.tr(id, &[])
    }

    /// Returns why an action is off, in words.
    pub(crate) fn off_in_words(&self, off: &Off) -> String {
        self.language
            .tr(off.id, &[("name", off.name.as_str().into())])
            .into_owned()
    }

    /// Returns the chat on the screen.
    pub(crate) fn chat(&self) -> Option<&Chat> {
        self.book.get(self.open?)
    }

    /// Returns the chats the conversation shows, from the bottom: the open one and, above the beginning of each, the
    /// visitor's chat before it (V-11).
    pub(crate) fn told(&self) -> Vec<ChatId> {
        let Some(open) = self.chat() else {
            return self.open.into_iter().collect();
        };
        let past = self.fetched.past.get(&open.visitor.id);
        let earlier = past
            .map_or(&[][..], |past| &past.ids)
            .iter()
            .skip_while(|id| **id != open.id)
            .skip(1);
        let mut told = vec![open.id];
        for id in earlier {
            let is_whole = |id| {
                self.book
                    .story(id)
                    .is_some_and(|story| story.is_loaded && !story.has_more)
            };
            let is_asked = self.book.story(*id).is_some();
            if !told.last().is_some_and(|last| is_whole(*last)) || !is_asked {
                break;
            }
            told.push(*id);
        }
        told
    }

    /// Returns the config, once the relay has told it.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.policy.as_deref()
    }

    /// Returns the name people know an operator by.
    pub(crate) fn name_of(&self, operator: &OperatorId) -> String {
        self.policy()
            .and_then(|policy| policy.find_operator(operator))
            .map_or_else(|| operator.to_string(), |found| found.name.clone())
    }

    /// Whether this operator owns a chat that is open.
    pub(crate) fn is_mine(&self, chat: &Chat) -> bool {
        matches!(&chat.stage, Stage::Chatting { owner } if *owner == self.me)
    }

    /// Returns the operator's role; the lowest while it is not known.
    pub(crate) fn role(&self) -> Role {
        self.policy()
            .and_then(|policy| policy.find_operator(&self.me))
            .map_or(Role::Operator, |operator| operator.role)
    }

    /// Whether this operator's role has a right.
    pub(crate) fn may(&self, right: Right) -> bool {
        rights::has(self.role(), right)
    }

    /// Returns the newest reply of this operator in the open chat that can still be taken back.
    pub(crate) fn held(&self) -> Option<&Outgoing> {
        let now = self.relay_now();
        self.chat()?
            .outgoing
            .iter()
            .rev()
            .find(|out| out.by == self.me && out.held_until.is_some_and(|until| now < until))
    }

    /// Returns the newest contact the visitor gave that is not on the card yet.
    pub(crate) fn offered_contact(&self) -> Option<(ContactKind, String)> {
        let chat = self.chat()?;
        let entries = self.book.story(chat.id)?.timeline.entries();
        let (kind, text) = entries.iter().rev().find_map(|entry| match entry {
            Entry::Message(message) => Some((message.contact?, message.text.trim().to_owned())),
            Entry::Event(_) => None,
        })?;
        let known = match kind {
            ContactKind::Phone => &chat.visitor.card.phone,
            ContactKind::Email => &chat.visitor.card.email,
        };
        (known.as_ref() != Some(&text)).then_some((kind, text))
    }

    /// Returns why an action cannot be done now; none: it can.
    pub(crate) fn off(&self, action: Action) -> Option<Off> {
        if let Some(off) = self.off_by_link(action) {
            return Some(off);
        }
        match action {
            Action::Newline | Action::Accept | Action::Templates | Action::Redo
                if self.zone == Zone::Composer && self.is_read_only() =>
            {
                self.off_writing(Action::Reply)
            }
            Action::Claim | Action::Reply | Action::Note | Action::Send => self.off_writing(action),
            Action::Transfer
            | Action::Category
            | Action::Close
            | Action::Release
            | Action::Reopen
            | Action::TakeOver => self.off_managing(action),
            Action::Block | Action::Unblock | Action::Blocks => self.off_blocking(action),
            Action::Messages => self.needs(|chat| chat.troubled().next().is_some()),
            Action::Visitor => self.needs(|_| true),
            Action::AddContact => self
                .offered_contact()
                .is_none()
                .then(|| Off::new("off-no-contact")),
            Action::AskContacts => self.off_asking(),
            Action::SendFile => self.off_files(),
            Action::Quote => self.off_quoting(),
            Action::OpenLink => self.needs(|_| true),
            Action::StartChat => self.off_starting(),
            Action::SaveTemplate => self
                .composer
                .text()
                .trim()
                .is_empty()
                .then(|| Off::new("off-nothing")),
            Action::Next => self
                .book
                .needing(&self.me, self.open)
                .is_none()
                .then(|| Off::new("off-queue-empty")),
            _ => None,
        }
    }

    fn needs(&self, holds: impl Fn(&Chat) -> bool) -> Option<Off> {
        match self.chat() {
            None => Some(Off::new("off-no-chat")),
            Some(chat) => (!holds(chat)).then(|| Off::new("off-no-trouble")),
        }
    }

    /// What others must know at once is not asked for while the relay cannot hear it (desk rule 7.3): it would be decided by
    /// somebody else meanwhile. Replies and notes wait here instead, unless this desk was turned away for good.
    fn off_by_link(&self, action: Action) -> Option<Off> {
        let is_refused = matches!(self.link, LinkState::Refused { .. });
        match action {
            Action::Claim
            | Action::TakeOver
            | Action::Release
            | Action::Transfer
            | Action::Category
            | Action::Close
            | Action::Reopen
            | Action::Block
            | Action::Unblock
                if !self.is_live =>
            {
                Some(Off::new("off-offline"))
            }
            Action::Send if is_refused => Some(Off::new("off-turned-away")),
            _ => None,
        }
    }

    /// Whether what is typed into the composer could not be sent to the visitor.
    pub(crate) fn is_read_only(&self) -> bool {
        !self.is_note && self.off_writing(Action::Reply).is_some()
    }

    fn off_writing(&self, action: Action) -> Option<Off> {
        let Some(chat) = self.chat() else {
            let has_queue = !self.book.list(Section::Queue, &self.me).is_empty();
            return (action != Action::Claim || !has_queue).then(|| {
                Off::new(if action == Action::Claim {
                    "off-queue-empty"
                } else {
                    "off-no-chat"
                })
            });
        };
        if action == Action::Note || (action == Action::Send && self.is_note) {
            return None;
        }
        if action == Action::Claim {
            let has_queue = !self.book.list(Section::Queue, &self.me).is_empty();
            return (!has_queue).then(|| Off::new("off-queue-empty"));
        }
        if chat.is_finished() {
            return Some(Off::new("off-closed"));
        }
        if chat.is_blocked(self.relay_now()) {
            return Some(Off::new("off-blocked"));
        }
        match chat.owner() {
            Some(owner) if chat.is_open() && *owner != self.me => Some(Off {
                id: "off-other-owner",
                name: self.name_of(owner),
            }),
            Some(_) | None => None,
        }
    }

    fn off_managing(&self, action: Action) -> Option<Off> {
        let Some(chat) = self.chat() else {
            return Some(Off::new("off-no-chat"));
        };
        if action == Action::Reopen {
            let is_closed = matches!(chat.stage, Stage::ClosedByOperator { .. });
            return (!is_closed).then(|| Off::new("off-not-closed"));
        }
        if !chat.is_open() && action != Action::Category {
            return Some(Off::new("off-closed"));
        }
        let is_foreign = chat.owner().is_some_and(|owner| *owner != self.me);
        if action == Action::TakeOver {
            return (!is_foreign || !self.may(Right::TakeOver)).then(|| Off::new("off-right"));
        }
        if action == Action::Release && chat.owner().is_none() {
            return Some(Off::new("off-not-yours"));
        }
        (is_foreign && !self.may(Right::ManageOthers)).then(|| Off {
            id: "off-other-owner",
            name: chat
                .owner()
                .map(|owner| self.name_of(owner))
                .unwrap_or_default(),
        })
    }

    fn off_blocking(&self, action: Action) -> Option<Off> {
        if !self.may(Right::Block) {
            return Some(Off::new("off-right"));
        }
        if action == Action::Blocks {
            return None;
        }
        let Some(chat) = self.chat() else {
            return Some(Off::new("off-no-chat"));
        };
        match (action, chat.is_blocked(self.relay_now())) {
            (Action::Unblock, false) => Some(Off::new("off-not-blocked")),
            _ => None,
        }
    }

    fn off_asking(&self) -> Option<Off> {
        let chat = self.chat()?;
        let asks = self
            .policy()
            .and_then(|policy| policy.find_channel(&chat.visitor.channel))
            .map(|channel| channel.abilities.asks_contacts);
        match asks {
            Some(asks) if !asks.is_empty() => self.off_writing(Action::Reply),
            Some(_) | None => Some(Off::new("off-channel")),
        }
    }

    fn off_files(&self) -> Option<Off> {
        match self.file_limits() {
            Some(_) => self.off_writing(Action::Reply),
            None => Some(Off::new("off-channel")),
        }
    }

    /// Returns what the channel of the open chat carries of files.
    pub(crate) fn file_limits(&self) -> Option<FileLimits> {
        let chat = self.chat()?;
        let channel = self.policy()?.find_channel(&chat.visitor.channel)?;
        channel.abilities.files
    }

    /// On channels where the visitor must write first there is nobody to start a chat with (OUT-14).
    fn off_starting(&self) -> Option<Off> {
        let may = self.policy().is_some_and(|policy| {
            let mut channels = policy.channels.iter();
            channels.any(|channel| channel.abilities.starts_chats)
        });
        (!may).then(|| Off::new("off-visitor-first"))
    }

    fn off_quoting(&self) -> Option<Off> {
        let chat = self.chat()?;
        let can = self
            .policy()
            .and_then(|policy| policy.find_channel(&chat.visitor.channel))
            .is_some_and(|channel| channel.abilities.quotes);
        if can {
            self.off_writing(Action::Reply)
        } else {
            Some(Off::new("off-channel"))
        }
    }

    /// Whether the panel of commands is up.
    pub(crate) fn is_guided(&self) -> bool {
        self.zone == Zone::Command
            && self.popup.is_none()
            && self.guide_at.is_some_and(|at| at <= self.now)
    }

    /// Returns how a chat's draft is called in the drafts.
    pub(crate) fn draft_key(chat: ChatId) -> String {
        chat.to_string()
    }
}

/// Returns when the desk wants [`crate::input::Input::Due`]: a hold to count, a message to take down, a draft to keep.
pub fn next_deadline(app: &App, now: Timestamp) -> Option<Timestamp> {
    let minute = Timestamp((now.0 / 60_000 + 1) * 60_000);
    let mut deadlines = vec![minute];
    deadlines.extend(app.said.as_ref().map(|(_, until)| *until));
    deadlines.extend(app.edited_at.map(|at| Timestamp(at.0 + 1_000)));
    deadlines.extend(app.pending.iter().filter_map(|pending| pending.retry_at));
    deadlines.extend(app.guide_at.filter(|at| now < *at));
    deadlines.extend(app.typing.iter().map(|(_, until)| *until));
    deadlines.extend(app.presences.iter().map(|(.., until)| *until));
    let is_counting = app.held().is_some() || matches!(app.link, LinkState::Offline { .. });
    if is_counting {
        deadlines.push(Timestamp(now.0 + 1_000));
    }
    deadlines
        .into_iter()
        .map(|at| at.max(Timestamp(now.0 + 1)))
        .min()
}
