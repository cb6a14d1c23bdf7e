//! Watches a chat step by step and says which invariant a step broke. Knows the rules only by what they let happen.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::rights::{Right, has, sees};
use super::super::testing::{Rules, TestDesk, unborn};
use super::super::{Chat, Event, Sight, TransferTarget};
use super::steps::{Chance, Step, perform};
use crate::model::{MessageId, OperatorId, Version};

/// What must hold after every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invariant {
    /// At most one owner: nobody takes what another owns without saying from whom.
    OneOwner,
    /// Only the owner's replies leave.
    OwnersReplies,
    /// Versions rise by one with each event.
    VersionsRise,
    /// Any event can be taken in, in any order.
    AppliesAlways,
    /// A tick leaves nothing overdue.
    NothingOverdue,
    /// Nobody changes what they cannot see or may not.
    RightsHold,
    /// A reply is sent or taken back at most once, and never both; one that the platform gave back may be sent again.
    RepliesOnce,
    /// The events add up to the chat.
    ReplayAgrees,
}

/// A broken invariant, and the step that broke it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) invariant: Invariant,
    pub(super) at: usize,
}

/// Does the steps under these rules, and watches. Returns how many events they led to.
pub(super) fn check(steps: &[Step], rules: Rules) -> Result<usize, Broken> {
    let mut desk = unborn();
    desk.rules = rules;
    let mut watch = Watch::new(&desk.chat);
    for (at, step) in steps.iter().enumerate() {
        let before = desk.chat.clone();
        let events = catch_unwind(AssertUnwindSafe(|| perform(&mut desk, step)));
        let done = match events {
            Ok(events) => watch.look(step, &before, &events, &desk),
            Err(_) => Err(Invariant::AppliesAlways),
        };
        done.map_err(|invariant| Broken { invariant, at })?;
    }
    let last = |invariant| Broken {
        invariant,
        at: steps.len(),
    };
    let replayed = Chat::replay(desk.chat.id, &desk.log).unwrap_or(Chat::unborn(desk.chat.id));
    ensure(replayed == desk.chat, Invariant::ReplayAgrees).map_err(last)?;
    takes_any_order(&desk).map_err(last)?;
    Ok(desk.log.len())
}

fn ensure(holds: bool, invariant: Invariant) -> Result<(), Invariant> {
    if holds { Ok(()) } else { Err(invariant) }
}

/// Events out of order and twice make no sense, but must not end the relay.
fn takes_any_order(desk: &TestDesk) -> Result<(), Invariant> {
    let mut chance = Chance::of(desk.log.len() as u64);
    let mut log = desk.log.clone();
    for last in (1..log.len()).rev() {
        log.swap(
            last,
            usize::try_from(chance.below(last as u64 + 1)).unwrap(),
        );
    }
    let mut chat = Chat::unborn(desk.chat.id);
    let all = catch_unwind(AssertUnwindSafe(|| {
        for stored in &log {
            (desk.rules.apply)(&mut chat, stored);
        }
    }));
    ensure(all.is_ok(), Invariant::AppliesAlways)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Written,
    Sent,
    GivenBack,
    Withdrawn,
}

/// What an onlooker who reads only events knows.
struct Watch {
    shadow: Chat,
    owner: Option<OperatorId>,
    logged: usize,
    fates: BTreeMap<MessageId, Fate>,
}

impl Watch {
    fn new(chat: &Chat) -> Self {
        Self {
            shadow: chat.clone(),
            owner: None,
            logged: 0,
            fates: BTreeMap::new(),
        }
    }

    fn look(
        &mut self,
        step: &Step,
        before: &Chat,
        events: &[Event],
        desk: &TestDesk,
    ) -> Result<(), Invariant> {
        let stored = &desk.log[self.logged..];
        self.logged = desk.log.len();
        let rises = stored
            .iter()
            .enumerate()
            .all(|(place, stored)| stored.version == before.version.plus(place + 1));
        let is_counted = desk.chat.version == before.version.plus(events.len());
        ensure(
            rises && is_counted && stored.len() == events.len(),
            Invariant::VersionsRise,
        )?;
        let mut last_at = before.last_at;
        for stored in stored {
            ensure(stored.at >= last_at, Invariant::VersionsRise)?;
            last_at = stored.at;
            self.shadow.apply(stored);
        }
        ensure(self.shadow == desk.chat, Invariant::ReplayAgrees)?;
        for event in events {
            self.follow_owner(event, before)?;
            self.follow_reply(event)?;
        }
        ensure(
            desk.chat.owner() == self.owner.as_ref(),
            Invariant::OneOwner,
        )?;
        if let Some(asker) = step.asker()
            && !events.is_empty()
        {
            ensure(may(&asker, before, events, desk), Invariant::RightsHold)?;
        }
        if let Step::Pass(_) = step {
            let deadline = desk.chat.deadline(&desk.policy);
            ensure(
                deadline.is_none_or(|at| at > desk.now),
                Invariant::NothingOverdue,
            )?;
        }
        Ok(())
    }

