//! Any sequence of commands leaves a chat whole: one owner, whose replies alone leave, each once; versions without a gap;
//! nobody changes what they cannot see; and its events, written down and read again, add up to it.

mod company;
mod witness;

use std::collections::BTreeSet;
use std::time::Duration;

use shared::chat::{
    Actor, Chat, Command, Context, DeskCommand, Event, FreshIds, PlatformCommand, Receipt,
    RelayCommand, ReplyDraft, SettledAs, Stored, TransferTarget,
};
use shared::model::{
    Attachment, AttachmentKind, CardField, CategoryPath, ChatId, ContactAsk, DeliveryId,
    FailureReason, Mark, Message, MessageId, Notice, NoticeKind, OperatorId, PlatformId, Policy,
    Seq, ThreadOwner, Timestamp,
};

use crate::source::Source;
use witness::Witness;

/// Commands of one run; more find nothing new.
const MOST_COMMANDS: usize = 200;
/// Noon of some day.
const NOON: Timestamp = Timestamp(1_795_190_400_000);
/// Who may ask: three who work here, and one who does not.
const OPERATORS: [&str; 4] = ["anna", "boris", "sofia", "nobody"];

pub fn check(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let mut world = World::new(&mut source);
    for _ in 0..MOST_COMMANDS {
        if source.is_empty() {
            break;
        }
        world.step(&mut source);
    }
    Witness::testify(&world.chat, &world.log);
}

/// A command of a desk, given to a chat that somebody holds; for targets that read commands from elsewhere.
pub(crate) fn check_command(command: DeskCommand) {
    let mut world = World::new(&mut Source::new(&[]));
    let hello = world.message("Hello, is the blue one still in stock?", NOON);
    let receive = PlatformCommand::Receive {
        opening: company::opening(&mut Source::new(&[])),
        message: hello,
        standby: false,
    };
    world.give(&Command::Platform(receive), &Actor::Platform);
    let anna = Actor::Operator("anna".into());
    world.give(
        &Command::Desk(DeskCommand::Claim { take_over: false }),
        &anna,
    );
    world.give(&Command::Desk(command), &anna);
    Witness::testify(&world.chat, &world.log);
}

/// One chat and what its rules may know.
struct World {
    chat: Chat,
    log: Vec<Stored>,
    now: Timestamp,
    policy: Policy,
    online: BTreeSet<OperatorId>,
    last_id: i64,
    witness: Witness,
}

impl World {
    fn new(source: &mut Source<'_>) -> Self {
        Self {
            chat: Chat::unborn(ChatId(1)),
            log: vec![],
            now: NOON,
            policy: company::policy(source),
            online: OPERATORS
                .iter()
                .map(|login| OperatorId::from(*login))
                .collect(),
            last_id: 100,
            witness: Witness::default(),
        }
    }

    fn step(&mut self, source: &mut Source<'_>) {
        match source.byte() % 16 {
            0..=7 => {
                let who = OperatorId::from(source.pick(&OPERATORS));
                let command = self.desk_command(source);
                self.give(&Command::Desk(command), &Actor::Operator(who));
            }
            8..=11 => {
                let command = self.platform_command(source);
                self.give(&Command::Platform(command), &Actor::Platform);
            }
            12 | 13 => {
                let settle = RelayCommand::Settle {
                    delivery: DeliveryId(0),
                    message: self.reply(source),
                    result: self.result(source),
                };
                self.give(&Command::Relay(settle), &Actor::Relay);
            }
            14 => self.pass_time(source),
            _ => {
                let who = OperatorId::from(source.pick(&OPERATORS));
                if !self.online.remove(&who) {
                    self.online.insert(who);
                }
            }
        }
    }

    /// Time goes on, or a clock is set back; then what is due is done.
    fn pass_time(&mut self, source: &mut Source<'_>) {
        let seconds = Duration::from_secs(u64::from(source.number()) * 3);
        self.now = match source.byte() % 8 {
            0 => self.now.minus(seconds),
            _ => self.now.plus(seconds),
        };
        self.give(&Command::Relay(RelayCommand::Tick), &Actor::Relay);
        let deadline = self.chat.deadline(&self.policy);
        assert!(
            deadline.is_none_or(|at| at > self.now),
            "a tick leaves nothing overdue"
        );
    }

