//! The link against a relay of one line at a time: real sockets, a script instead of rules.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use shared::model::{Mark, Seq};
use shared::protocol::{Goodbye, GoodbyeCode, Login, PROTOCOL, SectionCounts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::app::fixture::company::policy;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

const TOKEN: &str = "a-token";

/// The relay's door.
struct Relay {
    listener: TcpListener,
}

impl Relay {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    fn server(&self) -> Server {
        let address = self.listener.local_addr().unwrap().to_string();
        Server::parse(&address, Transport::Private).unwrap()
    }

    fn link(&self) -> Desk {
        self.link_with(Credential::Token(Token::new(TOKEN)))
    }

    fn link_with(&self, credential: Credential) -> Desk {
        Desk {
            link: Link::start(LinkOptions {
                server: self.server(),
                credential,
                program: "test".to_owned(),
                clock: Clock::SYSTEM,
            }),
            heard: VecDeque::new(),
        }
    }

    /// Takes the next connection, without reading from it.
    async fn accept_raw(&self) -> TcpStream {
        let accepting = timeout(PATIENCE, self.listener.accept()).await;
        accepting.expect("a connection").unwrap().0
    }

    async fn accept(&self) -> Peer {
        let stream = self.accept_raw().await;
        let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        Peer { socket }
    }

    /// Takes the next call as HTTP: returns its head and body, and answers.
    async fn answer(&self, status: &str, body: &str) -> String {
        let mut stream = self.accept_raw().await;
        let call = read_call(&mut stream).await;
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        call
    }
}

async fn read_call(stream: &mut TcpStream) -> String {
    let mut call = String::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        call.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        let Some((head, body)) = call.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if body.len() >= length || count == 0 {
            return call;
        }
    }
}

/// The relay's end of one connection.
struct Peer {
    socket: WebSocketStream<TcpStream>,
}

impl Peer {
    async fn hear(&mut self) -> Option<ClientFrame> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await;
            match message.expect("the desk says something")? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    async fn hear_hello(&mut self) -> (String, Option<ResumePoint>) {
        match self.hear().await {
            Some(ClientFrame::Hello { token, resume, .. }) => (token, resume),
            other => panic!("no hello: {other:?}"),
        }
    }

