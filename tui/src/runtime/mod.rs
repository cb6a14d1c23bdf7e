//! The desk's loop, and the doing of what `update` asks for. Besides `link` the only input and output of a running desk.
//!
//! One task owns the pure half. It sleeps until a key, the relay, a signal or the next deadline; takes in all that is ready;
//! draws once. Nothing is waited for in between, with one exception: a question for a password, which has the terminal alone.

mod clock;
mod core;
mod folder;
mod keeper;
mod pace;
mod signals;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use shared::model::{ChatId, FileId, HandedFile};
use shared::protocol::ServerFrame;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::app::FolderRow;
use crate::drafts::{DraftFile, DraftsError};
use crate::effect::Effect;
use crate::events::{EventsError, TerminalEvent};
use crate::input::Input;
use crate::link::{Credential, FileError, Files, Line, Link, LinkEvent, LinkOptions, Opening};
use crate::terminal::{TerminalError, restore_on_panic};
use keeper::Keeper;
use pace::Pace;
pub(crate) use signals::Signals;

pub(crate) use self::core::Core;
pub use clock::Clock;
pub use terminal::Terminal;

/// Inputs taken in before a frame may be drawn: a flood shall not freeze the screen.
const INPUTS_AT_ONCE: usize = 256;

/// Between two looks at the app's deadlines, should it forget to move one on.
const DUE_APART: Duration = Duration::from_millis(16);

/// Why the desk could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    #[error(transparent)]
    Events(#[from] EventsError),
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Drafts(#[from] DraftsError),
    #[error("the connection's task died; this is a fault of the desk")]
    LinkDied,
}

/// How the desk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The operator left.
    Quit,
    /// The terminal is gone.
    TerminalGone,
    /// The process was told to end.
    Signal,
    /// The relay does not know this desk, in a sentence, and there was no way to ask for another password.
    NotLoggedIn(String),
}

/// Asks the operator for another credential, on the terminal outside the desk's screen, after showing the sentence it is
/// given. `None`: the operator would rather leave.
pub type SignIn = Box<dyn FnMut(String) -> BoxFuture<'static, Option<Credential>> + Send>;

/// What the loop works with.
pub(crate) struct Parts<C, W: Write> {
    pub(crate) core: C,
    pub(crate) terminal: Terminal<W>,
    pub(crate) link: LinkOptions,
    pub(crate) sign_in: Option<SignIn>,
    /// Where unsent texts are kept; none: nowhere.
    pub(crate) drafts: Option<DraftFile>,
}

/// Runs the desk to its end.
pub(crate) async fn run<C: Core, W: Write>(parts: Parts<C, W>) -> Result<Ended, DeskError> {
    // Before the first frame: from then on a signal leaves a terminal to be restored.
    let signals = Signals::listen().map_err(DeskError::Signals)?;
    let clock = parts.link.clock;
    let keeper = Keeper::new(parts.drafts);
    if parts.terminal.is_own() {
        restore_on_panic(keeper.on_panic());
    }
    let mut terminal = parts.terminal;
    let mut core = parts.core;
    // The first frame comes before anything that may take time.
    terminal.screen.draw(|frame| core.view(frame))?;
    let mut pace = Pace::default();
    pace.drawn(Instant::now());
    let runtime = Runtime {
        core,
        terminal,
        link: Link::start(parts.link),
        line: None,
        files: None,
        saving: JoinSet::new(),
        handing_in: JoinSet::new(),
        looking: JoinSet::new(),
        percent: watch::channel(0),
        login_needed: None,
        is_known: false,
        sign_in: parts.sign_in,
        keeper,
        pace,
        clock,
        due_at: None,
        was_due_at: None,
        ended: None,
    };
    runtime.run(signals).await
}

/// Where an operator finds what they saved.
fn folder_for_files() -> PathBuf {
    let user = directories::UserDirs::new();
    let folder = user.map(|user| {
        let downloads = user.download_dir().map(std::path::Path::to_owned);
        downloads.unwrap_or_else(|| user.home_dir().to_owned())
    });
    folder.unwrap_or_else(|| PathBuf::from("."))
}

