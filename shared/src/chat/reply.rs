//! Replies: written, held, taken back, sent, failed, tried again (OUT-01 … OUT-06, OUT-13, OUT-16, OUT-22).

use std::time::Duration;

use crate::model::{
    Abilities, Attachment, FailureReason, FilePart, HandedFile, Message, MessageId, Seconds,
    ThreadOwner, Timestamp,
};
use crate::text;

use super::platform::other;
use super::rights::Asker;
use super::{
    Chat, Context, Event, LONGEST_HOLD, Outgoing, Refusal, ReplyDraft, SettledAs, Stage, Trouble,
};

impl Chat {
    /// Writes a reply. Answering an unclaimed chat claims it; answering a softly closed one reopens it.
    pub(super) fn reply(
        &self,
        draft: &ReplyDraft,
        asker: &Asker<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let mut events = self.owning_for_reply(asker)?;
        if self.is_blocked(context.now) {
            return Err(Refusal::VisitorBlocked);
        }
        let text = self.checked_text(draft, context)?;
        self.check_window(draft.human_agent, context)?;
        let message = Message {
            id: context.fresh.message,
            platform_id: None,
            sent_at: context.now,
            text,
            attachments: draft.file.as_ref().map(attached).into_iter().collect(),
            quotes: draft.quotes,
            quotes_unknown: false,
        };
        events.push(Event::ReplyWritten {
            by: asker.id(),
            message,
            delivery: context.fresh.delivery,
            asks: draft.asks,
            human_agent: self.needs_human_tag(draft.human_agent, context),
            held_until: held_until(draft, context)?,
        });
        Ok(events)
    }

    /// Returns what must happen before this operator may answer: only the owner's replies leave (invariant 4).
    fn owning_for_reply(&self, asker: &Asker<'_>) -> Result<Vec<Event>, Refusal> {
        match &self.stage {
            Stage::Queue => Ok(vec![Event::Claimed {
                by: asker.id(),
                from: None,
            }]),
            Stage::Chatting { owner } if *owner == asker.operator.id => Ok(vec![]),
            Stage::Chatting { owner } => Err(Refusal::Owned { by: owner.clone() }),
            Stage::ClosedByOperator { .. } => Ok(vec![Event::Reopened {
                by: Some(asker.id()),
                owner: Some(asker.id()),
            }]),
            Stage::Closed => Err(Refusal::Finished),
        }
    }

    fn checked_text(&self, draft: &ReplyDraft, context: &Context<'_>) -> Result<String, Refusal> {
        let channel = context
            .policy
            .find_channel(&self.visitor.channel)
            .ok_or(Refusal::ChannelGone)?;
        let abilities = &channel.abilities;
        let text = text::clean(&draft.text).into_owned();
        if let Some(handed) = &draft.file {
            check_file(handed, abilities)?;
            if !text.trim().is_empty() {
                return Err(Refusal::NotSupported {
                    ability: "text_with_file".into(),
                });
            }
        } else if text.trim().is_empty() {
            return Err(Refusal::EmptyText);
        }
        let length = text::utf16_len(&text);
        if length > abilities.text_limit {
            return Err(Refusal::TooLong {
                length,
                limit: abilities.text_limit,
            });
        }
        if let Some(name) = text::find_placeholder(&text) {
            return Err(Refusal::EmptyPlaceholder {
                name: name.to_owned(),
            });
        }
        if draft.quotes.is_some() && !abilities.quotes {
            return Err(Refusal::NotSupported {
                ability: "quotes".into(),
            });
        }
        let can_ask = abilities.asks_contacts;
        if (draft.asks.phone && !can_ask.phone) || (draft.asks.email && !can_ask.email) {
            return Err(Refusal::NotSupported {
                ability: "asks_contacts".into(),
            });
        }
        Ok(text)
    }

    fn check_window(&self, human_agent: bool, context: &Context<'_>) -> Result<(), Refusal> {
        if self.window_is_open(context) {
            return Ok(());
        }
        let human = self
            .human_window_ends(context.policy)
            .is_some_and(|ends| context.now < ends);
        if human && human_agent {
            Ok(())
        } else {
            Err(Refusal::WindowClosed { human_agent: human })
        }
    }