    fn follow_owner(&mut self, event: &Event, before: &Chat) -> Result<(), Invariant> {
        match event {
            Event::Claimed { by, from } => {
                ensure(*from == self.owner, Invariant::OneOwner)?;
                self.owner = Some(by.clone());
            }
            Event::Reopened { owner, by: _ } => {
                ensure(!before.is_open(), Invariant::OneOwner)?;
                self.owner.clone_from(owner);
            }
            Event::Transferred { to, .. } => {
                self.owner = match to {
                    TransferTarget::Operator { operator } => Some(operator.clone()),
                    TransferTarget::Department { .. } | TransferTarget::Queue => None,
                };
            }
            Event::Released { .. } | Event::Finished => self.owner = None,
            Event::ReplyWritten { by, .. } => {
                ensure(self.owner.as_ref() == Some(by), Invariant::OwnersReplies)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn follow_reply(&mut self, event: &Event) -> Result<(), Invariant> {
        let (message, fate, may_follow): (_, _, &[Option<Fate>]) = match event {
            Event::ReplyWritten { message, .. } => (message.id, Fate::Written, &[None]),
            Event::ReplySent { message, .. } => (
                *message,
                Fate::Sent,
                &[Some(Fate::Written), Some(Fate::GivenBack)],
            ),
            Event::ReplyFailed {
                message,
                sent: Some(_),
                ..
            } => (*message, Fate::GivenBack, &[Some(Fate::Sent)]),
            Event::ReplyWithdrawn { message, .. } => {
                (*message, Fate::Withdrawn, &[Some(Fate::Written)])
            }
            _ => return Ok(()),
        };
        let was = self.fates.insert(message, fate);
        ensure(may_follow.contains(&was), Invariant::RepliesOnce)
    }
}

/// Whether an operator was allowed these events, said once more and without the rules' own words.
fn may(asker: &OperatorId, before: &Chat, events: &[Event], desk: &TestDesk) -> bool {
    let Some(operator) = desk.policy.find_operator(asker) else {
        return false;
    };
    let is_others = before
        .owner()
        .is_some_and(|owner| *owner != operator.id && before.is_open());
    let manages = !is_others || has(operator.role, Right::ManageOthers);
    before.version > Version(0)
        && sees(operator, &Sight::of(before), &desk.policy)
        && events.iter().all(|event| match event {
            Event::Claimed { by, from } => {
                by == asker && (from.is_none() || has(operator.role, Right::TakeOver))
            }
            Event::Released { by }
            | Event::Closed { by }
            | Event::Categorized { by, .. }
            | Event::ReplyRetried { by, .. } => by == asker && manages,
            Event::Transferred { by, .. } => {
                by == asker && manages && has(operator.role, Right::Transfer)
            }
            Event::Blocked { by, .. } => by == asker && has(operator.role, Right::Block),
            Event::ReplyFailed { .. } => manages,
            Event::ReplyWritten { by, .. }
            | Event::ReplyWithdrawn { by, .. }
            | Event::NoteWritten { by, .. }
            | Event::MarkedRead { by } => by == asker,
            _ => true,
        })
}

/// Leaves out whatever is not needed to break the same invariant.
pub(super) fn shrink(mut steps: Vec<Step>, broken: Broken, rules: Rules) -> Vec<Step> {
    steps.truncate(broken.at + 1);
    let mut place = steps.len();
    while place > 0 {
        place -= 1;
        let mut fewer = steps.clone();
        fewer.remove(place);
        if check(&fewer, rules).is_err_and(|found| found.invariant == broken.invariant) {
            steps = fewer;
        }
    }
    steps
}
