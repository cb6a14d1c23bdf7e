//! One connection, from the token to the last frame. What follows its end is the caller's business.

use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use reqwest::StatusCode;
use shared::model::Secret;
use shared::protocol::{
    ApiFault, ClientFrame, Goodbye, GoodbyeCode, Login, PROTOCOL, ResumePoint, ServerFrame,
};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::pulse::{Beat, Pulse};
use super::session::{self, SessionError};
use super::{
    Clock, Connector, Credential, FRAMES_AHEAD, Files, LinkEvent, LinkState, Opening, Sessions,
    Token, Wish,
};

/// For name, TCP, TLS and the upgrade together.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Pings that may wait for the line; more of them would say the same.
const PINGS_AHEAD: usize = 2;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// By itself, or it was never made.
    Failed(Failure),
    /// The desk wants a new one now.
    Asked,
    /// The desk is gone.
    Left,
}

/// What is known of a failure.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another try may succeed.
    Passing,
    /// Another try would fail for the same reason, in a sentence.
    Lasting(String),
    /// The relay does not know who this is, in a sentence.
    LoginNeeded(String),
}

impl Connector {
    /// Connects and carries frames until it ends. Returns how, and for how long the line was a good one.
    pub(super) async fn serve(&mut self) -> (End, Duration) {
        let socket = match self.open().await {
            Ok(opened) => opened,
            Err(end) => return (end, Duration::ZERO),
        };
        let mut welcomed_at = None;
        let end = match self.greet().await {
            Some((hello, frames_rx)) => {
                self.converse(socket, hello, frames_rx, &mut welcomed_at)
                    .await
            }
            None => End::Left,
        };
        let healthy_for = welcomed_at.map_or(Duration::ZERO, |at: Instant| at.elapsed());
        (end, healthy_for)
    }

    /// Gets a token and a websocket, heeding the desk meanwhile.
    async fn open(&mut self) -> Result<Socket, End> {
        let server = self.options.server.clone();
        let password = match &self.options.credential {
            Credential::Password(login) => Some(login.clone()),
            Credential::Token(_) => None,
        };
        let begun = match password {
            None => None,
            Some(login) => {
                let (sessions, token) = self
                    .heeding(begin_session(&server, &login))
                    .await?
                    .map_err(|error| End::Failed(classify_session(&error)))?;
                Some((sessions, token))
            }
        };
        if let Some((sessions, token)) = begun {
            // The password is forgotten: a session that is ended elsewhere shall not come back by itself.
            self.options.credential = Credential::Token(token.clone());
            self.own_session = Some((sessions, token));
        }
        let address = server.websocket();
        // Boxed: a TLS handshake is kilobytes of state that the rest of the connection need not carry.
        let connecting = Box::pin(connect_async_with_config(address.as_str(), None, true));
        match self.heeding(timeout(CONNECT_WITHIN, connecting)).await? {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(error)) => Err(End::Failed(classify(error))),
            Err(_) => Err(End::Failed(Failure::Passing)),
        }
    }

    /// Waits for `work` unless the desk leaves or wants to begin anew with another credential.
    async fn heeding<T>(&mut self, work: impl Future<Output = T>) -> Result<T, End> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                wish = self.wishes_rx.recv() => match wish {
                    // It is being done.
                    Some(Wish::TryNow) => {}
                    other => {
                        return Err(if self.take(other) { End::Asked } else { End::Left });
                    }
                },
            }
        }
    }

    /// Asks the app where it left off, and makes the hello. `None` when the desk is gone.
    async fn greet(&mut self) -> Option<(ClientFrame, mpsc::Receiver<ClientFrame>)> {
        let (resume_tx, resume_rx) = oneshot::channel();
        let (frames_tx, frames_rx) = mpsc::channel(FRAMES_AHEAD);
        let Credential::Token(token) = &self.options.credential else {
            // `open` has made a token of it.
            return None;
        };
        let opening = Opening {
            files: Files::new(self.options.server.clone(), token.clone()),
            resume_tx,
            frames_tx,
        };
        if !self.send(LinkEvent::Opened(opening)).await {
            return None;
        }
        let resume = resume_rx.await.ok()?;
        Some((self.hello(resume), frames_rx))
    }

    fn hello(&self, resume: Option<ResumePoint>) -> ClientFrame {
        let token = match &self.options.credential {
            Credential::Token(token) => token.secret(),
            // `open` has made a token of it.
            Credential::Password(_) => Secret::from(""),
        };
        ClientFrame::Hello {
            protocol: PROTOCOL,
            token,
            resume,
            program: self.options.program.clone(),
        }
    }

    async fn converse(
        &mut self,
        socket: Socket,
        hello: ClientFrame,
        frames_rx: mpsc::Receiver<ClientFrame>,
        welcomed_at: &mut Option<Instant>,
    ) -> End {
        let (sink, stream) = socket.split();
        let (pings_tx, pings_rx) = mpsc::channel(PINGS_AHEAD);
        let ear = Ear {
            events_tx: self.events_tx.clone(),
            pings_tx,
            pulse: Pulse::new(Instant::now(), self.options.clock.now()),
            clock: self.options.clock,
            welcomed_at,
        };
        let mut speaking = pin!(speak(sink, hello, frames_rx, pings_rx));
        let mut listening = pin!(ear.listen(stream));
        let wish = tokio::select! {
            end = &mut listening => return end,
            () = &mut speaking => return End::Failed(Failure::Passing),
            wish = self.wishes_rx.recv() => wish,
        };
        if wish.is_none() {
            // The desk leaves and has dropped its end of the line: what it sent before still goes out. The caller of
            // `close` waits only so long.
            speaking.await;
        }
        if self.take(wish) {
            End::Asked
        } else {
            End::Left
        }
    }
}

