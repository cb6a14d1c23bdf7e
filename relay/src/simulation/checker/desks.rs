//! What desks were shown, and what they were answered.

use std::collections::BTreeMap;

use shared::chat::rights::sees;
use shared::chat::{Chat, DeskCommand, Event, Sight, Stored};
use shared::model::{ChatId, Seq};

use super::super::desk::{Answered, DeskEvidence, Shown};
use super::{Clause, Ledger};

impl Ledger<'_> {
    pub(super) fn desk(&mut self, desk: &DeskEvidence) {
        let (Some(operator), Some(shown)) = (&desk.operator, &desk.chats) else {
            return;
        };
        let policy = &self.evidence.policy;
        let Some(who) = policy.find_operator(operator) else {
            return;
        };
        for fault in &desk.faults {
            self.expect(false, Clause::DeskSees, || format!("{operator}: {fault}"));
        }
        let visible = self.evidence.chats.iter();
        let visible: BTreeMap<_, _> = visible
            .filter(|chat| !chat.is_finished() && sees(who, &Sight::of(chat), policy))
            .map(|chat| (chat.id, chat.clone()))
            .collect();
        self.expect(*shown == visible, Clause::DeskSees, || {
            format!("{operator} ends with {shown:#?}, not {visible:#?}")
        });
        let sights = sights(&self.evidence.events);
        for shown in &desk.shown {
            let may = match shown {
                Shown::Chat(sight) => sees(who, sight, policy),
                Shown::Event(seq) => sights.get(seq).is_some_and(|(before, after)| {
                    let saw = before.as_ref().is_none_or(|b| sees(who, b, policy));
                    saw && sees(who, after, policy)
                }),
            };
            self.expect(may, Clause::DeskMay, || {
                format!("{operator} was shown {shown:?}")
            });
        }
    }

    pub(super) fn commands(&mut self, desk: &DeskEvidence) {
        for commanded in &desk.commands {
            let DeskCommand::Reply(draft) = &commanded.command else {
                continue;
            };
            let is_it = |stored: &&Stored| match &stored.event {
                Event::ReplyWritten { message, by, .. } => {
                    message.text == draft.text && Some(by) == desk.operator.as_ref()
                }
                _ => false,
            };
            let count = self.evidence.events.iter().filter(is_it).count();
            let holds = match commanded.answered {
                Answered::Accepted => count == 1,
                Answered::Refused => count == 0,
                Answered::Not => count <= 1,
            };
            self.expect(holds, Clause::CommandOnce, || {
                format!("{commanded:?} was done {count} times")
            });
        }
    }
}

/// Who could see the chat of each event before and after it.
fn sights(events: &[Stored]) -> BTreeMap<Seq, (Option<Sight>, Sight)> {
    let mut chats: BTreeMap<ChatId, Chat> = BTreeMap::new();
    let sights = events.iter().map(|stored| {
        let before = chats.get(&stored.chat).map(Sight::of);
        let chat = chats
            .entry(stored.chat)
            .or_insert_with(|| Chat::unborn(stored.chat));
        chat.apply(stored);
        (stored.seq, (before, Sight::of(chat)))
    });
    sights.collect()
}
