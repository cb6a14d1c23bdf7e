//! The visitor's panel of wide terminals.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use shared::text::clean_line;

use super::{divide, put};
use crate::app::App;
use crate::text;
use crate::theme::Token;

/// Cells of an address in the panel.
const ADDRESS_CELLS: usize = 40;

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

/// Links and files the panel has room for.
const MOST_LINKS: usize = 8;

fn lines(app: &App) -> Vec<String> {
    let Some(chat) = app.chat() else {
        return Vec::new();
    };
    let card = &chat.visitor.card;
    let mut lines = vec![clean_line(chat.visitor.name())];
    let written = [
        ("card-phone", &card.phone),
        ("card-email", &card.email),
        ("card-crm", &card.crm_id),
    ];
    let written = written
        .into_iter()
        .filter_map(|(id, value)| Some((id, clean_line(value.as_ref()?))));
    let facts = app.card_facts(chat).into_iter();
    lines.extend(
        written
            .chain(facts)
            .map(|(id, value)| format!("{}: {value}", app.tr(id))),
    );
    // An address may be long: the card opens it whole.
    let opens = app.card_links(chat).into_iter();
    lines.extend(opens.map(|(id, address)| {
        let line = format!("{}: {}", app.tr(id), clean_line(&address));
        text::cut(&line, ADDRESS_CELLS)
    }));
    if let Some(notes) = &card.notes {
        part(app, "card-notes", vec![clean_line(notes)], &mut lines);
    }
    let past = app.fetched.past.get(&chat.visitor.id);
    let ids = past.map_or(&[][..], |past| &past.ids);
    let mut earlier: Vec<String> = ids
        .iter()
        .filter(|id| **id != chat.id)
        .filter_map(|id| app.book.get(*id))
        .map(|past| app.past_in_words(past))
        .collect();
    if past.is_some_and(|past| past.has_more) {
        earlier.push(app.tr("card-more").into_owned());
    }
    part(app, "card-earlier", earlier, &mut lines);
    let sent = crate::update::links(app).into_iter().take(MOST_LINKS);
    let sent = (1..).zip(sent).map(|(number, item): (usize, _)| {
        let line = format!("o{number} {}", item.label);
        text::cut(&line, ADDRESS_CELLS)
    });
    part(app, "card-links", sent.collect(), &mut lines);
    lines
}

/// Adds a part with its heading, unless there is nothing in it.
fn part(app: &App, heading: &str, rows: Vec<String>, lines: &mut Vec<String>) {
    if !rows.is_empty() {
        lines.push(String::new());
        lines.push(app.tr(heading).into_owned());
        lines.extend(rows);
    }
}
