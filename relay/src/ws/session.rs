//! One connection: hello, welcome, then three things at once: events from the ring, frames from the hub and from answers,
//! and what the desk sends. A line that does not take what is sent is cut, and delays nobody else (SC-06).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt, StreamExt};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, tungstenite};

use shared::model::{ChatId, OperatorId, Seq};
use shared::protocol::{
    ClientFrame, DraftText, Goodbye, GoodbyeCode, PROTOCOL, ResumePoint, ServerFrame,
};

use crate::http::session::hash_of;
use crate::store::TokenHash;

use super::hub::{Aside, Hub, Must, Seat, goodbye};
use super::lists::Tally;
use super::requests::Requests;
use super::ring::{Entry, Next};
use super::viewer::{Viewer, may_use};
use super::visible::{Visible, visible};
use super::{encode, follower};

/// For the first frame that says something; pings do not.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a frame that are put on the line at once.
pub(super) const PIECE: usize = 16 * 1024;
/// For one piece to be taken by the line.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// Silence after which the line is dead.
const DEAD_AFTER: Duration = Duration::from_secs(45);
/// Commands and requests that a desk may have under way.
const UNDER_WAY: usize = 64;
/// Bytes of drafts in a welcome.
const DRAFTS_BYTES: usize = 512 * 1024;
/// Frames of any kind a desk may send in [`BURST_WITHIN`].
const BURST: usize = 500;
/// See [`BURST`].
const BURST_WITHIN: Duration = Duration::from_secs(10);

/// For a desk to hear the last word before the line is cut.
const LINGER: Duration = Duration::from_secs(2);

/// What travels: TCP, TLS, or a test's pipe.
pub(crate) trait Line:
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
pub(crate) async fn serve<L: Line>(hub: Arc<Hub>, socket: WebSocketStream<L>) {
    let (mut sink, mut stream) = socket.split();
    let end = match Box::pin(greet(&hub, &mut stream)).await {
        Ok(guest) => converse(&hub, &mut sink, &mut stream, guest).await,
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
        if let Ok(socket) = stream.reunite(sink) {
            timeout(LINGER, Box::pin(linger(socket))).await.ok();
        }
    }
}

/// Takes what the desk still sends, and drops it: a line that is closed with bytes unread is reset, and what was said last
/// may be lost with it.
async fn linger<L: Line>(mut socket: WebSocketStream<L>) {
    let line = socket.get_mut();
    let mut unheard = [0; 8 * 1024];
    if line.shutdown().await.is_ok() {
        while let Ok(1..) = line.read(&mut unheard).await {}
    }
}

/// Who said hello.
struct Guest {
    operator: OperatorId,
    session: TokenHash,
    resume: Option<ResumePoint>,
}

/// Takes the hello and finds out who it is.
async fn greet<L: Line>(
    hub: &Arc<Hub>,
    stream: &mut SplitStream<WebSocketStream<L>>,
) -> Result<Guest, End> {
    let nobody = OperatorId::from("nobody");
    let say = |code| End::Said(goodbye(code, &nobody));
    let give_up_at = Instant::now() + HELLO_WITHIN;
    let text = loop {
        match timeout_at(give_up_at, stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => break text,
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(Ok(Message::Close(_))) | None) => return Err(End::Gone),
            Ok(Some(Ok(Message::Binary(_) | Message::Frame(_)))) | Err(_) => {
                return Err(say(GoodbyeCode::BadFrame));
            }
            Ok(Some(Err(error))) => return Err(broken(&error, &nobody)),
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
    let hash = hash_of(token.reveal());
    let now = hub.clock.now();
    let session = match hub.store.find_session(&hash).await {
        Ok(Some(session)) if session.expires_at > now => session,
        Ok(_) => return Err(say(GoodbyeCode::NotLoggedIn)),
        Err(_) => return Err(say(GoodbyeCode::Stopping)),
    };
    let operator = session.operator;
    if let Err(error) = hub.store.touch_session(&hash, now).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "could not note the use of a session"
        );
    }
    tracing::info!(%operator, %program, resumes = resume.is_some(), "a desk connected");
    Ok(Guest {
        operator,
        session: hash,
        resume,
    })
}