/// What woke the loop.
enum Wake {
    Terminal(TerminalEvent),
    Link(Option<LinkEvent>),
    Saved(Result<(), DraftsError>),
    File(FileId, Result<PathBuf, FileError>),
    Percent(u8),
    HandedIn(ChatId, Result<HandedFile, FileError>),
    Folder(String, Vec<FolderRow>),
    Deadline,
    Signal,
}

/// The running desk.
struct Runtime<C, W: Write> {
    core: C,
    terminal: Terminal<W>,
    link: Link,
    /// The connection that is up.
    line: Option<Line>,
    /// Where files come from, once a line was open.
    files: Option<Files>,
    saving: JoinSet<(FileId, Result<PathBuf, FileError>)>,
    handing_in: JoinSet<(ChatId, Result<HandedFile, FileError>)>,
    looking: JoinSet<(String, Vec<FolderRow>)>,
    percent: (watch::Sender<u8>, watch::Receiver<u8>),
    /// The relay's sentence, while it wants a login.
    login_needed: Option<String>,
    /// The relay has known this desk before.
    is_known: bool,
    sign_in: Option<SignIn>,
    keeper: Keeper,
    pace: Pace,
    clock: Clock,
    /// When the app is told that its next moment has come.
    due_at: Option<Instant>,
    /// When it was told last.
    was_due_at: Option<Instant>,
    ended: Option<Ended>,
}

impl<C: Core, W: Write> Runtime<C, W> {
    async fn run(mut self, signals: Signals) -> Result<Ended, DeskError> {
        let result = self.run_until_ended(signals).await;
        self.finish(result).await
    }

    async fn run_until_ended(&mut self, mut signals: Signals) -> Result<Ended, DeskError> {
        self.plan();
        loop {
            let wake = self.wait(&mut signals).await;
            self.take(wake)?;
            self.take_ready()?;
            if self.must_ask() {
                self.ask().await?;
            }
            if let Some(ended) = self.ended.take() {
                return Ok(ended);
            }
            self.meet_deadlines()?;
        }
    }

    async fn wait(&mut self, signals: &mut Signals) -> Wake {
        let deadline = self.deadline();
        tokio::select! {
            // Keys before frames from the relay, and neither may starve the drawing.
            biased;
            () = signals.next() => Wake::Signal,
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => Wake::Deadline,
            event = self.terminal.next() => Wake::Terminal(event),
            result = self.keeper.saved() => Wake::Saved(result),
            Some(Ok((asked, rows))) = self.looking.join_next(), if !self.looking.is_empty() => Wake::Folder(asked, rows),
            Some(Ok((chat, result))) = self.handing_in.join_next(), if !self.handing_in.is_empty() => Wake::HandedIn(chat, result),
            Ok(()) = self.percent.1.changed() => Wake::Percent(*self.percent.1.borrow_and_update()),
            Some(Ok((id, result))) = self.saving.join_next(), if !self.saving.is_empty() => Wake::File(id, result),
            event = self.link.next() => Wake::Link(event),
        }
    }

    fn take(&mut self, wake: Wake) -> Result<(), DeskError> {
        match wake {
            Wake::Terminal(event) => self.take_terminal(event),
            Wake::Link(Some(event)) => self.take_link(event),
            Wake::Link(None) => Err(DeskError::LinkDied),
            Wake::Saved(result) => {
                if let Err(error) = result {
                    self.core.drafts_not_saved(&error);
                    self.pace.dirty();
                }
                Ok(())
            }
            Wake::Folder(asked, rows) => self.update(Input::Folder { asked, rows }),
            // The last word is whether it was handed in.
            Wake::Percent(_) if self.handing_in.is_empty() => Ok(()),
            Wake::Percent(percent) => self.update(Input::Uploading(percent)),
            Wake::HandedIn(chat, result) => {
                let result = result.map_err(|error| error.to_string());
                self.update(Input::HandedIn { chat, result })
            }
            Wake::File(id, result) => {
                let result = result.map_err(|error| error.to_string());
                self.update(Input::Saved { id, result })
            }
            Wake::Deadline => Ok(()),
            Wake::Signal => {
                self.ended = Some(Ended::Signal);
                Ok(())
            }
        }
    }

