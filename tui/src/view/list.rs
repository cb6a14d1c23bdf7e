//! The list of chats: two rows each, the selected one always among them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use shared::chat::{Author, Chat};
use shared::model::OperatorId;
use shared::text::clean_line;

use super::put;
use crate::app::App;
use crate::app::book::Section;
use crate::text;
use crate::theme::Token;

/// Cells of waiting time and of the unread count at the right.
const WAIT: usize = 4;
const UNREAD: usize = 3;

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
    let chats = app.list();
    if chats.is_empty() {
        empty(app, area, buffer);
        return;
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
    for (index, chat) in chats.iter().skip(first).take(shown).enumerate() {
        let Ok(row) = u16::try_from(index * 2) else {
            return;
        };
        draw_chat(app, chat, area, row, buffer);
    }
    let hidden = chats.len().saturating_sub(shown);
    if is_cut {
        let more = app.language.tr("list-more", &[("count", hidden.into())]);
        let row = u16::try_from(shown * 2).unwrap_or(u16::MAX);
        put(buffer, area, row, 4, &more, app.theme.style(Token::Dim));
    }
}

fn empty(app: &App, area: Rect, buffer: &mut Buffer) {
    let id = match app.section {
        Section::Queue => "list-empty-queue",
        Section::Mine => "list-empty-mine",
        Section::Others => "list-empty-others",
        Section::Closed => "list-empty-closed",
    };
    let words = app.tr(id);
    let cells = usize::from(area.width.saturating_sub(2)).max(1);
    for (row, line) in text::wrap(&words, cells).iter().enumerate() {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        let style = app.theme.style(Token::Dim);
        put(buffer, area, row, 1, line.of(&words), style);
    }
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
    let has_draft = app.drafts.get(&App::draft_key(chat.id)).is_some();
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
    tags.extend(busy.map(|(_, operator, ..)| format!("@{operator}")));
    tags.extend(
        chat.owner()
            .filter(|owner| **owner != app.me && chat.is_open() && !spoke_last(chat, owner))
            .map(|owner| format!("({})", clean_line(&app.name_of(owner)))),
    );
    tags.extend(short_window(app, chat));
    if width >= ROOMY {
        tags.push(channel_tag(app, chat));
        tags.push(chat.language.to_string());
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
    let mut letters = channel.map_or("", |channel| &channel.kind).chars();
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
