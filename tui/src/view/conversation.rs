//! The conversation: its header, its rows anchored at the bottom, the notice line under it.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use shared::chat::timeline::Entry;
use shared::chat::{Chat, DeskCommand, Event, Stage};
use shared::model::{ChatId, Presence, Seq, Timestamp};
use shared::text::{clean, clean_line};

use super::{Areas, divide, emoji, put, put_right, sentence};
use crate::app::{App, Pending};
use crate::key::Key;
use crate::text;
use crate::theme::Token;

/// Cells of time and sign at the left.
const GUTTER: usize = 8;

/// Between the fields of the header.
const GAP: &str = "  ";

/// One row, ready to be drawn.
#[derive(Debug, Clone)]
struct Row {
    gutter: String,
    text: String,
    right: String,
    token: Token,
    right_token: Token,
    /// The event it tells of.
    seq: Option<Seq>,
}

impl Row {
    fn divider(label: &str, width: usize) -> Self {
        let label = format!("-- {label} --");
        let left = width.saturating_sub(text::width(&label)) / 2;
        Self {
            gutter: String::new(),
            text: format!("{}{label}", " ".repeat(left)),
            right: String::new(),
            token: Token::Dim,
            right_token: Token::Dim,
            seq: None,
        }
    }
}

/// Returns how many rows everything loaded of the open chat takes.
pub(crate) fn conversation_rows(app: &App, width: usize) -> usize {
    from_bottom(app, width, usize::MAX).len()
}

/// Returns how many rows of the open chat stand below the message an event brought.
pub(crate) fn rows_below(app: &App, width: usize, seq: Seq) -> Option<usize> {
    let rows = from_bottom(app, width, usize::MAX);
    rows.iter().position(|row| row.seq == Some(seq))
}

/// Draws the conversation with its header and notice line.
pub(super) fn draw(app: &App, areas: &Areas, buffer: &mut Buffer) {
    for row in 0..areas.divider.height {
        let style = app.theme.style(Token::Border);
        put(buffer, areas.divider, row, 0, app.borders.vertical(), style);
    }
    let Some(chat) = app.chat() else {
        let style = app.theme.style(Token::Dim);
        let area = Rect {
            x: areas.header.x + 1,
            width: areas.header.width.saturating_sub(2),
            ..areas.header
        };
        sentence(&app.tr("chat-none"), area, style, buffer);
        return;
    };
    header(app, chat, areas.header, buffer);
    rows(app, areas.conversation, buffer);
    notice(app, chat, areas.notice, buffer);
}

fn header(app: &App, chat: &Chat, area: Rect, buffer: &mut Buffer) {
    let right = owner_in_words(app, chat);
    let style = app.theme.style(Token::Accent);
    let end = put_right(buffer, area, 0, &right, style);
    let channel = app
        .policy()
        .and_then(|policy| policy.find_channel(&chat.visitor.channel))
        .map_or_else(
            || chat.visitor.channel.to_string(),
            |channel| channel.name.clone(),
        );
    let left = Rect {
        width: end.saturating_sub(1),
        ..area
    };
    // What matters most comes first: a field that does not fit is left out with those behind it.
    let fields = [
        window_in_words(app, chat),
        chat.number.map(|number| format!("#{number}")),
        chat.category
            .as_ref()
            .map(|path| app.category_in_words(path)),
        Some(clean_line(&channel)),
        Some(chat.language.to_string()),
    ];
    let mut line = clean_line(chat.visitor.name());
    for field in fields.into_iter().flatten() {
        if text::width(&line) + GAP.len() + text::width(&field) > usize::from(left.width) {
            break;
        }
        line.push_str(GAP);
        line.push_str(&field);
    }
    put(buffer, left, 0, 0, &line, app.theme.style(Token::Text));
    divide(app, buffer, area, 1);
}

pub(super) fn window_in_words(app: &App, chat: &Chat) -> Option<String> {
    let ends = chat.window_ends(app.policy()?)?;
    let now = app.relay_now();
    if ends <= now {
        return Some(app.tr("chat-window-closed").into_owned());
    }
    let time = app.language.short_time(ends.since(now).as_secs());
    Some(app.say_with("chat-window", &[("time", &time)]))
}

pub(super) fn owner_in_words(app: &App, chat: &Chat) -> String {
    match &chat.stage {
        Stage::Queue => app.tr("chat-owner-nobody").into_owned(),
        Stage::Chatting { owner } if *owner == app.me => app.tr("chat-owner-mine").into_owned(),
        Stage::Chatting { owner } => {
            let id = if app.online.contains(owner) {
                "chat-owner-other"
            } else {
                "chat-owner-away"
            };
            app.say_with(id, &[("name", &clean_line(&app.name_of(owner)))])
        }
        Stage::ClosedByOperator { .. } => app.tr("chat-closed").into_owned(),
        Stage::Closed => app.tr("chat-finished").into_owned(),
    }
}

