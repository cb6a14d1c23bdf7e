//! The list of chats: two rows each, the selected one always among them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use shared::chat::{Author, Chat};
use shared::model::OperatorId;
use shared::text::clean_line;

use super::{divide, put, put_right, sentence};
use crate::app::App;
use crate::app::book::Section;
use crate::app::popup::{Kind, Popup};
use crate::text;
use crate::theme::Token;

/// Cells of waiting time and of the unread count at the right.
const WAIT: usize = 4;
const UNREAD: usize = 3;

/// What stands before the filter while it is typed.
const FILTER_MARK: &str = "f ";

/// Rows of a list's heading.
const HEADING: usize = 2;

/// Chats that are shown of each list under the one on the screen, at least.
const GLANCE: usize = 3;

/// Columns from which a row says more than what nobody can do without.
const ROOMY: usize = 32;

/// Seconds left to answer from which the row says so (OUT-08).
const WINDOW_SHORT: u64 = 4 * 3_600;

/// How bad a wait is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Quiet,
    Fresh,
    Soon,
    Late,
    Overdue,
}

impl Stage {
    fn sign(self) -> &'static str {
        match self {
            Self::Quiet => "  ",
            Self::Fresh => " .",
            Self::Soon => " !",
            Self::Late | Self::Overdue => "!!",
        }
    }
}

/// Returns how long a chat waits compared with its target.
pub(super) fn stage(app: &App, chat: &Chat) -> Stage {
    let Some(since) = chat.waiting_since.filter(|_| chat.is_open()) else {
        return Stage::Quiet;
    };
    let waited = app.relay_now().since(since);
    let target = app.policy().and_then(|policy| {
        let timeouts = &policy.timeouts;
        if chat.owner().is_some() {
            timeouts.reply.unless_off()
        } else {
            timeouts.first_reply.unless_off()
        }
    });
    match target {
        Some(target) if waited > target * 2 => Stage::Overdue,
        Some(target) if waited > target => Stage::Late,
        Some(target) if waited * 2 >= target => Stage::Soon,
        Some(_) | None => Stage::Fresh,
    }
}

/// Draws the list.
pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let area = filter(app, area, buffer);
    let is_filtered = is_filtering(app) || !app.seeking.filter.is_empty();
    if usize::from(area.width) < ROOMY || is_filtered {
        section(app, &app.list(), area, buffer);
        return;
    }
    sections(app, area, buffer);
}

/// Draws the list on the screen and, where there is room, the beginning of the others under it (desk rule 3.3).
fn sections(app: &App, area: Rect, buffer: &mut Buffer) {
    let others: Vec<(Section, Vec<&Chat>)> = [Section::Mine, Section::Queue, Section::Others]
        .into_iter()
        .filter(|section| *section != app.section)
        .map(|section| (section, app.book.list(section, &app.me)))
        .filter(|(_, chats)| !chats.is_empty())
        .collect();
    let wanted: usize = others
        .iter()
        .map(|(_, chats)| HEADING + 1 + 2 * chats.len().min(GLANCE))
        .sum();
    let reserved = u16::try_from(wanted)
        .unwrap_or(u16::MAX)
        .min(area.height / 2);
    let mut rest = heading(app, app.section, None, area, buffer);
    let own = Rect {
        height: rest.height.saturating_sub(reserved),
        ..rest
    };
    let used = section(app, &app.list(), own, buffer);
    rest = below(rest, used + 1);
    for (name, chats) in others {
        if usize::from(rest.height) < HEADING + 2 {
            return;
        }
        let under = heading(app, name, Some(chats.len()), rest, buffer);
        let used = section(app, &chats, under, buffer);
        rest = below(under, used + 1);
    }
}

fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    }
}

/// Draws the name of a list, how it is sorted and how many chats it has. Returns what is under it.
fn heading(
    app: &App,
    section: Section,
    count: Option<usize>,
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let (name, order) = match section {
        Section::Queue => ("list-queue", Some("list-oldest-first")),
        Section::Mine => ("list-mine", Some("list-sort-waiting")),
        Section::Others => ("list-others", None),
        Section::Closed => ("list-closed", None),
    };
    put(
        buffer,
        area,
        0,
        1,
        &app.tr(name),
        app.theme.style(Token::Accent),
    );
    let dim = app.theme.style(Token::Dim);
    if let Some(order) = order {
        let column = u16::try_from(text::width(&app.tr(name)) + 3).unwrap_or(u16::MAX);
        put(buffer, area, 0, column, &app.tr(order), dim);
    }
    if let Some(count) = count {
        put_right(buffer, area, 0, &format!("{count} "), dim);
    }
    divide(app, buffer, area, 1);
    below(area, 2)
}

