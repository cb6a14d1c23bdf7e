//! Desks that are none, on the built relay's own sockets (B-09): each is closed, with a reason where it can hear one, and
//! the other desks notice nothing.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use hostile::websocket::{
    BINARY, CLOSE, MORE, PING, PONG, TEXT, announced, fragments, masked, unmasked,
};
use shared::protocol::{ClientFrame, GoodbyeCode, PROTOCOL, ServerFrame};

use crate::harness::desk::log_in;
use crate::harness::relay::{PASSWORD, Relay};
use crate::harness::{PATIENCE, World};

const PSID: &str = "7412589630147852";

/// What becomes of a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The relay says why, and ends the connection.
    Told(GoodbyeCode),
    /// It ends the connection: there is nobody to talk to.
    Ended,
    /// It goes on: a ping after all this is answered.
    Served,
}

/// What a desk sends, and what becomes of it.
struct Case {
    name: &'static str,
    /// Says hello first.
    is_known: bool,
    bytes: Vec<u8>,
    outcome: Outcome,
}

fn hello(protocol: u32, token: &str) -> Vec<u8> {
    let hello = ClientFrame::Hello {
        protocol,
        token: token.into(),
        resume: None,
        program: "story".to_owned(),
    };
    text(&serde_json::to_string(&hello).unwrap())
}

fn text(text: &str) -> Vec<u8> {
    masked(TEXT, text.as_bytes())
}