    /// A plain reply is never tagged: the platform punishes tags inside the window (OUT-07).
    fn needs_human_tag(&self, confirmed: bool, context: &Context<'_>) -> bool {
        confirmed && !self.window_is_open(context)
    }

    fn window_is_open(&self, context: &Context<'_>) -> bool {
        let has_window = context
            .policy
            .find_channel(&self.visitor.channel)
            .is_some_and(|c| c.abilities.reply_window.is_some());
        !has_window
            || self
                .window_ends(context.policy)
                .is_some_and(|ends| context.now < ends)
    }

    /// Takes a held reply back. That the outbox has not begun it is checked again when this is committed.
    pub(super) fn withdraw(
        &self,
        message: MessageId,
        asker: &Asker<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let outgoing = self.find_outgoing(message)?;
        if outgoing.by != asker.operator.id {
            return Err(Refusal::Owned {
                by: outgoing.by.clone(),
            });
        }
        let is_held = outgoing.held_until.is_some_and(|until| context.now < until);
        if outgoing.trouble != Trouble::None || !is_held {
            return Err(Refusal::AlreadyLeaving);
        }
        Ok(vec![Event::ReplyWithdrawn {
            message,
            by: asker.id(),
        }])
    }

    /// Puts a failed or unconfirmed reply into the outbox again, as it was written (OUT-04).
    pub(super) fn retry(
        &self,
        message: MessageId,
        asker: &Asker<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let outgoing = self.find_outgoing(message)?;
        if outgoing.trouble == Trouble::None {
            return Err(Refusal::NotRetryable);
        }
        self.require_managing(asker)?;
        if self.is_blocked(context.now) {
            return Err(Refusal::VisitorBlocked);
        }
        if context.policy.find_channel(&self.visitor.channel).is_none() {
            return Err(Refusal::ChannelGone);
        }
        self.check_window(false, context)?;
        Ok(vec![Event::ReplyRetried {
            message,
            by: asker.id(),
        }])
    }

    /// Stops waiting for a reply: unconfirmed, or still in the outbox behind a broken channel.
    pub(super) fn give_up(
        &self,
        message: MessageId,
        asker: &Asker<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let outgoing = self.find_outgoing(message)?;
        self.require_managing(asker)?;
        match outgoing.trouble {
            Trouble::Failed { .. } => Err(Refusal::NotRetryable),
            Trouble::None | Trouble::Unconfirmed => Ok(vec![Event::ReplyFailed {
                message,
                reason: FailureReason::GivenUp,
                sent: None,
            }]),
        }
    }

    /// Records what became of a delivery. What an echo has proved already stays proved, and what the platform said did not
    /// arrive, while its answer to the call was still on the way, stays failed.
    pub(super) fn settle(&self, message: MessageId, result: &SettledAs) -> Vec<Event> {
        match self
            .find_outgoing(message)
            .map(|outgoing| &outgoing.trouble)
        {
            Ok(Trouble::None | Trouble::Unconfirmed) => {}
            Ok(Trouble::Failed { .. }) | Err(_) => return vec![],
        }
        let (event, owner) = match result {
            SettledAs::Sent {
                platform_id,
                begun_at,
            } => {
                let sent = Event::ReplySent {
                    message,
                    platform_id: platform_id.clone(),
                    platform_at: *begun_at,
                };
                (sent, Some(ThreadOwner::Us))
            }
            SettledAs::Failed(reason) => {
                let failed = Event::ReplyFailed {
                    message,
                    reason: reason.clone(),
                    sent: None,
                };
                let is_theirs = *reason == FailureReason::ThreadControlled;
                (failed, is_theirs.then(other))
            }
            SettledAs::Unconfirmed => (Event::ReplyUnconfirmed { message }, None),
        };
        // Who may answer is told by what became of the answer, too (meta.md 13.3).
        let moved = owner.and_then(|owner| self.thread_change(owner));
        [event].into_iter().chain(moved).collect()
    }