async fn converse<L: Line>(
    hub: &Arc<Hub>,
    sink: &mut Sink<L>,
    stream: &mut SplitStream<WebSocketStream<L>>,
    guest: Guest,
) -> End {
    let Guest {
        operator,
        session,
        resume,
    } = guest;
    let Some(seat) = hub.join(&operator, session) else {
        return End::Said(goodbye(GoodbyeCode::Stopping, &operator));
    };
    // Read after joining: whoever changes the policy from here on tells this desk.
    let Some(viewer) = Viewer::find(&operator, hub.desks.policy()) else {
        return End::Said(goodbye(GoodbyeCode::Removed, &operator));
    };
    let requests = Requests::new(Arc::clone(hub), operator, session, seat.asides_tx.clone());
    let speaking = Speaker {
        hub,
        sink,
        viewer,
        cursor: Seq(0),
        generation: hub.ring.generation(),
        tally: Tally::default(),
    };
    // Each is woken for its own sake: with every event a desk speaks, and there is nothing to hear.
    let halves = [
        listen(stream, requests).boxed(),
        speaking.speak(seat, resume).boxed(),
    ];
    let mut halves: FuturesUnordered<_> = halves.into_iter().collect();
    halves.next().await.unwrap_or(End::Gone)
}

/// Takes what the desk sends. What writes is done one after the other, in the order sent; questions beside it.
async fn listen<L: Line>(stream: &mut SplitStream<WebSocketStream<L>>, requests: Requests) -> End {
    let requests = Arc::new(requests);
    // A desk that never writes, as most that idle, does not hold room for it.
    let mut writes_tx: Option<mpsc::Sender<ClientFrame>> = None;
    let under_way = Arc::new(tokio::sync::Semaphore::new(UNDER_WAY));
    let mut recent: VecDeque<Instant> = VecDeque::new();
    loop {
        let message = match timeout(DEAD_AFTER, stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return broken(&error, requests.who()),
            Ok(None) | Err(_) => return End::Gone,
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
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return End::Gone,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            Message::Binary(_) => return End::Said(goodbye(GoodbyeCode::BadFrame, requests.who())),
        };
        let Ok(frame) = serde_json::from_str::<ClientFrame>(&text) else {
            return End::Said(goodbye(GoodbyeCode::BadFrame, requests.who()));
        };
        match Turn::of(&frame) {
            Turn::Never => {
                return End::Said(goodbye(GoodbyeCode::BadFrame, requests.who()));
            }
            Turn::AtOnce => Box::pin(requests.answer(frame)).await,
            Turn::InOrder => {
                let writes_tx = writes_tx.get_or_insert_with(|| {
                    let (writes_tx, writes_rx) = mpsc::channel(UNDER_WAY);
                    tokio::spawn(Arc::clone(&requests).answer_all(writes_rx));
                    writes_tx
                });
                if writes_tx.send(frame).await.is_err() {
                    return End::Gone;
                }
            }
            Turn::Beside => {
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
    }
}

/// When a frame is done, beside the others of its desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It has no place here.
    Never,
    /// Before the next is read: it waits for nothing.
    AtOnce,
    /// After those before it: it writes, and the last word counts.
    InOrder,
    /// Beside the others: it only reads.
    Beside,
}

impl Turn {
    fn of(frame: &ClientFrame) -> Self {
        match frame {
            ClientFrame::Hello { .. } => Self::Never,
            ClientFrame::Presence { .. } | ClientFrame::Speak { .. } => Self::AtOnce,
            ClientFrame::Command { .. }
            | ClientFrame::SaveDraft { .. }
            | ClientFrame::SaveTemplate { .. }
            | ClientFrame::DeleteTemplate { .. }
            | ClientFrame::EndSession { .. } => Self::InOrder,
            ClientFrame::LoadChat { .. }
            | ClientFrame::FindChat { .. }
            | ClientFrame::LoadTimeline { .. }
            | ClientFrame::LoadClosed { .. }
            | ClientFrame::LoadOpen { .. }
            | ClientFrame::LoadVisitor { .. }
            | ClientFrame::Search { .. }
            | ClientFrame::LoadBlocks { .. }
            | ClientFrame::LoadSessions { .. }
            | ClientFrame::Ping { .. } => Self::Beside,
        }
    }
}

/// Why a desk cannot be read any more. What is no websocket at all is told like a frame that is none.
fn broken(error: &tungstenite::Error, operator: &OperatorId) -> End {
    use tungstenite::Error::{Capacity, Protocol, Utf8};
    match error {
        Capacity(_) => End::Said(goodbye(GoodbyeCode::TooMuch, operator)),
        Protocol(_) | Utf8(_) => End::Said(goodbye(GoodbyeCode::BadFrame, operator)),
        _ => End::Gone,
    }
}

/// The writing half: a cursor into the ring, and a short queue.
struct Speaker<'a, L: Line> {
    hub: &'a Arc<Hub>,
    sink: &'a mut Sink<L>,
    /// By whom the desk's chats were last shown: changes with a snapshot only.
    viewer: Viewer,
    cursor: Seq,
    generation: u64,
    tally: Tally,
}

