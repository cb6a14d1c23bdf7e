//! A desk that stays whatever happens to the relay: it connects again, resumes where it was, and asks again, under the same
//! id, what was not answered. It checks nothing and keeps everything, for the ledger.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use shared::chat::DeskCommand;
use shared::model::{ChatId, CommandId};
use shared::protocol::{ClientFrame, PROTOCOL, ResumePoint, ServerFrame};

use super::PATIENCE;
use super::desk::{log_in, reply};
use super::relay::{PASSWORD, Relay};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// Between two tries to connect, and before something is asked again.
const BREATHE: Duration = Duration::from_millis(30);

/// Something that reached the desk.
#[expect(clippy::large_enum_variant, reason = "nearly all are frames")]
#[derive(Debug, Clone)]
pub(crate) enum Heard {
    /// A connection began, offering to go on from there.
    Line {
        resume: Option<ResumePoint>,
    },
    Frame(ServerFrame),
}

/// What the relay said to something asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Refused,
}

/// Something the desk asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) id: CommandId,
    pub(crate) chat: ChatId,
    pub(crate) command: DeskCommand,
    /// The words, when it is a reply.
    pub(crate) reply: Option<String>,
    pub(crate) answer: Option<Answer>,
    /// How often it was sent.
    pub(crate) tries: u32,
    /// To be sent, as soon as there is a line.
    is_waiting: bool,
}

/// All that a desk knows.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) heard: Vec<Heard>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) lines: u32,
    pub(crate) is_live: bool,
    /// It does not read what comes.
    is_deaf: bool,
    point: Option<ResumePoint>,
}

