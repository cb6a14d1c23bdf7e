//! The composer: its title, its text, the suggestion under it.

use ratatui::buffer::Buffer;
use shared::text::{clean_line, split_numbered, utf16_len};

use super::{Areas, put, put_right};
use crate::app::App;
use crate::keymap::{Action, Zone};
use crate::theme::Token;

/// Draws the composer.
pub(super) fn draw(app: &App, areas: &Areas, buffer: &mut Buffer) {
    if app.chat().is_none() {
        return;
    }
    let (words, token) = title(app);
    // A note must not be taken for a reply: the border, the title and the caret say so (D-14).
    let (dash, border) = if app.is_note {
        (app.borders.double(), Token::Note)
    } else {
        (app.borders.horizontal(), Token::Border)
    };
    let line = dash.repeat(usize::from(areas.title.width));
    put(buffer, areas.title, 0, 0, &line, app.theme.style(border));
    let words = format!("{dash}{dash} {words} ");
    put(buffer, areas.title, 0, 0, &words, app.theme.style(token));
    let right = right_part(app);
    if !right.is_empty() {
        let right = format!(" {right} {dash}{dash}");
        put_right(buffer, areas.title, 0, &right, app.theme.style(Token::Dim));
    }
    let layout = app.composer.layout(areas.text.width, areas.text.height);
    let token = if app.is_note {
        Token::Note
    } else {
        Token::Text
    };
    for (row, line) in layout.rows.iter().enumerate() {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        put(buffer, areas.text, row, 0, line, app.theme.style(token));
    }
    if let Some(text) = app.suggestion() {
        let line = format!("{} {}", app.tr("composer-suggestion"), clean_line(&text));
        put(
            buffer,
            areas.suggestion,
            0,
            0,
            &line,
            app.theme.style(Token::Dim),
        );
    }
}

fn title(app: &App) -> (String, Token) {
    let Some(chat) = app.chat() else {
        return (String::new(), Token::Dim);
    };
    if app.is_note {
        return (app.tr("composer-note").into_owned(), Token::Note);
    }
    let off = app.off(Action::Reply);
    let id = off.as_ref().map(|off| off.id);
    match id {
        Some("off-blocked") => (
            app.tr("composer-read-only-blocked").into_owned(),
            Token::Dim,
        ),
        Some("off-other-owner") => {
            let name = off.map(|off| clean_line(&off.name)).unwrap_or_default();
            (
                app.say_with("composer-read-only-other", &[("name", &name)]),
                Token::Dim,
            )
        }
        Some(_) => (app.tr("composer-read-only-closed").into_owned(), Token::Dim),
        None if chat.owner().is_none() && app.zone == Zone::Command => {
            (app.tr("composer-read-only").into_owned(), Token::Dim)
        }
        None => {
            let name = clean_line(chat.visitor.name());
            let token = if app.zone == Zone::Composer {
                Token::Accent
            } else {
                Token::Dim
            };
            let mut words = app.say_with("composer-reply", &[("name", &name)]);
            if let Some(text) = app.quoting_in_words() {
                words.push_str(", ");
                words.push_str(&app.say_with("chat-quoted", &[("text", &text)]));
            }
            (words, token)
        }
    }
}

fn right_part(app: &App) -> String {
    let mut parts = Vec::new();
    let length = utf16_len(app.composer.text());
    let limit = app.text_limit().filter(|_| !app.is_note);
    // Past half of it (`desk.md` 3.5): before, it is noise, and bytes with every letter.
    if let Some(limit) = limit.filter(|limit| length > limit / 2) {
        if length > limit {
            let count = split_numbered(app.composer.text(), limit).len();
            let words = app
                .language
                .tr("composer-too-long", &[("count", count.into())]);
            parts.push(words.into_owned());
        }
        let values = [("length", length.into()), ("limit", limit.into())];
        parts.push(app.language.tr("composer-length", &values).into_owned());
    }
    if !app.composer.is_empty() && app.is_draft_kept() {
        parts.push(app.tr("composer-draft-saved").into_owned());
    }
    parts.join(" ")
}
