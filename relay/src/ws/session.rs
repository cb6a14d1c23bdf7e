//! One connection: hello, welcome, then three things at once: events from the ring, frames from the hub and from answers,
//! and what the desk sends. A line that does not take what is sent is cut, and delays nobody else (SC-06).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use shared::model::{ChatId, Operator, Seq};
use shared::protocol::{ClientFrame, Goodbye, GoodbyeCode, PROTOCOL, ResumePoint, ServerFrame};

use crate::http::session::hash_of;
use crate::store::TokenHash;

use super::hub::{Hub, Must, Seat, goodbye};
use super::requests::Requests;
use super::ring::Next;
use super::visible::{Visible, visible};
use super::{encode, follower};

/// For the first frame.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// For one frame to be taken by the line.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// Between pings of ours.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Silence after which the line is dead.
const DEAD_AFTER: Duration = Duration::from_secs(45);
/// Events taken from the ring at once.
const PAGE: usize = 256;
/// Answers that may wait for the line.
const ANSWERS: usize = 256;
/// Commands and requests that a desk may have under way.
const UNDER_WAY: usize = 64;
/// Frames a desk may send in [`BURST_WITHIN`].
const BURST: usize = 500;
/// See [`BURST`].
const BURST_WITHIN: Duration = Duration::from_secs(10);

/// What travels: TCP, TLS, or a test's pipe.
pub(super) trait Line:
    tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static
{
}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static> Line for T {}

type Sink<L> = SplitSink<WebSocketStream<L>, Message>;

/// Why a connection ends.
enum End {
    /// The line is gone.
    Gone,
    /// With a last word.
    Said(Goodbye),
}

/// Serves one desk to its end.
pub(super) async fn serve<L: Line>(hub: Arc<Hub>, socket: WebSocketStream<L>) {
    let (mut sink, mut stream) = socket.split();
    let end = match greet(&hub, &mut stream).await {
        Ok((operator, session, resume)) => {
            converse(&hub, &mut sink, stream, operator, session, resume).await
        }
        Err(end) => end,
    };
    if let End::Said(goodbye) = end {
        let last_word = async {
            let frame = encode(&ServerFrame::Goodbye(goodbye));
            sink.send(Message::Text(frame)).await?;
            let close = CloseFrame {
                code: CloseCode::Normal,
                reason: Utf8Bytes::default(),
            };
            sink.send(Message::Close(Some(close))).await
        };
        // The desk may be gone already; then there is nobody to tell.
        timeout(WRITE_WITHIN, last_word).await.ok();
    }
}

/// Takes the hello and finds out who it is.
async fn greet<L: Line>(
    hub: &Arc<Hub>,
    stream: &mut SplitStream<WebSocketStream<L>>,
) -> Result<(Operator, TokenHash, Option<ResumePoint>), End> {
    let nobody = "nobody".into();
    let say = |code| End::Said(goodbye(code, &nobody));
    let text = loop {
        match timeout(HELLO_WITHIN, stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => break text,
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(Ok(_))) | Err(_) => return Err(say(GoodbyeCode::BadFrame)),
            Ok(Some(Err(_)) | None) => return Err(End::Gone),
        }
    };
    // The version is looked at first: a hello of another version may have other fields.
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let protocol = value.get("protocol").and_then(serde_json::Value::as_u64);
    if protocol.is_some_and(|protocol| protocol != u64::from(PROTOCOL)) {
        return Err(say(GoodbyeCode::WrongProtocol));
    }
    let Ok(ClientFrame::Hello {
        token,
        resume,
        program,
        ..
    }) = serde_json::from_value(value)
    else {
        return Err(say(GoodbyeCode::BadFrame));
    };
    let hash = hash_of(&token);
    let now = hub.clock.now();
    let session = match hub.store.find_session(&hash).await {
        Ok(Some(session)) if session.expires_at > now => session,
        Ok(_) => return Err(say(GoodbyeCode::NotLoggedIn)),
        Err(_) => return Err(say(GoodbyeCode::Stopping)),
    };
    let policy = hub.desks.policy();
    let Some(operator) = policy.find_operator(&session.operator) else {
        return Err(End::Said(goodbye(GoodbyeCode::Removed, &session.operator)));
    };
    if let Err(error) = hub.store.touch_session(&hash, now).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "could not note the use of a session"
        );
    }
    tracing::info!(operator = %operator.id, %program, resumes = resume.is_some(), "a desk connected");
    Ok((operator.clone(), hash, resume))
}