    fn give(&mut self, command: &Command, actor: &Actor) {
        self.last_id += 2;
        let context = Context {
            now: self.now,
            policy: &self.policy,
            actor,
            online: &self.online,
            fresh: FreshIds {
                message: MessageId(self.last_id),
                delivery: DeliveryId(self.last_id + 1),
            },
        };
        let before = self.chat.clone();
        let Ok(events) = before.decide(command, &context) else {
            return;
        };
        for event in &events {
            self.take(event.clone());
        }
        self.witness
            .note(&before, &self.chat, &events, actor, &self.policy);
    }

    fn take(&mut self, event: Event) {
        let stored = Stored {
            seq: self.log.last().map_or(Seq(1), |last| last.seq.next()),
            mark: Mark(7),
            chat: self.chat.id,
            version: self.chat.version.plus(1),
            at: self.now.max(self.chat.last_at),
            event,
        };
        self.chat.apply(&stored);
        self.log.push(stored);
    }

    /// One of the replies under way, or one that is not there.
    fn reply(&self, source: &mut Source<'_>) -> MessageId {
        let place = usize::from(source.byte() % 4);
        let reply = self.chat.outgoing.get(place);
        reply.map_or(MessageId(-1), |outgoing| outgoing.message)
    }

    /// A moment of the platform's clock, which may be any.
    fn moment(&self, source: &mut Source<'_>) -> Timestamp {
        let seconds = Duration::from_secs(u64::from(source.byte()) * 600);
        match source.byte() % 8 {
            0 => self.now.minus(seconds),
            1 => self.now.plus(seconds),
            2 => source.pick(&[Timestamp(0), Timestamp(i64::MIN), Timestamp(i64::MAX)]),
            _ => self.now,
        }
    }

