//! The bytes the desk writes: what it switches on it switches off, and no text escapes from its sequence.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use ratatui::widgets::Paragraph;

use super::aside::strict;
use super::*;
use crate::on_terminal::{self, OnTerminal};
use crate::text::width;

/// A terminal that remembers each write.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Vec<u8>>>>);

impl Recorder {
    fn writes(&self) -> Vec<String> {
        let writes = self.0.lock().unwrap();
        writes
            .iter()
            .map(|bytes| String::from_utf8(bytes.clone()).unwrap())
            .collect()
    }

    fn forget(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn screen(surroundings: Surroundings) -> (Screen<Recorder>, Recorder) {
    let recorder = Recorder::default();
    let screen = Screen::over(recorder.clone(), 20, 3, surroundings).unwrap();
    (screen, recorder)
}

fn with_certain_keys() -> Surroundings {
    Surroundings {
        has_certain_keys: true,
        ..Surroundings::default()
    }
}

fn environment(variables: &[(&str, &str)]) -> Surroundings {
    Surroundings::from_environment(|name| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn a_frame_is_one_write_in_a_synchronized_update() {
    let (mut screen, recorder) = screen(Surroundings::default());
    recorder.forget();
    screen
        .draw(|frame| frame.render_widget(Paragraph::new("Здравствуйте\n您好"), frame.area()))
        .unwrap();
    let writes = recorder.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!(
        writes[0].starts_with("\x1b[?2026h") && writes[0].ends_with("\x1b[?2026l"),
        "{writes:?}"
    );
    assert!(writes[0].contains("Здравствуйте"));
}

#[test]
fn the_caret_is_placed_last_in_a_frame() {
    let (mut screen, recorder) = screen(Surroundings::default());
    recorder.forget();
    screen
        .draw(|frame| {
            frame.render_widget(Paragraph::new("text"), frame.area());
            frame.set_cursor_position((4, 0));
        })
        .unwrap();
    assert!(
        recorder.writes()[0].ends_with("\x1b[?25h\x1b[1;5H\x1b[?2026l"),
        "{:?}",
        recorder.writes()
    );
}

#[test]
fn certain_keys_are_asked_for_after_the_first_frame_once() {
    let (mut screen, recorder) = screen(with_certain_keys());
    assert!(!recorder.writes().concat().contains("\x1b[>1u"));
    for _ in 0..3 {
        screen
            .draw(|frame| frame.render_widget(Paragraph::new("x"), frame.area()))
            .unwrap();
    }
    assert_eq!(recorder.writes().concat().matches("\x1b[>1u").count(), 1);
}

#[test]
fn everything_switched_on_is_switched_off_again() {
    let (mut screen, recorder) = screen(with_certain_keys());
    screen
        .draw(|frame| frame.render_widget(Paragraph::new("x"), frame.area()))
        .unwrap();
    screen.set_caret(Caret::Underline).unwrap();
    screen.set_title("(3) Deskwire").unwrap();
    let on = recorder.writes().concat();
    for mode in ["1049", "2004", "1004"] {
        assert!(
            on.contains(&format!("\x1b[?{mode}h")),
            "{mode} is switched on"
        );
    }
    assert!(
        on.contains(SAVE_TITLE)
            && on.contains("\x1b[4 q")
            && on.contains("\x1b]0;(3) Deskwire\x07")
    );
    recorder.forget();
    drop(screen);
    let off = recorder.writes().concat();
    for mode in ["1049", "2004", "1004", "1000", "2026"] {
        assert!(
            off.contains(&format!("\x1b[?{mode}l")),
            "{mode} is switched off in {off:?}"
        );
    }
    for restored in ["\x1b[<1u", "\x1b[0 q", "\x1b[?25h", RESTORE_TITLE] {
        assert!(off.contains(restored), "{restored:?} in {off:?}");
    }
}

#[test]
fn leaving_twice_restores_once_and_entering_again_repaints() {
    let (mut screen, recorder) = screen(Surroundings::default());
    screen
        .draw(|frame| frame.render_widget(Paragraph::new("whole"), frame.area()))
        .unwrap();
    screen.leave().unwrap();
    recorder.forget();
    screen.leave().unwrap();
    assert_eq!(recorder.writes(), Vec::<String>::new());
    screen.enter().unwrap();
    screen
        .draw(|frame| frame.render_widget(Paragraph::new("whole"), frame.area()))
        .unwrap();
    let again = recorder.writes().concat();
    assert!(
        again.contains("\x1b[?1049h") && again.contains("whole"),
        "{again:?}"
    );
}

#[test]
fn a_resized_or_repainted_screen_is_drawn_whole() {
    let (mut screen, recorder) = screen(Surroundings::default());
    for change in [
        |screen: &mut Screen<Recorder>| screen.resize(30, 5),
        Screen::repaint,
    ] {
        screen
            .draw(|frame| frame.render_widget(Paragraph::new("whole"), frame.area()))
            .unwrap();
        recorder.forget();
        change(&mut screen);
        screen
            .draw(|frame| frame.render_widget(Paragraph::new("whole"), frame.area()))
            .unwrap();
        assert_eq!(recorder.writes().len(), 1);
        assert!(
            recorder.writes()[0].contains("whole"),
            "{:?}",
            recorder.writes()
        );
    }
}

#[test]
fn the_title_and_the_caret_are_written_only_when_they_change() {
    let (mut screen, recorder) = screen(Surroundings::default());
    recorder.forget();
    screen.set_title("Deskwire").unwrap();
    screen.set_title("Deskwire").unwrap();
    screen.set_caret(Caret::Usual).unwrap();
    assert_eq!(recorder.writes(), ["\x1b]0;Deskwire\x07"]);
}

#[test]
fn hostile_titles_and_notices_cannot_leave_their_sequence() {
    for way in [
        Notification::Osc9,
        Notification::Osc777,
        Notification::Osc99,
    ] {
        let (mut screen, recorder) = screen(Surroundings {
            notification: way,
            ..Surroundings::default()
        });
        recorder.forget();
        screen
            .notify("a\x07\x1b]52;c;eA==\x07\u{9c}b;c\x1b\\\u{202e}d")
            .unwrap();
        screen.set_title("\x1b]0;x\x1b\\a\nb").unwrap();
        let writes = recorder.writes();
        assert_eq!(writes.len(), 2);
        for write in writes {
            let body = write
                .trim_start_matches('\x1b')
                .trim_end_matches("\x1b\\")
                .trim_end_matches('\x07');
            assert!(!body.chars().any(char::is_control), "{way:?}: {write:?}");
        }
    }
}

#[test]
fn a_copy_is_plain_osc_52_and_has_a_limit() {
    let (mut screen, recorder) = screen(Surroundings::default());
    recorder.forget();
    screen.copy("Привет\n\x1b[31m").unwrap();
    assert_eq!(recorder.writes(), ["\x1b]52;c;0J/RgNC40LLQtdGCCg==\x1b\\"]);
    let refused = screen.copy(&"x".repeat(LONGEST_COPY + 1));
    assert!(matches!(refused, Err(CopyError::TooLong { length }) if length == LONGEST_COPY + 1));
}

#[test]
fn the_environment_chooses_the_notification() {
    for (variables, expected) in [
        (&[("TERM", "xterm-256color")][..], Notification::Bell),
        (&[("TERM", "xterm-kitty")], Notification::Osc99),
        (&[("TERM_PROGRAM", "iTerm.app")], Notification::Osc9),
        (&[("TERM_PROGRAM", "WezTerm")], Notification::Osc777),
        (&[("TERM", "foot-extra")], Notification::Osc777),
        (
            &[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")],
            Notification::Bell,
        ),
    ] {
        assert_eq!(
            environment(variables).notification,
            expected,
            "{variables:?}"
        );
    }
    for name in ["bell", "osc9", "osc777", "osc99", "off"] {
        assert!(Notification::named(name).is_some(), "{name}");
    }
}

#[test]
fn multiplexers_get_no_certain_keys_and_passthrough_only_on_request() {
    for variables in [
        [("TMUX", "/tmp/tmux-0/default")],
        [("TERM", "screen.xterm")],
        [("STY", "1.pts")],
    ] {
        let surroundings = environment(&variables);
        assert!(
            surroundings.is_multiplexed && !surroundings.has_certain_keys,
            "{variables:?}"
        );
    }
    assert!(environment(&[("TERM", "xterm")]).has_certain_keys);
    let asked = Surroundings {
        is_multiplexed: true,
        has_passthrough: true,
        notification: Notification::Osc777,
        ..Surroundings::default()
    };
    assert_eq!(
        asked.render("x"),
        "\x1bPtmux;\x1b\x1b]777;notify;Deskwire;x\x1b\x1b\\\x1b\\"
    );
}

#[test]
#[ignore = "run by the test below inside a pseudo-terminal"]
fn the_panicking_half() {
    if !on_terminal::is_child() {
        return;
    }
    let mut go = String::new();
    println!("ready");
    io::stdin().read_line(&mut go).unwrap();
    restore_on_panic(|| print!("drafts are kept\r\n"));
    check_terminal().unwrap();
    let mut screen = Screen::open(with_certain_keys()).unwrap();
    screen
        .draw(|frame| frame.render_widget(Paragraph::new("drawn"), frame.area()))
        .unwrap();
    panic!("something went wrong");
}

#[test]
fn a_panic_restores_the_terminal_then_keeps_drafts_then_reports_and_only_once() {
    let mut terminal = OnTerminal::run("terminal::tests::the_panicking_half");
    terminal.wait_for("ready");
    let before = terminal.settings();
    terminal.press(b"\n");
    let seen = terminal.wait_for("test result: FAILED");
    let steps = [
        "\x1b[?1049h",
        "drawn",
        "\x1b[<1u",
        "\x1b[?1049l",
        "drafts are kept",
        "something went wrong",
    ];
    let places = steps.map(|step| {
        seen.find(step)
            .unwrap_or_else(|| panic!("{step:?} in {seen:?}"))
    });
    assert!(places.is_sorted(), "{places:?} in {seen:?}");
    assert_eq!(seen.matches("\x1b[?1049l").count(), 1, "{seen:?}");
    assert_eq!(terminal.settings(), before);
}

#[test]
fn the_desk_refuses_to_run_without_a_terminal_and_says_why() {
    let refused = TerminalError::NotATerminal {
        stream: "standard input",
    };
    assert_eq!(
        refused.to_string(),
        "deskwire needs a terminal, and standard input is not one; run it without pipes or redirections"
    );
}

proptest! {
    #[test]
    fn strict_text_has_no_controls_no_separators_and_fits(text in any::<String>(), cells in 0_usize..50) {
        let filtered = strict(&text, cells);
        prop_assert!(!filtered.chars().any(|char| char.is_control() || char == ';'));
        prop_assert!(width(&filtered) <= cells);
    }
}