/// See the module.
pub(crate) struct SteadyDesk {
    pub(crate) login: String,
    record: Arc<Mutex<Record>>,
    changed: Arc<Notify>,
    asks: Arc<Notify>,
    drops: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for SteadyDesk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SteadyDesk {
    /// Logs in and waits until it is live.
    pub(crate) async fn connect(relay: &Relay, login: &str) -> Self {
        let session = log_in(relay, login, PASSWORD).await;
        let token = session.expect("the login is accepted").token;
        let desk = Self::open(&relay.ws_url(), login, token.reveal());
        desk.wait("it is live", |record| record.is_live).await;
        desk
    }

    /// Opens a desk of a session; does not wait.
    pub(crate) fn open(url: &str, login: &str, token: &str) -> Self {
        Self::open_with(url, login, token, false)
    }

    /// The same, on a line that holds little of what is not read.
    pub(crate) fn open_narrow(url: &str, login: &str, token: &str) -> Self {
        Self::open_with(url, login, token, true)
    }

    fn open_with(url: &str, login: &str, token: &str, is_narrow: bool) -> Self {
        let record = Arc::<Mutex<Record>>::default();
        let (changed, asks, drops) = (Arc::default(), Arc::default(), Arc::default());
        let line = Line {
            url: url.to_owned(),
            is_narrow,
            token: token.to_owned(),
            record: Arc::clone(&record),
            changed: Arc::clone(&changed),
            asks: Arc::clone(&asks),
            drops: Arc::clone(&drops),
        };
        Self {
            login: login.to_owned(),
            record,
            changed,
            asks,
            drops,
            task: tokio::spawn(line.stay()),
        }
    }

    /// Asks something, and asks again until it is answered.
    pub(crate) fn ask(&self, chat: ChatId, command: DeskCommand) -> CommandId {
        let mut record = self.record.lock().unwrap();
        let id = CommandId(format!("{}-steady-{}", self.login, record.asked.len()));
        let words = match &command {
            DeskCommand::Reply(draft) => Some(draft.text.clone()),
            _ => None,
        };
        record.asked.push(Asked {
            id: id.clone(),
            chat,
            command,
            reply: words,
            answer: None,
            tries: 0,
            is_waiting: true,
        });
        drop(record);
        self.asks.notify_one();
        id
    }

    /// Replies.
    pub(crate) fn says(&self, chat: ChatId, text: &str) -> CommandId {
        self.ask(chat, DeskCommand::Reply(reply(text)))
    }

    /// Stops or goes on reading what comes.
    pub(crate) fn set_deaf(&self, is_deaf: bool) {
        self.record.lock().unwrap().is_deaf = is_deaf;
    }

    /// Cuts the line; the desk comes back by itself.
    pub(crate) fn drop_line(&self) {
        self.drops.notify_one();
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> T {
        look(&self.record.lock().unwrap())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.look(|record| record.asked.clone())
    }

    /// Waits until what it knows fulfils a condition.
    pub(crate) async fn wait(&self, what: &str, condition: impl Fn(&Record) -> bool) {
        self.wait_within(PATIENCE, what, condition).await;
    }

    pub(crate) async fn wait_within(
        &self,
        within: Duration,
        what: &str,
        condition: impl Fn(&Record) -> bool,
    ) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if self.look(&condition) {
                    return;
                }
                changed.await;
            }
        };
        let done = tokio::time::timeout(within, waiting).await;
        assert!(done.is_ok(), "{}: waited in vain: {what}", self.login);
    }

    /// Waits until one thing asked is answered.
    pub(crate) async fn answered(&self, id: &CommandId) {
        self.wait(&format!("{id} is answered"), |record| {
            let mut asked = record.asked.iter();
            asked.any(|asked| asked.id == *id && asked.answer.is_some())
        })
        .await;
    }

    /// Waits until everything asked is answered.
    pub(crate) async fn all_answered(&self) {
        let give_up_at = tokio::time::Instant::now() + PATIENCE * 2;
        let is_open = |asked: &&Asked| asked.answer.is_none();
        while self.look(|record| record.asked.iter().any(|asked| is_open(&asked))) {
            let is_late = tokio::time::Instant::now() > give_up_at;
            self.look(|record| {
                let open: Vec<_> = record.asked.iter().filter(is_open).collect();
                let last: Vec<_> = record.heard.iter().rev().take(5).collect();
                assert!(
                    !is_late,
                    "{} are not answered: {open:#?}; last {last:#?}",
                    open.len()
                );
            });
            tokio::time::sleep(BREATHE).await;
        }
    }

    /// Waits for a chat in which these words were received, and returns it.
    pub(crate) async fn chat_saying(&self, words: &str) -> ChatId {
        self.wait(&format!("a chat saying {words:?}"), |record| {
            record.find_chat(words).is_some()
        })
        .await;
        self.look(|record| record.find_chat(words).expect("just seen"))
    }
}

impl Record {
    /// Returns the number of the last event taken in.
    pub(crate) fn seq(&self) -> Option<shared::model::Seq> {
        self.point.as_ref().map(|point| point.seq)
    }

    /// Whether a message with these words has come.
    pub(crate) fn has_heard(&self, words: &str) -> bool {
        self.find_chat(words).is_some()
    }

    fn find_chat(&self, words: &str) -> Option<ChatId> {
        let says = |line: &Option<shared::chat::LastLine>| {
            line.as_ref().is_some_and(|line| line.text.contains(words))
        };
        self.heard.iter().rev().find_map(|heard| match heard {
            Heard::Frame(ServerFrame::Event(stored)) => match &stored.event {
                shared::chat::Event::Received { message, .. } if message.text.contains(words) => {
                    Some(stored.chat)
                }
                _ => None,
            },
            Heard::Frame(ServerFrame::Snapshot(snapshot)) => {
                let found = snapshot.chats.iter().find(|chat| says(&chat.last_line));
                found.map(|chat| chat.id)
            }
            Heard::Frame(_) | Heard::Line { .. } => None,
        })
    }