/// The hearing half of a connection.
struct Ear<'a> {
    events_tx: mpsc::Sender<LinkEvent>,
    pings_tx: mpsc::Sender<u64>,
    pulse: Pulse,
    clock: Clock,
    welcomed_at: &'a mut Option<Instant>,
}

impl Ear<'_> {
    async fn listen(mut self, mut stream: SplitStream<Socket>) -> End {
        loop {
            let heard = tokio::select! {
                // What has come counts before the silence does, however late this task was woken.
                biased;
                message = stream.next() => self.hear(message).await,
                () = sleep_until(self.pulse.deadline()) => self.beat().await,
            };
            if let Err(end) = heard {
                return end;
            }
        }
    }

    async fn beat(&mut self) -> Result<(), End> {
        match self.pulse.beat(Instant::now(), self.clock.now()) {
            Some(Beat::Ping(stamp)) => {
                if self.pings_tx.try_send(stamp).is_err() {
                    tracing::debug!("the line has not taken the last pings yet");
                }
                Ok(())
            }
            Some(Beat::Late(so_long)) => self.tell_online(Some(so_long)).await,
            Some(Beat::Dead) => Err(End::Failed(Failure::Passing)),
            None => Ok(()),
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, SocketError>>) -> Result<(), End> {
        let now = Instant::now();
        self.pulse.hear(now);
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => return Err(End::Failed(strange_frame())),
            Some(Ok(Message::Close(_))) | None => return Err(End::Failed(Failure::Passing)),
            Some(Err(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the line broke");
                return Err(End::Failed(Failure::Passing));
            }
        };
        match serde_json::from_str(&text) {
            Ok(frame) => self.take(frame, now).await,
            // Skipping it could lose an event, and nobody would know.
            Err(error) => {
                tracing::warn!(
                    column = error.column(),
                    category = ?error.classify(),
                    "the relay sent a frame this desk does not know"
                );
                Err(End::Failed(strange_frame()))
            }
        }
    }

    async fn take(&mut self, frame: ServerFrame, now: Instant) -> Result<(), End> {
        let mut end = None;
        match &frame {
            ServerFrame::Welcome { .. } => {
                *self.welcomed_at = Some(now);
                self.tell_online(None).await?;
            }
            ServerFrame::Live { .. } => self.pulse.measure(now),
            ServerFrame::Pong { stamp, .. } => {
                if let Some(took) = self.pulse.answer(*stamp, now) {
                    self.tell_online(Some(took)).await?;
                }
            }
            ServerFrame::Goodbye(goodbye) => end = Some(End::Failed(said(goodbye))),
            _ => {}
        }
        self.tell(LinkEvent::Frame(Box::new(frame))).await?;
        end.map_or(Ok(()), Err)
    }

    async fn tell_online(&self, took: Option<Duration>) -> Result<(), End> {
        let round_trip_ms = took.map(|took| u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
        self.tell(LinkEvent::State(LinkState::Online { round_trip_ms }))
            .await
    }

    async fn tell(&self, event: LinkEvent) -> Result<(), End> {
        self.events_tx.send(event).await.or(Err(End::Left))
    }
}

/// The speaking half: sends until the line breaks or the desk drops its end of it.
async fn speak(
    mut sink: SplitSink<Socket, Message>,
    hello: ClientFrame,
    mut frames_rx: mpsc::Receiver<ClientFrame>,
    mut pings_rx: mpsc::Receiver<u64>,
) {
    let mut next = Some(hello);
    while let Some(frame) = next {
        if let Err(error) = send(&mut sink, &frame).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the line broke");
            return;
        }
        next = tokio::select! {
            frame = frames_rx.recv() => frame,
            Some(stamp) = pings_rx.recv() => Some(ClientFrame::Ping { stamp }),
        };
    }
    // Whether the relay still hears it makes no difference.
    sink.close().await.ok();
}

