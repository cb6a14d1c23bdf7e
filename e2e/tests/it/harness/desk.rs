//! A desk without a screen: speaks the protocol, keeps what it saw, and checks while it does: events in order, each once,
//! versions without holes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use shared::chat::{Chat, DeskCommand, Refusal, ReplyDraft, Stored, TransferTarget};
use shared::model::{ChatId, CommandId, ContactAsk, OperatorId, Seq};
use shared::protocol::{ClientFrame, PROTOCOL, ResumePoint, ServerFrame, Session};

use super::relay::{PASSWORD, Relay};
use super::{PATIENCE, eventually};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a desk has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) chats: HashMap<ChatId, Chat>,
    pub(crate) events: Vec<Stored>,
    pub(crate) frames: Vec<ServerFrame>,
    pub(crate) point: Option<ResumePoint>,
    pub(crate) was_resumed: bool,
    pub(crate) is_live: bool,
    pub(crate) has_ended: bool,
}

pub(crate) struct Desk {
    pub(crate) login: String,
    token: String,
    frames_tx: mpsc::UnboundedSender<ClientFrame>,
    seen: Arc<Mutex<Seen>>,
    changed: Arc<Notify>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    next_command: u32,
}

impl Drop for Desk {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Desk {
    /// Logs in and waits until it is live.
    pub(crate) async fn connect(relay: &Relay, login: &str) -> Self {
        let token = log_in(relay, login, PASSWORD)
            .await
            .expect("the login is accepted")
            .token
            .reveal()
            .to_owned();
        Self::open(relay, login, token, Seen::default()).await
    }

    /// Logs in and asks to go on from a point, whosoever it is.
    pub(crate) async fn connect_from(relay: &Relay, login: &str, point: ResumePoint) -> Self {
        let token = log_in(relay, login, PASSWORD)
            .await
            .expect("the login is accepted")
            .token
            .reveal()
            .to_owned();
        Self::open(
            relay,
            login,
            token,
            Seen {
                point: Some(point),
                ..Seen::default()
            },
        )
        .await
    }

    /// Opens another desk of the same session, which knows nothing yet.
    pub(crate) async fn beside(&self, relay: &Relay) -> Self {
        Self::open(relay, &self.login, self.token(), Seen::default()).await
    }

    /// Returns what a desk needs that goes on from here.
    pub(crate) fn memory(&self) -> Seen {
        self.look(|seen| Seen {
            chats: seen.chats.clone(),
            point: seen.point.clone(),
            ..Seen::default()
        })
    }

    /// Opens another desk of the same session, which remembers this.
    pub(crate) async fn beside_with(&self, relay: &Relay, memory: Seen) -> Self {
        Self::open(relay, &self.login, self.token(), memory).await
    }

    /// Goes away and comes back to where it was, on the same or a restarted relay.
    pub(crate) async fn reconnect(self, relay: &Relay) -> Self {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let (login, token, next) = (self.login.clone(), self.token.clone(), self.next_command);
        drop(self);
        let mut desk = Self::open(relay, &login, token, seen).await;
        desk.next_command = next;
        desk
    }

    async fn open(relay: &Relay, login: &str, token: String, mut seen: Seen) -> Self {
        let (socket, _) = connect_async(relay.ws_url())
            .await
            .expect("the relay takes the connection");
        (seen.is_live, seen.has_ended) = (false, false);
        let hello = ClientFrame::Hello {
            protocol: PROTOCOL,
            token: token.as_str().into(),
            resume: seen.point.clone(),
            program: "story".into(),
        };
        let seen = Arc::new(Mutex::new(seen));
        let changed = Arc::new(Notify::new());
        let (frames_tx, frames_rx) = mpsc::unbounded_channel();
        let tasks = carry(socket, frames_rx, Arc::clone(&seen), Arc::clone(&changed));
        frames_tx.send(hello).expect("the link is open");
        let desk = Self {
            login: login.to_owned(),
            token,
            frames_tx,
            seen,
            changed,
            tasks,
            next_command: 0,
        };
        desk.wait("the desk is live", |seen| seen.is_live).await;
        desk
    }