    /// Takes in everything that is there already, so that it is drawn together.
    fn take_ready(&mut self) -> Result<(), DeskError> {
        for _ in 0..INPUTS_AT_ONCE {
            if self.ended.is_some() {
                return Ok(());
            }
            if let Some(event) = self.terminal.next_ready() {
                self.take_terminal(event)?;
            } else if let Some(event) = self.link.next_ready() {
                self.take_link(event)?;
            } else {
                return Ok(());
            }
        }
        Ok(())
    }

    fn take_terminal(&mut self, event: TerminalEvent) -> Result<(), DeskError> {
        let input = match event {
            TerminalEvent::Key(key) => Input::Key(key),
            TerminalEvent::Paste(text) => Input::Paste(text),
            TerminalEvent::Resize { columns, rows } => {
                self.terminal.screen.resize(columns, rows);
                Input::Resize { columns, rows }
            }
            TerminalEvent::Focus(has_focus) => {
                self.pace.focus(has_focus);
                Input::Focus(has_focus)
            }
            TerminalEvent::Gone => {
                self.ended = Some(Ended::TerminalGone);
                return Ok(());
            }
        };
        self.update(input)
    }

    fn take_link(&mut self, event: LinkEvent) -> Result<(), DeskError> {
        match event {
            LinkEvent::State(state) => self.update(Input::Link(state)),
            LinkEvent::Frame(frame) => {
                self.is_known |= matches!(*frame, ServerFrame::Welcome { .. });
                self.update(Input::Frame(frame))
            }
            LinkEvent::Opened(opening) => {
                self.greet(opening);
                Ok(())
            }
            LinkEvent::LoginNeeded(sentence) => {
                self.login_needed = Some(sentence);
                Ok(())
            }
        }
    }

    fn greet(&mut self, opening: Opening) {
        self.files = Some(opening.files.clone());
        self.line = Some(opening.greet(self.core.resume_point()));
    }

    /// Feeds the pure half and does what it asks for.
    fn update(&mut self, input: Input) -> Result<(), DeskError> {
        let effects = self.core.update(input, self.clock.now());
        self.pace.dirty();
        effects
            .into_iter()
            .try_for_each(|effect| self.perform(effect))?;
        self.plan();
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), DeskError> {
        let screen = &mut self.terminal.screen;
        match effect {
            Effect::Send(frame) => {
                let is_sent = self
                    .line
                    .as_ref()
                    .is_some_and(|line| line.send(frame).is_ok());
                if !is_sent {
                    // Dropping the line breaks the connection; what is pending is offered again over the next.
                    self.line = None;
                }
            }
            Effect::Reconnect => self.reconnect(),
            Effect::SaveDrafts => self.keeper.keep(self.core.drafts(), Instant::now()),
            Effect::Bell => screen.bell()?,
            Effect::Notify(text) => screen.notify(&text)?,
            Effect::Title(title) => screen.set_title(&title)?,
            Effect::Copy(text) => {
                if let Err(error) = screen.copy(&text) {
                    tracing::warn!(error = &error as &dyn std::error::Error, "not copied");
                }
            }
            Effect::Open(address) => {
                if let Err(error) = open::that_detached(address) {
                    tracing::warn!(error = &error as &dyn std::error::Error, "not opened");
                }
            }
            Effect::Save { id, name } => self.save_file(id, name),
            Effect::LookInto(text) => {
                self.looking.spawn_blocking(move || {
                    let rows = folder::look_into(&text);
                    (text, rows)
                });
            }
            Effect::Upload { chat, path } => self.hand_in(chat, &path),
            Effect::Show(path) => {
                if let Err(error) = open::that_detached(path) {
                    tracing::warn!(error = &error as &dyn std::error::Error, "not shown");
                }
            }
            Effect::Repaint => screen.repaint(),
            Effect::Quit => self.ended = Some(Ended::Quit),
        }
        Ok(())
    }

