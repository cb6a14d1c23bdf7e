//! Entries of a timeline in the operator's words: who, what, when, and where a reply is.

use shared::chat::timeline::MessageEntry;
use shared::chat::{Author, Chat, Event, TransferTarget};
use shared::model::{
    Attachment, AttachmentKind, CardField, CategoryPath, DeliveryState, FailureReason, FileFault,
    KeptFile, NoticeKind, OperatorId, ThreadOwner, Timestamp,
};
use shared::text::{clean, clean_line};

use crate::app::App;
use crate::language::Value;
use crate::theme::Token;
use crate::update::Opens;

/// Returns the message that names a field of the card.
pub(super) fn card_field_id(field: CardField) -> &'static str {
    match field {
        CardField::Name => "card-name",
        CardField::Email => "card-email",
        CardField::Phone => "card-phone",
        CardField::CrmId => "card-crm",
        CardField::Notes => "card-notes",
    }
}

impl App {
    /// Returns a message of the language files with outside words in it, all of them cleaned.
    pub(crate) fn say_with(&self, id: &str, values: &[(&'static str, &str)]) -> String {
        let clean: Vec<(&'static str, Value<'static>)> = values
            .iter()
            .map(|(name, value)| (*name, Value::from(clean(value).into_owned())))
            .collect();
        self.language.tr(id, &clean).into_owned()
    }

    /// Returns an operator's name, marked when it is me.
    fn who(&self, operator: &OperatorId) -> String {
        clean_line(&self.name_of(operator))
    }

    /// Returns the clock time of a moment: `HH:MM`, where the company is.
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        self.local(at).map_or_else(
            || "--:--".to_owned(),
            |local| format!("{:02}:{:02}", local.hour(), local.minute()),
        )
    }

    /// Returns the day of a moment, where the company is.
    pub(super) fn day(&self, at: Timestamp) -> Option<jiff::civil::Date> {
        Some(self.local(at)?.date())
    }

    /// Returns a day as the divider says it.
    pub(super) fn day_in_words(&self, day: jiff::civil::Date) -> String {
        let today = self.day(self.relay_now());
        if today == Some(day) {
            return self.tr("time-today").into_owned();
        }
        if today.and_then(|today| today.yesterday().ok()) == Some(day) {
            return self.tr("time-yesterday").into_owned();
        }
        day.to_string()
    }

    fn local(&self, at: Timestamp) -> Option<jiff::civil::DateTime> {
        let moment = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(self.timezone.to_datetime(moment))
    }

    /// Returns a moment: the time, with its day when that is not today.
    pub(crate) fn moment(&self, at: Timestamp) -> String {
        match self.day(at) {
            Some(day) if self.day(self.relay_now()) != Some(day) => {
                format!("{day} {}", self.clock(at))
            }
            _ => self.clock(at),
        }
    }

    /// Returns the text of a message as it is shown: what it says, its attachments, its marks.
    pub(super) fn message_in_words(&self, entry: &MessageEntry) -> String {
        if entry.is_deleted {
            return self.tr("chat-deleted").into_owned();
        }
        let mut parts: Vec<String> = Vec::new();
        if let Some(quoted) = self.quoted(entry) {
            parts.push(self.say_with("chat-quoted", &[("text", &quoted)]));
        }
        if !entry.text.is_empty() {
            parts.push(clean(&entry.text).into_owned());
        }
        for attachment in &entry.message.attachments {
            parts.push(self.attachment_in_words(entry, attachment));
        }
        let mut marks: Vec<String> = Vec::new();
        if entry.edits > 0 {
            marks.push(self.tr("chat-edited").into_owned());
        }
        if entry.is_late {
            // The gutter says when it came; what counts for the reader is when it was written (CH-15).
            let sent = self.moment(entry.message.sent_at);
            marks.push(self.say_with("chat-late", &[("time", &sent)]));
        }
        if let Some(reaction) = &entry.reaction {
            marks.push(clean_line(reaction));
        }
        let text = parts.join("\n");
        if marks.is_empty() {
            text
        } else {
            format!("{text} ({})", marks.join(", "))
        }
    }

    /// Returns what an attachment is: its kind, name, size and length, and the key that opens it or why none does.
    fn attachment_in_words(&self, entry: &MessageEntry, attachment: &Attachment) -> String {
        let part = attachment.file.as_ref();
        let state = part.and_then(|part| part.id).map(|id| entry.files.get(&id));
        let kept = state.flatten().and_then(|state| state.as_ref().ok());
        let size = kept.map(|kept| kept.size).or_else(|| part?.size);
        let opens = match (crate::update::opens(entry, attachment), state) {
            (_, Some(Some(Err(fault)))) => Some(self.file_fault(*fault)),
            (Some(opens), _) => Some(self.key_that_opens(opens)),
            (None, Some(None)) => Some(self.tr("file-coming").into_owned()),
            // One that is not opened is shown.
            (None, _) => attachment.url.as_deref().map(clean_line),
        };
        let words = [
            Some(self.attachment_kind(&attachment.kind)),
            attachment.title.as_deref().map(clean_line),
            size.map(|size| self.size(size)),
            part.and_then(|part| part.seconds).map(length),
            opens,
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join("  ")
    }

    /// Returns a file as a row of a list.
    pub(crate) fn file_in_words(&self, file: &KeptFile) -> String {
        format!("{} {}", clean_line(&file.name), self.size(file.size))
    }

    /// Returns a size for people.
    pub(crate) fn size(&self, bytes: u64) -> String {
        let (unit, number) = match bytes {
            0..=999 => ("size-bytes", bytes.to_string()),
            1_000..=999_999 => ("size-kilobytes", (bytes / 1_000).to_string()),
            1_000_000.. => {
                let tenths = bytes / 100_000;
                ("size-megabytes", format!("{}.{}", tenths / 10, tenths % 10))
            }
        };
        self.say_with(unit, &[("number", &number)])
    }

    /// Returns why a file is not here.
    fn file_fault(&self, fault: FileFault) -> String {
        let id = match fault {
            FileFault::TooBig => "file-too-big",
            FileFault::ForeignAddress => "file-foreign-address",
            FileFault::WrongKind => "file-wrong-kind",
            FileFault::NotAccepted => "file-not-accepted",
            FileFault::Gone => "file-gone",
            FileFault::Unreachable => "file-unreachable",
            FileFault::Expired => "file-expired",
        };
        self.tr(id).into_owned()
    }

    /// Returns the key that opens something, as `o` lists it.
    fn key_that_opens(&self, opens: Opens<'_>) -> String {
        let at = crate::update::link_at(self, opens);
        let key = at.map_or_else(|| "o".to_owned(), |at| format!("o{}", at + 1));
        self.say_with("content-open", &[("key", &key)])
    }

    fn quoted(&self, entry: &MessageEntry) -> Option<String> {
        let quotes = entry.message.quotes?;
        let story = self.book.story(entry.stored.chat)?;
        Some(self.line_of(story.timeline.find_message(quotes)?))
    }

    /// Returns the first line of the message the reply in the composer quotes.
    pub(super) fn quoting_in_words(&self) -> Option<String> {
        let story = self.book.story(self.open?)?;
        Some(self.line_of(story.timeline.find_message(self.quoting?)?))
    }

    /// Returns a message in one short line: its text, else what is attached.
    pub(crate) fn line_of(&self, entry: &MessageEntry) -> String {
        let attached = || Some(self.attachment_kind(&entry.message.attachments.first()?.kind));
        match entry.text.trim() {
            "" => attached().unwrap_or_default(),
            text => clean_line(&shared::text::one_line(text, 60)),
        }
    }

    /// Returns a category; one that can no longer be given is said to be retired (CAT-07).
    pub(super) fn category_in_words(&self, path: &CategoryPath) -> String {
        let name = clean_line(&path.to_string());
        let is_retired = self
            .policy()
            .is_some_and(|policy| !policy.categories.contains(path));
        if is_retired {
            self.say_with("category-retired", &[("name", &name)])
        } else {
            name
        }
    }

    /// Returns an earlier chat in one line: its day, number, category and owner (V-11).
    pub(crate) fn past_in_words(&self, past: &Chat) -> String {
        let day = self.day(past.opened_at).map(|day| day.to_string());
        let number = past.number.map(|number| format!("#{number}"));
        let category = past
            .category
            .as_ref()
            .map(|path| self.category_in_words(path));
        let owner = past.owner().map(|owner| self.who(owner));
        let parts: Vec<String> = [day, number, category, owner]
            .into_iter()
            .flatten()
            .collect();
        parts.join("  ")
    }

    /// Returns what kind of thing an attachment is.
    pub(crate) fn attachment_kind(&self, kind: &AttachmentKind) -> String {
        let id = match kind {
            AttachmentKind::Photo => "content-photo",
            AttachmentKind::Audio => "content-audio",
            AttachmentKind::Video => "content-video",
            AttachmentKind::Document => "content-document",
            AttachmentKind::Sticker => "content-sticker",
            AttachmentKind::Location => "content-location",
            AttachmentKind::Contact => "content-contact",
            AttachmentKind::Link => "content-link",
            AttachmentKind::Share => "content-share",
            AttachmentKind::Product => "content-product",
            AttachmentKind::Appointment => "content-appointment",
            AttachmentKind::Template => "content-template",
            AttachmentKind::Other(kind) => {
                return self.say_with("content-unknown", &[("kind", &clean_line(kind))]);
            }
        };
        self.tr(id).into_owned()
    }

    /// Returns the sign of an author and how it looks.
    pub(super) fn author_sign(author: &Author) -> (&'static str, Token) {
        match author {
            Author::Visitor => ("<", Token::Visitor),
            Author::Operator { .. } => (">", Token::Mine),
            Author::Outside => (">", Token::System),
        }
    }

    /// Returns where a reply is, and how it looks.
    pub(super) fn delivery_in_words(&self, entry: &MessageEntry) -> Option<(String, Token)> {
        let now = self.relay_now();
        if entry.author == Author::Outside {
            return Some((self.tr("chat-outside").into_owned(), Token::Dim));
        }
        let state = entry.delivery.as_ref()?;
        let simple = |id, token| Some((self.tr(id).into_owned(), token));
        match state {
            DeliveryState::Queued => {
                let held = entry.held_until.filter(|until| now < *until);
                let Some(until) = held else {
                    return simple("delivery-queued", Token::Dim);
                };
                let seconds = until.since(now).as_millis().div_ceil(1_000);
                let seconds = u64::try_from(seconds).unwrap_or(0);
                let values = [("seconds", seconds.into())];
                Some((
                    self.language.tr("delivery-held", &values).into_owned(),
                    Token::Soon,
                ))
            }
            DeliveryState::Sent => simple("delivery-sent", Token::Dim),
            DeliveryState::Delivered => simple("delivery-delivered", Token::Dim),
            DeliveryState::Read => simple("delivery-read", Token::Dim),
            DeliveryState::Failed { reason } => Some((
                format!(
                    "{}: {}",
                    self.tr("delivery-failed"),
                    self.failure_in_words(reason)
                ),
                Token::Error,
            )),
            DeliveryState::Unconfirmed => simple("delivery-unconfirmed", Token::Error),
            DeliveryState::Withdrawn => simple("delivery-withdrawn", Token::Dim),
        }
    }

    /// Returns why a reply did not leave.
    pub(crate) fn failure_in_words(&self, reason: &FailureReason) -> String {
        let (id, text) = match reason {
            FailureReason::WindowClosed => ("failure-window-closed", ""),
            FailureReason::VisitorUnreachable => ("failure-unreachable", ""),
            FailureReason::ThreadControlled => ("failure-thread-controlled", ""),
            FailureReason::NotAllowed { text } => ("failure-not-allowed", text.as_str()),
            FailureReason::Refused { text } => ("failure-refused", text.as_str()),
            FailureReason::GivenUp => ("failure-given-up", ""),
            FailureReason::ChannelGone => ("failure-channel-gone", ""),
        };
        self.say_with(id, &[("text", &clean_line(text))])
    }

    pub(crate) fn target(&self, to: &TransferTarget) -> String {
        match to {
            TransferTarget::Operator { operator } => self.who(operator),
            TransferTarget::Department { department } => self
                .policy()
                .and_then(|policy| policy.find_department(department))
                .map_or_else(|| department.to_string(), |found| clean_line(&found.name)),
            TransferTarget::Queue => self.tr("list-queue").into_owned(),
        }
    }

    /// Returns an event as a line of the timeline; none for those that stand on messages.
    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per event, and no wildcard"
    )]
    pub(super) fn event_in_words(&self, event: &Event) -> Option<String> {
        let by_name = |id: &str, by: &OperatorId| self.say_with(id, &[("name", &self.who(by))]);
        let line = match event {
            Event::Opened { .. } => self.tr("event-opened").into_owned(),
            Event::Claimed { by, from: None } => by_name("event-claimed", by),
            Event::Claimed {
                by,
                from: Some(from),
            } => {
                let values = [("name", &*self.who(by)), ("from", &*self.who(from))];
                self.say_with("event-claimed-from", &values)
            }
            Event::Released { by } => by_name("event-released", by),
            Event::Transferred { by, to, comment } => {
                self.transfer_in_words(by, to, comment.as_deref())
            }
            Event::NoteWritten { by, text, .. } => {
                self.say_with("chat-note-by", &[("name", &self.who(by)), ("text", text)])
            }
            Event::Categorized {
                by,
                category: Some(category),
            } => {
                let values = [
                    ("name", &*self.who(by)),
                    ("category", &*category.to_string()),
                ];
                self.say_with("event-categorized", &values)
            }
            Event::Categorized { by, category: None } => by_name("event-uncategorized", by),
            Event::CardEdited { by, field, value } => {
                let field = self.tr(card_field_id(*field));
                let value = value.as_deref().unwrap_or("-");
                let values = [
                    ("name", &*self.who(by)),
                    ("field", &*field),
                    ("value", &*clean_line(value)),
                ];
                self.say_with("event-card-edited", &values)
            }
            Event::Blocked { by, until, reason } => {
                let id = if until.is_some() {
                    "event-blocked-until"
                } else {
                    "event-blocked-forever"
                };
                let time = until.map(|until| self.moment(until)).unwrap_or_default();
                let values = [
                    ("name", &*self.who(by)),
                    ("time", &*time),
                    ("reason", &**reason),
                ];
                self.say_with(id, &values)
            }
            Event::Unblocked { by: Some(by) } => by_name("event-unblocked", by),
            Event::Unblocked { by: None } => self.tr("event-block-ended").into_owned(),
            Event::Closed { by } => by_name("event-closed", by),
            Event::Reopened { by: Some(by), .. } => by_name("event-reopened", by),
            Event::Reopened { by: None, .. } => self.tr("event-returned").into_owned(),
            Event::Finished => self.tr("event-finished").into_owned(),
            Event::WindowClosed => self.tr("event-window-closed").into_owned(),
            Event::Redacted => self.tr("event-redacted").into_owned(),
            Event::ThreadOwned { owner } => self.thread_in_words(owner),
            // Who answers now stands in a line of its own.
            Event::Noticed { notice, .. }
                if notice.kind == NoticeKind::ThreadControl && notice.text.is_empty() =>
            {
                return None;
            }
            Event::Noticed { notice, .. } => self.notice_in_words(notice.kind, &notice.text),
            Event::Edited { text, .. } => {
                format!("{}: {}", self.tr("chat-edited"), clean_line(text))
            }
            // A profile is looked up for every new visitor: a line of it would stand in each chat.
            Event::ProfileChanged { .. }
            | Event::FileKept { .. }
            | Event::FileLost { .. }
            | Event::Deleted { .. }
            | Event::Reacted { .. }
            | Event::Received { .. }
            | Event::AnsweredOutside { .. }
            | Event::ReplyWritten { .. }
            | Event::ReplyWithdrawn { .. }
            | Event::ReplySent { .. }
            | Event::ReplyFailed { .. }
            | Event::ReplyUnconfirmed { .. }
            | Event::ReplyRetried { .. }
            | Event::ReplyDelivered { .. }
            | Event::ReplyRead { .. }
            | Event::MarkedRead { .. } => return None,
        };
        Some(line)
    }

