//! Bytes as terminals send them, whole and in pieces; and a real terminal that goes away.

use std::io::{Read as _, Write as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use proptest::prelude::*;

use super::*;
use crate::key::{Code, Layout};

const RUSSIAN: &[Layout] = &[Layout::Russian];

fn start() -> std::time::Instant {
    std::time::Instant::now()
}

/// The keys of `bytes` read in one piece, written as the config writes them.
fn keys(bytes: &[u8]) -> Vec<String> {
    written(&Decoder::default().feed(bytes, start()))
}

fn written(events: &[TerminalEvent]) -> Vec<String> {
    events
        .iter()
        .map(|event| match event {
            TerminalEvent::Key(key) => key.as_chord(RUSSIAN).to_string(),
            other => format!("{other:?}"),
        })
        .collect()
}

fn check(cases: &[(&[u8], &[&str])]) {
    for (bytes, expected) in cases {
        assert_eq!(&keys(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn plain_keys_are_read() {
    check(&[
        (b"a", &["a"]),
        (b"T", &["shift+t"]),
        ("е".as_bytes(), &["е"]),
        ("王👍".as_bytes(), &["王", "👍"]),
        (
            b"\r\t\x7f\x08 ",
            &["enter", "tab", "backspace", "backspace", "space"],
        ),
        (
            b"\x03\x07\x0b\x1a",
            &["ctrl+c", "ctrl+g", "ctrl+k", "ctrl+z"],
        ),
        (b"\n", &["ctrl+j"]),
        (b"\x1c\x1f\x00", &["ctrl+4", "ctrl+7", "ctrl+space"]),
    ]);
}

#[test]
fn chords_of_a_russian_layout_are_read_by_place() {
    check(&[
        (b"\x03", &["ctrl+c"]),
        (b"\x1b[1089;5u", &["ctrl+c"]),
        (b"\x1b[1089::99;5u", &["ctrl+c"]),
        (b"\x1b[1092:1060:97;6u", &["ctrl+shift+a"]),
        (b"\x1b\xd0\xbc", &["alt+v"]),
        (b"\xd0\xb5", &["е"]),
        (b"\x1b[27;5;1089~", &["ctrl+c"]),
    ]);
}

#[test]
fn sequences_of_all_terminals_are_read() {
    check(&[
        (
            b"\x1b[A\x1bOB\x1b[1;3C\x1b[1;5D",
            &["arrowup", "arrowdown", "alt+arrowright", "ctrl+arrowleft"],
        ),
        (
            b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1bOH",
            &["home", "end", "home", "end", "home"],
        ),
        (
            b"\x1b[5~\x1b[6~\x1b[3~\x1b[2~",
            &["pageup", "pagedown", "delete", "insert"],
        ),
        (
            b"\x1bOP\x1b[[B\x1b[13~\x1b[15~\x1b[24~\x1b[1;2S",
            &["f1", "f2", "f3", "f5", "f12", "shift+f4"],
        ),
        (b"\x1b[Z", &["shift+tab"]),
        (
            b"\x1b\r\x1b\x7f\x1bx",
            &["alt+enter", "alt+backspace", "alt+x"],
        ),
        (b"\x1b\x1b[A", &["alt+arrowup"]),
        (
            b"\x1b[13;2u\x1b[27u\x1b[57414u",
            &["shift+enter", "escape", "enter"],
        ),
        (b"\x1b[I\x1b[O", &["Focus(true)", "Focus(false)"]),
    ]);
}

#[test]
fn releases_repeats_of_commands_and_foreign_modifiers_are_dropped() {
    check(&[
        (b"\x1b[97;1:3u", &[]),
        (b"\x1b[13;1:2u", &[]),
        (b"\x1b[1;1:2A\x1b[1;1:3A", &["arrowup"]),
        (b"\x1b[99;9u", &[]),
        (b"\x1b[57441;2u\x1b[57358u", &[]),
    ]);
}

#[test]
fn what_is_no_key_is_swallowed_whole() {
    check(&[
        (b"\x1b[<0;10;20M\x1b[<0;10;20ma", &["a"]),
        (b"\x1b[M !!a", &["a"]),
        (b"\x1b]11;rgb:0000/0000/0000\x1b\\a", &["a"]),
        (b"\x1bP>|term 1.0\x1b\\\x1b[?62;4ca", &["a"]),
        (b"\x1b[?1;2$ya", &["a"]),
        (b"\xff\xfe\xc2\x85a", &["a"]),
    ]);
}

#[test]
fn pastes_are_one_event_even_in_pieces() {
    check(&[(
        b"\x1b[200~one\rtwo\x1b[201~x",
        &["Paste(\"one\\rtwo\")", "x"],
    )]);
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for byte in b"\x1b[200~\x1b[A \x1b[20\xd0\xb5\x1b[201~" {
        events.extend(decoder.feed(&[*byte], start()));
    }
    assert_eq!(events, [TerminalEvent::Paste("\u{1b}[A \u{1b}[20е".into())]);
    assert_eq!(decoder.deadline(), None);
}

#[test]
fn an_endless_paste_takes_bounded_memory() {
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b[200~", start());
    for _ in 0..300 {
        assert_eq!(decoder.feed(&[b'x'; 8_192], start()), []);
    }
    let events = decoder.feed(b"\x1b[201~", start());
    assert!(matches!(events.as_slice(), [TerminalEvent::Paste(text)] if text.len() == 1024 * 1024));
}

#[test]
fn a_lone_esc_waits_and_then_is_esc() {
    let mut decoder = Decoder::default();
    let now = start();
    assert_eq!(decoder.feed(b"\x1b", now), []);
    assert_eq!(decoder.deadline(), Some(now + ESC_WAIT));
    assert_eq!(decoder.expire(now), []);
    assert_eq!(written(&decoder.expire(now + ESC_WAIT)), ["escape"]);
    assert_eq!(decoder.deadline(), None);
}

#[test]
fn an_arrow_in_two_packets_is_still_an_arrow() {
    for cut in 1..5 {
        let (head, tail) = b"\x1b[1;5A".split_at(cut);
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(head, start()), [], "cut at {cut}");
        assert_eq!(
            written(&decoder.feed(tail, start())),
            ["ctrl+arrowup"],
            "cut at {cut}"
        );
    }
}

#[test]
fn esc_and_then_a_letter_are_two_keys_when_they_come_apart() {
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b", start());
    assert_eq!(written(&decoder.feed(b"c", start())), ["escape", "c"]);
    decoder.feed(b"\x1b", start());
    decoder.feed(b"\x1b", start());
    assert_eq!(written(&decoder.feed(b"x", start())), ["escape", "alt+x"]);
}

#[test]
fn half_a_sequence_never_becomes_commands() {
    let mut decoder = Decoder::default();
    let now = start();
    decoder.feed(b"\x1b[1;", now);
    assert_eq!(decoder.expire(now + Duration::from_secs(1)), []);
    decoder.feed(b"\x1b[", now);
    assert_eq!(
        written(&decoder.expire(now + Duration::from_secs(1))),
        ["escape", "["]
    );
}

#[test]
fn characters_in_two_packets_are_whole() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.feed(b"\xf0\x9f", start()), []);
    assert_eq!(
        decoder.feed(b"\x91\x8d", start()),
        [TerminalEvent::Key(Key::char('👍'))]
    );
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_are_survived(pieces in proptest::collection::vec(
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..12),
            proptest::sample::select(vec![&b"\x1b"[..], b"\x1b[", b"\x1b[1;", b"A", b"u", b"\x1b[200~", b"\x1b[201~", b"\x1b]"])
                .prop_map(<[u8]>::to_vec),
        ], 0..40)) {
        let mut decoder = Decoder::default();
        let mut now = start();
        for piece in pieces {
            now += Duration::from_millis(10);
            for event in decoder.expire(now).into_iter().chain(decoder.feed(&piece, now)) {
                if let TerminalEvent::Key(Key { code: Code::Char(char), .. }) = event {
                    prop_assert!(!char.is_control());
                }
            }
        }
        decoder.feed(b"\x1b[201~", now);
        decoder.expire(now + Duration::from_secs(1));
        prop_assert_eq!(decoder.deadline(), None);
        prop_assert_eq!(decoder.feed(b"z", now), [TerminalEvent::Key(Key::char('z'))]);
    }
}

/// This test binary run again inside a pseudo-terminal: it prints the events it gets and ends with the terminal.
struct OnTerminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// Asks for one more read, so that none is under way, and holding the terminal open, when it shall close.
    read_more: mpsc::Sender<()>,
    output: mpsc::Receiver<Vec<u8>>,
    seen: String,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl OnTerminal {
    fn open() -> Self {
        let pair = native_pty_system()
            .openpty(PtySize::default())
            .expect("a pseudo-terminal");
        let mut command =
            CommandBuilder::new(std::env::current_exe().expect("the path of this test"));
        command.args([
            "--exact",
            "events::tests::the_child_half",
            "--ignored",
            "--nocapture",
        ]);
        let child = pair.slave.spawn_command(command).expect("the child half");
        let mut reader = pair
            .master
            .try_clone_reader()
            .expect("the terminal's output");
        let (read_more, more) = mpsc::channel();
        let (output_tx, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 1024];
            while more.recv().is_ok() {
                let count = reader.read(&mut buffer).unwrap_or(0);
                if count == 0 || output_tx.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Self {
            master: pair.master,
            child,
            read_more,
            output,
            seen: String::new(),
        };
        terminal.wait_for("listening");
        terminal
    }

    fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            self.read_more.send(()).expect("the output's reader");
            let bytes = self
                .output
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    /// Closes the terminal. Returns whether the child then ended well by itself.
    fn close(self) -> bool {
        let Self {
            master,
            mut child,
            read_more,
            ..
        } = self;
        drop(read_more);
        drop(master);
        let (ended_tx, ended) = mpsc::channel();
        thread::spawn(move || ended_tx.send(child.wait()));
        matches!(ended.recv_timeout(PATIENCE), Ok(Ok(_)))
    }
}

#[test]
#[ignore = "run by the tests below inside a pseudo-terminal"]
fn the_child_half() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    crossterm::terminal::enable_raw_mode().unwrap();
    runtime.block_on(async {
        // Without this the hang-up signal would end the process, and hide whether the reader notices by itself.
        let _hangups = signal(SignalKind::hangup()).unwrap();
        let mut events = TerminalEvents::open(ESC_WAIT).unwrap();
        println!("listening");
        loop {
            match events.next().await {
                TerminalEvent::Gone => break,
                event => drop(writeln!(io::stdout(), "<{event:?}>\r")),
            }
        }
    });
}

#[test]
fn keys_and_sizes_arrive_from_a_real_terminal() {
    let mut terminal = OnTerminal::open();
    let mut writer = terminal.master.take_writer().expect("the terminal's input");
    writer
        .write_all("е\u{1b}[200~вставка\u{1b}[201~".as_bytes())
        .unwrap();
    terminal.wait_for("Char('е')");
    terminal.wait_for("<Paste(\"вставка\")>");
    writer.write_all(b"\x1b").unwrap();
    terminal.wait_for("Escape");
    terminal
        .master
        .resize(PtySize {
            rows: 50,
            cols: 200,
            ..PtySize::default()
        })
        .unwrap();
    terminal.wait_for("<Resize { columns: 200, rows: 50 }>");
    drop(writer);
    assert!(terminal.close());
}

#[test]
fn the_process_ends_when_its_terminal_goes_away() {
    assert!(OnTerminal::open().close());
}