    async fn say(&mut self, frame: &ServerFrame) {
        let text = serde_json::to_string(frame).unwrap();
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Hears the hello and says everything up to `live`.
    async fn welcome(&mut self) {
        self.hear_hello().await;
        self.say(&welcome()).await;
        self.say(&ServerFrame::Live { at: point(7) }).await;
    }
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

fn point(seq: i64) -> ResumePoint {
    ResumePoint {
        log: "log".to_owned(),
        seq: Seq(seq),
        mark: Mark(seq),
        outlook: String::new(),
    }
}

/// A frame that can be told from others by its number.
fn numbered(number: u32) -> ServerFrame {
    ServerFrame::Counts(SectionCounts {
        awaiting: number,
        ..SectionCounts::default()
    })
}

fn goodbye(code: GoodbyeCode) -> ServerFrame {
    ServerFrame::Goodbye(Goodbye {
        code,
        sentence: format!("Goodbye: {code:?}."),
    })
}

/// The desk's end of the link.
struct Desk {
    link: Link,
    heard: VecDeque<LinkEvent>,
}

impl Desk {
    async fn next(&mut self) -> LinkEvent {
        if let Some(event) = self.heard.pop_front() {
            return event;
        }
        let event = timeout(PATIENCE, self.link.next()).await;
        event
            .expect("the link says something")
            .expect("it is alive")
    }

    /// Skips what comes before the line is open, and says hello.
    async fn greet(&mut self, resume: Option<ResumePoint>) -> Line {
        loop {
            if let LinkEvent::Opened(opening) = self.next().await {
                return opening.greet(resume);
            }
        }
    }

    async fn state(&mut self) -> LinkState {
        loop {
            if let LinkEvent::State(state) = self.next().await {
                return state;
            }
        }
    }

    /// Waits for a state, whatever comes before it.
    async fn state_where(&mut self, is_it: impl Fn(&LinkState) -> bool) -> LinkState {
        loop {
            let state = self.state().await;
            if is_it(&state) {
                return state;
            }
        }
    }

    async fn frame(&mut self) -> ServerFrame {
        loop {
            if let LinkEvent::Frame(frame) = self.next().await {
                return *frame;
            }
        }
    }
}

#[tokio::test]
async fn the_hello_carries_the_token_and_the_point_the_app_names() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    assert_eq!(desk.state().await, LinkState::Connecting { attempt: 1 });
    let mut peer = relay.accept().await;
    let _line = desk.greet(Some(point(41))).await;
    assert_eq!(peer.hear_hello().await, (TOKEN.to_owned(), Some(point(41))));
    peer.say(&welcome()).await;
    let online = LinkState::Online {
        round_trip_ms: None,
    };
    assert_eq!(desk.state().await, online);
    assert_eq!(desk.frame().await, welcome());
}

#[tokio::test]
async fn frames_arrive_both_ways_in_order_and_none_is_lost() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    let mut peer = relay.accept().await;
    let line = desk.greet(None).await;
    peer.welcome().await;
    for stamp in 0..200 {
        line.send(ClientFrame::FindChat {
            request: stamp,
            number: Seq(1),
        })
        .unwrap();
    }
    // More than the queue holds: the line waits for the desk, and nothing is dropped.
    let count = u32::try_from(EVENTS_AHEAD).unwrap() * 4;
    let speaking = tokio::spawn(async move {
        for number in 0..count {
            peer.say(&numbered(number)).await;
        }
        peer
    });
    let mut numbers = Vec::new();
    while numbers.len() < count as usize {
        if let ServerFrame::Counts(counts) = desk.frame().await {
            numbers.push(counts.awaiting);
        }
    }
    assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    let mut peer = speaking.await.unwrap();
    let mut requests = Vec::new();
    while requests.len() < 200 {
        if let Some(ClientFrame::FindChat { request, .. }) = peer.hear().await {
            requests.push(request);
        }
    }
    assert_eq!(requests, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn after_a_break_it_connects_again_and_asks_anew_where_to_resume() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    let mut peer = relay.accept().await;
    let line = desk.greet(None).await;
    peer.welcome().await;
    peer.say(&numbered(1)).await;
    drop(peer);
    // Everything the first line said comes before the question of the second.
    assert_eq!(desk.frame().await, welcome());
    assert_eq!(desk.frame().await, ServerFrame::Live { at: point(7) });
    assert_eq!(desk.frame().await, numbered(1));
    let offline = desk
        .state_where(|state| matches!(state, LinkState::Offline { .. }))
        .await;
    assert!(matches!(offline, LinkState::Offline { attempt: 1, .. }));
    assert_eq!(desk.state().await, LinkState::Connecting { attempt: 2 });
    let mut peer = relay.accept().await;
    let again = desk.greet(Some(point(7))).await;
    assert_eq!(peer.hear_hello().await.1, Some(point(7)));
    // What is given to the broken line goes out over no other one.
    assert!(line.send(ClientFrame::Ping { stamp: 1 }).is_err());
    again.send(ClientFrame::LoadBlocks { request: 9 }).unwrap();
    assert_eq!(
        peer.hear().await,
        Some(ClientFrame::LoadBlocks { request: 9 })
    );
}

#[tokio::test]
async fn a_relay_that_is_stopping_is_tried_again() {
    for code in [GoodbyeCode::Stopping, GoodbyeCode::TooSlow] {
        let relay = Relay::open().await;
        let mut desk = relay.link();
        let mut peer = relay.accept().await;
        let _line = desk.greet(None).await;
        peer.hear_hello().await;
        peer.say(&goodbye(code)).await;
        assert_eq!(desk.frame().await, goodbye(code));
        let _second = relay.accept().await;
    }
}

#[tokio::test]
async fn a_relay_that_wants_no_desk_is_not_tried_again_until_asked() {
    for code in [
        GoodbyeCode::WrongProtocol,
        GoodbyeCode::Removed,
        GoodbyeCode::BadFrame,
        GoodbyeCode::TooMuch,
    ] {
        let relay = Relay::open().await;
        let mut desk = relay.link();
        let mut peer = relay.accept().await;
        let _line = desk.greet(None).await;
        peer.hear_hello().await;
        peer.say(&goodbye(code)).await;
        let refused = LinkState::Refused {
            sentence: format!("Goodbye: {code:?}."),
        };
        desk.state_where(|state| *state == refused).await;
        assert!(desk.link.next_ready().is_none(), "it waits");
        desk.link.try_now();
        let _second = relay.accept().await;
    }
}

#[tokio::test]
async fn a_token_that_is_not_known_asks_for_another() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    let mut peer = relay.accept().await;
    let _line = desk.greet(None).await;
    peer.hear_hello().await;
    peer.say(&goodbye(GoodbyeCode::NotLoggedIn)).await;
    loop {
        if let LinkEvent::LoginNeeded(sentence) = desk.next().await {
            assert_eq!(sentence, "Goodbye: NotLoggedIn.");
            break;
        }
    }
    desk.link.log_in(Credential::Token(Token::new("another")));
    let mut peer = relay.accept().await;
    let _line = desk.greet(None).await;
    assert_eq!(peer.hear_hello().await.0, "another");
}

#[tokio::test]
async fn a_frame_nobody_knows_ends_the_line_rather_than_be_skipped() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    let mut peer = relay.accept().await;
    let _line = desk.greet(None).await;
    peer.welcome().await;
    let strange = Message::text(r#"{"type":"surprise"}"#);
    peer.socket.send(strange).await.unwrap();
    let refused = desk
        .state_where(|state| matches!(state, LinkState::Refused { .. }))
        .await;
    insta::assert_debug_snapshot!(refused);
}

#[tokio::test]
async fn the_desk_may_ask_for_a_new_line_at_once() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    let mut peer = relay.accept().await;
    let _line = desk.greet(None).await;
    peer.welcome().await;
    desk.state_where(|state| matches!(state, LinkState::Online { .. }))
        .await;
    desk.link.try_now();
    let mut peer = relay.accept().await;
    let _line = desk.greet(None).await;
    peer.hear_hello().await;
}

