//! Hostile text in every field that comes from outside (B-06, B-07, invariant 8), through the real desk to the bytes its
//! terminal gets: nothing but our own sequences is among them, and an emulator shows every cell where we drew it.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use shared::chat::{Event, TransferTarget};
use shared::model::{
    Attachment, AttachmentKind, CardField, CategoryPath, ChannelState, ChatId, EntryPoint,
    FailureReason, Language as Code, MessageId, Notice, NoticeKind, OperatorId, Policy, Template,
    TemplateId, TemplateScope, ThreadOwner, Timestamp,
};
use shared::protocol::{
    BlockRow, ChannelHealth, DraftText, Hit, NoticeLevel, ServerFrame, SessionRow,
};

use super::{ViewCache, caret, view};
use crate::app::fixture::{Desk, NOW, message, opened, policy, received, written};
use crate::effect::Effect;
use crate::input::{Input, LinkState};
use crate::language::Language;
use crate::terminal::{Notification, Screen, Surroundings};
use crate::text;

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

fn hostile_policy(text: &str) -> Policy {
    let mut policy = policy();
    let name = || text.to_owned();
    (policy.company.name, policy.company.website) = (name(), name());
    for department in &mut policy.departments {
        department.name = name();
    }
    for operator in &mut policy.operators {
        operator.name = name();
    }
    for channel in &mut policy.channels {
        (channel.name, channel.kind) = (name(), name());
    }
    for category in &mut policy.categories.list {
        category.path = CategoryPath(vec![name(), name()]);
    }
    for template in &mut policy.templates {
        (template.section, template.title) = (Some(name()), Some(name()));
        (template.text, template.code) = (name(), Some(name()));
    }
    policy.crm_url = Some(name());
    policy
}

/// Says a text in every way a visitor, a platform, a colleague, an admin and the relay can.
fn say_everywhere(desk: &mut Desk, text: &str) -> Vec<Effect> {
    let name = || text.to_owned();
    let mut effects = desk.hear(ServerFrame::Policy {
        policy: Box::new(hostile_policy(text)),
    });
    let mut photo = message(901, NOW, text);
    let kinds = [
        AttachmentKind::Document,
        AttachmentKind::Photo,
        AttachmentKind::Other(name()),
    ];
    photo.attachments = kinds
        .map(|kind| Attachment {
            kind,
            url: Some(format!("https://files.example/{text}")),
            title: Some(name()),
        })
        .into();
    (photo.quotes, photo.quotes_unknown) = (Some(MessageId(11)), true);
    let by = || OperatorId::from("ivan");
    let events = [
        received(900, NOW, text),
        Event::Received {
            message: photo,
            standby: true,
            late: true,
            contact: None,
        },
        Event::Edited {
            message: Some(MessageId(900)),
            text: name(),
            edit: 1,
            edited_at: Timestamp(i64::MIN),
        },
        Event::Reacted {
            message: Some(MessageId(900)),
            emoji: Some(name()),
            reacted_at: Timestamp(i64::MAX),
        },
        Event::Noticed {
            notice: Notice {
                kind: NoticeKind::ButtonPressed,
                text: name(),
            },
            opens_window_at: None,
        },
        Event::AnsweredOutside {
            message: message(902, Timestamp(i64::MAX), text),
            application: Some(name()),
        },
        Event::ThreadOwned {
            owner: ThreadOwner::Other(name()),
        },
        Event::NoteWritten {
            by: by(),
            message: MessageId(903),
            text: name(),
            mentions: vec!["kate".into()],
        },
        Event::Categorized {
            by: by(),
            category: Some(CategoryPath(vec![name()])),
        },
        Event::CardEdited {
            by: by(),
            field: CardField::Notes,
            value: Some(name()),
        },
        Event::CardEdited {
            by: by(),
            field: CardField::Email,
            value: Some(name()),
        },
        Event::CardEdited {
            by: by(),
            field: CardField::Name,
            value: Some(name()),
        },
        written(904, "kate", NOW, text),
        Event::ReplyFailed {
            message: MessageId(904),
            reason: FailureReason::Refused { text: name() },
        },
    ];
    for event in events {
        effects.extend(desk.happen(1, event));
    }
    effects.extend(tell_of_others(desk, text));
    effects.extend(speak_as_relay(desk, text));
    effects
}

