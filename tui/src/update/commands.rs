//! Commands on their way: asked, answered, refused, asked again after a broken connection.

use shared::chat::{DeskCommand, Event, Refusal};
use shared::model::{ChatId, CommandId, OperatorId, Seq, Timestamp};
use shared::protocol::ClientFrame;

use crate::app::popup::{Confirm, Kind, Popup};
use crate::app::{App, Pending, Undo, Words};
use crate::keymap::Zone;

/// How long `u` takes an action back.
const UNDO_MS: i64 = 10_000;

/// Words that waited longer are sent only after a question.
const OLD_MS: i64 = 600_000;

/// How long after `unavailable` a command is tried again.
const RETRY_MS: i64 = 2_000;

impl App {
    /// Asks the relay for something; without a connection it is asked when there is one.
    pub(crate) fn ask(&mut self, chat: ChatId, command: DeskCommand) {
        self.ask_restoring(chat, command, None);
    }

    pub(super) fn ask_restoring(
        &mut self,
        chat: ChatId,
        command: DeskCommand,
        restores: Option<Words>,
    ) {
        self.next_command += 1;
        let id = CommandId(format!("{:016x}-{}", self.seed, self.next_command));
        self.pending.push(Pending {
            id: id.clone(),
            chat,
            command: command.clone(),
            at: self.now,
            retry_at: None,
            after: self.resume.as_ref().map(|point| point.seq),
            restores,
        });
        self.send(ClientFrame::Command { id, chat, command });
    }

    /// Sends waiting commands again, under their own ids.
    pub(super) fn resend(&mut self, which: impl Fn(&Pending) -> bool) {
        if !self.is_live {
            return;
        }
        let mut frames = Vec::new();
        for pending in self.pending.iter_mut().filter(|pending| which(pending)) {
            pending.retry_at = None;
            frames.push(ClientFrame::Command {
                id: pending.id.clone(),
                chat: pending.chat,
                command: pending.command.clone(),
            });
        }
        for frame in frames {
            self.send(frame);
        }
    }

    /// After a connection is made anew, sends everything that waits; replies that have waited long only after a question.
    pub(super) fn resend_all(&mut self) {
        let now = self.now;
        let is_old = |pending: &Pending| {
            let is_words = matches!(
                pending.command,
                DeskCommand::Reply(_) | DeskCommand::Note { .. }
            );
            is_words && pending.at.0 + OLD_MS < now.0
        };
        let old = self
            .pending
            .iter()
            .filter(|pending| is_old(pending))
            .count();
        self.resend(|pending| !is_old(pending));
        if old > 0 {
            self.popup = Some(Popup::new(Kind::Confirm(Confirm::Old(old))));
        }
    }

    /// Answers the question about what has waited long: it is sent, or kept as drafts.
    pub(super) fn settle_old(&mut self, is_sent: bool) {
        let now = self.now;
        if is_sent {
            self.resend(|pending| pending.at.0 + OLD_MS < now.0);
            return;
        }
        let (old, rest): (Vec<Pending>, Vec<Pending>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending| pending.at.0 + OLD_MS < now.0);
        self.pending = rest;
        for pending in old {
            self.keep_words(&pending);
        }
    }

    /// Keeps the words of a command that will not be done.
    pub(super) fn keep_words(&mut self, pending: &Pending) {
        let (text, is_note, quotes) = match &pending.command {
            DeskCommand::Reply(draft) => (&draft.text, false, draft.quotes),
            DeskCommand::Note { text, .. } => (text, true, None),
            _ => return,
        };
        let words = Words {
            text: text.clone(),
            is_note,
            quotes,
        };
        self.put_back(pending.chat, words);
    }