    fn message(&mut self, text: &str, sent_at: Timestamp) -> Message {
        self.last_id += 1;
        Message {
            id: MessageId(self.last_id),
            platform_id: Some(PlatformId(format!("m_{}", self.last_id))),
            sent_at,
            text: text.to_owned(),
            attachments: vec![],
            quotes: None,
            quotes_unknown: false,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind")]
    fn platform_command(&mut self, source: &mut Source<'_>) -> PlatformCommand {
        let opening = company::opening(source);
        let at = self.moment(source);
        let notice = Notice {
            kind: NoticeKind::Referral,
            text: "came through a link".to_owned(),
        };
        match source.byte() % 14 {
            0..=3 => {
                let mut message = self.message(&text(source), at);
                if source.flag() {
                    message.attachments = vec![Attachment::of(AttachmentKind::Photo)];
                }
                PlatformCommand::Receive {
                    opening,
                    message,
                    standby: source.pick(&[false, false, false, true]),
                }
            }
            4 => PlatformCommand::Notice {
                opening,
                notice,
                opens_window: source.flag(),
                happened_at: at,
            },
            5 => PlatformCommand::Edit {
                message: Some(self.reply(source)),
                text: text(source),
                edit: u32::from(source.byte()),
                edited_at: at,
            },
            6 => PlatformCommand::Delete {
                message: self.reply(source),
            },
            7 => PlatformCommand::React {
                message: None,
                emoji: source.flag().then(|| "❤".to_owned()),
                reacted_at: at,
            },
            8 => PlatformCommand::Delivered(self.receipt(source)),
            9 => PlatformCommand::Read(self.receipt(source)),
            10 => PlatformCommand::EchoOurs {
                message: self.reply(source),
                platform_id: "m_echo".into(),
                echoed_at: at,
            },
            11 => PlatformCommand::EchoForeign {
                opening,
                message: self.message(&text(source), at),
                application: None,
            },
            12 if source.flag() => PlatformCommand::Failed {
                message: self.reply(source),
                sent: None,
                reason: FailureReason::VisitorUnreachable,
            },
            12 => PlatformCommand::ThreadControl {
                opening,
                owner: source.pick(&[
                    None,
                    Some(ThreadOwner::Us),
                    Some(ThreadOwner::Other("17".to_owned())),
                    Some(ThreadOwner::Unknown),
                ]),
                notice,
            },
            _ => PlatformCommand::Profile {
                name: opening.visitor.card.name,
                first_name: source.flag().then(|| text(source)),
                photo_url: None,
                asked_at: at,
            },
        }
    }

    fn receipt(&self, source: &mut Source<'_>) -> Receipt {
        Receipt {
            messages: vec![self.reply(source)],
            until: source.flag().then(|| self.moment(source)),
        }
    }

    fn result(&self, source: &mut Source<'_>) -> SettledAs {
        match source.byte() % 4 {
            0 | 1 => SettledAs::Sent {
                platform_id: source.flag().then(|| "m_sent".into()),
                begun_at: self.moment(source),
            },
            2 => SettledAs::Failed(source.pick(&[
                FailureReason::ThreadControlled,
                FailureReason::WindowClosed,
                FailureReason::ChannelGone,
            ])),
            _ => SettledAs::Unconfirmed,
        }
    }

    fn desk_command(&self, source: &mut Source<'_>) -> DeskCommand {
        match source.byte() % 18 {
            0 | 1 => DeskCommand::Claim {
                take_over: source.flag(),
            },
            2 => DeskCommand::Release,
            3..=5 => DeskCommand::Reply(self.draft(source)),
            6 => DeskCommand::Withdraw {
                message: self.reply(source),
            },
            7 => DeskCommand::Retry {
                message: self.reply(source),
            },
            8 => DeskCommand::GiveUp {
                message: self.reply(source),
            },
            9 => DeskCommand::Note {
                text: text(source),
                mentions: vec![source.pick(&OPERATORS).into()],
            },
            10 => DeskCommand::Categorize {
                category: source
                    .pick(&[None, Some("VIP"), Some("Orders"), Some("none such")])
                    .map(|name| CategoryPath(vec![name.to_owned()])),
            },
            11 => DeskCommand::Transfer {
                to: target(source),
                comment: source.flag().then(|| text(source)),
            },
            12 => DeskCommand::Close,
            13 => DeskCommand::Reopen,
            14 => DeskCommand::Block {
                for_seconds: source.flag().then(|| source.number()),
                reason: text(source),
                close: source.flag(),
            },
            15 => DeskCommand::Unblock,
            16 => DeskCommand::EditCard {
                field: source.pick(&[CardField::Name, CardField::Email, CardField::Notes]),
                value: source.flag().then(|| text(source)),
            },
            _ => DeskCommand::MarkRead,
        }
    }

    fn draft(&self, source: &mut Source<'_>) -> ReplyDraft {
        ReplyDraft {
            text: text(source),
            quotes: source.flag().then(|| self.reply(source)),
            asks: ContactAsk {
                phone: source.flag(),
                email: source.flag(),
            },
            file: None,
            human_agent: source.flag(),
            hold_ms: source.flag().then(|| source.number()),
        }
    }
}

fn target(source: &mut Source<'_>) -> TransferTarget {
    match source.byte() % 4 {
        0 => TransferTarget::Queue,
        1 => TransferTarget::Department {
            department: source.pick(&["sales", "billing", "none such"]).into(),
        },
        _ => TransferTarget::Operator {
            operator: source.pick(&OPERATORS).into(),
        },
    }
}

/// Words that mean something to some rule, or any.
fn text(source: &mut Source<'_>) -> String {
    match source.byte() % 6 {
        0 => String::new(),
        1 => "anna@acme.example".to_owned(),
        2 => "+15550100199".to_owned(),
        3 => "{visitor.first_name}".to_owned(),
        4 => source.text().into_owned(),
        _ => "hello".to_owned(),
    }
}
