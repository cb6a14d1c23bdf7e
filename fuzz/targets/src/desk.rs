//! Whatever the relay says and whatever is typed, a desk goes on, and nothing it draws or hands to the terminal acts there.

use std::collections::BTreeMap;
use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use shared::model::Timestamp;
use shared::protocol::{ClientFrame, ServerFrame};
use tui::app::{App, AppOptions};
use tui::drafts::Drafts;
use tui::effect::Effect;
use tui::events::{Decoder, TerminalEvent};
use tui::input::{Input, LinkState};
use tui::key::Layout;
use tui::language::Language;
use tui::theme::{Borders, Theme};
use tui::update::{leave, update};
use tui::view::{ViewCache, caret, view};
use unicode_segmentation::UnicodeSegmentation;

use crate::promise;
use crate::source::Source;

/// What every desk is told first: a company, five chats.
const BEGIN: &str = include_str!("desk/begin.jsonl");
/// When that is.
const NOW: Timestamp = Timestamp(1_795_190_150_000);
/// Lines of one run; more find nothing new.
const MOST_LINES: usize = 48;

/// Lines: a frame of the relay begins with `{`, a new size with `#`, time that passes with `+`; the rest is typed.
pub fn check(bytes: &[u8]) {
    let mut desk = Desk::new();
    for line in bytes.split(|byte| *byte == b'\n').take(MOST_LINES) {
        desk.take(line);
        desk.draw();
    }
    let effects = leave(&mut desk.app, desk.now);
    effects.iter().for_each(check_effect);
}

struct Desk {
    app: App,
    cache: ViewCache,
    terminal: Terminal<TestBackend>,
    decoder: Decoder,
    now: Timestamp,
}

impl Desk {
    fn new() -> Self {
        let (columns, rows) = (100, 30);
        let options = AppOptions {
            operator: "anna".into(),
            language: Language::En,
            is_language_own: true,
            theme: Theme::Dark,
            is_theme_own: true,
            borders: Borders::Lines,
            layouts: vec![Layout::Russian],
            keys: BTreeMap::new(),
            preset: String::new(),
            seed: 7,
            drafts: Drafts::default(),
            has_browser: true,
            has_simple_emoji: false,
        };
        let terminal = Terminal::new(TestBackend::new(columns, rows));
        let mut desk = Self {
            app: App::new(options, columns, rows, NOW),
            cache: ViewCache::default(),
            terminal: terminal.expect("a terminal in memory"),
            decoder: Decoder::default(),
            now: NOW,
        };
        desk.put(Input::Link(LinkState::Online {
            round_trip_ms: Some(34),
        }));
        for line in BEGIN.lines() {
            let frame = serde_json::from_str(line).expect("the beginning is sound");
            desk.put(Input::Frame(frame));
        }
        desk
    }

    fn take(&mut self, line: &[u8]) {
        match line {
            [b'{', ..] => {
                if let Ok(frame) = serde_json::from_slice(line) {
                    self.put(Input::Frame(frame));
                }
            }
            [b'#', columns, rows, ..] => self.resize(u16::from(*columns), u16::from(*rows)),
            [b'+', rest @ ..] => {
                let seconds = i64::from(Source::new(rest).number());
                self.now = Timestamp(self.now.0 + seconds * 1_000);
                self.put(Input::Due);
            }
            typed => self.typed(typed),
        }
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        self.terminal.backend_mut().resize(columns, rows);
        self.put(Input::Resize { columns, rows });
    }

    fn typed(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        let mut events = self.decoder.feed(bytes, now);
        if let Some(deadline) = self.decoder.deadline() {
            events.extend(self.decoder.expire(deadline));
        }
        for event in events {
            match event {
                TerminalEvent::Key(key) => self.put(Input::Key(key)),
                TerminalEvent::Paste(text) => self.put(Input::Paste(text)),
                TerminalEvent::Focus(has_focus) => self.put(Input::Focus(has_focus)),
                TerminalEvent::Resize { .. } | TerminalEvent::Gone => {}
            }
        }
    }

    fn put(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let effects = update(&mut self.app, input, self.now);
            effects.iter().for_each(check_effect);
            inputs.extend(effects.into_iter().filter_map(answer));
        }
    }

    fn draw(&mut self) {
        let (app, cache) = (&self.app, &mut self.cache);
        let drawn = self.terminal.draw(|frame| view(app, cache, frame));
        check_screen(drawn.expect("memory takes every cell").buffer);
        caret(app);
    }
}

/// What the relay would answer.
fn answer(effect: Effect) -> Option<Input> {
    let Effect::Send(frame) = effect else {
        return None;
    };
    let frame = match frame {
        ClientFrame::Command { id, .. } => ServerFrame::Accepted { id, seq: None },
        ClientFrame::LoadTimeline { request, chat, .. } => ServerFrame::Timeline {
            request,
            chat,
            events: vec![],
            has_more: false,
        },
        _ => return None,
    };
    Some(Input::Frame(Box::new(frame)))
}

fn check_effect(effect: &Effect) {
    match effect {
        Effect::Notify(text) | Effect::Title(text) => promise::is_inert_line(text),
        Effect::Open(address) => {
            promise::is_inert_line(address);
            assert!(
                address.starts_with("https://") || address.starts_with("http://"),
                "{address} is of the web"
            );
        }
        Effect::Send(frame) => {
            serde_json::to_string(frame).expect("a frame can be sent");
        }
        Effect::Save { name, .. } => promise::is_inert_line(name),
        Effect::Copy(_)
        | Effect::LookInto(_)
        | Effect::Upload { .. }
        | Effect::Show(_)
        | Effect::Reconnect
        | Effect::SaveDrafts
        | Effect::Bell
        | Effect::Repaint
        | Effect::Quit => {}
    }
}

fn check_screen(buffer: &Buffer) {
    for cell in &buffer.content {
        let symbol = cell.symbol();
        promise::is_inert_line(symbol);
        let is_one = symbol.graphemes(true).nth(1).is_none();
        assert!(is_one, "{symbol:?} is more than one character");
    }
}