    pub(crate) fn send(&self, frame: ClientFrame) {
        self.frames_tx.send(frame).expect("the link is open");
    }

    pub(crate) fn token(&self) -> String {
        self.token.clone()
    }

    /// Looks at what was seen.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }

    /// Waits until what was seen fulfils a condition.
    pub(crate) async fn wait(&self, what: &str, condition: impl Fn(&Seen) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if self.look(&condition) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            let last: Vec<_> = self.look(|seen| {
                seen.frames
                    .iter()
                    .rev()
                    .take(5)
                    .map(|f| format!("{f:?}"))
                    .collect()
            });
            panic!(
                "{}: waited in vain: {what}; last frames: {last:#?}",
                self.login
            );
        }
    }

    /// Waits for a chat whose last line holds these words.
    pub(crate) async fn chat_saying(&self, words: &str) -> Chat {
        let says = |chat: &&Chat| {
            chat.last_line
                .as_ref()
                .is_some_and(|line| line.text.contains(words))
        };
        self.wait(&format!("a chat saying {words:?}"), |seen| {
            seen.chats.values().any(|chat| says(&chat))
        })
        .await;
        self.look(|seen| seen.chats.values().find(says).cloned().expect("just seen"))
    }

    /// Waits until a chat is as wanted.
    pub(crate) async fn chat_when(
        &self,
        id: ChatId,
        what: &str,
        condition: impl Fn(&Chat) -> bool,
    ) -> Chat {
        self.wait(what, |seen| seen.chats.get(&id).is_some_and(&condition))
            .await;
        self.look(|seen| seen.chats[&id].clone())
    }

    /// Asks something of a chat and waits for the answer.
    pub(crate) async fn command(
        &mut self,
        chat: ChatId,
        command: DeskCommand,
    ) -> Result<Option<Seq>, Refusal> {
        let id = self.send_command(chat, command);
        self.answer(&id).await
    }

    /// Asks without waiting; returns the id under which the answer comes.
    pub(crate) fn send_command(&mut self, chat: ChatId, command: DeskCommand) -> CommandId {
        self.next_command += 1;
        let id = CommandId(format!("{}-{}", self.login, self.next_command));
        self.send(ClientFrame::Command {
            id: id.clone(),
            chat,
            command,
        });
        id
    }

    pub(crate) async fn answer(&self, wanted: &CommandId) -> Result<Option<Seq>, Refusal> {
        let find = |seen: &Seen| {
            seen.frames.iter().rev().find_map(|frame| match frame {
                ServerFrame::Accepted { id, seq } if id == wanted => Some(Ok(*seq)),
                ServerFrame::Refused { id, refusal, .. } if id == wanted => {
                    Some(Err(refusal.clone()))
                }
                _ => None,
            })
        };
        self.wait(&format!("an answer to {wanted}"), |seen| {
            find(seen).is_some()
        })
        .await;
        self.look(|seen| find(seen).expect("just seen"))
    }

    pub(crate) async fn claim(&mut self, chat: ChatId) -> Result<Option<Seq>, Refusal> {
        self.command(chat, DeskCommand::Claim { take_over: false })
            .await
    }

    pub(crate) async fn reply(&mut self, chat: ChatId, text: &str) -> Result<Option<Seq>, Refusal> {
        self.command(chat, DeskCommand::Reply(reply(text))).await
    }

    pub(crate) async fn transfer_to(
        &mut self,
        chat: ChatId,
        operator: &str,
    ) -> Result<Option<Seq>, Refusal> {
        let to = TransferTarget::Operator {
            operator: OperatorId::from(operator),
        };
        self.command(
            chat,
            DeskCommand::Transfer {
                to,
                comment: Some("please".into()),
            },
        )
        .await
    }
}

pub(crate) fn reply(text: &str) -> ReplyDraft {
    ReplyDraft {
        text: text.into(),
        quotes: None,
        asks: ContactAsk::default(),
        file: None,
        human_agent: false,
        hold_ms: None,
    }
}

