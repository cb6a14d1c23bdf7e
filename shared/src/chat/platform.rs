//! What platforms tell: messages, edits, deletions, reactions, echoes, notices, thread control, profiles
//! (IN-01 … IN-12, meta.md 4).

use std::time::Duration;

use crate::model::{
    ContactKind, MessageId, OnReturn, OperatorId, PlatformId, ThreadOwner, Timestamp,
};
use crate::text;

use super::{Author, Chat, Context, Event, Opening, PlatformCommand, Refusal, Stage};

/// A message that comes so long after it was written was missed, not slow: it says when that was (CH-15).
const MISSED_AFTER: Duration = Duration::from_secs(600);

impl Chat {
    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per command, and no wildcard"
    )]
    pub(super) fn decide_platform(
        &self,
        command: &PlatformCommand,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        match command {
            PlatformCommand::Receive {
                opening,
                message,
                standby,
            } => {
                let mut events = self.entered(opening, context)?;
                if let Some(owner) =
                    self.thread_change(if *standby { other() } else { ThreadOwner::Us })
                {
                    events.push(owner);
                }
                events.push(Event::Received {
                    message: message.clone(),
                    standby: *standby,
                    late: self.is_late(message.sent_at, context.now),
                    contact: self.contact_in(&message.text),
                });
                Ok(events)
            }
            PlatformCommand::Notice {
                opening,
                notice,
                opens_window,
                happened_at,
            } => {
                let mut events = self.entered(opening, context)?;
                let opens_window_at = opens_window.then_some(*happened_at);
                events.push(Event::Noticed {
                    notice: notice.clone(),
                    opens_window_at,
                });
                Ok(events)
            }
            PlatformCommand::Edit {
                message,
                text,
                edit,
                edited_at,
            } => self.if_begun(Event::Edited {
                message: *message,
                text: text.clone(),
                edit: *edit,
                edited_at: *edited_at,
            }),
            PlatformCommand::Delete { message } => {
                self.if_begun(Event::Deleted { message: *message })
            }
            PlatformCommand::React {
                message,
                emoji,
                reacted_at,
            } => self.if_begun(Event::Reacted {
                message: *message,
                emoji: emoji.clone(),
                reacted_at: *reacted_at,
            }),
            PlatformCommand::Delivered(receipt) => Ok(self.delivered(receipt)),
            PlatformCommand::Read(receipt) => Ok(self.read(receipt)),
            PlatformCommand::EchoOurs {
                message,
                platform_id,
                echoed_at,
            } => Ok(self.echo_ours(*message, platform_id, *echoed_at)),
            PlatformCommand::Failed {
                message,
                sent,
                reason,
            } => Ok(self.failed(*message, sent.as_ref(), reason)),
            PlatformCommand::EchoForeign {
                opening,
                message,
                application,
            } => {
                let mut events = self.begun_by_us(opening, context)?;
                events.push(Event::AnsweredOutside {
                    message: message.clone(),
                    application: application.clone(),
                });
                Ok(events)
            }
            PlatformCommand::ThreadControl {
                opening,
                owner,
                notice,
            } => {
                let mut events = self.begun_by_us(opening, context)?;
                events.extend(owner.clone().and_then(|owner| self.thread_change(owner)));
                events.push(Event::Noticed {
                    notice: notice.clone(),
                    opens_window_at: None,
                });
                Ok(events)
            }
            PlatformCommand::Profile {
                name,
                first_name,
                photo_url,
                asked_at,
            } => {
                let mut visitor = self.visitor.clone();
                let card = &mut visitor.card;
                if !card.name_is_ours {
                    keep(&mut card.name, name.as_ref());
                }
                keep(&mut card.first_name, first_name.as_ref());
                keep(&mut card.photo_url, photo_url.as_ref());
                card.profile_asked_at = Some(*asked_at);
                let is_news = self.has_begun() && self.visitor != visitor;
                Ok(is_news
                    .then_some(Event::ProfileChanged { visitor })
                    .into_iter()
                    .collect())
            }
        }
    }

    /// Returns what must happen first when the visitor speaks: open, or reopen (IN-02, IN-03).
    fn entered(&self, opening: &Opening, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        if self.is_blocked(context.now) {
            return Err(Refusal::VisitorBlocked);
        }
        if !self.has_begun() {
            return Ok(vec![opened(opening, false)]);
        }
        let on_return = context
            .policy
            .find_channel(&self.visitor.channel)
            .map_or_else(OnReturn::default, |channel| channel.on_return);
        match (&self.stage, on_return) {
            (Stage::Queue | Stage::Chatting { .. }, _) => Ok(vec![]),
            (Stage::ClosedByOperator { .. }, OnReturn::New) if self.is_left_for_good() => {
                Err(Refusal::Closed)
            }
            (Stage::ClosedByOperator { owner }, _) => Ok(vec![returned(owner.as_ref(), context)]),
            (Stage::Closed, OnReturn::Resume) => {
                Ok(vec![returned(self.last_owner.as_ref(), context)])
            }
            (Stage::Closed, OnReturn::Reopen | OnReturn::New) => Err(Refusal::Finished),
        }
    }

    /// Returns what must happen first when our side speaks elsewhere: it may begin a chat, but closes stay closed.
    fn begun_by_us(&self, opening: &Opening, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
        if self.is_blocked(context.now) {
            return Err(Refusal::VisitorBlocked);
        }
        match (self.has_begun(), self.is_finished()) {
            (false, _) => Ok(vec![opened(opening, true)]),
            (true, false) => Ok(vec![]),
            (true, true) => Err(Refusal::Finished),
        }
    }

    fn if_begun(&self, event: Event) -> Result<Vec<Event>, Refusal> {
        if self.has_begun() {
            Ok(vec![event])
        } else {
            Err(Refusal::NoSuchChat)
        }
    }

    /// Tells of a change only. Nobody told us that routing is off, so *unknown* and *us* both allow sending.
    pub(super) fn thread_change(&self, owner: ThreadOwner) -> Option<Event> {
        let is_news = match (&self.thread_owner, &owner) {
            (ThreadOwner::Other(_), ThreadOwner::Other(_)) => {
                self.thread_owner != owner && owner != other()
            }
            (ThreadOwner::Unknown, ThreadOwner::Us) => false,
            (before, after) => before != after,
        };
        is_news.then_some(Event::ThreadOwned { owner })
    }

    fn echo_ours(
        &self,
        message: MessageId,
        platform_id: &PlatformId,
        echoed_at: Timestamp,
    ) -> Vec<Event> {
        if self.find_outgoing(message).is_err() {
            return vec![];
        }
        vec![Event::ReplySent {
            message,
            platform_id: Some(platform_id.clone()),
            platform_at: echoed_at,
        }]
    }

    /// Finds in an answer the contact that was asked for (meta.md 4.4: nothing marks it, so it is recognised).
    fn contact_in(&self, answer: &str) -> Option<ContactKind> {
        if self.asked.email && text::is_email(answer) {
            return Some(ContactKind::Email);
        }
        (self.asked.phone && text::is_phone(answer)).then_some(ContactKind::Phone)
    }

    /// Whether a message came after later ones, or was missed and fetched.
    fn is_late(&self, sent_at: Timestamp, now: Timestamp) -> bool {
        let was_overtaken = self.last_received_at.is_some_and(|last| sent_at < last);
        was_overtaken || now.since(sent_at) > MISSED_AFTER
    }

    /// Whether the visitor, not we, spoke last.
    pub fn visitor_spoke_last(&self) -> bool {
        self.last_line
            .as_ref()
            .is_some_and(|line| line.author == Author::Visitor)
    }
}