fn rows(app: &App, area: Rect, buffer: &mut Buffer) {
    let height = usize::from(area.height);
    let width = usize::from(area.width);
    let all = from_bottom(app, width, height.saturating_add(app.scroll));
    let first = app.scroll.min(all.len().saturating_sub(height));
    let shown: Vec<&Row> = all.iter().skip(first).take(height).collect();
    let sought = app.seeking.hit.map(|hit| hit.seq);
    let blank = height - shown.len();
    for (index, row) in shown.into_iter().rev().enumerate() {
        let Ok(line) = u16::try_from(blank + index) else {
            return;
        };
        let dim = app.theme.style(Token::Dim);
        put(buffer, area, line, 0, &row.gutter, dim);
        let start = u16::try_from(text::width(&row.gutter)).unwrap_or(0);
        put(
            buffer,
            area,
            line,
            start,
            &row.text,
            app.theme.style(if sought.is_some() && row.seq == sought {
                Token::Selection
            } else {
                row.token
            }),
        );
        if !row.right.is_empty() {
            put_right(
                buffer,
                area,
                line,
                &row.right,
                app.theme.style(row.right_token),
            );
        }
    }
}

/// Makes rows from the newest upward until there are `limit` of them. The newest row comes first.
fn from_bottom(app: &App, width: usize, limit: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let Some(chat) = app.open else { return rows };
    for pending in app.pending.iter().rev() {
        if pending.chat != chat || has_come(app, pending) {
            continue;
        }
        rows.extend(waiting_rows(app, &pending.command, pending.at, width));
    }
    for told in app.told() {
        if told != chat
            && let Some(past) = app.book.get(told)
        {
            rows.push(Row::divider(&app.past_in_words(past), width));
        }
        if !story_rows(app, told, width, limit, &mut rows) {
            break;
        }
    }
    rows
}

/// Adds the rows of one chat, the newest first. Returns whether all that is loaded of it was added.
fn story_rows(app: &App, chat: ChatId, width: usize, limit: usize, rows: &mut Vec<Row>) -> bool {
    let Some(story) = app.book.story(chat) else {
        return false;
    };
    let entries = story.timeline.entries();
    for (index, entry) in entries.iter().enumerate().rev() {
        if rows.len() >= limit {
            return false;
        }
        let made = entry_rows(app, entry, width);
        if made.is_empty() {
            continue;
        }
        rows.extend(made.into_iter().rev());
        if app.new_from.is_some() && app.new_from == seq_of(entry) {
            let values = [("count", app.new_count.into())];
            rows.push(Row::divider(&app.language.tr("chat-new", &values), width));
        }
        let day = app.day(time_of(entry));
        let before = index
            .checked_sub(1)
            .and_then(|index| entries.get(index))
            .and_then(|entry| app.day(time_of(entry)));
        if let Some(day) = day.filter(|day| Some(*day) != before) {
            rows.push(Row::divider(&app.day_in_words(day), width));
        }
    }
    if story.is_loading || (!story.is_loaded && app.is_live) {
        rows.push(Row::divider(&app.tr("chat-loading"), width));
    } else if story.is_loaded && !story.has_more {
        rows.push(Row::divider(&app.tr("chat-beginning"), width));
    }
    true
}

/// Whether the event a command led to has come, before its answer.
fn has_come(app: &App, pending: &Pending) -> bool {
    let Some(story) = app.book.story(pending.chat) else {
        return false;
    };
    story
        .timeline
        .events()
        .iter()
        .rev()
        .take_while(|stored| Some(stored.seq) > pending.after)
        .any(|stored| match (&stored.event, &pending.command) {
            (Event::ReplyWritten { by, message, .. }, DeskCommand::Reply(draft)) => {
                *by == app.me && message.text == draft.text
            }
            (Event::NoteWritten { by, text, .. }, DeskCommand::Note { text: asked, .. }) => {
                *by == app.me && text == asked
            }
            _ => false,
        })
}

fn seq_of(entry: &Entry) -> Option<Seq> {
    match entry {
        Entry::Message(message) => Some(message.stored.seq),
        Entry::Event(_) => None,
    }
}

fn time_of(entry: &Entry) -> Timestamp {
    match entry {
        Entry::Message(message) => message.stored.at,
        Entry::Event(stored) => stored.at,
    }
}