    /// Returns a reply that has not arrived safely.
    pub fn find_outgoing(&self, message: MessageId) -> Result<&Outgoing, Refusal> {
        self.outgoing
            .iter()
            .find(|outgoing| outgoing.message == message)
            .ok_or(Refusal::NoSuchMessage)
    }
}

/// Whether the channel carries a file (F-01).
fn check_file(handed: &HandedFile, abilities: &Abilities) -> Result<(), Refusal> {
    let limits = abilities.files.ok_or_else(|| Refusal::NotSupported {
        ability: "files".into(),
    })?;
    match limits.carries(&handed.file) {
        Some(_) => Ok(()),
        None => Err(Refusal::FileTooBig {
            size: handed.file.size,
            limit: limits.most(&handed.file.kind()),
        }),
    }
}

fn attached(handed: &HandedFile) -> Attachment {
    Attachment {
        title: Some(handed.file.name.clone()),
        file: Some(FilePart {
            id: Some(handed.id),
            size: Some(handed.file.size),
            mime: Some(handed.file.mime.clone()),
            ..FilePart::default()
        }),
        ..Attachment::of(handed.file.kind())
    }
}

fn held_until(draft: &ReplyDraft, context: &Context<'_>) -> Result<Option<Timestamp>, Refusal> {
    let hold = match draft.hold_ms {
        Some(millis) => Duration::from_millis(u64::from(millis)),
        None => context.policy.desk.undo_send.duration(),
    };
    if hold > LONGEST_HOLD {
        return Err(Refusal::HoldTooLong { limit: Seconds(30) });
    }
    Ok((!hold.is_zero()).then(|| context.now.plus(hold)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::*;
    use super::super::{DeskCommand, Event, Refusal, ReplyDraft, SettledAs, Trouble};
    use crate::model::{ContactAsk, FailureReason, MessageId, Seconds, ThreadOwner};

    fn reply(text: &str) -> DeskCommand {
        DeskCommand::Reply(draft(text))
    }

    fn draft(text: &str) -> ReplyDraft {
        ReplyDraft {
            text: text.into(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(0),
        }
    }

    fn written(events: &[Event]) -> MessageId {
        match events.last() {
            Some(Event::ReplyWritten { message, .. }) => message.id,
            other => panic!("expected a reply, got {other:?}"),
        }
    }

    #[test]
    fn answering_is_claiming() {
        let mut desk = waiting();
        let events = desk.by("anna", reply("Hello!")).unwrap();
        assert!(matches!(
            events[..],
            [Event::Claimed { .. }, Event::ReplyWritten { .. }]
        ));
        assert_eq!(desk.chat.owner(), Some(&"anna".into()));
        assert_eq!(desk.chat.waiting_since, None);
    }

    #[test]
    fn a_reply_of_anybody_but_the_owner_is_refused_with_the_owners_name() {
        let mut desk = held_by("anna");
        assert_eq!(
            desk.by("boris", reply("Hello!")),
            Err(Refusal::Owned { by: "anna".into() })
        );
        assert_eq!(
            desk.by("sofia", reply("Hello!")),
            Err(Refusal::Owned { by: "anna".into() })
        );
    }

    #[test]
    fn answering_a_softly_closed_chat_reopens_it() {
        let mut desk = held_by("anna");
        desk.by("anna", DeskCommand::Close).unwrap();
        let events = desk.by("boris", reply("One more thing")).unwrap();
        assert!(matches!(events[0], Event::Reopened { .. }));
        assert_eq!(desk.chat.owner(), Some(&"boris".into()));
    }

    #[test]
    fn text_is_measured_in_the_platforms_units_and_never_cut() {
        let mut desk = held_by("anna");
        let limit = desk.policy.channels[0].abilities.text_limit;
        let too_long = "😀".repeat(limit / 2 + 1);
        assert_eq!(
            desk.by("anna", reply(&too_long)),
            Err(Refusal::TooLong {
                length: limit + 2,
                limit
            })
        );
        desk.by("anna", reply(&"😀".repeat(limit / 2))).unwrap();
        assert_eq!(desk.by("anna", reply(" \n ")), Err(Refusal::EmptyText));
    }

    #[test]
    fn an_empty_placeholder_never_reaches_a_visitor() {
        let mut desk = held_by("anna");
        let refusal = desk
            .by("anna", reply("Hello, {visitor.first_name}!"))
            .unwrap_err();
        assert_eq!(
            refusal,
            Refusal::EmptyPlaceholder {
                name: "visitor.first_name".into()
            }
        );
    }

    #[test]
    fn a_minute_before_the_window_closes_is_in_time_and_a_minute_after_is_not() {
        let mut desk = held_by("anna");
        let opened = desk.chat.window_from.unwrap();
        desk.now = opened.plus(Duration::from_secs(24 * 3600 - 60));
        desk.by("anna", reply("in time")).unwrap();
        desk.now = opened.plus(Duration::from_secs(24 * 3600 + 60));
        assert_eq!(
            desk.by("anna", reply("late")),
            Err(Refusal::WindowClosed { human_agent: false })
        );
    }

    #[test]
    fn a_person_may_confirm_a_human_agent_reply_after_the_window() {
        let mut desk = held_by("anna");
        desk.policy.channels[0].abilities.human_window = Some(Seconds(7 * 86_400));
        desk.now = desk
            .chat
            .window_from
            .unwrap()
            .plus(Duration::from_secs(25 * 3600));
        assert_eq!(
            desk.by("anna", reply("late")),
            Err(Refusal::WindowClosed { human_agent: true })
        );
        let confirmed = DeskCommand::Reply(ReplyDraft {
            human_agent: true,
            ..draft("late")
        });
        let events = desk.by("anna", confirmed).unwrap();
        assert!(matches!(
            events.last(),
            Some(Event::ReplyWritten {
                human_agent: true,
                ..
            })
        ));
    }

    #[test]
    fn a_tag_is_never_put_on_a_reply_inside_the_window() {
        let mut desk = held_by("anna");
        let confirmed = DeskCommand::Reply(ReplyDraft {
            human_agent: true,
            ..draft("early")
        });
        let events = desk.by("anna", confirmed).unwrap();
        assert!(matches!(
            events.last(),
            Some(Event::ReplyWritten {
                human_agent: false,
                ..
            })
        ));
    }

    #[test]
    fn a_held_reply_can_be_taken_back_until_it_leaves() {
        let mut desk = held_by("anna");
        let held = DeskCommand::Reply(ReplyDraft {
            hold_ms: Some(3000),
            ..draft("oops")
        });
        let message = written(&desk.by("anna", held.clone()).unwrap());
        desk.by("anna", DeskCommand::Withdraw { message }).unwrap();
        assert!(desk.chat.outgoing.is_empty());

        let message = written(&desk.by("anna", held).unwrap());
        desk.now = desk.now.plus(Duration::from_secs(3));
        assert_eq!(
            desk.by("anna", DeskCommand::Withdraw { message }),
            Err(Refusal::AlreadyLeaving)
        );
    }

    #[test]
    fn a_reply_that_is_taken_back_leaves_the_visitor_waiting_as_before() {
        let mut desk = held_by("anna");
        desk.visitor_writes("anyone?");
        let before = desk.chat.clone();
        let held = |text: &str| {
            DeskCommand::Reply(ReplyDraft {
                hold_ms: Some(3000),
                ..draft(text)
            })
        };
        let first = written(&desk.by("anna", held("one")).unwrap());
        let second = written(&desk.by("anna", held("two")).unwrap());
        assert_eq!(desk.chat.waiting_since, None);
        desk.by("anna", DeskCommand::Withdraw { message: first })
            .unwrap();
        assert_eq!(desk.chat.waiting_since, None, "the second still answers");
        assert_eq!(desk.chat.last_line.as_ref().unwrap().text, "two");
        desk.visitor_writes("hm?");
        desk.by("anna", DeskCommand::Withdraw { message: second })
            .unwrap();
        assert_eq!(desk.chat.waiting_since, before.waiting_since);
        assert_eq!(desk.chat.unread, before.unread + 1);
        assert_eq!(desk.chat.last_line.as_ref().unwrap().text, "hm?");
    }

    #[test]
    fn taking_back_the_only_reply_brings_the_visitors_line_back() {
        let mut desk = held_by("anna");
        let before = desk.chat.clone();
        let held = DeskCommand::Reply(ReplyDraft {
            hold_ms: Some(3000),
            ..draft("oops")
        });
        let message = written(&desk.by("anna", held).unwrap());
        desk.by("anna", DeskCommand::Withdraw { message }).unwrap();
        assert_eq!(desk.chat.waiting_since, before.waiting_since);
        assert_eq!(desk.chat.unread, before.unread);
        assert_eq!(desk.chat.last_line, before.last_line);
        assert!(before.waiting_since.is_some() && before.unread > 0);
    }

    #[test]
    fn what_somebody_answered_elsewhere_stays_answered_when_a_held_reply_is_taken_back() {
        let mut desk = held_by("anna");
        let held = DeskCommand::Reply(ReplyDraft {
            hold_ms: Some(3000),
            ..draft("oops")
        });
        let message = written(&desk.by("anna", held).unwrap());
        desk.answered_outside("we are on it");
        desk.by("anna", DeskCommand::Withdraw { message }).unwrap();
        assert_eq!(desk.chat.waiting_since, None);
        assert_eq!(desk.chat.unread, 0);
        assert_eq!(desk.chat.last_line.as_ref().unwrap().text, "we are on it");
    }

    #[test]
    fn what_becomes_of_a_reply_tells_who_may_answer() {
        let mut desk = held_by("anna");
        let message = written(&desk.by("anna", reply("Hello!")).unwrap());
        desk.settle(message, SettledAs::Failed(FailureReason::ThreadControlled));
        assert!(matches!(desk.chat.thread_owner, ThreadOwner::Other(_)));
        desk.by("anna", DeskCommand::Retry { message }).unwrap();
        let sent = SettledAs::Sent {
            platform_id: None,
            begun_at: desk.now,
        };
        desk.settle(message, sent);
        assert_eq!(desk.chat.thread_owner, ThreadOwner::Us);
    }

    #[test]
    fn a_failed_reply_is_kept_until_somebody_tries_again_or_gives_up() {
        let mut desk = held_by("anna");
        let message = written(&desk.by("anna", reply("Hello!")).unwrap());
        desk.settle(message, SettledAs::Failed(FailureReason::ThreadControlled));
        assert_eq!(desk.chat.troubled().count(), 1);
        desk.by("anna", DeskCommand::Retry { message }).unwrap();
        assert_eq!(
            desk.chat.find_outgoing(message).unwrap().trouble,
            Trouble::None
        );
        desk.settle(message, SettledAs::Unconfirmed);
        desk.by("anna", DeskCommand::GiveUp { message }).unwrap();
        assert!(matches!(
            desk.chat.find_outgoing(message).unwrap().trouble,
            Trouble::Failed { .. }
        ));
    }

    #[test]
    fn what_an_echo_proved_a_late_failure_does_not_undo() {
        let mut desk = held_by("anna");
        let message = written(&desk.by("anna", reply("Hello!")).unwrap());
        desk.echo_ours(message, "m_1");
        assert_eq!(
            desk.settle(message, SettledAs::Failed(FailureReason::WindowClosed)),
            vec![]
        );
        assert!(desk.chat.outgoing.is_empty());
    }

    #[test]
    fn a_blocked_visitor_is_not_written_to() {
        let mut desk = held_by("anna");
        let block = DeskCommand::Block {
            for_seconds: None,
            reason: "spam".into(),
            close: false,
        };
        desk.by("anna", block).unwrap();
        assert_eq!(
            desk.by("anna", reply("Hello!")),
            Err(Refusal::VisitorBlocked)
        );
    }
}
