//! The loop with a scripted pure half, a terminal of queues, and a relay that is a socket.

use std::sync::{Arc, Mutex};

use futures_util::{FutureExt, SinkExt, StreamExt};
use shared::model::Timestamp;
use shared::protocol::{ClientFrame, Goodbye, GoodbyeCode, PROTOCOL, ResumePoint};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::app::fixture::company::policy;
use crate::drafts::{Draft, Drafts};
use crate::input::LinkState;
use crate::key::Key;
use crate::link::{Server, Token, Transport};
use crate::terminal::{Caret, Screen, Surroundings};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the scripted half saw, and what the terminal was told.
#[derive(Debug, Default)]
struct Seen {
    inputs: Vec<Input>,
    frames: usize,
    connections: usize,
    /// Frames drawn when the first connection came.
    frames_before_connection: Option<usize>,
    bytes: Vec<u8>,
    has_terminal: bool,
}

type Shared = Arc<Mutex<Seen>>;

/// A terminal's output.
struct Output(Shared);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut seen = self.0.lock().unwrap();
        if !seen.has_terminal {
            return Err(io::Error::other("the terminal is gone"));
        }
        seen.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The scripted half: `q` quits, `r` reconnects, any other key is written into the one draft.
struct Script {
    seen: Shared,
    drafts: Drafts,
    text: String,
    due_every: Option<Duration>,
}

impl Core for Script {
    fn update(&mut self, input: Input, _now: Timestamp) -> Vec<Effect> {
        let effects = match &input {
            Input::Key(key) if *key == Key::char('q') => vec![Effect::Quit],
            Input::Key(key) if *key == Key::char('r') => vec![Effect::Reconnect],
            Input::Key(key) => {
                self.text.extend(key.text());
                vec![]
            }
            _ => vec![],
        };
        self.seen.lock().unwrap().inputs.push(input);
        effects
    }

    fn view(&mut self, frame: &mut ratatui::Frame<'_>) {
        let mut seen = self.seen.lock().unwrap();
        seen.frames += 1;
        let number = format!("frame {}", seen.frames);
        frame.render_widget(number.as_str(), frame.area());
    }

    fn caret(&self) -> Caret {
        Caret::Usual
    }

    fn next_deadline(&self, now: Timestamp) -> Option<Timestamp> {
        self.due_every.map(|every| now.plus(every))
    }

    fn resume_point(&self) -> Option<ResumePoint> {
        None
    }

    fn drafts(&self) -> &Drafts {
        &self.drafts
    }

    fn drafts_not_saved(&mut self, error: &DraftsError) {
        panic!("{error}");
    }

    fn leave(&mut self, now: Timestamp) -> Vec<Effect> {
        let draft = Draft {
            text: self.text.clone(),
            caret: 0,
            saved_at: now.0 / 1_000,
            is_note: false,
            quotes: None,
        };
        self.drafts.put("7", draft);
        vec![Effect::SaveDrafts, Effect::Send(last_words())]
    }
}

fn last_words() -> ClientFrame {
    ClientFrame::LoadBlocks { request: 77 }
}

/// A running desk and everything around it.
struct Bench {
    seen: Shared,
    listener: Option<TcpListener>,
    terminal_tx: mpsc::Sender<TerminalEvent>,
    drafts: DraftFile,
    _folder: tempfile::TempDir,
    running: JoinHandle<Result<Ended, DeskError>>,
}

/// What differs between tests.
#[derive(Default)]
struct Setup {
    due_every: Option<Duration>,
    sign_in: Option<SignIn>,
    /// Keys that are there before the desk starts.
    typed: &'static str,
}