/// Other chats, in the lists.
fn tell_of_others(desk: &mut Desk, text: &str) -> Vec<Effect> {
    let name = || text.to_owned();
    let mut stranger = opened(31, text);
    if let Event::Opened { visitor, entry, .. } = &mut stranger {
        visitor.platform_id.0 = name();
        visitor.card.first_name = Some(name());
        (visitor.card.phone, visitor.card.crm_id) = (Some(name()), Some(name()));
        *entry = Some(EntryPoint {
            source: Some(name()),
            reference: Some(name()),
            title: Some(name()),
        });
    }
    let by = || OperatorId::from("ivan");
    let events = [
        stranger,
        received(931, NOW, text),
        Event::Transferred {
            by: by(),
            to: TransferTarget::Operator {
                operator: "kate".into(),
            },
            comment: Some(name()),
        },
        Event::Blocked {
            by: by(),
            until: Some(Timestamp(i64::MAX)),
            reason: name(),
        },
    ];
    let mut effects = vec![];
    for event in events {
        effects.extend(desk.happen(31, event));
    }
    effects
}

/// What the relay says beside events.
fn speak_as_relay(desk: &mut Desk, text: &str) -> Vec<Effect> {
    let name = || text.to_owned();
    let template = Template {
        id: Some(TemplateId(5)),
        scope: TemplateScope::Personal {
            operator: "kate".into(),
        },
        language: Code::from("en"),
        section: Some(name()),
        title: Some(name()),
        text: name(),
        key: None,
        code: Some(name()),
    };
    let frames = [
        ServerFrame::Channel(ChannelHealth {
            channel: "shop".into(),
            health: ChannelState::Broken { reason: name() },
        }),
        ServerFrame::TemplateSaved {
            request: 0,
            template,
        },
        ServerFrame::Draft {
            chat: ChatId(1),
            draft: DraftText {
                text: name(),
                caret: 3,
                is_note: false,
            },
        },
        ServerFrame::Declined {
            request: 4_711,
            code: name(),
            sentence: name(),
        },
        ServerFrame::Notice {
            level: NoticeLevel::Error,
            code: name(),
            text: name(),
        },
    ];
    frames
        .into_iter()
        .flat_map(|frame| desk.hear(frame))
        .collect()
}

/// Answers whatever the desk asked for with hostile rows: hits, blocks, sessions.
fn answer(desk: &mut Desk, effects: &[Effect], text: &str) -> Vec<Effect> {
    use shared::protocol::ClientFrame;
    let name = || text.to_owned();
    let chat = desk.app.book.get(ChatId(1)).cloned();
    let mut answered = vec![];
    for effect in effects {
        let Effect::Send(frame) = effect else {
            continue;
        };
        let answer = match frame {
            ClientFrame::Search { request, .. } => {
                let stored = desk.stories[&ChatId(1)].last().cloned();
                let hit = stored.zip(chat.clone()).map(|(stored, chat)| Hit {
                    stored,
                    chat: Box::new(chat),
                });
                ServerFrame::Hits {
                    request: *request,
                    hits: hit.into_iter().collect(),
                    has_more: false,
                }
            }
            ClientFrame::LoadBlocks { request } => ServerFrame::Blocks {
                request: *request,
                blocks: vec![BlockRow {
                    chat: ChatId(1),
                    visitor_name: name(),
                    channel: "shop".into(),
                    by: "ivan".into(),
                    at: Timestamp(i64::MIN),
                    until: Some(Timestamp(i64::MAX)),
                    reason: name(),
                    dropped: u64::MAX,
                }],
            },
            ClientFrame::LoadSessions { request } => ServerFrame::Sessions {
                request: *request,
                sessions: vec![SessionRow {
                    session: name(),
                    operator: "kate".into(),
                    created_at: Timestamp(i64::MIN),
                    expires_at: Timestamp(i64::MAX),
                    used_at: NOW,
                    address: name(),
                    is_this: false,
                }],
            },
            _ => continue,
        };
        answered.extend(desk.hear(answer));
    }
    answered
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
        self.emulator.process(&bytes);
        misplaced(&drawn, self.emulator.screen())
    }
}

/// Finds a sequence that is none of ours, or a character that acts or hides.
fn foreign(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(|char: char| char.is_control() || is_hidden(char)) {
        rest = rest.get(at..)?;
        let Some(length) = ours(rest) else {
            let seen: String = rest.chars().take(30).collect();
            return Some(format!("not ours: {seen:?}"));
        };
        rest = rest.get(length..)?;
    }
    None
}

