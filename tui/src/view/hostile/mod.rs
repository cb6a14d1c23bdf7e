//! Hostile text in every field that comes from outside (B-06, B-07, invariant 8), through the real desk to the bytes its
//! terminal gets: nothing but our own sequences is among them, and an emulator shows every cell where we drew it.

mod said;
mod wire;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use ratatui::buffer::Buffer;

use super::{ViewCache, caret, view};
use crate::app::fixture::{Desk, NOW, received};
use crate::effect::Effect;
use crate::input::{Input, LinkState};
use crate::language::Language;
use crate::terminal::{Notification, Screen, Surroundings};

use said::{answer, say_everywhere};
use wire::{foreign, misplaced};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];
/// Characters of a name or a title: the relay lets no more through.
const LONGEST_LINE: usize = 300;
/// Characters of a message, enough to fill every size.
const LONGEST_MESSAGE: usize = 3_000;
/// What is looked at in every size; the other places in the smallest one, where everything is cut.
const IN_EVERY_SIZE: usize = 4;
/// What is looked at: keys that lead there from the conversation.
const PLACES: [(&str, &str); 14] = [
    ("the conversation", ""),
    ("the palette", "space"),
    ("the card", "v"),
    ("a draft", "r"),
    ("the queue", "1"),
    ("others", "3"),
    ("a transfer", "t"),
    ("a category", "l"),
    ("a block", "b"),
    ("the templates", "r \\"),
    ("the whole conversation", "z"),
    ("the help", "?"),
    ("a search", "/"),
    ("the top", "home"),
];

/// A terminal that keeps its bytes.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<u8>>>);

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The desk of one text at one size, on a terminal.
struct Stage {
    desk: Desk,
    screen: Screen<Wire>,
    wire: Wire,
    emulator: vt100::Parser,
    cache: ViewCache,
}

impl Stage {
    fn new(columns: u16, rows: u16) -> Self {
        let wire = Wire::default();
        let surroundings = Surroundings {
            notification: Notification::Osc777,
            ..Surroundings::default()
        };
        let screen = Screen::over(wire.clone(), columns, rows, surroundings).unwrap();
        let cells = |count: u16| NonZero::new(count).unwrap();
        Self {
            desk: Desk::new(Language::En, columns, rows),
            screen,
            wire,
            emulator: vt100::Parser::new(cells(rows), cells(columns), 0),
            cache: ViewCache::default(),
        }
    }

    /// Does what the desk wants of its terminal.
    fn perform(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Title(title) => self.screen.set_title(title).unwrap(),
                Effect::Notify(text) => self.screen.notify(text).unwrap(),
                // Too long a text is not copied, and said so elsewhere.
                Effect::Copy(text) => drop(self.screen.copy(text)),
                Effect::Bell => self.screen.bell().unwrap(),
                Effect::Send(_)
                | Effect::Reconnect
                | Effect::SaveDrafts
                | Effect::Open(_)
                | Effect::LookInto(_)
                | Effect::Upload { .. }
                | Effect::Save { .. }
                | Effect::Show(_)
                | Effect::Repaint
                | Effect::Quit => {}
            }
        }
    }

    /// Draws, and returns what is wrong with the bytes or with where they end up.
    fn draw(&mut self) -> Option<String> {
        let (app, cache) = (&self.desk.app, &mut self.cache);
        let mut drawn = Buffer::default();
        let draw = |frame: &mut ratatui::Frame<'_>| {
            view(app, cache, frame);
            drawn = frame.buffer_mut().clone();
        };
        self.screen.draw(draw).unwrap();
        if let Some((_, shape)) = caret(app) {
            self.screen.set_caret(shape).unwrap();
        }
        let bytes = std::mem::take(&mut *self.wire.0.lock().unwrap());
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) => return Some(format!("no UTF-8: {error}")),
        };
        if let Some(fault) = foreign(text) {
            return Some(fault);
        }
        // The emulator drops the sign for what could not be read, instead of showing it.
        let shown = text.replace(char::REPLACEMENT_CHARACTER, "?");
        self.emulator.process(shown.as_bytes());
        misplaced(&drawn, self.emulator.screen())
    }
}

/// Puts a text everywhere and looks everywhere; returns what is wrong.
fn look_everywhere(name: &str, text: &str, columns: u16, rows: u16) -> Vec<String> {
    let mut faults = vec![];
    let mut stage = Stage::new(columns, rows);
    let said: String = text.chars().take(LONGEST_MESSAGE).collect();
    let text: &str = &text.chars().take(LONGEST_LINE).collect::<String>();
    let mut effects = stage.desk.happen(1, received(899, NOW, &said));
    effects.extend(say_everywhere(&mut stage.desk, text));
    stage.perform(&effects);
    let places = if (columns, rows) == SIZES[0] {
        &PLACES[..]
    } else {
        &PLACES[..IN_EVERY_SIZE]
    };
    for (place, keys) in places {
        let mut effects = stage.desk.press(keys);
        effects.extend(
            stage
                .desk
                .put(Input::Paste(text.chars().take(200).collect())),
        );
        effects.extend(answer(&mut stage.desk, &effects.clone(), text));
        stage.perform(&effects);
        if let Some(fault) = stage.draw() {
            faults.push(format!("{name} in {place} at {columns}×{rows}: {fault}"));
        }
        stage.desk.press("escape escape escape escape");
    }
    let refused = LinkState::Refused {
        sentence: text.to_owned(),
    };
    let effects = stage.desk.put(Input::Link(refused));
    stage.perform(&effects);
    if let Some(fault) = stage.draw() {
        faults.push(format!("{name}, refused, at {columns}×{rows}: {fault}"));
    }
    faults
}

fn check(cases: &[(&'static str, String)], sizes: &[(u16, u16)]) {
    let faults = Mutex::new(vec![]);
    std::thread::scope(|scope| {
        for half in cases.chunks(cases.len().div_ceil(2)) {
            let faults = &faults;
            scope.spawn(move || {
                let each = half
                    .iter()
                    .flat_map(|case| sizes.iter().map(move |size| (case, *size)));
                for ((name, text), (columns, rows)) in each {
                    let found = look_everywhere(name, text, columns, rows);
                    faults.lock().unwrap().extend(found);
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    let texts: BTreeSet<_> = faults
        .iter()
        .filter_map(|fault| fault.split(" in ").next())
        .collect();
    let first: Vec<_> = faults.iter().take(8).collect();
    assert!(
        faults.is_empty(),
        "{} faults of {texts:?}, among them:\n{}",
        faults.len(),
        first
            .iter()
            .map(|fault| fault.as_str())
            .collect::<Vec<_>>()
            .join("\n\n")
    );
}

#[test]
fn no_text_from_outside_says_anything_to_the_terminal() {
    let texts = hostile::texts::texts();
    assert!(texts.len() >= 60, "the whole table");
    check(&texts, &SIZES);
}

#[test]
fn no_name_of_a_file_says_anything_to_the_terminal() {
    let names = hostile::texts::file_names();
    assert!(names.len() >= 50, "the whole table");
    check(&names, &SIZES[1..2]);
}