impl Bench {
    async fn start(setup: Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Server::parse(&address, Transport::Private).unwrap();
        let seen = Shared::default();
        seen.lock().unwrap().has_terminal = true;
        let output = Output(Arc::clone(&seen));
        let screen = Screen::over(output, 20, 3, Surroundings::default()).unwrap();
        let (terminal_tx, terminal_rx) = mpsc::channel(64);
        for char in setup.typed.chars() {
            let key = TerminalEvent::Key(Key::char(char));
            terminal_tx.try_send(key).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let drafts = DraftFile::within(folder.path(), "relay", "anna");
        let parts = Parts {
            core: Script {
                seen: Arc::clone(&seen),
                drafts: Drafts::default(),
                text: String::new(),
                due_every: setup.due_every,
            },
            terminal: Terminal::over(screen, terminal_rx),
            link: LinkOptions {
                server,
                credential: Credential::Token(Token::new("first")),
                program: "test".to_owned(),
                clock: Clock::SYSTEM,
            },
            sign_in: setup.sign_in,
            drafts: Some(drafts.clone()),
        };
        let running = tokio::spawn(run(parts));
        Self {
            seen,
            listener: Some(listener),
            terminal_tx,
            drafts,
            _folder: folder,
            running,
        }
    }

    async fn press(&self, key: char) {
        let event = TerminalEvent::Key(Key::char(key));
        self.terminal_tx.send(event).await.unwrap();
    }

    /// Takes the desk's next connection and its hello; returns the token in it.
    async fn accept(&self) -> (WebSocketStream<TcpStream>, String) {
        let listener = self.listener.as_ref().unwrap();
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        {
            let mut seen = self.seen.lock().unwrap();
            seen.connections += 1;
            let frames = seen.frames;
            seen.frames_before_connection.get_or_insert(frames);
        }
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        match hear(&mut socket).await {
            Some(ClientFrame::Hello { token, .. }) => (socket, token.reveal().to_owned()),
            other => panic!("no hello: {other:?}"),
        }
    }

    async fn wait(&self, what: &str, condition: impl Fn(&Seen) -> bool) {
        let waiting = async {
            while !condition(&self.seen.lock().unwrap()) {
                tokio::task::yield_now().await;
            }
        };
        let waited = timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{what}: {:?}", self.seen);
    }

    async fn ended(self) -> (Ended, Shared, Option<String>) {
        let ended = timeout(PATIENCE, self.running).await;
        let ended = ended.expect("it ends").unwrap().unwrap();
        let drafts = self.drafts.load(Clock::SYSTEM.now().0 / 1_000).unwrap();
        let draft = drafts.drafts.get("7").map(|draft| draft.text.clone());
        (ended, self.seen, draft)
    }
}

async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Option<ClientFrame> {
    loop {
        match timeout(PATIENCE, socket.next()).await.expect("a frame")? {
            Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, frame: &ServerFrame) {
    let text = serde_json::to_string(frame).unwrap();
    socket.send(Message::text(text)).await.unwrap();
}

fn welcome() -> ServerFrame {
    ServerFrame::Welcome {
        protocol: PROTOCOL,
        program: "relay".to_owned(),
        you: "anna".into(),
        server_time: Timestamp(0),
        is_resumed: false,
        policy: Box::new(policy()),
        templates: vec![],
        drafts: vec![],
        online: vec![],
        channels: vec![],
    }
}

fn not_logged_in() -> ServerFrame {
    ServerFrame::Goodbye(Goodbye {
        code: GoodbyeCode::NotLoggedIn,
        sentence: "Log in again.".to_owned(),
    })
}

fn is_welcome(input: &Input) -> bool {
    matches!(input, Input::Frame(frame) if matches!(**frame, ServerFrame::Welcome { .. }))
}

fn is_refused(input: &Input) -> bool {
    matches!(input, Input::Link(LinkState::Refused { .. }))
}

#[tokio::test]
async fn the_first_frame_is_there_before_the_relay_is_called() {
    let bench = Bench::start(Setup::default()).await;
    let _socket = bench.accept().await;
    let frames = bench.seen.lock().unwrap().frames_before_connection;
    assert!(frames.is_some_and(|frames| frames > 0), "{frames:?}");
}

#[tokio::test]
async fn what_is_ready_together_is_drawn_together() {
    let bench = Bench::start(Setup {
        typed: "keys that were typed before the desk has come up, quit",
        ..Setup::default()
    })
    .await;
    let (ended, seen, draft) = bench.ended().await;
    assert_eq!(ended, Ended::Quit);
    assert!(draft.is_some_and(|draft| draft.ends_with("up, ")));
    let frames = seen.lock().unwrap().frames;
    assert!(frames <= 2, "{frames} frames");
}

#[tokio::test]
async fn frames_from_the_relay_reach_the_app_in_order() {
    let bench = Bench::start(Setup::default()).await;
    let (mut socket, _) = bench.accept().await;
    say(&mut socket, &welcome()).await;
    bench
        .wait("the welcome", |seen| seen.inputs.iter().any(is_welcome))
        .await;
    let seen = bench.seen.lock().unwrap();
    let states: Vec<&Input> = seen
        .inputs
        .iter()
        .filter(|input| matches!(input, Input::Link(_)))
        .collect();
    assert!(
        matches!(
            states[..],
            [
                Input::Link(LinkState::Connecting { attempt: 1 }),
                Input::Link(LinkState::Online { .. })
            ]
        ),
        "{states:?}"
    );
}

#[tokio::test]
async fn quitting_keeps_what_was_typed_says_the_last_words_and_restores_the_screen() {
    let bench = Bench::start(Setup::default()).await;
    let (mut socket, _) = bench.accept().await;
    say(&mut socket, &welcome()).await;
    bench
        .wait("the welcome", |seen| seen.inputs.iter().any(is_welcome))
        .await;
    for key in "half a line".chars() {
        bench.press(key).await;
    }
    bench.press('q').await;
    let last = timeout(PATIENCE, async {
        loop {
            match hear(&mut socket).await {
                Some(ClientFrame::Ping { .. }) => {}
                other => break other,
            }
        }
    });
    assert_eq!(last.await.unwrap(), Some(last_words()));
    let (ended, seen, draft) = bench.ended().await;
    assert_eq!(
        (ended, draft.as_deref()),
        (Ended::Quit, Some("half a line"))
    );
    let bytes = String::from_utf8_lossy(&seen.lock().unwrap().bytes).into_owned();
    assert!(
        bytes.contains("\x1b[?1049l"),
        "the alternate screen is left"
    );
}

#[tokio::test]
async fn a_terminal_that_hangs_up_ends_the_desk_with_the_drafts_kept() {
    let bench = Bench::start(Setup::default()).await;
    bench.press('x').await;
    let gone = TerminalEvent::Gone;
    bench.terminal_tx.send(gone).await.unwrap();
    let (ended, _, draft) = bench.ended().await;
    assert_eq!((ended, draft.as_deref()), (Ended::TerminalGone, Some("x")));
}

#[tokio::test]
async fn a_terminal_that_takes_no_frame_is_gone_too() {
    let bench = Bench::start(Setup::default()).await;
    bench.wait("a frame", |seen| seen.frames > 0).await;
    bench.seen.lock().unwrap().has_terminal = false;
    bench.press('x').await;
    let (ended, _, draft) = bench.ended().await;
    assert_eq!((ended, draft.as_deref()), (Ended::TerminalGone, Some("x")));
}

#[tokio::test]
async fn a_desk_nobody_knows_ends_with_the_relays_sentence() {
    let bench = Bench::start(Setup::default()).await;
    let (mut socket, _) = bench.accept().await;
    say(&mut socket, &not_logged_in()).await;
    let (ended, ..) = bench.ended().await;
    assert_eq!(ended, Ended::NotLoggedIn("Log in again.".to_owned()));
}

#[tokio::test]
async fn another_credential_is_asked_for_outside_the_screen() {
    let sign_in: SignIn = Box::new(|sentence| {
        assert_eq!(sentence, "Log in again.");
        async { Some(Credential::Token(Token::new("second"))) }.boxed()
    });
    let bench = Bench::start(Setup {
        sign_in: Some(sign_in),
        ..Setup::default()
    })
    .await;
    let (mut socket, token) = bench.accept().await;
    assert_eq!(token, "first");
    say(&mut socket, &not_logged_in()).await;
    let (_socket, token) = bench.accept().await;
    assert_eq!(token, "second");
    let bytes = bench.seen.lock().unwrap().bytes.clone();
    let bytes = String::from_utf8_lossy(&bytes).into_owned();
    let left = bytes.find("\x1b[?1049l").expect("the screen was left");
    let entered = bytes.rfind("\x1b[?1049h").expect("and entered");
    assert!(left < entered, "and then entered again");
}

#[tokio::test]
async fn whoever_is_at_work_is_asked_only_when_they_want_to_reconnect() {
    let asked = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&asked);
    let sign_in: SignIn = Box::new(move |_| {
        *counter.lock().unwrap() += 1;
        async { Some(Credential::Token(Token::new("second"))) }.boxed()
    });
    let bench = Bench::start(Setup {
        sign_in: Some(sign_in),
        ..Setup::default()
    })
    .await;
    let (mut socket, _) = bench.accept().await;
    say(&mut socket, &welcome()).await;
    say(&mut socket, &not_logged_in()).await;
    bench
        .wait("the refusal", |seen| seen.inputs.iter().any(is_refused))
        .await;
    bench.press('x').await;
    let is_x = |input: &Input| *input == Input::Key(Key::char('x'));
    bench
        .wait("the key", |seen| seen.inputs.iter().any(is_x))
        .await;
    assert_eq!(*asked.lock().unwrap(), 0);
    bench.press('r').await;
    let (_socket, token) = bench.accept().await;
    assert_eq!((token.as_str(), *asked.lock().unwrap()), ("second", 1));
}

/// Lets `time` pass at once. The relay's socket is never accepted here, so nothing real is under way.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::sleep(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn an_idle_desk_draws_nothing() {
    let bench = Bench::start(Setup::default()).await;
    bench.wait("a frame", |seen| seen.frames > 0).await;
    pass(Duration::from_secs(1)).await;
    let frames = bench.seen.lock().unwrap().frames;
    pass(Duration::from_secs(5)).await;
    assert_eq!(bench.seen.lock().unwrap().frames, frames);
}

#[tokio::test]
async fn the_app_hears_of_its_moments_even_when_it_names_them_from_now() {
    let bench = Bench::start(Setup {
        due_every: Some(Duration::from_secs(1)),
        ..Setup::default()
    })
    .await;
    bench.wait("a frame", |seen| seen.frames > 0).await;
    pass(Duration::from_millis(5_500)).await;
    let seen = bench.seen.lock().unwrap();
    let count = seen
        .inputs
        .iter()
        .filter(|input| **input == Input::Due)
        .count();
    assert!((4..=6).contains(&count), "{count} in 5 seconds");
}

#[tokio::test]
async fn a_window_without_the_focus_is_drawn_once_a_second() {
    let bench = Bench::start(Setup {
        due_every: Some(Duration::from_millis(100)),
        ..Setup::default()
    })
    .await;
    let blur = TerminalEvent::Focus(false);
    bench.terminal_tx.send(blur).await.unwrap();
    bench
        .wait("the focus", |seen| {
            seen.inputs.contains(&Input::Focus(false))
        })
        .await;
    let before = bench.seen.lock().unwrap().frames;
    pass(Duration::from_secs(5)).await;
    let frames = bench.seen.lock().unwrap().frames - before;
    assert!((4..=6).contains(&frames), "{frames} in 5 seconds");
}