async fn send(
    sink: &mut SplitSink<Socket, Message>,
    frame: &ClientFrame,
) -> Result<(), SocketError> {
    let text = serde_json::to_string(frame).expect("a frame is made of strings and numbers");
    sink.send(Message::text(text)).await
}

async fn begin_session(
    server: &super::Server,
    login: &Login,
) -> Result<(Sessions, Token), SessionError> {
    let sessions = Sessions::new(server.clone())?;
    let token = Token::new(sessions.begin(login).await?.token);
    Ok((sessions, token))
}

fn classify_session(error: &SessionError) -> Failure {
    tracing::info!(error = error as &dyn std::error::Error, "could not log in");
    if error.is_wrong_password() {
        Failure::LoginNeeded(error.to_string())
    } else if error.is_passing() {
        Failure::Passing
    } else {
        Failure::Lasting(error.to_string())
    }
}

/// Tells whether trying again may help with a websocket that was not opened.
fn classify(error: SocketError) -> Failure {
    tracing::info!(
        error = &error as &dyn std::error::Error,
        "could not connect"
    );
    match error {
        SocketError::Http(response) => {
            let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or_default();
            if session::is_passing(status) {
                return Failure::Passing;
            }
            let body = response.body().as_deref().unwrap_or_default();
            Failure::Lasting(match serde_json::from_slice::<ApiFault>(body) {
                Ok(fault) => session::sentence_of(&fault),
                Err(_) => format!(
                    "There is no Deskwire relay at this address: it answers {status}. Check --server."
                ),
            })
        }
        SocketError::Io(error) if is_certificate(&error) => Failure::Lasting(
            "The relay's certificate is not one this machine trusts. Ask whoever runs the relay."
                .to_owned(),
        ),
        SocketError::Tls(_) | SocketError::Url(_) | SocketError::HttpFormat(_) => Failure::Lasting(
            format!("The relay cannot be called at this address: {error}."),
        ),
        // Something between answers strangely; it may go away.
        _ => Failure::Passing,
    }
}

fn is_certificate(error: &std::io::Error) -> bool {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// What the relay's last word means for the next try.
fn said(goodbye: &Goodbye) -> Failure {
    let sentence = goodbye.sentence.clone();
    match goodbye.code {
        GoodbyeCode::Stopping | GoodbyeCode::TooSlow => Failure::Passing,
        GoodbyeCode::NotLoggedIn => Failure::LoginNeeded(sentence),
        GoodbyeCode::WrongProtocol
        | GoodbyeCode::BadFrame
        | GoodbyeCode::TooMuch
        | GoodbyeCode::Removed => Failure::Lasting(sentence),
    }
}

fn strange_frame() -> Failure {
    Failure::Lasting(
        "The relay sent something this desk does not understand. Install the desk of the relay's release."
            .to_owned(),
    )
}