async fn converse<L: Line>(
    hub: &Arc<Hub>,
    sink: &mut Sink<L>,
    stream: SplitStream<WebSocketStream<L>>,
    operator: Operator,
    session: TokenHash,
    resume: Option<ResumePoint>,
) -> End {
    let Some(seat) = hub.join(&operator.id, session) else {
        return End::Said(goodbye(GoodbyeCode::Stopping, &operator.id));
    };
    let (answers_tx, answers_rx) = mpsc::channel(ANSWERS);
    let requests = Requests::new(Arc::clone(hub), operator.clone(), session, answers_tx);
    let speaking = Speaker {
        hub,
        sink,
        operator,
        cursor: Seq(0),
        generation: hub.ring.generation(),
    };
    tokio::select! {
        end = listen(stream, requests) => end,
        end = speaking.speak(seat, answers_rx, resume) => end,
    }
}

/// Takes what the desk sends. Commands are done one after the other, in the order sent; everything else beside them.
async fn listen<L: Line>(mut stream: SplitStream<WebSocketStream<L>>, requests: Requests) -> End {
    let requests = Arc::new(requests);
    let (commands_tx, commands_rx) = mpsc::channel(UNDER_WAY);
    tokio::spawn(Arc::clone(&requests).answer_all(commands_rx));
    let under_way = Arc::new(tokio::sync::Semaphore::new(UNDER_WAY));
    let mut recent: VecDeque<Instant> = VecDeque::new();
    loop {
        let message = match timeout(DEAD_AFTER, stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return broken(&error, &requests),
            Ok(None) | Err(_) => return End::Gone,
        };
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return End::Gone,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            Message::Binary(_) => return End::Said(goodbye(GoodbyeCode::BadFrame, requests.who())),
        };
        let now = Instant::now();
        recent.push_back(now);
        while recent
            .front()
            .is_some_and(|at| now.duration_since(*at) > BURST_WITHIN)
        {
            recent.pop_front();
        }
        if recent.len() > BURST {
            return End::Said(goodbye(GoodbyeCode::TooMuch, requests.who()));
        }
        let Ok(frame) = serde_json::from_str::<ClientFrame>(&text) else {
            return End::Said(goodbye(GoodbyeCode::BadFrame, requests.who()));
        };
        if matches!(frame, ClientFrame::Hello { .. }) {
            return End::Said(goodbye(GoodbyeCode::BadFrame, requests.who()));
        }
        if matches!(frame, ClientFrame::Command { .. }) {
            if commands_tx.send(frame).await.is_err() {
                return End::Gone;
            }
            continue;
        }
        let Ok(permit) = Arc::clone(&under_way).acquire_owned().await else {
            return End::Gone;
        };
        let requests = Arc::clone(&requests);
        tokio::spawn(async move {
            requests.answer(frame).await;
            drop(permit);
        });
    }
}

fn broken(error: &tokio_tungstenite::tungstenite::Error, requests: &Requests) -> End {
    use tokio_tungstenite::tungstenite::Error::Capacity;
    match error {
        Capacity(_) => End::Said(goodbye(GoodbyeCode::TooMuch, requests.who())),
        _ => End::Gone,
    }
}

/// The writing half: a cursor into the ring, and two short queues.
struct Speaker<'a, L: Line> {
    hub: &'a Arc<Hub>,
    sink: &'a mut Sink<L>,
    operator: Operator,
    cursor: Seq,
    generation: u64,
}