    fn take(&mut self, frame: ServerFrame) {
        match &frame {
            ServerFrame::Snapshot(snapshot) => self.point = Some(snapshot.at.clone()),
            ServerFrame::Live { at } => {
                self.point = Some(at.clone());
                self.is_live = true;
            }
            ServerFrame::Event(stored) => {
                if let Some(point) = &mut self.point {
                    (point.seq, point.mark) = (stored.seq, stored.mark);
                }
            }
            ServerFrame::Accepted { id, .. } => self.answer(id, Some(Answer::Accepted)),
            ServerFrame::Refused { id, .. } => self.answer(id, Some(Answer::Refused)),
            ServerFrame::Unavailable { id } => self.answer(id, None),
            _ => {}
        }
        self.heard.push(Heard::Frame(frame));
    }

    /// No answer: ask again.
    fn answer(&mut self, id: &CommandId, answer: Option<Answer>) {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.id == *id) {
            asked.answer = answer;
            asked.is_waiting = answer.is_none();
        }
    }
}

struct Line {
    url: String,
    is_narrow: bool,
    token: String,
    record: Arc<Mutex<Record>>,
    changed: Arc<Notify>,
    asks: Arc<Notify>,
    drops: Arc<Notify>,
}

impl Line {
    async fn stay(self) {
        loop {
            if let Some(socket) = self.connect().await {
                self.converse(socket).await;
                let mut record = self.record.lock().unwrap();
                record.is_live = false;
                for asked in &mut record.asked {
                    asked.is_waiting = asked.answer.is_none();
                }
            }
            self.changed.notify_waiters();
            tokio::time::sleep(BREATHE).await;
        }
    }

    async fn connect(&self) -> Option<Socket> {
        if !self.is_narrow {
            return Some(connect_async(&self.url).await.ok()?.0);
        }
        let address = self.url.strip_prefix("ws://")?.split('/').next()?;
        let narrow = TcpSocket::new_v4().ok()?;
        narrow.set_recv_buffer_size(8 << 10).ok()?;
        let stream = narrow.connect(address.parse().ok()?).await.ok()?;
        let stream = MaybeTlsStream::Plain(stream);
        Some(client_async(&self.url, stream).await.ok()?.0)
    }

    async fn converse(&self, socket: Socket) {
        let (mut outgoing, mut incoming) = socket.split();
        let resume = {
            let mut record = self.record.lock().unwrap();
            let resume = record.point.clone();
            record.lines += 1;
            let begun = Heard::Line {
                resume: resume.clone(),
            };
            record.heard.push(begun);
            resume
        };
        let hello = ClientFrame::Hello {
            protocol: PROTOCOL,
            token: self.token.as_str().into(),
            resume,
            program: "steady".into(),
        };
        if outgoing.send(text(&hello)).await.is_err() {
            return;
        }
        loop {
            let is_deaf = self.record.lock().unwrap().is_deaf;
            tokio::select! {
                message = incoming.next(), if !is_deaf => match message {
                    Some(Ok(WsMessage::Text(text))) => {
                        let frame = serde_json::from_str(&text).expect("a frame of the protocol");
                        self.record.lock().unwrap().take(frame);
                        self.changed.notify_waiters();
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
                () = self.asks.notified() => {}
                () = self.drops.notified() => return,
                () = tokio::time::sleep(BREATHE) => {}
            }
            for frame in self.waiting() {
                if outgoing.send(text(&frame)).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Takes what is to be sent now.
    fn waiting(&self) -> Vec<ClientFrame> {
        let mut record = self.record.lock().unwrap();
        if !record.is_live {
            return vec![];
        }
        let waiting = record.asked.iter_mut().filter(|asked| asked.is_waiting);
        let frames = waiting.map(|asked| {
            asked.is_waiting = false;
            asked.tries += 1;
            ClientFrame::Command {
                id: asked.id.clone(),
                chat: asked.chat,
                command: asked.command.clone(),
            }
        });
        frames.collect()
    }
}

fn text(frame: &ClientFrame) -> WsMessage {
    WsMessage::text(serde_json::to_string(frame).expect("a frame is JSON"))
}
