//! Over the rows of the template picker its sections and the language; under them the whole text of the chosen one (T-05).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, put_right};
use crate::app::App;
use crate::app::popup::{Choice, Item, Shelf};
use crate::text;
use crate::theme::Token;

/// Rows of the preview, the line above it among them.
pub(super) const PREVIEW: u16 = 4;

/// Draws the sections and the language, the chosen ones in brackets.
pub(super) fn tabs(app: &App, shelf: Shelf, area: Rect, buffer: &mut Buffer) {
    let all = app.tr("templates-all").into_owned();
    let languages = app.template_languages();
    let language = match shelf
        .language
        .checked_sub(1)
        .and_then(|at| languages.get(at))
    {
        Some(language) => language.to_string(),
        None => all.clone(),
    };
    let dim = app.theme.style(Token::Dim);
    let end = put_right(buffer, area, 1, &format!("< {language} >"), dim);
    let left = Rect {
        width: end.saturating_sub(1),
        ..area
    };
    let names: Vec<String> = [all].into_iter().chain(app.template_sections()).collect();
    // The chosen section is among those that are drawn, however many there are.
    let mut first = 0;
    let width = |from: usize| -> usize {
        let shown = names.iter().take(shelf.section + 1).skip(from);
        shown.map(|name| text::width(name) + 3).sum()
    };
    while first < shelf.section && width(first) > usize::from(left.width) {
        first += 1;
    }
    let mut column = 0;
    for (index, name) in names.iter().enumerate().skip(first) {
        let name = shared::text::clean_line(name);
        let (label, token) = if index == shelf.section {
            (format!("[{name}]"), Token::Accent)
        } else {
            (format!(" {name} "), Token::Dim)
        };
        put(buffer, left, 1, column, &label, app.theme.style(token));
        column += u16::try_from(text::width(&label) + 1).unwrap_or(u16::MAX);
    }
}

/// Draws the whole text of a row, as far as there is room.
pub(super) fn preview(app: &App, item: &Item, area: Rect, buffer: &mut Buffer) {
    let Choice::Insert(whole) = &item.choice else {
        return;
    };
    super::divide(app, buffer, area, 0);
    let whole = shared::text::clean(whole);
    let cells = usize::from(area.width.saturating_sub(1)).max(1);
    for (row, line) in (1..area.height).zip(text::wrap(&whole, cells).iter()) {
        let style = app.theme.style(Token::Text);
        put(buffer, area, row, 1, line.of(&whole), style);
    }
}