impl<L: Line> Speaker<'_, L> {
    async fn speak(mut self, mut seat: Seat, resume: Option<ResumePoint>) -> End {
        // Before anything is shown: what comes while it is being sent shall wake us afterwards.
        let mut events = self.hub.ring.subscribe();
        match Box::pin(self.begin(resume)).await {
            Ok(()) => {}
            Err(end) => return end,
        }
        // However much happens, a page at a time: asides come between.
        let mut is_behind = true;
        loop {
            let done = match seat.must_rx.has_changed() {
                Ok(true) => {
                    let must = seat.must_rx.borrow_and_update().clone();
                    Box::pin(self.take_must(must)).await
                }
                Ok(false) => tokio::select! {
                    biased;
                    Some(aside) = seat.asides_rx.recv() => match aside {
                        Aside::Frame(frame) => self.send(frame).await,
                        Aside::Ping => self.write(Message::Ping(bytes::Bytes::new())).await,
                        Aside::Must => Ok(()),
                    },
                    changed = events.changed(), if !is_behind => match changed {
                        Ok(()) => self.catch_up().await.map(|is_more| is_behind = is_more),
                        Err(_) => Err(End::Gone),
                    },
                    () = std::future::ready(()), if is_behind => {
                        self.catch_up().await.map(|is_more| is_behind = is_more)
                    }
                },
                Err(_) => Err(End::Gone),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn begin(&mut self, resume: Option<ResumePoint>) -> Result<(), End> {
        let point = resume
            .filter(|point| point.outlook == self.viewer.outlook() && self.hub.ring.knows(point));
        let welcome = self.welcome(point.is_some()).await?;
        self.send(welcome).await?;
        for presence in self.hub.presences() {
            if !self.hub.ring.is_seen(presence.chat, &self.viewer) {
                continue;
            }
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
                self.tally = self.hub.ring.tally(&self.viewer);
                // What happens meanwhile comes afterwards, as it does to everybody.
                let until = self.hub.ring.point().seq;
                while self.cursor < until && self.catch_up().await? {}
                self.tell_counts().await?;
            }
            None => self.show_anew().await?,
        }
        let at = self.point();
        self.send(encode(&ServerFrame::Live { at })).await
    }

    async fn welcome(&self, is_resumed: bool) -> Result<Utf8Bytes, End> {
        let me = &self.viewer.operator;
        let unavailable = |_| End::Said(goodbye(GoodbyeCode::Stopping, &me.id));
        let store = &self.hub.store;
        let drafts = store.list_drafts(&me.id).await.map_err(unavailable)?;
        let mut templates = store.list_templates().await.map_err(unavailable)?;
        templates.retain(|template| may_use(me, &template.scope));
        Ok(encode(&ServerFrame::Welcome {
            protocol: PROTOCOL,
            program: concat!("deskwire-relay ", env!("CARGO_PKG_VERSION")).to_owned(),
            you: me.id.clone(),
            server_time: self.hub.clock.now(),
            is_resumed,
            policy: self.viewer.policy_shown(),
            templates,
            drafts: self.of_use(drafts),
            online: self.hub.online(),
            channels: self.hub.channels(),
        }))
    }

    /// Returns the drafts of open chats in sight, the newest first, as many as a frame should hold.
    fn of_use(&self, mut drafts: Vec<(ChatId, DraftText)>) -> Vec<(ChatId, DraftText)> {
        drafts.retain(|(chat, _)| self.hub.ring.is_seen(*chat, &self.viewer));
        let mut bytes = 0;
        let fits = |(_, draft): &(ChatId, DraftText)| {
            bytes += draft.text.len();
            bytes <= DRAFTS_BYTES
        };
        drafts.into_iter().take_while(fits).collect()
    }

    async fn take_must(&mut self, must: Must) -> Result<(), End> {
        if let Some(goodbye) = must.end {
            return Err(End::Said(goodbye));
        }
        let Some(policy) = must.policy else {
            return Ok(());
        };
        let id = self.viewer.operator.id.clone();
        let Some(viewer) = Viewer::find(&id, policy) else {
            return Err(End::Said(goodbye(GoodbyeCode::Removed, &id)));
        };
        self.viewer = viewer;
        let policy = self.viewer.policy_shown();
        self.send(encode(&ServerFrame::Policy { policy })).await?;
        self.show_anew().await?;
        let at = self.point();
        self.send(encode(&ServerFrame::Live { at })).await
    }

    async fn show_anew(&mut self) -> Result<(), End> {
        // Read first: a history that is replaced in between is noticed at the next event.
        self.generation = self.hub.ring.generation();
        let snapshot = self.hub.ring.snapshot(&self.viewer);
        self.cursor = snapshot.at.seq;
        self.tally = Tally::told(snapshot.counts, snapshot.at.seq);
        self.send(encode(&ServerFrame::Snapshot(Box::new(snapshot))))
            .await
    }

    /// Sends a page of what happened since the cursor, as far as this operator sees it. Returns whether there was more then.
    async fn catch_up(&mut self) -> Result<bool, End> {
        if self.generation != self.hub.ring.generation() {
            self.show_anew().await?;
            return Ok(true);
        }
        let (mut entries, is_more) = match self.hub.ring.after(self.cursor) {
            Next::Page { entries, .. } if entries.is_empty() => return Ok(false),
            Next::Page { entries, is_more } => (entries, is_more),
            Next::Lost => {
                self.show_anew().await?;
                return Ok(true);
            }
        };
        if entries.len() > 2 && planted!("swap") {
            entries.swap(0, 1);
        }
        for entry in entries {
            self.cursor = entry.stored.seq;
            self.tally.take(&entry, &self.viewer);
            self.pass_on(&entry).await?;
        }
        self.tell_counts().await?;
        self.flush().await?;
        Ok(is_more)
    }

    async fn pass_on(&mut self, entry: &Entry) -> Result<(), End> {
        let (chat, at) = (entry.stored.chat, entry.stored.seq);
        let before = entry.before.as_ref().map(|before| &before.sight);
        let Viewer {
            operator, policy, ..
        } = &self.viewer;
        match visible(operator, before, &entry.after.sight, policy) {
            Visible::Event if entry.is_return => self.show(chat, at).await,
            Visible::Event => {
                let frame = entry.frame_for(self.viewer.reads_originals());
                self.feed(frame).await
            }
            Visible::Hidden => {
                self.feed(encode(&ServerFrame::ChatHidden { chat, at }))
                    .await
            }
            Visible::Shown => self.show(chat, at).await,
            Visible::Nothing => Ok(()),
        }
    }

    /// Says how long the lists are, where the desk cannot know and does not yet.
    async fn tell_counts(&mut self) -> Result<(), End> {
        match self.tally.news() {
            Some(counts) => self.feed(encode(&ServerFrame::Counts(counts))).await,
            None => Ok(()),
        }
    }

    /// Sends a chat that came into sight, as it stands now.
    async fn show(&mut self, chat: ChatId, at: Seq) -> Result<(), End> {
        // It may have moved on since, out of sight again: then the event that hid it follows.
        let found = self.hub.ring.find_chat(chat);
        let Some(chat) = found.filter(|chat| self.viewer.sees(chat)) else {
            return Ok(());
        };
        let chat = Box::new(chat);
        self.feed(encode(&ServerFrame::ChatShown { chat, at }))
            .await
    }

    fn point(&self) -> ResumePoint {
        let ring = &self.hub.ring;
        let here = Some(ring.point()).filter(|point| point.seq == self.cursor);
        let point = here.or_else(|| ring.point_at(self.cursor));
        ResumePoint {
            outlook: self.viewer.outlook(),
            ..point.unwrap_or_else(follower::nowhere)
        }
    }

    async fn send(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        self.feed(frame).await?;
        self.flush().await
    }

    /// Puts a frame on the line: a long one in pieces, so that a desk never holds more of it than a piece.
    async fn feed(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        if frame.len() <= PIECE {
            return self.feed_piece(Message::Text(frame)).await;
        }
        let mut rest = bytes::Bytes::from(frame);
        let mut opcode = Data::Text;
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(PIECE));
            let piece = Frame::message(piece, OpCode::Data(opcode), rest.is_empty());
            self.feed_piece(Message::Frame(piece)).await?;
            opcode = Data::Continue;
        }
        Ok(())
    }

    async fn feed_piece(&mut self, piece: Message) -> Result<(), End> {
        let done = timeout(WRITE_WITHIN, self.sink.feed(piece)).await;
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
            Err(_) => Err(End::Said(goodbye(
                GoodbyeCode::TooSlow,
                &self.viewer.operator.id,
            ))),
        }
    }
}