/// Draws chats of one list, the selected one always among them. Returns how many rows they took.
fn section(app: &App, chats: &[&Chat], area: Rect, buffer: &mut Buffer) -> u16 {
    if chats.is_empty() {
        return empty(app, area, buffer);
    }
    let fit = usize::from(area.height / 2).max(1);
    let at = chats
        .iter()
        .position(|chat| Some(chat.id) == app.open)
        .unwrap_or(0);
    let is_cut = chats.len() > fit;
    let shown = if is_cut {
        fit.saturating_sub(1).max(1)
    } else {
        fit
    };
    let first = (at + 1).saturating_sub(shown);
    let mut rows = 0;
    for chat in chats.iter().skip(first).take(shown) {
        draw_chat(app, chat, area, rows, buffer);
        rows += 2;
    }
    let hidden = chats.len().saturating_sub(shown);
    if is_cut {
        let more = app.language.tr("list-more", &[("count", hidden.into())]);
        put(buffer, area, rows, 4, &more, app.theme.style(Token::Dim));
        rows += 1;
    }
    rows
}

/// Draws the filter in the last row, if there is one. Returns what is left for the chats.
fn filter(app: &App, area: Rect, buffer: &mut Buffer) -> Rect {
    let is_typed = is_filtering(app);
    if !is_typed && app.seeking.filter.is_empty() {
        return area;
    }
    let row = area.height.saturating_sub(1);
    let (line, token) = if is_typed {
        (format!("{FILTER_MARK}{}", app.seeking.filter), Token::Text)
    } else {
        let query = &app.seeking.filter;
        (
            app.say_with("list-filter", &[("query", query)]),
            Token::Accent,
        )
    };
    put(
        buffer,
        area,
        row,
        1,
        &clean_line(&line),
        app.theme.style(token),
    );
    Rect {
        height: row,
        ..area
    }
}

fn is_filtering(app: &App) -> bool {
    app.popup
        .as_ref()
        .is_some_and(|popup| popup.kind == Kind::Filter)
}

/// Returns where the caret stands while the filter is typed.
pub(super) fn filter_caret(popup: &Popup, area: Rect) -> Option<Position> {
    let before = text::width(FILTER_MARK) + text::width(popup.field.before_caret());
    let column = u16::try_from(before + 1).unwrap_or(u16::MAX);
    let last = area.width.checked_sub(1)?;
    let row = area.bottom().checked_sub(1)?;
    Some(Position::new(area.x + column.min(last), row))
}