    fn transfer_in_words(
        &self,
        by: &OperatorId,
        to: &TransferTarget,
        comment: Option<&str>,
    ) -> String {
        let (name, target) = (self.who(by), self.target(to));
        let id = if comment.is_some() {
            "event-transferred-comment"
        } else {
            "event-transferred"
        };
        let comment = comment.unwrap_or_default();
        let values = [("name", &*name), ("target", &*target), ("comment", comment)];
        self.say_with(id, &values)
    }

    fn thread_in_words(&self, owner: &ThreadOwner) -> String {
        match owner {
            ThreadOwner::Us => self.tr("event-thread-ours").into_owned(),
            ThreadOwner::Other(name) => {
                self.say_with("event-thread-other", &[("name", &clean_line(name))])
            }
            ThreadOwner::Unknown => self.tr("event-thread-unknown").into_owned(),
        }
    }

    fn notice_in_words(&self, kind: NoticeKind, text: &str) -> String {
        let id = match kind {
            NoticeKind::ButtonPressed => "event-button",
            NoticeKind::Referral => "event-referral",
            NoticeKind::OptedIn => "event-opted-in",
            NoticeKind::FormFilled => "event-form",
            NoticeKind::Ordered => "event-ordered",
            NoticeKind::AccountLinked => "event-account",
            NoticeKind::Feedback => "event-feedback",
            NoticeKind::ThreadControl => "event-thread-moved",
            NoticeKind::ThreadAsked if text.is_empty() => "event-thread-asked",
            NoticeKind::ThreadAsked => "event-thread-asked-words",
            NoticeKind::Other => "event-other",
        };
        self.say_with(id, &[("text", &clean_line(text))])
    }
}

/// Returns how long something plays: `1:05`.
fn length(seconds: u32) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