/// Rows of what is on its way to the relay, the last first.
fn waiting_rows(app: &App, command: &DeskCommand, at: Timestamp, width: usize) -> Vec<Row> {
    let (sign, body, token) = match command {
        DeskCommand::Reply(draft) => (">", &draft.text, Token::Mine),
        DeskCommand::Note { text, .. } => ("#", text, Token::Note),
        _ => return Vec::new(),
    };
    let id = if app.is_live {
        "delivery-queued"
    } else {
        "delivery-waiting"
    };
    let right = Some((app.tr(id).into_owned(), Token::Soon));
    let at = Timestamp(at.0.saturating_add(app.skew));
    let mut rows = wrapped(app, at, sign, &clean(body), token, right, width);
    rows.reverse();
    rows
}

fn entry_rows(app: &App, entry: &Entry, width: usize) -> Vec<Row> {
    let mut rows = rows_of(app, entry, width);
    let seq = match entry {
        Entry::Message(message) => message.stored.seq,
        Entry::Event(stored) => stored.seq,
    };
    for row in &mut rows {
        row.seq = Some(seq);
    }
    rows
}

fn rows_of(app: &App, entry: &Entry, width: usize) -> Vec<Row> {
    match entry {
        Entry::Message(message) => {
            let (sign, token) = App::author_sign(&message.author);
            let body = app.message_in_words(message);
            let right = app.delivery_in_words(message);
            wrapped(app, message.stored.at, sign, &body, token, right, width)
        }
        Entry::Event(stored) => {
            let Some(line) = app.event_in_words(&stored.event) else {
                return Vec::new();
            };
            let (sign, token) = if matches!(stored.event, Event::NoteWritten { .. }) {
                ("#", Token::Note)
            } else {
                ("*", Token::System)
            };
            wrapped(app, stored.at, sign, &line, token, None, width)
        }
    }
}

fn wrapped(
    app: &App,
    at: Timestamp,
    sign: &str,
    body: &str,
    token: Token,
    right: Option<(String, Token)>,
    width: usize,
) -> Vec<Row> {
    let cells = width.saturating_sub(GUTTER).max(1);
    let body = if app.has_simple_emoji {
        emoji::apart(body)
    } else {
        Cow::Borrowed(body)
    };
    let body = &*body;
    let mut rows: Vec<Row> = text::wrap(body, cells)
        .iter()
        .enumerate()
        .map(|(index, row)| Row {
            gutter: if index == 0 {
                format!("{} {sign} ", app.clock(at))
            } else {
                " ".repeat(GUTTER)
            },
            text: text::expand_tabs(row.shown(body)),
            right: String::new(),
            token,
            right_token: token,
            seq: None,
        })
        .collect();
    if let Some((words, right_token)) = right {
        place_right(&mut rows, &words, right_token, width);
    }
    rows
}

/// Puts where a reply is at the end of its last row, or onto a row of its own.
fn place_right(rows: &mut Vec<Row>, words: &str, token: Token, width: usize) {
    let words = text::cut(words, width.saturating_sub(GUTTER));
    let has_room = rows
        .last()
        .is_some_and(|row| GUTTER + text::width(&row.text) + 2 + text::width(&words) <= width);
    if !has_room {
        rows.push(Row {
            gutter: " ".repeat(GUTTER),
            text: String::new(),
            right: String::new(),
            token,
            right_token: token,
            seq: None,
        });
    }
    if let Some(row) = rows.last_mut() {
        row.right = words;
        row.right_token = token;
    }
}

fn notice(app: &App, chat: &Chat, area: Rect, buffer: &mut Buffer) {
    let dim = app.theme.style(Token::Dim);
    let name = clean_line(chat.visitor.name());
    let left = if app.scroll > 0 {
        let count = app.scroll.into();
        app.language
            .tr("chat-new-below", &[("count", count)])
            .into_owned()
    } else if let Some((_, value)) = app.offered_contact().filter(|_| app.is_mine(chat)) {
        let key = app.keymap.key_of(
            crate::keymap::Zone::Command,
            crate::keymap::Action::AddContact,
        );
        let key = key.map(Key::label).unwrap_or_default();
        format!("{value}: {} ({key})", app.tr("action-add-contact"))
    } else if app.typing.iter().any(|(known, _)| *known == chat.id) {
        app.say_with("notice-visitor-typing", &[("name", &name)])
    } else {
        String::new()
    };
    put(buffer, area, 0, 2, &clean_line(&left), dim);
    let others: Vec<String> = app
        .presences
        .iter()
        .filter(|(known, ..)| *known == chat.id)
        .map(|(_, operator, presence, _)| {
            let id = match presence {
                Presence::Replying => "notice-replying",
                Presence::Noting => "notice-noting",
                Presence::Viewing | Presence::Gone => "notice-viewing",
            };
            app.say_with(id, &[("name", &clean_line(&app.name_of(operator)))])
        })
        .collect();
    if !others.is_empty() {
        put_right(buffer, area, 0, &others.join(", "), dim);
    }
}