    fn answered(&mut self, id: &CommandId) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.id == *id)?;
        Some(self.pending.remove(at))
    }

    pub(super) fn accepted(&mut self, id: &CommandId, seq: Option<Seq>) {
        let Some(pending) = self.answered(id) else {
            return;
        };
        if let Some(words) = &pending.restores {
            self.put_back(pending.chat, words.clone());
        }
        if seq.is_some() {
            self.announce(&pending);
        }
    }

    pub(super) fn unavailable(&mut self, id: &CommandId) {
        let at = Timestamp(self.now.0 + RETRY_MS);
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.id == *id) {
            pending.retry_at = Some(at);
        }
    }

    pub(super) fn refused(&mut self, id: &CommandId, refusal: &Refusal, sentence: &str) {
        let Some(pending) = self.answered(id) else {
            return;
        };
        self.keep_words(&pending);
        if pending.command == DeskCommand::MarkRead {
            return;
        }
        if self
            .undo
            .as_ref()
            .is_some_and(|undo| undo.chat == pending.chat)
        {
            self.undo = None;
        }
        if let (Refusal::Owned { by }, DeskCommand::Claim { take_over: false }) =
            (refusal, &pending.command)
        {
            self.lose_claim(pending.chat, by);
            return;
        }
        let text = self.refusal_in_words(refusal, sentence);
        self.say(text);
        if self.open == Some(pending.chat) {
            self.offer_way_out(&pending.command, refusal);
        }
    }

    /// Somebody was faster: what was typed meanwhile becomes a note, since it cannot be sent (desk rule 7.4).
    fn lose_claim(&mut self, chat: ChatId, by: &OperatorId) {
        let since = self.book.story(chat).and_then(|story| {
            let events = story.timeline.events().iter().rev();
            events
                .filter(
                    |stored| matches!(&stored.event, Event::Claimed { by: who, .. } if who == by),
                )
                .map(|stored| stored.at)
                .next()
        });
        let seconds = since.map_or(1, |at| self.relay_now().since(at).as_secs().max(1));
        let time = if seconds < 60 {
            let values = [("count", seconds.into())];
            self.language.tr("time-seconds", &values).into_owned()
        } else {
            self.language.short_time(seconds)
        };
        let name = self.name_of(by);
        let mut said = self.say_with("lost-claim", &[("name", &name), ("time", &time)]);
        if self.open == Some(chat) && !self.is_note {
            self.zone = Zone::Command;
            if self.keep_reply_as_note(chat) {
                said = self.say_with("lost-claim-note", &[("text", &said)]);
            }
        }
        self.say(said);
    }

    fn refusal_in_words(&self, refusal: &Refusal, sentence: &str) -> String {
        let code = serde_json::to_value(refusal)
            .ok()
            .and_then(|value| Some(value.get("code")?.as_str()?.to_owned()))
            .unwrap_or_default();
        let mut id = format!("refusal-{code}");
        if *refusal == (Refusal::WindowClosed { human_agent: true }) {
            id.push_str("-human_agent");
        }
        if !self.language.has(&id) {
            "refusal-unknown".clone_into(&mut id);
        }
        let (mut name, mut length, mut limit) = (String::new(), 0, 0);
        match refusal {
            Refusal::Owned { by } => name = self.name_of(by),
            Refusal::EmptyPlaceholder { name: field } => name.clone_from(field),
            Refusal::UnknownOperator { operator } => name = operator.to_string(),
            Refusal::UnknownDepartment { department } => name = department.to_string(),
            Refusal::TooLong {
                length: is,
                limit: at_most,
            } => (length, limit) = (*is, *at_most),
            Refusal::FieldTooLong { limit: at_most } => limit = *at_most,
            Refusal::HoldTooLong { limit: at_most } => {
                limit = usize::try_from(at_most.0).unwrap_or(usize::MAX);
            }
            _ => {}
        }
        let values = [
            ("name", name.into()),
            ("length", length.into()),
            ("limit", limit.into()),
            ("sentence", sentence.into()),
        ];
        self.language.tr(&id, &values).into_owned()
    }

    /// Says what was done, and that `u` takes it back.
    fn announce(&mut self, pending: &Pending) {
        let mut target = String::new();
        let id = match &pending.command {
            DeskCommand::Transfer { to, .. } => {
                target = self.target(to);
                "done-transferred"
            }
            DeskCommand::Claim { .. } => "done-claimed",
            DeskCommand::Release => "done-released",
            DeskCommand::Close => "done-closed",
            DeskCommand::Reopen => "done-reopened",
            DeskCommand::Block { .. } => "done-blocked",
            DeskCommand::Unblock => "done-unblocked",
            DeskCommand::Withdraw { .. } => "done-taken-back",
            _ => return,
        };
        let text = self.say_with(id, &[("target", &target)]);
        let has_undo = self
            .undo
            .as_ref()
            .is_some_and(|undo| undo.chat == pending.chat && self.now < undo.until);
        let text = if has_undo {
            let values = [("text", text.as_str().into())];
            self.language.tr("done-with-undo", &values).into_owned()
        } else {
            text
        };
        self.say(text);
    }

    /// Asks for something that `u` can take back.
    pub(super) fn ask_with_undo(&mut self, chat: ChatId, command: DeskCommand, back: DeskCommand) {
        self.ask(chat, command);
        self.undo = Some(Undo {
            chat,
            command: back,
            until: Timestamp(self.now.0 + UNDO_MS),
        });
    }

    /// Takes back the held reply, else the last action.
    pub(super) fn undo_last(&mut self) {
        if self.withdraw() {
            return;
        }
        match self.undo.take() {
            Some(undo) if self.now < undo.until => {
                self.ask(undo.chat, undo.command);
                self.tell("done-undone");
            }
            Some(_) | None => self.tell("done-nothing-to-undo"),
        }
    }

    /// Takes the newest held reply back, with its text. Returns whether there was one.
    pub(super) fn withdraw(&mut self) -> bool {
        let Some((chat, message)) = self.open.zip(self.held().map(|outgoing| outgoing.message))
        else {
            return false;
        };
        let command = DeskCommand::Withdraw { message };
        let is_asked = self
            .pending
            .iter()
            .any(|pending| pending.command == command);
        if is_asked {
            return false;
        }
        let words = self
            .book
            .story(chat)
            .and_then(|story| story.timeline.find_message(message))
            .map(|entry| Words {
                text: entry.text.clone(),
                is_note: false,
                quotes: entry.message.quotes,
            });
        self.ask_restoring(chat, command, words);
        true
    }
}
