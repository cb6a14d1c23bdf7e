//! Whatever bytes a terminal sends, in whatever pieces: keys in normal form that can be written down and read again, pastes
//! within their limit, nothing kept back for ever.

use std::time::{Duration, Instant};

use tui::events::{Decoder, TerminalEvent};
use tui::key::{Code, Key, Layout};

use crate::source::Source;

/// Longest paste that is kept.
const LONGEST_PASTE: usize = 1024 * 1024;

pub fn check(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let mut decoder = Decoder::default();
    let mut now = Instant::now();
    while !source.is_empty() {
        let length = usize::from(source.byte());
        let events = decoder.feed(source.bytes(length), now);
        events.iter().for_each(check_event);
        if length % 3 == 0 {
            now += Duration::from_millis(30);
            decoder.expire(now).iter().for_each(check_event);
        }
    }
    if let Some(deadline) = decoder.deadline() {
        decoder.expire(deadline).iter().for_each(check_event);
    }
    assert_eq!(decoder.deadline(), None, "nothing is kept back for ever");
    written(&String::from_utf8_lossy(bytes));
}

fn check_event(event: &TerminalEvent) {
    match event {
        TerminalEvent::Key(key) => check_key(*key),
        TerminalEvent::Paste(text) => {
            // A byte that is no text becomes three.
            assert!(text.len() <= 3 * LONGEST_PASTE, "a paste keeps its limit");
        }
        TerminalEvent::Focus(_) => {}
        TerminalEvent::Resize { .. } | TerminalEvent::Gone => {
            unreachable!("bytes neither change the size nor end the terminal")
        }
    }
}

fn check_key(key: Key) {
    assert_eq!(key.normal(), key, "{key:?} is in normal form");
    if let Code::Char(char) = key.code {
        assert!(!char.is_control(), "{key:?} is a character");
    }
    let typed = key.text();
    assert!(
        typed.is_none_or(|char| !char.is_control()),
        "{key:?} types a control character"
    );
    for layouts in [&[][..], &[Layout::Russian]] {
        let chord = key.as_chord(layouts);
        assert_eq!(chord.as_chord(layouts), chord, "{key:?} is one chord");
        let command = key.as_command(layouts);
        assert_eq!(
            command.as_command(layouts),
            command,
            "{key:?} is one command"
        );
    }
    // Help shows it.
    assert!(!key.label().is_empty(), "{key:?} has a label");
}

/// A key as a config writes it.
fn written(text: &str) {
    if let Ok(key) = text.parse::<Key>() {
        let again = key.to_string().parse();
        assert_eq!(again, Ok(key), "{text:?} is written {key}");
    }
}