impl<L: Line> Speaker<'_, L> {
    async fn speak(
        mut self,
        mut seat: Seat,
        mut answers_rx: mpsc::Receiver<Utf8Bytes>,
        resume: Option<ResumePoint>,
    ) -> End {
        // From here on every event wakes us, also one that happens before the first look.
        let mut events = self.hub.ring.subscribe();
        match self.begin(resume).await {
            Ok(()) => {}
            Err(end) => return end,
        }
        let mut ping = tokio::time::interval(PING_EVERY);
        // However much happens, a page at a time: answers and last words come between.
        let mut is_behind = true;
        loop {
            let done = tokio::select! {
                biased;
                changed = seat.must_rx.changed() => match changed {
                    Ok(()) => {
                        let must = seat.must_rx.borrow_and_update().clone();
                        self.take_must(must).await
                    }
                    Err(_) => Err(End::Gone),
                },
                _ = ping.tick() => self.write(Message::Ping(bytes::Bytes::new())).await,
                Some(frame) = seat.passing_rx.recv() => self.send(frame).await,
                Some(answer) = answers_rx.recv() => self.send(answer).await,
                changed = events.changed(), if !is_behind => {
                    is_behind = true;
                    if changed.is_ok() { Ok(()) } else { Err(End::Gone) }
                }
                () = std::future::ready(()), if is_behind => {
                    self.catch_up().await.map(|is_more| is_behind = is_more)
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn begin(&mut self, resume: Option<ResumePoint>) -> Result<(), End> {
        let point = resume.filter(|point| self.hub.ring.knows(point));
        let welcome = self.welcome(point.is_some()).await?;
        self.send(welcome).await?;
        for presence in self.hub.presences() {
            let frame = ServerFrame::Presence {
                chat: presence.chat,
                operator: presence.operator,
                presence: presence.presence,
            };
            self.send(encode(&frame)).await?;
        }
        match point {
            Some(point) => {
                self.cursor = point.seq;
                // What happens meanwhile comes afterwards, as it does to everybody.
                let until = self.hub.ring.point().seq;
                while self.cursor < until && self.catch_up().await? {}
            }
            None => self.show_anew().await?,
        }
        let at = self.point();
        self.send(encode(&ServerFrame::Live { at })).await
    }

    async fn welcome(&self, is_resumed: bool) -> Result<Utf8Bytes, End> {
        let unavailable = |_| End::Said(goodbye(GoodbyeCode::Stopping, &self.operator.id));
        let store = &self.hub.store;
        let drafts = store
            .list_drafts(&self.operator.id)
            .await
            .map_err(unavailable)?;
        let mut templates = store.list_templates().await.map_err(unavailable)?;
        templates.retain(|template| super::requests::may_use(&self.operator, &template.scope));
        Ok(encode(&ServerFrame::Welcome {
            protocol: PROTOCOL,
            program: concat!("deskwire-relay ", env!("CARGO_PKG_VERSION")).to_owned(),
            you: self.operator.id.clone(),
            server_time: self.hub.clock.now(),
            is_resumed,
            policy: Box::new(self.hub.desks.policy().as_ref().clone()),
            templates,
            drafts,
            online: self.hub.online(),
            channels: self.hub.channels(),
        }))
    }

    async fn take_must(&mut self, must: Must) -> Result<(), End> {
        if let Some(goodbye) = must.end {
            return Err(End::Said(goodbye));
        }
        let Some(frame) = must.policy else {
            return Ok(());
        };
        if let Some(operator) = self.hub.desks.policy().find_operator(&self.operator.id) {
            self.operator = operator.clone();
        }
        self.send(frame).await?;
        self.show_anew().await?;
        let at = self.point();
        self.send(encode(&ServerFrame::Live { at })).await
    }

    async fn show_anew(&mut self) -> Result<(), End> {
        let policy = self.hub.desks.policy();
        let snapshot = self.hub.ring.snapshot(&self.operator, &policy);
        self.cursor = snapshot.at.seq;
        self.generation = self.hub.ring.generation();
        self.send(encode(&ServerFrame::Snapshot(Box::new(snapshot))))
            .await
    }

    /// Sends a page of what happened since the cursor, as far as this operator sees it. False: there is nothing more.
    async fn catch_up(&mut self) -> Result<bool, End> {
        if self.generation != self.hub.ring.generation() {
            self.show_anew().await?;
            return Ok(true);
        }
        let mut entries = match self.hub.ring.after(self.cursor, PAGE) {
            Next::Entries(entries) if entries.is_empty() => return Ok(false),
            Next::Entries(entries) => entries,
            Next::Lost => {
                self.show_anew().await?;
                return Ok(true);
            }
        };
        if entries.len() > 2 && planted!("swap") {
            entries.swap(0, 1);
        }
        let policy = self.hub.desks.policy();
        for entry in entries {
            self.cursor = entry.stored.seq;
            let (chat, at) = (entry.stored.chat, entry.stored.seq);
            match visible(&self.operator, entry.before.as_ref(), &entry.after, &policy) {
                Visible::Event => self.feed(entry.frame.clone()).await?,
                Visible::Hidden => {
                    self.feed(encode(&ServerFrame::ChatHidden { chat, at }))
                        .await?;
                }
                Visible::Shown => self.show(chat, at).await?,
                Visible::Nothing => {}
            }
        }
        self.flush().await?;
        Ok(true)
    }

    /// Sends a chat that came into sight, as it stands now.
    async fn show(&mut self, chat: ChatId, at: Seq) -> Result<(), End> {
        let Some(chat) = self.hub.ring.find_chat(chat) else {
            return Ok(());
        };
        let chat = Box::new(chat);
        self.feed(encode(&ServerFrame::ChatShown { chat, at }))
            .await
    }

    fn point(&self) -> ResumePoint {
        let point = self.hub.ring.point();
        if point.seq == self.cursor {
            point
        } else {
            self.hub
                .ring
                .point_at(self.cursor)
                .unwrap_or_else(follower::nowhere)
        }
    }

    async fn send(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        self.write(Message::Text(frame)).await
    }

    async fn feed(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        let done = timeout(WRITE_WITHIN, self.sink.feed(Message::Text(frame))).await;
        self.ended(&done)
    }

    async fn flush(&mut self) -> Result<(), End> {
        let done = timeout(WRITE_WITHIN, self.sink.flush()).await;
        self.ended(&done)
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        let done = timeout(WRITE_WITHIN, self.sink.send(message)).await;
        self.ended(&done)
    }

    fn ended<E>(
        &self,
        done: &Result<Result<(), E>, tokio::time::error::Elapsed>,
    ) -> Result<(), End> {
        match done {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Said(goodbye(GoodbyeCode::TooSlow, &self.operator.id))),
        }
    }
}