    fn hand_in(&mut self, chat: ChatId, path: &str) {
        let Some(files) = self.files.clone() else {
            return;
        };
        let (path, percent_tx) = (folder::path_of(path), self.percent.0.clone());
        self.handing_in
            .spawn(async move { (chat, files.hand_in(chat, &path, percent_tx).await) });
    }

    fn save_file(&mut self, id: FileId, name: String) {
        let Some(files) = self.files.clone() else {
            return;
        };
        self.saving
            .spawn(async move { (id, files.save(id, &name, &folder_for_files()).await) });
    }

    fn reconnect(&mut self) {
        if self.login_needed.is_some() {
            // Another try with the same credential would end the same: this time the operator is asked.
            self.is_known = false;
        } else {
            self.link.try_now();
        }
    }

    /// A login is asked for at once when the desk has not come in yet, later only when the operator wants to reconnect:
    /// whoever is writing would type the reply into the question.
    fn must_ask(&self) -> bool {
        self.login_needed.is_some() && !self.is_known && self.ended.is_none()
    }

    async fn ask(&mut self) -> Result<(), DeskError> {
        let sentence = self.login_needed.take().unwrap_or_default();
        let Some(sign_in) = &mut self.sign_in else {
            self.ended = Some(Ended::NotLoggedIn(sentence));
            return Ok(());
        };
        self.keeper.save_now()?;
        self.terminal.lend()?;
        let Some(credential) = sign_in(sentence.clone()).await else {
            self.ended = Some(Ended::NotLoggedIn(sentence));
            return Ok(());
        };
        self.link.log_in(credential);
        self.pace.dirty();
        self.terminal.take_back()
    }

    /// The earliest moment at which something is to be done by itself.
    fn deadline(&self) -> Option<Instant> {
        [
            self.due_at,
            self.keeper.deadline(),
            self.pace.deadline(Instant::now()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Asks the app when it wants to hear of the time again. It changes its mind with every input only.
    fn plan(&mut self) {
        let wall = self.clock.now();
        let earliest = self.was_due_at.map(|at| at + DUE_APART);
        self.due_at = self.core.next_deadline(wall).map(|at| {
            let at = Instant::now() + at.since(wall);
            earliest.map_or(at, |earliest| at.max(earliest))
        });
    }

    fn meet_deadlines(&mut self) -> Result<(), DeskError> {
        let now = Instant::now();
        if self.due_at.is_some_and(|at| at <= now) {
            self.was_due_at = Some(now);
            self.update(Input::Due)?;
        }
        self.keeper.save(now);
        if self.pace.deadline(now).is_some_and(|at| at <= now) {
            self.draw(now)?;
        }
        Ok(())
    }

    fn draw(&mut self, now: Instant) -> Result<(), DeskError> {
        let core = &mut self.core;
        let screen = &mut self.terminal.screen;
        screen.draw(|frame| core.view(frame))?;
        screen.set_caret(core.caret())?;
        self.pace.drawn(now);
        Ok(())
    }

    /// Saves the drafts, gives the terminal back, and takes leave of the relay, whatever the end was.
    async fn finish(mut self, result: Result<Ended, DeskError>) -> Result<Ended, DeskError> {
        for effect in self.core.leave(self.clock.now()) {
            // Drafts are saved below in any case; frames still go out if the line is up.
            if let Effect::Send(frame) = effect
                && let Some(line) = &self.line
                && line.send(frame).is_err()
            {
                break;
            }
        }
        self.keeper.keep(self.core.drafts(), Instant::now());
        let saved = self.keeper.save_now();
        if let Err(error) = self.terminal.screen.leave() {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the terminal is gone"
            );
        }
        drop(self.line);
        self.link.close().await;
        let ended = match result {
            // Whoever closes a terminal has not done anything wrong.
            Err(DeskError::Terminal(TerminalError::Draw(_))) => Ended::TerminalGone,
            other => other?,
        };
        saved?;
        Ok(ended)
    }
}