/// Returns the length of the sequence of ours that a text begins with.
fn ours(text: &str) -> Option<usize> {
    if text.starts_with('\x07') {
        return Some(1);
    }
    for begin in [
        "\x1b]0;",
        "\x1b]2;",
        "\x1b]777;notify;Deskwire;",
        "\x1b]52;c;",
    ] {
        if let Some(behind) = text.strip_prefix(begin) {
            let inside = behind.find(['\x07', '\x1b', '\u{9c}'])?;
            let end = behind.get(inside..)?;
            let is_clean = behind
                .get(..inside)?
                .chars()
                .all(|char| !char.is_control() && !is_hidden(char));
            let closing = ["\x07", "\x1b\\"]
                .into_iter()
                .find(|closing| end.starts_with(closing))?;
            return is_clean.then_some(begin.len() + inside + closing.len());
        }
    }
    let behind = text.strip_prefix("\x1b[")?;
    let end =
        behind.find(|char: char| !matches!(char, '0'..='9' | ';' | ':' | '?' | '>' | '<' | ' '))?;
    let sequence = behind.get(..=end)?;
    let parameters = sequence.get(..end)?;
    let is_known = match sequence.chars().last()? {
        'H' | 'm' | 'J' => parameters
            .chars()
            .all(|char| matches!(char, '0'..='9' | ';' | ':')),
        'h' | 'l' => [
            "?25", "?2026", "?1049", "?2004", "?1004", "?1000", "?1002", "?1003", "?1015", "?1006",
        ]
        .contains(&parameters),
        'q' => parameters.ends_with(' '),
        't' => ["22;0;0", "22;0", "23;0;0", "23;0", "22;2", "23;2"].contains(&parameters),
        'u' => parameters.starts_with(['>', '<']),
        _ => false,
    };
    is_known.then_some("\x1b[".len() + sequence.len())
}

/// Whether a character has no picture of its own and changes others', or hides.
fn is_hidden(char: char) -> bool {
    matches!(
        char,
        '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{ad}' | '\u{e0001}' | '\u{fff9}'..='\u{fffb}' | '\u{3164}' | '\u{115f}'
    )
}

/// Whether the emulator gives a cluster as many cells as we do. It knows single characters only, as some terminals do: a
/// family is four people there, and what follows it in its row stands elsewhere.
fn is_agreed(symbol: &str) -> bool {
    let each: usize = symbol
        .chars()
        .filter_map(unicode_width::UnicodeWidthChar::width)
        .sum();
    // It drops the sign that stands for what could not be read.
    each == text::width(symbol) && !symbol.contains(char::REPLACEMENT_CHARACTER)
}

/// Compares what was drawn with what an emulator shows: what is plain must stand in its cell.
fn misplaced(drawn: &Buffer, screen: &vt100::Screen) -> Option<String> {
    let area = drawn.area;
    for row in 0..area.height {
        if !(0..area.width).all(|column| is_agreed(drawn[(column, row)].symbol())) {
            continue;
        }
        for column in 0..area.width {
            let symbol = drawn[(column, row)].symbol();
            let is_plain = symbol.len() == 1 && symbol != " ";
            if !is_plain {
                continue;
            }
            let shown = screen
                .cell(row, column)
                .map(|cell| cell.contents().to_owned());
            if shown.as_deref() != Some(symbol) {
                let line: String = (0..area.width).map(|x| drawn[(x, row)].symbol()).collect();
                let seen = screen.rows(0, area.width).nth(usize::from(row));
                return Some(format!(
                    "{symbol:?} of row {row}, column {column} is shown as {shown:?}:\n{line}\n{}",
                    seen.unwrap_or_default()
                ));
            }
        }
    }
    None
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
                for (name, text) in half {
                    for &(columns, rows) in sizes {
                        let found = look_everywhere(name, text, columns, rows);
                        faults.lock().unwrap().extend(found);
                    }
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

#[test]
fn the_check_finds_what_it_looks_for() {
    for (text, is_found) in [
        ("\x1b[2J\x1b[1;1Hplain \x1b[31mred\x1b[0m", false),
        ("\x1b]0;a title\x07\x1b]52;c;YQ==\x1b\\", false),
        ("a\u{202e}b", true),
        ("\x1b[6n", true),
        ("\x1b]0;a\nb\x07", true),
        ("\x1b]8;;https://evil.example\x1b\\", true),
        ("\u{9b}2J", true),
        ("a\rb", true),
    ] {
        assert_eq!(foreign(text).is_some(), is_found, "{text:?}");
    }
    let mut drawn = Buffer::empty(Rect::new(0, 0, 80, 24));
    drawn.set_string(3, 1, "here", Style::default());
    let mut emulator = vt100::Parser::new(NonZero::new(24).unwrap(), NonZero::new(80).unwrap(), 0);
    emulator.process(b"\x1b[2;5Hhere");
    assert!(misplaced(&drawn, emulator.screen()).is_some());
    emulator.process(b"\x1b[2;4Hhere");
    assert_eq!(misplaced(&drawn, emulator.screen()), None);
}
