//! The websocket to the relay: keeps it up, says hello with the point to resume from, carries frames both ways in order
//! (`D-21`, `D-22`). Knows frames, not what is in them: what a desk makes of one is `update`'s business.
//!
//! It is a task of its own and never holds the desk up: queues are bounded, and a line that does not take what it is given
//! is dropped and made anew (`SC-06`). Commands that were not sent stay with the app, which offers them again.

mod address;
mod backoff;
mod connection;
mod files;
mod pulse;
mod session;
#[cfg(test)]
mod tests;

use std::time::Duration;

use shared::model::Timestamp;
use shared::protocol::{ClientFrame, ResumePoint, ServerFrame};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::input::LinkState;
use crate::runtime::Clock;
use backoff::Backoff;
use connection::{End, Failure};

pub use address::{AddressError, Server, Transport};
pub use files::{FileError, Files};
pub use session::{Credential, SessionError, Sessions, Token};

/// What may wait for the desk; then the line waits too, and the relay sees it.
const EVENTS_AHEAD: usize = 256;

/// What may wait for the line; a line so far behind is dropped.
const FRAMES_AHEAD: usize = 256;

/// For the last frames, and for ending the session, when the desk leaves.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// What the link tells.
#[derive(Debug)]
pub enum LinkEvent {
    /// It is in another state now.
    State(LinkState),
    /// The relay said something.
    Frame(Box<ServerFrame>),
    /// A line is open and waits to hear where the app left off.
    Opened(Opening),
    /// The relay does not know this desk (any more), and says why. [`Link::log_in`] goes on.
    LoginNeeded(String),
}

/// A line that is open. It comes after everything the last line said, so that the app's answer counts all of that.
#[derive(Debug)]
pub struct Opening {
    /// For files, as long as the session lasts.
    pub files: Files,
    resume_tx: oneshot::Sender<Option<ResumePoint>>,
    frames_tx: mpsc::Sender<ClientFrame>,
}

impl Opening {
    /// Says hello. What is sent to the line from then on comes after it.
    pub fn greet(self, resume: Option<ResumePoint>) -> Line {
        // The line may have broken meanwhile; then its end is among the events.
        self.resume_tx.send(resume).ok();
        Line {
            frames_tx: self.frames_tx,
        }
    }
}

/// The sending end of one connection. Nothing given to it goes out over another one.
#[derive(Debug)]
pub struct Line {
    frames_tx: mpsc::Sender<ClientFrame>,
}

/// The line is broken, or so far behind that it is to be dropped.
#[derive(Debug, thiserror::Error)]
#[error("could not send a frame: the line takes no more")]
pub struct LineFull;

impl Line {
    /// Sends a frame, without waiting.
    pub fn send(&self, frame: ClientFrame) -> Result<(), LineFull> {
        self.frames_tx.try_send(frame).or(Err(LineFull))
    }
}

/// What the desk asks of the link.
#[derive(Debug)]
enum Wish {
    TryNow,
    LogIn(Credential),
}

/// What a link needs.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    pub server: Server,
    pub credential: Credential,
    /// Name and version of the program, for the relay's log.
    pub program: String,
    pub clock: Clock,
}

/// A running link. Dropping it lets it end by itself; [`Link::close`] waits for that, but not for long.
#[derive(Debug)]
pub struct Link {
    events_rx: mpsc::Receiver<LinkEvent>,
    wishes_tx: mpsc::Sender<Wish>,
    task: JoinHandle<()>,
}

impl Link {
    /// Starts connecting. Needs a running tokio.
    pub fn start(options: LinkOptions) -> Self {
        install_cryptography();
        let (events_tx, events_rx) = mpsc::channel(EVENTS_AHEAD);
        let (wishes_tx, wishes_rx) = mpsc::channel(1);
        let task = tokio::spawn(
            Connector {
                options,
                events_tx,
                wishes_rx,
                backoff: Backoff::default(),
                own_session: None,
            }
            .run(),
        );
        Self {
            events_rx,
            wishes_tx,
            task,
        }
    }

