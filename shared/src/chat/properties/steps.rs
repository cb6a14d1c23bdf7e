//! What may happen to a chat, by chance: the same seed gives the same steps everywhere.

use std::time::Duration;

use super::super::testing::TestDesk;
use super::super::{
    DeskCommand, Event, PlatformCommand, Receipt, ReplyDraft, SentReply, SettledAs, TransferTarget,
};
use crate::model::{CategoryPath, ContactAsk, FailureReason, MessageId, OperatorId, Timestamp};

const OPERATORS: [&str; 4] = ["anna", "boris", "sofia", "nobody"];
/// Replies of a chat that a step may be about.
const REPLIES: u64 = 3;

/// A small repeatable source of chance (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn is(&mut self) -> bool {
        self.below(2) == 0
    }

    fn operator(&mut self) -> &'static str {
        OPERATORS[usize::try_from(self.below(4)).unwrap()]
    }

    /// Which of the outgoing replies.
    fn nth(&mut self) -> usize {
        usize::try_from(self.below(REPLIES)).unwrap()
    }
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    VisitorWrites,
    Standby,
    Outside,
    Reads,
    Desk(&'static str, DeskCommand),
    /// Of the n-th outgoing reply.
    Withdraw(&'static str, usize),
    Retry(&'static str, usize),
    GiveUp(&'static str, usize),
    Settle(usize, SettledAs),
    Echo(usize),
    /// The n-th of all replies, as a platform says it: long after it took it, or before its answer came.
    Fail(usize),
    Pass(Duration),
    Leave(&'static str),
    /// Whether operators see the chats of others.
    Hide(bool),
}

impl Step {
    /// Who asks, if it is an operator.
    pub(super) fn asker(&self) -> Option<OperatorId> {
        match self {
            Self::Desk(who, _)
            | Self::Withdraw(who, _)
            | Self::Retry(who, _)
            | Self::GiveUp(who, _) => Some((*who).into()),
            Self::VisitorWrites
            | Self::Standby
            | Self::Outside
            | Self::Reads
            | Self::Settle(..)
            | Self::Echo(_)
            | Self::Fail(_)
            | Self::Pass(_)
            | Self::Leave(_)
            | Self::Hide(_) => None,
        }
    }

    fn by_chance(chance: &mut Chance) -> Self {
        match chance.below(36) {
            0..4 => Self::VisitorWrites,
            4 => Self::Standby,
            5 => Self::Outside,
            6 => Self::Reads,
            7 => Self::Withdraw(chance.operator(), chance.nth()),
            8 => Self::Retry(chance.operator(), chance.nth()),
            9 => Self::GiveUp(chance.operator(), chance.nth()),
            10..13 => Self::Settle(chance.nth(), result(chance)),
            13 => Self::Echo(chance.nth()),
            14..16 => Self::Pass(Duration::from_secs(chance.below(40_000))),
            16 => Self::Leave(chance.operator()),
            17 => Self::Hide(chance.is()),
            18 | 19 => Self::Fail(usize::try_from(chance.below(5)).unwrap()),
            _ => Self::Desk(chance.operator(), desk_command(chance)),
        }
    }
}

/// Returns the steps of a seed.
pub(super) fn sequence(seed: u64, length: usize) -> Vec<Step> {
    let mut chance = Chance::of(seed);
    std::iter::repeat_with(|| Step::by_chance(&mut chance))
        .take(length)
        .collect()
}

fn result(chance: &mut Chance) -> SettledAs {
    match chance.below(3) {
        0 => SettledAs::Sent {
            platform_id: None,
            begun_at: Timestamp(0),
        },
        1 => SettledAs::Failed(FailureReason::ThreadControlled),
        _ => SettledAs::Unconfirmed,
    }
}

fn desk_command(chance: &mut Chance) -> DeskCommand {
    match chance.below(17) {
        0..3 => DeskCommand::Claim {
            take_over: chance.is(),
        },
        3 => DeskCommand::Release,
        4..9 => DeskCommand::Reply(ReplyDraft {
            text: "Hello!".into(),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(u32::try_from(chance.below(4000)).unwrap()),
        }),
        9 | 10 => DeskCommand::Transfer {
            to: target(chance),
            comment: None,
        },
        11 => DeskCommand::Close,
        12 => DeskCommand::Reopen,
        13 => DeskCommand::Block {
            for_seconds: Some(u32::try_from(chance.below(7200)).unwrap()).filter(|s| *s > 0),
            reason: "spam".into(),
            close: chance.is(),
        },
        14 => DeskCommand::Unblock,
        15 => DeskCommand::Categorize {
            category: Some(CategoryPath(vec!["VIP".into()])),
        },
        _ if chance.is() => DeskCommand::MarkRead,
        _ => DeskCommand::Note {
            text: "note".into(),
            mentions: vec![],
        },
    }
}

fn target(chance: &mut Chance) -> TransferTarget {
    match chance.below(3) {
        0 => TransferTarget::Operator {
            operator: chance.operator().into(),
        },
        1 => TransferTarget::Department {
            department: "billing".into(),
        },
        _ => TransferTarget::Queue,
    }
}

fn fail(desk: &mut TestDesk, n: usize) -> Vec<Event> {
    let mut written = desk.log.iter().filter_map(|stored| match &stored.event {
        Event::ReplyWritten {
            message,
            delivery,
            by,
            ..
        } => Some((message.id, *delivery, by.clone())),
        _ => None,
    });
    let Some((message, delivery, by)) = written.nth(n) else {
        return vec![];
    };
    // Only what left has a name on the platform.
    let is_sent = desk.log.iter().any(
        |stored| matches!(&stored.event, Event::ReplySent { message: sent, .. } if *sent == message),
    );
    let sent = is_sent.then_some(SentReply { delivery, by });
    let reason = FailureReason::WindowClosed;
    desk.platform(PlatformCommand::Failed {
        message,
        sent,
        reason,
    })
    .unwrap_or_default()
}

/// Does one step; refusals are as good as events. Returns what happened.
pub(super) fn perform(desk: &mut TestDesk, step: &Step) -> Vec<Event> {
    let nth = |desk: &TestDesk, n: usize| {
        desk.chat
            .outgoing
            .get(n)
            .map_or(MessageId(-1), |outgoing| outgoing.message)
    };
    match step {
        Step::VisitorWrites => desk.try_visitor_writes("hello").unwrap_or_default(),
        Step::Standby if desk.chat.is_open() && !desk.chat.is_blocked(desk.now) => {
            desk.visitor_writes_on_standby("hello")
        }
        Step::Outside if desk.chat.is_open() && !desk.chat.is_blocked(desk.now) => {
            desk.answered_outside("hello")
        }
        Step::Standby | Step::Outside => vec![],
        Step::Reads => {
            let until = Some(desk.now);
            desk.platform(PlatformCommand::Read(Receipt {
                messages: vec![],
                until,
            }))
            .unwrap_or_default()
        }
        Step::Desk(who, command) => desk.by(who, command.clone()).unwrap_or_default(),
        Step::Withdraw(who, n) => {
            let message = nth(desk, *n);
            desk.by(who, DeskCommand::Withdraw { message })
                .unwrap_or_default()
        }
        Step::Retry(who, n) => {
            let message = nth(desk, *n);
            desk.by(who, DeskCommand::Retry { message })
                .unwrap_or_default()
        }
        Step::GiveUp(who, n) => {
            let message = nth(desk, *n);
            desk.by(who, DeskCommand::GiveUp { message })
                .unwrap_or_default()
        }
        Step::Settle(n, result) => {
            let message = nth(desk, *n);
            desk.settle(message, result.clone())
        }
        Step::Echo(n) => {
            let message = nth(desk, *n);
            desk.echo_ours(message, "m_echo")
        }
        Step::Fail(n) => fail(desk, *n),
        Step::Pass(time) => {
            desk.now = desk.now.plus(*time);
            desk.tick()
        }
        Step::Leave(who) => {
            desk.online.remove(&OperatorId::from(*who));
            vec![]
        }
        Step::Hide(hide) => {
            desk.policy.hide_others = *hide;
            vec![]
        }
    }
}
