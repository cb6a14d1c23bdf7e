//! How the desk looks: the state in, cells out. Draws only what is visible; fits any size.

mod areas;
mod bars;
mod card;
#[cfg(test)]
mod completeness;
mod composing;
mod conversation;
mod emoji;
mod guide;
#[cfg(test)]
mod hostile;
mod list;
mod panel;
mod popup;
mod shelf;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::app::App;
use crate::app::popup::Kind;
use crate::keymap::Zone;
use crate::terminal::Caret;
use crate::text;
use crate::theme::Token;

pub(crate) use areas::Areas;
pub(crate) use conversation::{conversation_rows, rows_below};

/// What drawing may keep between frames. Wrapped rows are made from the bottom up and only as many as are seen, so there
/// is little to keep yet; the runtime owns one so that this can change without it.
#[derive(Debug, Default)]
pub struct ViewCache {
    frames: u64,
}

impl ViewCache {
    /// Returns how many frames were drawn.
    pub fn frames(&self) -> u64 {
        self.frames
    }
}

/// Draws the desk.
pub fn view(app: &App, cache: &mut ViewCache, frame: &mut Frame<'_>) {
    cache.frames += 1;
    let areas = Areas::of(app, frame.area());
    let buffer = frame.buffer_mut();
    if areas.is_too_small {
        bars::too_small(app, areas.whole, buffer);
        return;
    }
    bars::tabs(app, areas.tabs, buffer);
    list::draw(app, areas.list, buffer);
    conversation::draw(app, &areas, buffer);
    composing::draw(app, &areas, buffer);
    panel::draw(app, areas.panel, buffer);
    bars::hints(app, areas.hints, buffer);
    bars::status(app, areas.status, buffer);
    bars::said(app, areas.hints, areas.status, buffer);
    guide::draw(app, &areas, buffer);
    popup::draw(app, areas.whole, buffer);
    if app.has_simple_emoji {
        emoji::simplify(frame.buffer_mut());
    }
    if let Some((position, _)) = caret(app) {
        frame.set_cursor_position(position);
    }
}

/// Returns where the caret stands and how it looks; none: hidden.
pub fn caret(app: &App) -> Option<(Position, Caret)> {
    let areas = Areas::of(app, Rect::new(0, 0, app.columns, app.rows));
    if areas.is_too_small {
        return None;
    }
    if let Some(popup) = app
        .popup
        .as_ref()
        .filter(|popup| popup.kind == Kind::Filter)
    {
        let at = list::filter_caret(popup, areas.list);
        return at.map(|at| (at, Caret::Bar));
    }
    if app.popup.is_some() {
        return popup::caret(app, areas.whole).map(|at| (at, Caret::Bar));
    }
    if app.zone != Zone::Composer || areas.text.is_empty() {
        return None;
    }
    let layout = app.composer.layout(areas.text.width, areas.text.height);
    let at = Position::new(
        areas.text.x.saturating_add(layout.caret.0),
        areas.text.y.saturating_add(layout.caret.1),
    );
    let shape = if app.is_note {
        Caret::Underline
    } else {
        Caret::Bar
    };
    areas.text.contains(at).then_some((at, shape))
}

/// Returns the cells of the conversation: width and height.
pub(crate) fn conversation_size(app: &App) -> (usize, usize) {
    let areas = Areas::of(app, Rect::new(0, 0, app.columns, app.rows));
    (
        usize::from(areas.conversation.width),
        usize::from(areas.conversation.height),
    )
}

/// Returns how wide the composer's text is drawn.
pub(crate) fn composer_cells(app: &App) -> u16 {
    Areas::of(app, Rect::new(0, 0, app.columns, app.rows))
        .text
        .width
        .max(2)
}

/// Writes a line into an area's row, cut at its end.
fn put(buffer: &mut Buffer, area: Rect, row: u16, column: u16, line: &str, style: Style) {
    if row >= area.height || column >= area.width {
        return;
    }
    let cells = usize::from(area.width - column);
    let at = (area.x + column, area.y + row);
    if !buffer.area.contains(Position::from(at)) {
        return;
    }
    let safe: String = line.chars().filter(|char| !char.is_control()).collect();
    let cut = text::cut(&safe, cells);
    buffer.set_stringn(at.0, at.1, cut, cells, style);
}

/// Writes a line at the right end of an area's row. Returns the column it begins at.
fn put_right(buffer: &mut Buffer, area: Rect, row: u16, line: &str, style: Style) -> u16 {
    let width = u16::try_from(text::width(line)).unwrap_or(u16::MAX);
    let column = area.width.saturating_sub(width);
    put(buffer, area, row, column, line, style);
    column
}

/// Writes a sentence into an area, over as many rows as it needs.
fn sentence(words: &str, area: Rect, style: Style, buffer: &mut Buffer) {
    let cells = usize::from(area.width).max(1);
    for (row, line) in (0u16..).zip(text::wrap(words, cells)) {
        put(buffer, area, row, 0, line.shown(words), style);
    }
}

/// Takes away characters that lie across the sides of an area: half of one would be over its edge and hide it.
fn free_edges(area: Rect, buffer: &mut Buffer) {
    for row in area.top()..area.bottom() {
        for column in [area.left(), area.right()] {
            let Some(before) = column.checked_sub(1) else {
                continue;
            };
            let Some(cell) = buffer.cell_mut((before, row)) else {
                continue;
            };
            if text::width(cell.symbol()) > 1 {
                cell.set_symbol(" ");
            }
        }
    }
}

/// Draws a horizontal divider in an area's row.
fn divide(app: &App, buffer: &mut Buffer, area: Rect, row: u16) {
    let line = app.borders.horizontal().repeat(usize::from(area.width));
    put(buffer, area, row, 0, &line, app.theme.style(Token::Border));
}
