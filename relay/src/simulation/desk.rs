//! Scripted operators at desks. What a desk is shown is kept as a real desk keeps it, and whatever does not add up is noted.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use shared::chat::{Chat, DeskCommand, ReplyDraft, Sight, Stored, TransferTarget, Trouble};
use shared::model::{ChatId, CommandId, ContactAsk, OperatorId, Seq, Version};
use shared::protocol::{ClientFrame, PROTOCOL, ResumePoint, ServerFrame};

use crate::ws;

use super::chance::Chance;
use super::run::Run;
use super::sabotage::Sabotage;
use super::world::{OPERATORS, World};

/// A command that is not answered is sent again after this.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    Not,
    Accepted,
    Refused,
}

/// A command and its answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Commanded {
    pub(super) id: CommandId,
    pub(super) chat: ChatId,
    pub(super) command: DeskCommand,
    pub(super) answered: Answered,
}

/// Something a desk was shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    /// This event.
    Event(Seq),
    /// A whole chat, which then was so.
    Chat(Sight),
}

/// What one desk saw and did.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct DeskEvidence {
    pub(super) operator: Option<OperatorId>,
    pub(super) shown: Vec<Shown>,
    pub(super) faults: Vec<String>,
    /// What it shows at the end; none: there is no desk.
    pub(super) chats: Option<BTreeMap<ChatId, Chat>>,
    pub(super) commands: Vec<Commanded>,
    pub(super) resumes: usize,
}

/// Works until the world is over.
pub(super) async fn work(world: Arc<World>, operator: OperatorId) -> DeskEvidence {
    let chance = Chance::of(world.seed, operator.as_str());
    let mut desk = Desk {
        seen: DeskEvidence {
            operator: Some(operator.clone()),
            chats: Some(BTreeMap::new()),
            ..DeskEvidence::default()
        },
        operator,
        point: None,
        waiting: None,
        is_unavailable: false,
        chance,
        world,
    };
    while !desk.is_over() {
        if let Some(run) = desk.world.any_run(&desk.chance) {
            desk.sit_down(&run).await;
        }
        if !desk.is_over() {
            sleep(desk.chance.millis(50..6_000)).await;
        }
    }
    desk.seen
}

type Socket = WebSocketStream<DuplexStream>;

struct Desk {
    world: Arc<World>,
    operator: OperatorId,
    chance: Chance,
    point: Option<ResumePoint>,
    /// The command under way, and when to send it again.
    waiting: Option<(usize, Instant)>,
    /// The relay said that it could not decide it.
    is_unavailable: bool,
    seen: DeskEvidence,
}

impl Desk {
    fn is_over(&self) -> bool {
        *self.world.over_tx.borrow()
    }