/// Logs in over HTTP; the error is the status.
pub(crate) async fn log_in(relay: &Relay, login: &str, password: &str) -> Result<Session, u16> {
    let body = serde_json::json!({ "login": login, "password": password });
    let answer = reqwest::Client::new()
        .post(relay.url("/api/v1/session"))
        .json(&body)
        .send()
        .await;
    let answer = answer.expect("the relay answers");
    if answer.status().is_success() {
        return Ok(answer.json().await.expect("a session"));
    }
    Err(answer.status().as_u16())
}

fn carry(
    socket: Socket,
    mut frames_rx: mpsc::UnboundedReceiver<ClientFrame>,
    seen: Arc<Mutex<Seen>>,
    changed: Arc<Notify>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let (mut outgoing, mut incoming) = socket.split();
    let writer = tokio::spawn(async move {
        while let Some(frame) = frames_rx.recv().await {
            let text = serde_json::to_string(&frame).expect("a frame is JSON");
            if outgoing.send(WsMessage::text(text)).await.is_err() {
                return;
            }
        }
    });
    let reader = tokio::spawn(async move {
        while let Some(Ok(message)) = incoming.next().await {
            let WsMessage::Text(text) = message else {
                continue;
            };
            let frame: ServerFrame = serde_json::from_str(&text).expect("a frame of the protocol");
            take(&mut seen.lock().unwrap(), frame);
            changed.notify_waiters();
        }
        seen.lock().unwrap().has_ended = true;
        changed.notify_waiters();
    });
    vec![writer, reader]
}

fn take(seen: &mut Seen, frame: ServerFrame) {
    match &frame {
        ServerFrame::Welcome { is_resumed, .. } => seen.was_resumed = *is_resumed,
        ServerFrame::Snapshot(snapshot) => {
            seen.events.clear();
            seen.chats = snapshot
                .chats
                .iter()
                .map(|chat| (chat.id, chat.clone()))
                .collect();
            seen.point = Some(snapshot.at.clone());
        }
        ServerFrame::Live { at } => {
            seen.point = Some(at.clone());
            seen.is_live = true;
        }
        ServerFrame::ChatShown { chat, .. } => {
            seen.chats.insert(chat.id, (**chat).clone());
        }
        ServerFrame::ChatHidden { chat, .. } => {
            seen.chats.remove(chat);
        }
        ServerFrame::Event(stored) => take_event(seen, stored),
        _ => {}
    }
    seen.frames.push(frame);
}

fn take_event(seen: &mut Seen, stored: &Stored) {
    if let Some(last) = seen.events.last() {
        assert!(
            stored.seq > last.seq,
            "event {} after {}",
            stored.seq,
            last.seq
        );
    }
    let chat = seen
        .chats
        .entry(stored.chat)
        .or_insert_with(|| Chat::unborn(stored.chat));
    if stored.version > chat.version {
        assert_eq!(
            stored.version,
            chat.version.plus(1),
            "chat {}: an event is missing",
            stored.chat
        );
        chat.apply(stored);
    }
    if let Some(point) = &mut seen.point {
        (point.seq, point.mark) = (stored.seq, stored.mark);
    }
    seen.events.push(stored.clone());
}

/// Returns the texts that a desk saw as messages of a chat, in order, and checks that no message came twice.
pub(crate) fn texts(seen: &Seen, chat: ChatId) -> Vec<String> {
    let mut ids = HashSet::new();
    let mut texts = vec![];
    for stored in seen.events.iter().filter(|stored| stored.chat == chat) {
        use shared::chat::Event::{AnsweredOutside, Received, ReplyWritten};
        if let Received { message, .. }
        | AnsweredOutside { message, .. }
        | ReplyWritten { message, .. } = &stored.event
        {
            assert!(ids.insert(message.id), "message {} twice", message.id);
            texts.push(message.text.clone());
        }
    }
    texts
}

/// Waits until the relay has nothing more to say for a moment.
pub(crate) async fn settle(desk: &Desk) {
    let mut before = desk.look(|seen| seen.frames.len());
    let mut calm = 0;
    eventually("the relay calms down", || {
        let now = desk.look(|seen| seen.frames.len());
        calm = if now == before { calm + 1 } else { 0 };
        before = now;
        async move { calm >= 20 }
    })
    .await;
}