fn ping(stamp: u64) -> String {
    format!(r#"{{"type":"ping","stamp":{stamp}}}"#)
}

/// Before anybody has said who they are.
#[expect(clippy::too_many_lines, reason = "a table, a case a line")]
fn strangers(token: &str) -> Vec<Case> {
    use GoodbyeCode::{BadFrame, NotLoggedIn, TooMuch, WrongProtocol};
    let long = "x".repeat(300 * 1024);
    let mut cases = vec![];
    let mut add = |name, bytes, outcome| {
        let is_known = false;
        cases.push(Case {
            name,
            is_known,
            bytes,
            outcome,
        });
    };
    add(
        "no token",
        text(r#"{"type":"hello","protocol":1,"program":"x"}"#),
        Outcome::Told(BadFrame),
    );
    add(
        "an empty token",
        hello(PROTOCOL, ""),
        Outcome::Told(NotLoggedIn),
    );
    add(
        "a token of nobody",
        hello(PROTOCOL, &"0".repeat(64)),
        Outcome::Told(NotLoggedIn),
    );
    add(
        "a token in capitals",
        hello(PROTOCOL, &token.to_uppercase()),
        Outcome::Told(NotLoggedIn),
    );
    add(
        "a token and a letter",
        hello(PROTOCOL, &format!("{token}0")),
        Outcome::Told(NotLoggedIn),
    );
    add(
        "a token of 200 kB",
        hello(PROTOCOL, &"0".repeat(200 * 1024)),
        Outcome::Told(NotLoggedIn),
    );
    add(
        "an old version",
        hello(0, token),
        Outcome::Told(WrongProtocol),
    );
    add(
        "a version to come",
        hello(2, token),
        Outcome::Told(WrongProtocol),
    );
    add(
        "a version of no number",
        text(r#"{"type":"hello","protocol":"1","token":"0","program":"x"}"#),
        Outcome::Told(BadFrame),
    );
    add("a command first", text(&ping(1)), Outcome::Told(BadFrame));
    add("no JSON first", text("hello"), Outcome::Told(BadFrame));
    add(
        "bytes first",
        masked(BINARY, b"hello"),
        Outcome::Told(BadFrame),
    );
    add(
        "a hello of 300 kB",
        hello(PROTOCOL, &long),
        Outcome::Told(TooMuch),
    );
    add(
        "a hello unmasked",
        unmasked(TEXT, b"{}"),
        Outcome::Told(BadFrame),
    );
    add(
        "a hello that is no UTF-8",
        masked(TEXT, b"\xff\xfe"),
        Outcome::Told(BadFrame),
    );
    add("the end first", masked(CLOSE, &[]), Outcome::Ended);
    add(
        "HTTP again",
        b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n".to_vec(),
        Outcome::Told(BadFrame),
    );
    cases
}

/// Desks that are logged in.
#[expect(clippy::too_many_lines, reason = "a table, a case a line")]
fn desks() -> Vec<Case> {
    use GoodbyeCode::{BadFrame, TooMuch};
    let mut cases = vec![];
    let mut add = |name, bytes, outcome| {
        let is_known = true;
        cases.push(Case {
            name,
            is_known,
            bytes,
            outcome,
        });
    };
    let many = |bytes: Vec<u8>, count: usize| bytes.repeat(count);
    let bad = Outcome::Told(BadFrame);
    let much = Outcome::Told(TooMuch);
    add("unmasked", unmasked(TEXT, ping(1).as_bytes()), bad);
    add("64 MiB announced", announced(TEXT, 64 << 20), much);
    add("2^63 bytes announced", announced(TEXT, 1 << 63), much);
    add(
        "one byte too long",
        text(&"x".repeat(shared::protocol::CLIENT_FRAME_LIMIT + 1)),
        much,
    );
    add(
        "a message too long in fragments",
        fragments(&vec![b'x'; 300 * 1024], 64 * 1024),
        much,
    );
    add(
        "1,000,000 fragments of a byte",
        fragments(&vec![b'x'; 1_000_000], 1),
        much,
    );
    add(
        "a ping in fragments of a byte",
        fragments(ping(1).as_bytes(), 1),
        Outcome::Served,
    );
    let empty = [
        masked(TEXT & !MORE, b""),
        masked(0, b"").repeat(100_000),
        masked(MORE, ping(1).as_bytes()),
    ];
    add("100,000 empty fragments", empty.concat(), Outcome::Served);
    add("a fragment of nothing", masked(MORE, b"x"), bad);
    add(
        "a text within a text",
        [masked(TEXT & !MORE, b"x"), text("y")].concat(),
        bad,
    );
    add("no UTF-8", masked(TEXT, b"\xc3\x28"), bad);
    add(
        "no UTF-8 across fragments",
        [masked(TEXT & !MORE, b"\xd0"), masked(MORE, b"x")].concat(),
        bad,
    );
    add("bytes", masked(BINARY, ping(1).as_bytes()), bad);
    add("a reserved bit", masked(TEXT | 0x40, b"x"), bad);
    add("a reserved opcode", masked(0x83, b"x"), bad);
    add("a reserved control opcode", masked(0x8b, b"x"), bad);
    add("a ping of 126 bytes", masked(PING, &[b'x'; 126]), bad);
    add("a ping in fragments", masked(PING & !MORE, b"x"), bad);
    add("a ping flood", many(masked(PING, b"x"), 10_000), much);
    add("a pong flood", many(masked(PONG, b"x"), 10_000), much);
    add(
        "10,000 commands at once",
        many(text(&ping(1)), 10_000),
        much,
    );
    add(
        "the end, with a reason that is no UTF-8",
        masked(CLOSE, b"\x03\xe8\xff"),
        bad,
    );
    add("the end, with half a code", masked(CLOSE, b"\x03"), bad);
    add(
        "the end, with a code of nobody",
        masked(CLOSE, b"\xff\xff"),
        Outcome::Ended,
    );
    add("an empty text", text(""), bad);
    add("no JSON", text("{"), bad);
    add("no object", text("[]"), bad);
    add("no type", text("{}"), bad);
    add("an unknown type", text(r#"{"type":"dance"}"#), bad);
    add(
        "a frame of the relay",
        text(r#"{"type":"pong","stamp":1,"server_time":1}"#),
        bad,
    );
    add("a second hello", hello(PROTOCOL, "0"), bad);
    add(
        "an unknown command",
        text(r#"{"type":"command","id":"x","chat":"1","do":"dance"}"#),
        bad,
    );
    add(
        "a command without a chat",
        text(r#"{"type":"command","id":"x","do":"claim"}"#),
        bad,
    );
    add(
        "a number past its type",
        text(r#"{"type":"find_chat","request":4294967296,"number":1}"#),
        bad,
    );
    add(
        "a negative request",
        text(r#"{"type":"load_closed","request":-1,"limit":1}"#),
        bad,
    );
    add("10,000 deep", text(&"[".repeat(10_000)), bad);
    add(
        "a member twice",
        text(r#"{"type":"ping","stamp":1,"stamp":2}"#),
        bad,
    );
    add(
        "members of no use",
        text(r#"{"type":"ping","stamp":1,"more":[1,2]}"#),
        Outcome::Served,
    );
    add(
        "limits past the page",
        text(r#"{"type":"load_closed","request":1,"limit":4294967295}"#),
        Outcome::Served,
    );
    add(
        "a search of 200 kB",
        text(&format!(
            r#"{{"type":"search","request":1,"text":"{}","limit":10}}"#,
            "a ".repeat(100_000)
        )),
        Outcome::Served,
    );
    cases
}

/// Upgrades a connection; returns it and the status.
async fn upgrade(relay: &Relay, headers: &str) -> (TcpStream, u16) {
    let mut line = TcpStream::connect(relay.address()).await.unwrap();
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
        relay.address()
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![];
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(line.read_u8().await.unwrap());
    }
    let text = String::from_utf8(answer).unwrap();
    (line, text[9..12].parse().unwrap())
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Takes the frames of a relay out of what came over the line; the rest is not whole yet.
fn frames(bytes: &mut Vec<u8>) -> Vec<ServerFrame> {
    let mut frames = vec![];
    loop {
        let (head, length) = match bytes.as_slice() {
            [_, length @ 0..=125, ..] => (2, usize::from(*length)),
            [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
            [_, 127, length @ ..] if length.len() >= 8 => {
                let long = u64::from_be_bytes(length[..8].try_into().unwrap());
                (10, usize::try_from(long).unwrap())
            }
            _ => return frames,
        };
        if bytes.len() < head + length {
            return frames;
        }
        let frame: Vec<u8> = bytes.drain(..head + length).collect();
        if frame[0] == TEXT {
            frames.push(serde_json::from_slice(&frame[head..]).expect("a frame of the protocol"));
        }
    }
}

/// Reads frames until one is as wanted; returns the last word, and whether the line has ended.
async fn read_until(
    line: &mut (impl AsyncReadExt + Unpin),
    is_it: impl Fn(&ServerFrame) -> bool,
) -> (Option<GoodbyeCode>, bool, bool) {
    let (mut bytes, mut buffer) = (vec![], vec![0; 64 * 1024]);
    let mut goodbye = None;
    loop {
        let Ok(read) = timeout(PATIENCE, line.read(&mut buffer)).await else {
            return (goodbye, false, false);
        };
        let Ok(count @ 1..) = read else {
            return (goodbye, true, false);
        };
        bytes.extend_from_slice(&buffer[..count]);
        for frame in frames(&mut bytes) {
            if let ServerFrame::Goodbye(said) = &frame {
                goodbye = Some(said.code);
            }
            if is_it(&frame) {
                return (goodbye, false, true);
            }
        }
    }
}

async fn play(relay: &Relay, token: &str, case: &Case) -> Result<(), String> {
    let (line, status) = upgrade(relay, UPGRADE).await;
    assert_eq!(status, 101);
    let (mut incoming, mut outgoing) = line.into_split();
    if case.is_known {
        outgoing.write_all(&hello(PROTOCOL, token)).await.unwrap();
        let is_live = |frame: &ServerFrame| matches!(frame, ServerFrame::Live { .. });
        let (_, _, is_live) = read_until(&mut incoming, is_live).await;
        assert!(is_live, "{}: the desk is live first", case.name);
    }
    let mut bytes = case.bytes.clone();
    if case.outcome == Outcome::Served {
        bytes.extend(text(&ping(4711)));
    }
    let writing = tokio::spawn(async move {
        // What the relay does not take any more is lost: that is the outcome.
        outgoing.write_all(&bytes).await.ok();
        std::future::pending::<()>().await;
        drop(outgoing);
    });
    let is_pong = |frame: &ServerFrame| matches!(frame, ServerFrame::Pong { stamp: 4711, .. });
    let (goodbye, has_ended, is_served) = read_until(&mut incoming, is_pong).await;
    writing.abort();
    let found = match (goodbye, has_ended, is_served) {
        (Some(code), true, _) => Outcome::Told(code),
        (None, true, _) => Outcome::Ended,
        (None, false, true) => Outcome::Served,
        (_, false, _) => return Err(format!("{}: the relay holds on", case.name)),
    };
    if found == case.outcome {
        Ok(())
    } else {
        Err(format!("{}: {found:?}, not {:?}", case.name, case.outcome))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_none_is_closed_with_a_reason_and_the_others_notice_nothing() {
    let world = Arc::new(World::start().await);
    let anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("before");
    anna.chat_saying("before").await;
    let token = log_in(&world.relay, "boris", PASSWORD).await.unwrap().token;
    let cases: Vec<_> = strangers(token.reveal())
        .into_iter()
        .chain(desks())
        .collect();
    assert!(cases.len() >= 40, "the whole table: {}", cases.len());
    let mut playing = JoinSet::new();
    for case in cases {
        let (world, token) = (Arc::clone(&world), token.clone());
        playing.spawn(async move { play(&world.relay, token.reveal(), &case).await });
    }
    let mut faults = vec![];
    while let Some(played) = playing.join_next().await {
        faults.extend(played.unwrap().err());
    }
    assert!(faults.is_empty(), "{faults:#?}");

    world.graph.visitor(PSID).writes("after");
    anna.chat_saying("after").await;
    assert!(
        !anna.look(|seen| seen.has_ended),
        "the same connection all along"
    );
    assert!(
        !world.relay.log().contains("panicked"),
        "{}",
        world.relay.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_desk_may_upgrade() {
    let world = World::start().await;
    let own = format!("Origin: http://{}\r\n", world.relay.address());
    for (name, headers, status) in [
        ("a desk", UPGRADE.to_owned(), 101),
        ("a page of the same host", format!("{UPGRADE}{own}"), 101),
        (
            "a page of another site",
            format!("{UPGRADE}Origin: https://evil.example\r\n"),
            403,
        ),
        (
            "a page of a longer name",
            format!("{UPGRADE}{}", own.replace("\r\n", ".evil.example\r\n")),
            403,
        ),
        (
            "a page of no site",
            format!("{UPGRADE}Origin: null\r\n"),
            403,
        ),
        (
            "an origin of nothing",
            format!("{UPGRADE}Origin: \r\n"),
            403,
        ),
        ("an older version", UPGRADE.replace("13", "8"), 426),
        (
            "no version",
            UPGRADE.replace("Sec-WebSocket-Version: 13\r\n", ""),
            426,
        ),
        (
            "no key",
            UPGRADE.replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
            426,
        ),
        (
            "no upgrade",
            UPGRADE.replace("Upgrade: websocket\r\n", ""),
            426,
        ),
        (
            "no connection",
            UPGRADE.replace("Connection: Upgrade\r\n", ""),
            426,
        ),
        (
            "another protocol",
            UPGRADE.replace("Upgrade: websocket", "Upgrade: h2c"),
            426,
        ),
    ] {
        let (_, found) = upgrade(&world.relay, &headers).await;
        assert_eq!(found, status, "{name}");
    }
}