    /// Waits for the next event; `None` when the link has died. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<LinkEvent> {
        self.events_rx.recv().await
    }

    /// Returns an event that is there already.
    pub fn next_ready(&mut self) -> Option<LinkEvent> {
        self.events_rx.try_recv().ok()
    }

    /// Connects now, whatever was planned; a line that is up is made anew.
    pub fn try_now(&self) {
        self.wish(Wish::TryNow);
    }

    /// Goes on with another credential.
    pub fn log_in(&self, credential: Credential) {
        self.wish(Wish::LogIn(credential));
    }

    fn wish(&self, wish: Wish) {
        if self.wishes_tx.try_send(wish).is_err() {
            // Another one waits already, which comes to the same; or the link has died, which the loop hears of.
            tracing::debug!("a wish came too soon after another");
        }
    }

    /// Sends what the dropped [`Line`] still held, ends the session the link began, and ends.
    pub async fn close(self) {
        let Self {
            events_rx,
            wishes_tx,
            mut task,
        } = self;
        drop((events_rx, wishes_tx));
        if timeout(CLOSE_WITHIN, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Makes aws-lc the process's cryptography, unless it has one.
fn install_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may be faster; then it is the same one.
        rustls::crypto::aws_lc_rs::default_provider()
            .install_default()
            .ok();
    }
}

/// The task that makes one connection after the other.
struct Connector {
    options: LinkOptions,
    events_tx: mpsc::Sender<LinkEvent>,
    wishes_rx: mpsc::Receiver<Wish>,
    backoff: Backoff,
    /// The session begun with a password, to be ended with the link.
    own_session: Option<(Sessions, Token)>,
}

impl Connector {
    async fn run(mut self) {
        while self.connect_once().await {}
        if let Some((sessions, token)) = self.own_session.take()
            && let Err(error) = sessions.end(&token).await
        {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the session goes on"
            );
        }
    }

    /// Makes a connection, serves it to its end, and waits for the time of the next. Returns whether there shall be one.
    async fn connect_once(&mut self) -> bool {
        let attempt = self.backoff.attempt();
        if !self.tell(LinkState::Connecting { attempt }).await {
            return false;
        }
        let (end, healthy_for) = self.serve().await;
        tracing::info!(?end, ?healthy_for, "the connection ended");
        match end {
            End::Left => false,
            End::Asked => true,
            End::Failed(Failure::Passing) => self.wait(attempt, healthy_for).await,
            End::Failed(Failure::Lasting(sentence)) => {
                self.tell(LinkState::Refused { sentence }).await && self.wait_for_wish().await
            }
            End::Failed(Failure::LoginNeeded(sentence)) => {
                let refused = LinkState::Refused {
                    sentence: sentence.clone(),
                };
                self.tell(refused).await
                    && self.send(LinkEvent::LoginNeeded(sentence)).await
                    && self.wait_for_wish().await
            }
        }
    }

    async fn tell(&self, state: LinkState) -> bool {
        self.send(LinkEvent::State(state)).await
    }

    /// Returns whether the desk is still there.
    async fn send(&self, event: LinkEvent) -> bool {
        self.events_tx.send(event).await.is_ok()
    }

    /// Waits the backoff out, or until the desk wants it at once.
    async fn wait(&mut self, attempt: u32, healthy_for: Duration) -> bool {
        // Without chance the waits are the longest ones, which is right too.
        let chance = getrandom::u64().unwrap_or(u64::MAX);
        let wait = self.backoff.fail(healthy_for, chance);
        let until = Instant::now() + wait;
        let next_try_at: Timestamp = self.options.clock.now().plus(wait);
        if !self
            .tell(LinkState::Offline {
                attempt,
                next_try_at,
            })
            .await
        {
            return false;
        }
        tokio::select! {
            () = sleep_until(until) => true,
            is_wished = self.wait_for_wish() => is_wished,
        }
    }

    /// Waits for a wish and takes it in. Returns whether there was one.
    async fn wait_for_wish(&mut self) -> bool {
        let wish = self.wishes_rx.recv().await;
        self.take(wish)
    }

    fn take(&mut self, wish: Option<Wish>) -> bool {
        match wish {
            Some(Wish::TryNow) => true,
            Some(Wish::LogIn(credential)) => {
                self.options.credential = credential;
                true
            }
            None => false,
        }
    }
}