#[tokio::test]
async fn a_line_that_takes_nothing_is_full_and_dropping_it_makes_another() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    let _deaf = relay.accept().await;
    let line = desk.greet(None).await;
    let large = "x".repeat(64 * 1024);
    let sent = (0..10_000)
        .take_while(|_| {
            let search = ClientFrame::Search {
                request: 1,
                text: large.clone(),
                before: None,
                limit: 1,
            };
            line.send(search).is_ok()
        })
        .count();
    assert!(sent < 10_000, "the queue has an end");
    drop(line);
    desk.link.try_now();
    let _second = relay.accept().await;
}

#[tokio::test]
async fn what_was_sent_before_the_end_still_goes_out() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    let mut peer = relay.accept().await;
    let line = desk.greet(None).await;
    peer.welcome().await;
    line.send(ClientFrame::LoadBlocks { request: 1 }).unwrap();
    drop(line);
    desk.link.close().await;
    loop {
        match peer.hear().await {
            Some(ClientFrame::LoadBlocks { request: 1 }) => break,
            Some(ClientFrame::Ping { .. }) => {}
            other => panic!("not what was sent: {other:?}"),
        }
    }
    assert_eq!(peer.hear().await, None);
}

#[tokio::test]
async fn the_round_trip_is_measured_and_a_dead_line_given_up() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    let mut peer = relay.accept().await;
    let _line = desk.greet(None).await;
    peer.welcome().await;
    let Some(ClientFrame::Ping { stamp }) = peer.hear().await else {
        panic!("no ping after live")
    };
    let pong = ServerFrame::Pong {
        stamp,
        server_time: Timestamp(0),
    };
    peer.say(&pong).await;
    desk.state_where(round_trip(|_| true)).await;
    while desk.frame().await != pong {}
    // Nothing is under way any more: from here the clock may run ahead. The relay says nothing.
    tokio::time::pause();
    let silent_since = Instant::now();
    let late = match desk.link.next().await {
        Some(LinkEvent::State(state)) => state,
        other => panic!("{other:?}"),
    };
    assert!(round_trip(|ms| ms >= 5_000)(&late), "{late:?}");
    while !matches!(
        desk.link.next().await,
        Some(LinkEvent::State(LinkState::Offline { .. }))
    ) {}
    assert!(silent_since.elapsed() >= Duration::from_secs(44));
    tokio::time::resume();
    let _second = relay.accept().await;
}

fn round_trip(is_it: impl Fn(u32) -> bool) -> impl Fn(&LinkState) -> bool {
    move |state| matches!(state, LinkState::Online { round_trip_ms: Some(ms) } if is_it(*ms))
}

fn password() -> Credential {
    Credential::Password(Login {
        login: "anna".to_owned(),
        password: "secret".to_owned(),
    })
}

#[tokio::test]
async fn a_password_becomes_a_session_that_ends_with_the_desk() {
    let relay = Relay::open().await;
    let mut desk = relay.link_with(password());
    let session = r#"{"token":"of-the-session","expires_at":1}"#;
    let call = relay.answer("200 OK", session).await;
    assert!(call.starts_with("POST /api/v1/session "), "{call}");
    assert!(
        call.contains(r#"{"login":"anna","password":"secret"}"#),
        "{call}"
    );
    let mut peer = relay.accept().await;
    let line = desk.greet(None).await;
    assert_eq!(peer.hear_hello().await.0, "of-the-session");
    drop(line);
    let closing = tokio::spawn(desk.link.close());
    let call = relay.answer("204 No Content", "").await;
    assert!(call.starts_with("DELETE /api/v1/session "), "{call}");
    assert!(call.contains("Bearer of-the-session"), "{call}");
    closing.await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_told_in_the_relays_words() {
    let relay = Relay::open().await;
    let mut desk = relay.link_with(password());
    let fault = r#"{"code":"wrong_password","sentence":"The name or the password is wrong.","hint":"try again"}"#;
    relay.answer("401 Unauthorized", fault).await;
    loop {
        if let LinkEvent::LoginNeeded(sentence) = desk.next().await {
            assert_eq!(sentence, "The name or the password is wrong (try again)");
            break;
        }
    }
}

#[tokio::test]
async fn a_relay_that_cannot_log_in_now_is_tried_again() {
    let relay = Relay::open().await;
    let _desk = relay.link_with(password());
    relay.answer("503 Service Unavailable", "").await;
    relay.answer("503 Service Unavailable", "").await;
}

#[tokio::test]
async fn an_address_that_is_no_relay_is_told() {
    let relay = Relay::open().await;
    let mut desk = relay.link();
    relay.answer("404 Not Found", "").await;
    let refused = desk
        .state_where(|state| matches!(state, LinkState::Refused { .. }))
        .await;
    insta::assert_debug_snapshot!(refused);
}

#[test]
fn secrets_are_not_in_debug_output() {
    for credential in [password(), Credential::Token(Token::new("secret"))] {
        assert!(!format!("{credential:?}").contains("secret"));
    }
}