/// Standby says that another application owns the thread, not which; so does a send that was refused for it.
pub(super) fn other() -> ThreadOwner {
    ThreadOwner::Other(String::new())
}

fn opened(opening: &Opening, by_us: bool) -> Event {
    Event::Opened {
        visitor: opening.visitor.clone(),
        language: opening.language.clone(),
        department: opening.department.clone(),
        reserved_for: opening.reserved_for.clone(),
        entry: opening.entry.clone(),
        by_us,
        window_from: opening.window_from,
    }
}

/// Back to whoever had the chat if they are here, else to the queue.
fn returned(owner: Option<&OperatorId>, context: &Context<'_>) -> Event {
    let owner = owner.filter(|owner| context.online.contains(*owner));
    Event::Reopened {
        by: None,
        owner: owner.cloned(),
    }
}

/// Takes what was told; what was not told stays.
fn keep(place: &mut Option<String>, told: Option<&String>) {
    if let Some(told) = told {
        *place = Some(told.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::*;
    use super::super::{Author, DeskCommand, Event, PlatformCommand, ReplyDraft};
    use crate::model::{
        CardField, ContactAsk, ContactKind, Message, MessageId, Notice, NoticeKind, ThreadOwner,
        Timestamp,
    };

    fn reply_draft(text: &str) -> ReplyDraft {
        ReplyDraft {
            text: text.into(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(0),
        }
    }

    #[test]
    fn the_first_message_opens_the_chat_and_the_next_joins_it() {
        let mut desk = unborn();
        assert!(matches!(
            desk.visitor_writes("hello")[..],
            [Event::Opened { .. }, Event::Received { .. }]
        ));
        assert!(matches!(
            desk.visitor_writes("anyone?")[..],
            [Event::Received { .. }]
        ));
        assert_eq!(desk.chat.unread, 2);
    }

    #[test]
    fn waiting_counts_from_the_oldest_unanswered_message() {
        let mut desk = unborn();
        desk.visitor_writes("hello");
        let first = desk.now;
        desk.now = desk.now.plus(Duration::from_secs(60));
        desk.visitor_writes("anyone?");
        assert_eq!(desk.chat.waiting_since, Some(first));
    }

    #[test]
    fn a_message_older_than_the_last_is_marked_late() {
        let mut desk = waiting();
        let before = desk
            .chat
            .last_received_at
            .unwrap()
            .minus(Duration::from_secs(5));
        let events = desk.visitor_writes_at("the one before", before);
        assert!(matches!(events[..], [Event::Received { late: true, .. }]));
    }

    #[test]
    fn a_message_that_was_missed_and_fetched_is_marked_late() {
        let mut desk = waiting();
        desk.now = desk.now.plus(Duration::from_secs(3600));
        let missed = desk
            .now
            .minus(super::MISSED_AFTER)
            .minus(Duration::from_millis(1));
        let events = desk.visitor_writes_at("anybody?", missed);
        assert!(matches!(events[..], [Event::Received { late: true, .. }]));
        let slow = desk.now.minus(super::MISSED_AFTER);
        let events = desk.visitor_writes_at("hello?", slow);
        assert!(matches!(events[..], [Event::Received { late: false, .. }]));
    }

    #[test]
    fn an_answer_from_the_pages_own_inbox_is_not_the_visitor_and_answers_the_visitor() {
        let mut desk = waiting();
        let events = desk.answered_outside("we are on it");
        assert!(matches!(events[..], [Event::AnsweredOutside { .. }]));
        assert_eq!(
            desk.chat.last_line.as_ref().unwrap().author,
            Author::Outside
        );
        assert_eq!(desk.chat.waiting_since, None);
    }

    #[test]
    fn words_of_ours_from_elsewhere_open_a_chat_in_which_nobody_waits() {
        let mut desk = unborn();
        desk.answered_outside("your parcel is here");
        assert!(desk.chat.has_begun());
        assert_eq!(desk.chat.waiting_since, None);
        assert_eq!(desk.chat.window_from, None);
    }

    #[test]
    fn a_chat_that_our_words_begin_keeps_the_window_of_the_chat_before() {
        let mut desk = unborn();
        let from = desk.now.minus(Duration::from_secs(600));
        let begun = super::super::Opening {
            window_from: Some(from),
            ..opening()
        };
        let message = Message {
            id: MessageId(90),
            platform_id: Some("m_90".into()),
            sent_at: desk.now,
            text: "your parcel is here".into(),
            attachments: vec![],
            quotes: None,
            quotes_unknown: false,
        };
        desk.platform(PlatformCommand::EchoForeign {
            opening: begun,
            message,
            application: None,
        })
        .unwrap();
        assert_eq!(desk.chat.window_from, Some(from));
        desk.by("anna", DeskCommand::Reply(reply_draft("Yes?")))
            .unwrap();
    }

    fn profile(name: &str, asked_at: i64) -> PlatformCommand {
        PlatformCommand::Profile {
            name: Some(name.into()),
            first_name: None,
            photo_url: None,
            asked_at: Timestamp(asked_at),
        }
    }

    #[test]
    fn a_profile_leaves_what_operators_wrote_on_the_card() {
        let mut desk = held_by("anna");
        let edit = |field, value: Option<&str>| DeskCommand::EditCard {
            field,
            value: value.map(Into::into),
        };
        desk.by("anna", edit(CardField::Phone, Some("+7 900 000-00-17")))
            .unwrap();
        desk.by("anna", edit(CardField::Name, Some("Olga Corrected")))
            .unwrap();
        desk.platform(profile("Olga Example", 5)).unwrap();
        let card = &desk.chat.visitor.card;
        assert_eq!(card.name.as_deref(), Some("Olga Corrected"));
        assert_eq!(card.phone.as_deref(), Some("+7 900 000-00-17"));
        assert_eq!(card.profile_asked_at, Some(Timestamp(5)));

        desk.by("anna", edit(CardField::Name, None)).unwrap();
        desk.platform(profile("Olga Example", 6)).unwrap();
        let card = &desk.chat.visitor.card;
        assert_eq!(
            card.name.as_deref(),
            Some("Olga Example"),
            "an emptied name is the platform's again"
        );
    }

    #[test]
    fn what_a_profile_does_not_tell_stays() {
        let mut desk = held_by("anna");
        let nothing = PlatformCommand::Profile {
            name: None,
            first_name: None,
            photo_url: None,
            asked_at: Timestamp(5),
        };
        desk.platform(nothing.clone()).unwrap();
        assert_eq!(desk.chat.visitor.card.name.as_deref(), Some("Olga Example"));
        assert_eq!(desk.platform(nothing), Ok(vec![]), "nothing is new");
    }

    #[test]
    fn the_row_shows_what_the_last_message_says_now() {
        let mut desk = waiting();
        desk.visitor_writes("my card is 0000");
        let message = desk.chat.last_line.as_ref().unwrap().message;
        let edit = |text: &str, edit| PlatformCommand::Edit {
            message,
            text: text.into(),
            edit,
            edited_at: NOON,
        };
        desk.platform(edit("my card is 2", 2)).unwrap();
        desk.platform(edit("my card is 1", 1)).unwrap();
        assert_eq!(desk.chat.last_line.as_ref().unwrap().text, "my card is 2");

        let message = message.unwrap();
        desk.platform(PlatformCommand::Delete { message }).unwrap();
        desk.platform(edit("my card is 3", 3)).unwrap();
        let line = desk.chat.last_line.as_ref().unwrap();
        assert!(line.is_deleted);
        assert_eq!(line.text, "");
        assert_eq!(line.author, Author::Visitor);
    }

    #[test]
    fn standby_moves_the_thread_to_another_application_and_a_normal_message_back() {
        let mut desk = waiting();
        desk.visitor_writes_on_standby("anyone there?");
        assert!(matches!(desk.chat.thread_owner, ThreadOwner::Other(_)));
        desk.visitor_writes("hello again");
        assert_eq!(desk.chat.thread_owner, ThreadOwner::Us);
    }

    #[test]
    fn a_contact_that_was_asked_for_is_offered_for_the_card() {
        let mut desk = held_by("anna");
        let asks = ContactAsk {
            phone: true,
            email: true,
        };
        let ask = ReplyDraft {
            text: "How can we reach you?".into(),
            quotes: None,
            asks,
            file: None,
            human_agent: false,
            hold_ms: Some(0),
        };
        desk.by("anna", DeskCommand::Reply(ask)).unwrap();
        let events = desk.visitor_writes("+15550100199");
        assert!(matches!(
            events[..],
            [Event::Received {
                contact: Some(ContactKind::Phone),
                ..
            }]
        ));
        let events = desk.visitor_writes("anna@acme.example");
        assert!(matches!(
            events[..],
            [Event::Received {
                contact: Some(ContactKind::Email),
                ..
            }]
        ));
        let events = desk.visitor_writes("+15550100199");
        assert!(
            matches!(events[..], [Event::Received { contact: None, .. }]),
            "asked once, given once"
        );
    }

    #[test]
    fn a_link_that_opens_the_window_starts_it_anew() {
        let mut desk = waiting();
        desk.now = desk.now.plus(Duration::from_secs(3600));
        let command = PlatformCommand::Notice {
            opening: opening(),
            notice: Notice {
                kind: NoticeKind::Referral,
                text: "came through a link".into(),
            },
            opens_window: true,
            happened_at: desk.now,
        };
        desk.platform(command).unwrap();
        assert_eq!(desk.chat.window_from, Some(desk.now));
    }
}
