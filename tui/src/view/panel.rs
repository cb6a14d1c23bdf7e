//! The visitor's panel of wide terminals.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use shared::text::clean_line;

use super::{divide, put};
use crate::app::App;
use crate::text;
use crate::theme::Token;

/// Draws the panel.
pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    for row in 0..area.height {
        let style = app.theme.style(Token::Border);
        put(buffer, area, row, 0, app.borders.vertical(), style);
    }
    let inner = Rect {
        x: area.x + 1,
        width: area.width - 1,
        ..area
    };
    put(
        buffer,
        inner,
        0,
        1,
        &app.tr("card-title"),
        app.theme.style(Token::Accent),
    );
    divide(app, buffer, inner, 1);
    let mut row = 2;
    for line in lines(app) {
        let cells = usize::from(inner.width.saturating_sub(2)).max(1);
        for part in text::wrap(&line, cells) {
            put(
                buffer,
                inner,
                row,
                1,
                part.shown(&line),
                app.theme.style(Token::Text),
            );
            row += 1;
        }
    }
}

fn lines(app: &App) -> Vec<String> {
    let Some(chat) = app.chat() else {
        return Vec::new();
    };
    let card = &chat.visitor.card;
    let entry = chat.entry.as_ref().and_then(|entry| {
        entry
            .title
            .clone()
            .or_else(|| entry.source.clone())
            .or_else(|| entry.reference.clone())
    });
    let mut lines = vec![clean_line(chat.visitor.name())];
    let fields = [
        ("card-phone", card.phone.clone()),
        ("card-email", card.email.clone()),
        ("card-crm", card.crm_id.clone()),
        ("card-language", Some(chat.language.to_string())),
        (
            "card-category",
            chat.category
                .as_ref()
                .map(|path| app.category_in_words(path)),
        ),
        ("card-entry", entry),
        ("card-notes", card.notes.clone()),
    ];
    for (id, value) in fields {
        if let Some(value) = value {
            lines.push(format!("{}: {}", app.tr(id), clean_line(&value)));
        }
    }
    if let Some(block) = chat
        .block
        .as_ref()
        .filter(|_| chat.is_blocked(app.relay_now()))
    {
        lines.push(match block.until {
            Some(until) => app.say_with("card-blocked-until", &[("time", &app.clock(until))]),
            None => app.tr("card-blocked").into_owned(),
        });
    }
    let past: Vec<String> = app
        .fetched
        .past
        .get(&chat.visitor.id)
        .into_iter()
        .flatten()
        .filter(|id| **id != chat.id)
        .filter_map(|id| app.book.get(*id))
        .map(|past| app.past_in_words(past))
        .collect();
    if !past.is_empty() {
        lines.push(String::new());
        lines.push(app.tr("card-earlier").into_owned());
        lines.extend(past);
    }
    lines
}