    /// One connection, from hello to its end.
    async fn sit_down(&mut self, run: &Arc<Run>) {
        let hub = run.hub.clone().expect("a world with desks");
        let (ours, theirs) = tokio::io::duplex(16 << 10);
        tokio::spawn(async move {
            let socket = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
            ws::serve(hub, socket).await;
        });
        let mut socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let hello = ClientFrame::Hello {
            protocol: PROTOCOL,
            token: self.operator.as_str().into(),
            resume: self.point.clone(),
            program: "simulated".into(),
        };
        if say(&mut socket, &hello).await.is_err() {
            return;
        }
        if let Some((_, again_at)) = &mut self.waiting {
            *again_at = Instant::now();
            self.is_unavailable = true;
        }
        let mut over = pin!(is_over(self.world.over_tx.subscribe()));
        let stays_until = Instant::now() + self.chance.millis(3_000..90_000);
        let mut acts_at = Instant::now() + self.chance.millis(100..2_000);
        let mut is_live = false;
        loop {
            tokio::select! {
                biased;
                () = run.life.ended() => return,
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        let frame = serde_json::from_str(&text).expect("a frame");
                        if !self.take(frame, &mut is_live) {
                            return;
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
                () = &mut over => return,
                () = sleep_until(stays_until), if !self.world.storm.is_over() => return,
                () = sleep_until(acts_at) => {
                    acts_at = Instant::now() + self.chance.millis(200..6_000);
                    if is_live && self.act(&mut socket).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Sends the command under way again, or another one.
    async fn act(&mut self, socket: &mut Socket) -> Result<(), ()> {
        let place = match self.waiting {
            Some((_, again_at)) if again_at > Instant::now() => return Ok(()),
            // As a desk does: what is not answered is sent again over another line.
            Some(_) if !self.is_unavailable => return Err(()),
            Some((place, _)) => place,
            None if self.world.storm.is_over() => return Ok(()),
            None => {
                let Some((chat, command)) = self.choose() else {
                    return Ok(());
                };
                let place = self.seen.commands.len();
                self.seen.commands.push(Commanded {
                    id: CommandId(format!("{}-{place}", self.operator)),
                    chat,
                    command,
                    answered: Answered::Not,
                });
                place
            }
        };
        self.is_unavailable = false;
        self.waiting = Some((place, Instant::now() + ANSWER_WITHIN));
        let Commanded {
            id, chat, command, ..
        } = self.seen.commands[place].clone();
        say(socket, &ClientFrame::Command { id, chat, command }).await
    }

    fn choose(&self) -> Option<(ChatId, DeskCommand)> {
        let chats: Vec<_> = self.seen.chats.iter().flat_map(BTreeMap::values).collect();
        let chat = *self.chance.pick(&chats)?;
        let outgoing = self.chance.pick(&chat.outgoing);
        let command = match (self.chance.below(20), outgoing) {
            (0 | 1, Some(outgoing)) if outgoing.trouble != Trouble::None => DeskCommand::Retry {
                message: outgoing.message,
            },
            (2, Some(outgoing)) if outgoing.trouble != Trouble::None => DeskCommand::GiveUp {
                message: outgoing.message,
            },
            (0..3, Some(outgoing)) => DeskCommand::Withdraw {
                message: outgoing.message,
            },
            (3, _) => DeskCommand::Release,
            (4 | 5, _) => DeskCommand::Transfer {
                to: self.target(),
                comment: None,
            },
            (6, _) => DeskCommand::Close,
            (7, _) if self.chance.is(400) => DeskCommand::Block {
                for_seconds: Some(5 + u32::try_from(self.chance.below(40)).unwrap()),
                reason: "noise".into(),
                close: self.chance.is(300),
            },
            (7, _) => DeskCommand::Unblock,
            (8, _) => DeskCommand::MarkRead,
            (9, _) => DeskCommand::Note {
                text: "a note".into(),
                mentions: vec![],
            },
            (10..13, _) => DeskCommand::Claim {
                take_over: self.chance.is(300),
            },
            (_, _) => self.reply(),
        };
        Some((chat.id, command))
    }

    fn reply(&self) -> DeskCommand {
        DeskCommand::Reply(ReplyDraft {
            text: format!("{} answers {}", self.operator, self.seen.commands.len()),
            quotes: None,
            asks: ContactAsk::default(),
            file: None,
            human_agent: false,
            hold_ms: Some(u32::try_from(self.chance.below(4) * 1_000).unwrap()),
        })
    }

    fn target(&self) -> TransferTarget {
        match self.chance.below(3) {
            0 => TransferTarget::Operator {
                operator: (*self.chance.pick(&OPERATORS).unwrap()).into(),
            },
            1 => TransferTarget::Department {
                department: shared::model::DepartmentId("billing".into()),
            },
            _ => TransferTarget::Queue,
        }
    }

    /// Takes a frame in; false: the connection ends.
    fn take(&mut self, frame: ServerFrame, is_live: &mut bool) -> bool {
        match frame {
            ServerFrame::Welcome { is_resumed, .. } => {
                self.seen.resumes += usize::from(is_resumed);
            }
            ServerFrame::Snapshot(snapshot) => {
                let sights = snapshot
                    .chats
                    .iter()
                    .map(|chat| Shown::Chat(Sight::of(chat)));
                self.seen.shown.extend(sights);
                self.point = Some(snapshot.at);
                let chats = snapshot.chats.into_iter().map(|chat| (chat.id, chat));
                self.seen.chats = Some(chats.collect());
            }
            ServerFrame::Live { at } => {
                self.moves_to(&at);
                *is_live = true;
            }
            ServerFrame::Event(stored) => self.take_event(&stored),
            ServerFrame::ChatShown { chat, at } => {
                self.comes_to(at);
                self.seen.shown.push(Shown::Chat(Sight::of(&chat)));
                self.chats().insert(chat.id, *chat);
            }
            ServerFrame::ChatHidden { chat, at } => {
                self.comes_to(at);
                self.chats().remove(&chat);
            }
            ServerFrame::Accepted { id, .. } => self.answer(&id, Answered::Accepted),
            ServerFrame::Refused { id, .. } => self.answer(&id, Answered::Refused),
            ServerFrame::Unavailable { id } => {
                let again_at = Instant::now() + Duration::from_secs(1);
                if let Some((place, at)) = &mut self.waiting
                    && self.seen.commands[*place].id == id
                {
                    *at = again_at;
                    self.is_unavailable = true;
                }
            }
            ServerFrame::Goodbye(_) => return false,
            ServerFrame::Declined { .. }
            | ServerFrame::Timeline { .. }
            | ServerFrame::Chats { .. }
            | ServerFrame::Hits { .. }
            | ServerFrame::Blocks { .. }
            | ServerFrame::Sessions { .. }
            | ServerFrame::TemplateSaved { .. }
            | ServerFrame::TemplateDeleted { .. }
            | ServerFrame::Counts(_)
            | ServerFrame::Presence { .. }
            | ServerFrame::VisitorTyping { .. }
            | ServerFrame::Online { .. }
            | ServerFrame::Channel(_)
            | ServerFrame::Policy { .. }
            | ServerFrame::Draft { .. }
            | ServerFrame::Notice { .. }
            | ServerFrame::Pong { .. } => {}
        }
        true
    }

    fn take_event(&mut self, stored: &Stored) {
        if self.world.plan.sabotage == Some(Sabotage::SkipsFrames) && stored.seq.0 % 7 == 0 {
            return;
        }
        self.comes_to(stored.seq);
        self.point = self.point.take().map(|point| ResumePoint {
            seq: stored.seq,
            mark: stored.mark,
            ..point
        });
        self.seen.shown.push(Shown::Event(stored.seq));
        let begins = stored.version == Version(1);
        let chats = self.chats();
        if begins {
            chats.insert(stored.chat, Chat::unborn(stored.chat));
        }
        let Some(chat) = chats.get_mut(&stored.chat) else {
            return;
        };
        if stored.version <= chat.version {
            return;
        }
        let follows = stored.version == chat.version.plus(1);
        chat.apply(stored);
        if chat.is_finished() {
            chats.remove(&stored.chat);
        }
        if !follows {
            let fault = format!("event {} leaves a hole in its chat", stored.seq);
            self.seen.faults.push(fault);
        }
    }

    /// What happened comes in order and once.
    fn comes_to(&mut self, seq: Seq) {
        let is_next = self.point.as_ref().is_some_and(|point| point.seq < seq);
        if !is_next {
            let fault = format!("{seq} comes at {:?}", self.point);
            self.seen.faults.push(fault);
        }
    }

    fn moves_to(&mut self, at: &ResumePoint) {
        if self.point.as_ref().is_some_and(|point| point.seq > at.seq) {
            let fault = format!("live at {at:?} after {:?}", self.point);
            self.seen.faults.push(fault);
        }
        if at.seq > Seq(0) && at.log.is_empty() {
            self.seen.faults.push("live nowhere".into());
        }
        self.point = Some(at.clone());
    }

    fn chats(&mut self) -> &mut BTreeMap<ChatId, Chat> {
        self.seen.chats.get_or_insert_default()
    }

    fn answer(&mut self, id: &CommandId, answered: Answered) {
        let Some(command) = self.seen.commands.iter_mut().find(|known| known.id == *id) else {
            self.seen.faults.push(format!("an answer to {id}"));
            return;
        };
        let is_change = command.answered != Answered::Not && command.answered != answered;
        command.answered = answered;
        if is_change {
            let fault = format!("{command:?} was answered in two ways");
            self.seen.faults.push(fault);
        }
        if let Some((place, _)) = self.waiting
            && self.seen.commands[place].id == *id
        {
            self.waiting = None;
        }
    }
}

async fn is_over(mut over: watch::Receiver<bool>) {
    over.wait_for(|over| *over).await.ok();
}

async fn say(socket: &mut Socket, frame: &ClientFrame) -> Result<(), ()> {
    let text = serde_json::to_string(frame).expect("a frame");
    socket.send(Message::text(text)).await.map_err(|_gone| ())
}
