//! Bytes as terminals send them, whole and in pieces; and a real terminal that goes away.

use std::io::Write as _;
use std::os::fd::OwnedFd;

use proptest::prelude::*;

use super::*;
use crate::key::{Code, Layout};
use crate::on_terminal::{self, OnTerminal};

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

#[test]
#[ignore = "run by the tests below inside a pseudo-terminal"]
fn the_child_half() {
    if !on_terminal::is_child() {
        return;
    }
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
                event => print!("<{event:?}>\r\n"),
            }
        }
    });
}

fn listening() -> OnTerminal {
    let mut terminal = OnTerminal::run("events::tests::the_child_half");
    terminal.wait_for("listening");
    terminal
}

#[test]
fn keys_and_sizes_arrive_from_a_real_terminal() {
    let mut terminal = listening();
    terminal.press("е\u{1b}[200~вставка\u{1b}[201~".as_bytes());
    terminal.wait_for("Char('е')");
    terminal.wait_for("<Paste(\"вставка\")>");
    terminal.press(b"\x1b");
    terminal.wait_for("Escape");
    terminal.resize(200, 50);
    terminal.wait_for("<Resize { columns: 200, rows: 50 }>");
}

#[test]
fn the_process_ends_when_its_terminal_goes_away() {
    assert!(listening().ends_when_closed());
}

/// A reading thread over pipes instead of a terminal: what is typed, the stop, and what the thread hands on.
fn over_pipes() -> (PipeWriter, PipeWriter, mpsc::Receiver<Vec<u8>>) {
    let (input, typed) = io::pipe().unwrap();
    let (stopped, stop) = io::pipe().unwrap();
    let (bytes_tx, bytes_rx) = mpsc::channel(READS_AHEAD);
    thread::spawn(move || read_until_gone(File::from(OwnedFd::from(input)), &stopped, &bytes_tx));
    (typed, stop, bytes_rx)
}

#[test]
fn the_reading_thread_ends_with_its_input() {
    let (mut typed, _stop, mut bytes_rx) = over_pipes();
    typed.write_all(b"last words").unwrap();
    drop(typed);
    assert_eq!(
        bytes_rx.blocking_recv().as_deref(),
        Some(&b"last words"[..])
    );
    assert_eq!(bytes_rx.blocking_recv(), None);
}

#[test]
fn the_reading_thread_ends_when_told_though_nothing_is_typed() {
    let (_typed, stop, mut bytes_rx) = over_pipes();
    drop(stop);
    assert_eq!(bytes_rx.blocking_recv(), None);
}