fn empty(app: &App, area: Rect, buffer: &mut Buffer) -> u16 {
    let query = &app.seeking.filter;
    if !query.is_empty() {
        let words = app.say_with("list-empty-filter", &[("query", query)]);
        put(buffer, area, 0, 1, &words, app.theme.style(Token::Dim));
        return 1;
    }
    let id = match app.section {
        Section::Queue => "list-empty-queue",
        Section::Mine => "list-empty-mine",
        Section::Others => "list-empty-others",
        Section::Closed => "list-empty-closed",
    };
    let inner = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let words = app.tr(id);
    sentence(&words, inner, app.theme.style(Token::Dim), buffer);
    let rows = text::wrap(&words, usize::from(inner.width).max(1)).len();
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn draw_chat(app: &App, chat: &Chat, area: Rect, row: u16, buffer: &mut Buffer) {
    let is_selected = Some(chat.id) == app.open;
    let width = usize::from(area.width);
    let stage = stage(app, chat);
    let waited = if stage == Stage::Quiet {
        String::new()
    } else {
        let since = app.relay_now().since(chat.waits_since()).as_secs();
        app.language.short_time(since)
    };
    let unread = match chat.unread {
        0 => String::new(),
        1..=99 => chat.unread.to_string(),
        _ => "99".to_owned(),
    };
    let mark = if is_selected { ">" } else { " " };
    let name_cells = width.saturating_sub(4 + WAIT + UNREAD);
    let name = text::pad(
        &text::cut(&clean_line(chat.visitor.name()), name_cells),
        name_cells,
    );
    let first = format!(
        "{mark}{} {name}{}{}",
        stage.sign(),
        text::pad_left(&waited, WAIT),
        text::pad_left(&unread, UNREAD)
    );
    let style = match stage {
        _ if is_selected => app.theme.style(Token::Selection),
        Stage::Overdue => app.theme.overdue(),
        Stage::Late => app.theme.style(Token::Late),
        Stage::Soon => app.theme.style(Token::Soon),
        Stage::Fresh => app.theme.style(Token::Ok),
        Stage::Quiet => app.theme.style(Token::Text),
    };
    put(buffer, area, row, 0, &first, style);
    let (line, token) = second_line(app, chat, width);
    put(buffer, area, row + 1, 4, &line, app.theme.style(token));
}

fn second_line(app: &App, chat: &Chat, width: usize) -> (String, Token) {
    if chat.is_blocked(app.relay_now()) {
        return (app.tr("list-blocked").into_owned(), Token::Error);
    }
    if app.is_mine(chat) && chat.troubled().next().is_some() {
        return (app.tr("list-failed").into_owned(), Token::Error);
    }
    let has_draft = app.drafts.has(&App::draft_key(chat.id));
    if has_draft && Some(chat.id) != app.open {
        return (app.tr("list-draft").into_owned(), Token::Accent);
    }
    let tags = tags(app, chat, width);
    let line = [tags, vec![last_line(app, chat)]].concat();
    let line: Vec<String> = line.into_iter().filter(|part| !part.is_empty()).collect();
    (line.join(" "), Token::Dim)
}

/// Returns what else an operator decides by (D-03), as much as the width has room for: who is busy here, the owner, how
/// long a reply may still leave, then the channel, the language and the category.
fn tags(app: &App, chat: &Chat, width: usize) -> Vec<String> {
    let mut tags = Vec::new();
    if app.typing.iter().any(|(known, _)| *known == chat.id) {
        tags.push("...".to_owned());
    }
    let busy = app.presences.iter().find(|(known, ..)| *known == chat.id);
    tags.extend(busy.map(|(_, operator, ..)| {
        let name = clean_line(&app.name_of(operator));
        format!("@{name}")
    }));
    tags.extend(
        chat.owner()
            .filter(|owner| **owner != app.me && chat.is_open() && !spoke_last(chat, owner))
            .map(|owner| format!("({})", clean_line(&app.name_of(owner)))),
    );
    tags.extend(short_window(app, chat));
    if width >= ROOMY {
        tags.push(channel_tag(app, chat));
        tags.push(clean_line(&chat.language.to_string()));
        let category = chat.category.as_ref();
        tags.extend(category.map(|path| format!("#{}", clean_line(path.name()))));
    }
    tags
}

/// The last line names them already.
fn spoke_last(chat: &Chat, owner: &OperatorId) -> bool {
    let last = chat.last_line.as_ref().map(|last| &last.author);
    matches!(last, Some(Author::Operator { operator }) if operator == owner)
}

/// Returns the time left for a reply once it is short.
fn short_window(app: &App, chat: &Chat) -> Option<String> {
    let ends = chat.window_ends(app.policy()?).filter(|_| chat.is_open())?;
    let now = app.relay_now();
    if ends <= now {
        return Some(app.tr("list-window-closed").into_owned());
    }
    let left = ends.since(now).as_secs();
    let time = app.language.short_time(left);
    (left < WINDOW_SHORT).then(|| app.say_with("list-window-left", &[("time", &time)]))
}

/// Returns the first two letters of the platform's name: `Me` for Messenger.
fn channel_tag(app: &App, chat: &Chat) -> String {
    let policy = app.policy();
    let channel = policy.and_then(|policy| policy.find_channel(&chat.visitor.channel));
    let kind = channel.map_or_else(String::new, |channel| clean_line(&channel.kind));
    let mut letters = kind.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters.take(1)).collect()
}

fn last_line(app: &App, chat: &Chat) -> String {
    let Some(last) = &chat.last_line else {
        return String::new();
    };
    let said = if last.is_deleted {
        app.tr("chat-deleted").into_owned()
    } else if last.text.is_empty() {
        last.attachment
            .as_ref()
            .map(|kind| app.attachment_kind(kind))
            .unwrap_or_default()
    } else {
        clean_line(&last.text)
    };
    match &last.author {
        Author::Operator { operator } if *operator == app.me => {
            app.say_with("list-you-wrote", &[("text", &said)])
        }
        Author::Operator { operator } => {
            let name = clean_line(&app.name_of(operator));
            app.say_with("list-colleague-wrote", &[("name", &name), ("text", &said)])
        }
        Author::Visitor | Author::Outside => said,
    }
}
