//! What lies over the screen: a frame in the middle, a text field, rows, a hint.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Block, Clear, Widget};
use shared::text::clean_line;

use super::words::card_field_id;
use super::{free_edges, put, put_right, sentence, shelf};
use crate::app::popup::{BlockForm, Confirm, Item, Kind, Popup, REASONS};
use crate::app::{App, Asked};
use crate::keymap::Zone;
use crate::text;
use crate::theme::Token;

/// How long `u` takes a transfer back.
const UNDO_SECONDS: u32 = 10;

/// The widest a popup gets.
const WIDEST: u16 = 78;

/// Returns where a popup lies: as high as what is in it, at most two thirds of the screen.
pub(super) fn place(app: &App, popup: &Popup, whole: Rect) -> Rect {
    let width = WIDEST.min(whole.width.saturating_sub(2));
    let rows = if popup.has_rows() {
        crate::update::count_items(app, popup).clamp(1, usize::from(whole.height))
    } else {
        4
    };
    let preview = match popup.kind {
        Kind::Templates(_) => usize::from(shelf::PREVIEW),
        _ => 0,
    };
    let rows = u16::try_from(rows + preview).unwrap_or(u16::MAX);
    let most = (whole.height * 2 / 3)
        .max(10)
        .min(whole.height.saturating_sub(2));
    let height = rows.saturating_add(6).min(most);
    Rect::new(
        whole.x + (whole.width - width) / 2,
        whole.y + (whole.height - height) / 2,
        width,
        height,
    )
}

fn inside(area: Rect) -> Rect {
    Rect::new(
        area.x + 2,
        area.y + 1,
        area.width.saturating_sub(4),
        area.height.saturating_sub(2),
    )
}

/// Returns where the caret stands in a popup's text field.
pub(super) fn caret(app: &App, whole: Rect) -> Option<Position> {
    let popup = app.popup.as_ref().filter(|popup| popup.has_field())?;
    let inner = inside(place(app, popup, whole));
    let layout = popup.field.layout(inner.width.saturating_sub(2), 1);
    let at = Position::new(inner.x + 2 + layout.caret.0, inner.y);
    inner.contains(at).then_some(at)
}

/// Draws the popup, if there is one.
pub(super) fn draw(app: &App, whole: Rect, buffer: &mut Buffer) {
    let Some(popup) = &app.popup else { return };
    if popup.kind == Kind::Filter {
        // It stands in the list itself.
        return;
    }
    let area = place(app, popup, whole);
    free_edges(area, buffer);
    Clear.render(area, buffer);
    let frame = Block::bordered()
        .border_set(app.borders.frame())
        .border_style(app.theme.style(Token::Border))
        .title(format!(" {} ", title(app, popup)));
    frame.render(area, buffer);
    let inner = inside(area);
    if popup.has_field() {
        let layout = popup.field.layout(inner.width.saturating_sub(2), 1);
        let line = layout.rows.first().map_or("", String::as_str);
        let style = app.theme.style(Token::Text);
        put(buffer, inner, 0, 0, "> ", app.theme.style(Token::Accent));
        put(buffer, inner, 0, 2, line, style);
    }
    match &popup.kind {
        Kind::Block(form) => block(app, form, inner, buffer),
        Kind::Confirm(confirm) => {
            let words = confirm_in_words(app, confirm);
            sentence(&words, inner, app.theme.style(Token::Text), buffer);
        }
        Kind::Comment(_) => under_field(app, "popup-transfer-comment", inner, buffer),
        Kind::TemplateTitle(scope) => {
            let scope = clean_line(&app.scope_in_words(scope));
            let ask = app.tr("popup-template-title-ask");
            let whom = app.say_with("popup-template-for", &[("name", &scope)]);
            let style = app.theme.style(Token::Text);
            sentence(&format!("{ask}\n{whom}"), below_field(inner), style, buffer);
        }
        _ => rows(app, popup, inner, buffer),
    }
    hints(app, popup, inner, buffer);
}

fn title(app: &App, popup: &Popup) -> String {
    let name = app.chat().map(|chat| clean_line(chat.visitor.name()));
    let name = text::cut(&name.unwrap_or_default(), 30);
    match &popup.kind {
        Kind::Palette => app.tr("popup-commands").into_owned(),
        Kind::Help => match app.zone {
            Zone::Composer => app.tr("help-title-composer").into_owned(),
            Zone::Command => app.tr("help-title-commands").into_owned(),
        },
        Kind::Search => app.tr("popup-find").into_owned(),
        Kind::Filter => app.tr("action-filter").into_owned(),
        Kind::Templates(_) => app.tr("popup-templates").into_owned(),
        Kind::Transfer => app.say_with("popup-transfer", &[("name", &name)]),
        Kind::Comment(to) => {
            let values = [("name", &*name), ("target", &*app.target(to))];
            app.say_with("popup-transfer-note", &values)
        }
        Kind::Category { then_close: true } => app.tr("popup-close-pick").into_owned(),
        Kind::Category { then_close: false } => app.tr("popup-category").into_owned(),
        Kind::Block(_) => app.say_with("popup-block", &[("name", &name)]),
        Kind::Blocks => app.tr("popup-blocks").into_owned(),
        Kind::Messages => app.tr("popup-messages").into_owned(),
        Kind::Quote => app.tr("popup-quote").into_owned(),
        Kind::Links => app.tr("card-links").into_owned(),
        Kind::File => app.say_with("popup-file", &[("name", &name)]),
        Kind::OwnTemplates => app.tr("popup-own-templates").into_owned(),
        Kind::TooLong => app.tr("popup-too-long").into_owned(),
        Kind::TemplateTitle(_) => app.tr("popup-template-title").into_owned(),
        Kind::Sessions => app.tr("popup-sessions").into_owned(),
        Kind::Card => app.tr("popup-card").into_owned(),
        Kind::Field(field) => app.tr(card_field_id(*field)).into_owned(),
        Kind::Confirm(Confirm::Close) => app.say_with("popup-close", &[("name", &name)]),
        Kind::Confirm(_) => app.tr("action-confirm").into_owned(),
    }
}

fn hint(app: &App, popup: &Popup) -> Vec<String> {
    let ids: &[&str] = match popup.kind {
        Kind::Palette => &["hint-run", "hint-move", "hint-close"],
        Kind::Help => &["help-search", "hint-move", "hint-close"],
        Kind::Templates(_) => &[
            "hint-insert",
            "hint-pick",
            "hint-section",
            "hint-language",
            "hint-cancel",
        ],
        Kind::Transfer => &[
            "hint-transfer",
            "hint-pick-zero",
            "hint-note",
            "hint-undo",
            "hint-cancel",
        ],
        Kind::Comment(_) => &["hint-transfer", "hint-undo", "hint-cancel"],
        Kind::Block(_) => &[
            "hint-block",
            "hint-length",
            "hint-own-length",
            "hint-tick",
            "hint-cancel",
        ],
        Kind::Field(_) => &["hint-save", "hint-cancel"],
        Kind::TemplateTitle(_) => &["hint-save", "hint-for-whom", "hint-cancel"],
        Kind::Sessions => &["hint-end-session", "hint-pick", "hint-close"],
        Kind::Confirm(_) => &["hint-cancel"],
        Kind::Filter => &["hint-filter"],
        Kind::Search if app.fetched.hits.is_empty() => &["hint-search", "hint-close"],
        Kind::Search => &["hint-choose", "hint-move", "hint-close"],
        Kind::Category { .. } => &["hint-choose", "hint-pick-zero", "hint-close"],
        Kind::File => &["hint-send-file", "hint-complete", "hint-close"],
        Kind::Blocks
        | Kind::Messages
        | Kind::Quote
        | Kind::Links
        | Kind::OwnTemplates
        | Kind::TooLong
        | Kind::Card => &["hint-choose", "hint-pick", "hint-close"],
    };
    ids.iter()
        .map(|id| match *id {
            "hint-undo" => {
                let values = [("seconds", UNDO_SECONDS.into())];
                app.language.tr(id, &values).into_owned()
            }
            id => app.tr(id).into_owned(),
        })
        .collect()
}

/// Draws the hints into the last row; those that do not fit stand in the free row above it, the last of them always shown.
fn hints(app: &App, popup: &Popup, inner: Rect, buffer: &mut Buffer) {
    let cells = usize::from(inner.width);
    let mut rows = vec![String::new()];
    for words in hint(app, popup) {
        let last = rows.last().map_or(0, |row| text::width(row));
        if last > 0 && last + 2 + text::width(&words) > cells {
            rows.push(String::new());
        }
        if let Some(row) = rows.last_mut() {
            if !row.is_empty() {
                row.push_str("  ");
            }
            row.push_str(&words);
        }
    }
    let first = rows.len().saturating_sub(2);
    for (up, words) in (0u16..).zip(rows.iter().skip(first).rev()) {
        let row = inner.height.saturating_sub(1 + up);
        put(buffer, inner, row, 0, words, app.theme.style(Token::Dim));
    }
}

fn under_field(app: &App, id: &str, inner: Rect, buffer: &mut Buffer) {
    let style = app.theme.style(Token::Text);
    sentence(&app.tr(id), below_field(inner), style, buffer);
}

fn below_field(inner: Rect) -> Rect {
    Rect {
        y: inner.y + 2,
        height: inner.height.saturating_sub(2),
        ..inner
    }
}

fn confirm_in_words(app: &App, confirm: &Confirm) -> String {
    let (id, count) = match confirm {
        Confirm::Close => ("popup-close-ask", 0),
        Confirm::HumanAgent => ("popup-human", 0),
        Confirm::TakeOver(owner) => {
            let name = clean_line(&app.name_of(owner));
            return app.say_with("popup-take-over", &[("name", &name)]);
        }
        Confirm::Paste { count, .. } => ("composer-paste-confirm", *count),
        Confirm::Old(count) => ("banner-outbox-old", *count),
        Confirm::Quit(unsent) => ("popup-quit-unsent", *unsent),
        Confirm::Unblock => ("popup-unblock-ask", 0),
        Confirm::AskContacts => ("popup-contacts-ask", 0),
    };
    app.language.tr(id, &[("count", count.into())]).into_owned()
}

fn block(app: &App, form: &BlockForm, area: Rect, buffer: &mut Buffer) {
    let reasons: Vec<String> = REASONS
        .iter()
        .enumerate()
        .map(|(index, id)| {
            let mark = if index == form.reason { ">" } else { " " };
            format!("{mark}{} {}", index + 1, app.tr(id))
        })
        .collect();
    let length = match (form.hours, form.seconds()) {
        (Some(hours), _) => app
            .language
            .tr("block-own-hours", &[("count", hours.into())])
            .into_owned(),
        (None, Some(seconds)) => app.language.short_time(seconds.into()),
        (None, None) => app.tr("time-forever").into_owned(),
    };
    let tick = if form.close { "[x]" } else { "[ ]" };
    let lines = [
        format!("{}  {}", app.tr("popup-block-reason"), reasons.join("  ")),
        format!("{}  < {length} >", app.tr("popup-block-length")),
        format!(
            "{}  {tick} {}",
            app.tr("popup-block-also"),
            app.tr("popup-block-close")
        ),
        String::new(),
        app.tr("popup-block-told").into_owned(),
    ];
    for (row, line) in (0u16..).zip(lines) {
        put(buffer, area, row, 0, &line, app.theme.style(Token::Text));
    }
}

fn rows(app: &App, popup: &Popup, area: Rect, buffer: &mut Buffer) {
    let items = crate::update::visible(app, popup);
    let top = if popup.has_field() { 2 } else { 0 };
    let has_preview =
        matches!(popup.kind, Kind::Templates(_)) && area.height > top + 2 + shelf::PREVIEW;
    let under = if has_preview { shelf::PREVIEW } else { 0 };
    let fit = usize::from(area.height.saturating_sub(top + 2 + under)).max(1);
    let reading = crate::update::other_reading(app, popup);
    if let (Kind::Templates(shelf), None) = (&popup.kind, &reading) {
        shelf::tabs(app, *shelf, area, buffer);
    }
    if items.is_empty() {
        let style = app.theme.style(Token::Dim);
        put(
            buffer,
            area,
            top,
            1,
            &app.tr(nothing_found(app, popup)),
            style,
        );
        return;
    }
    if let Some(read) = reading {
        let values = [("typed", popup.field.text()), ("read", &*read)];
        let line = app.say_with("popup-other-layout", &values);
        put(buffer, area, 1, 0, &line, app.theme.style(Token::Dim));
    }
    let at = popup.at.min(items.len() - 1);
    let first = (at + 1).saturating_sub(fit);
    for (index, item) in items.iter().enumerate().skip(first).take(fit) {
        let row = u16::try_from(index - first).unwrap_or(u16::MAX);
        item_row(app, item, index, index == at, area, top + row, buffer);
    }
    if let Some(item) = items.get(at).filter(|_| has_preview) {
        let below = Rect {
            y: area.bottom().saturating_sub(under + 2),
            height: under,
            ..area
        };
        shelf::preview(app, item, below, buffer);
    }
}

/// Nothing was found, or nothing was asked yet.
fn nothing_found(app: &App, popup: &Popup) -> &'static str {
    let is_asked = app
        .asked
        .values()
        .any(|asked| matches!(asked, Asked::Search(_)));
    match popup.kind {
        Kind::Search if is_asked => "popup-finding",
        Kind::Search if app.seeking.found.as_deref() != Some(popup.field.text()) => {
            "popup-find-ask"
        }
        _ => "popup-nothing-found",
    }
}

fn item_row(
    app: &App,
    item: &Item,
    index: usize,
    is_selected: bool,
    area: Rect,
    row: u16,
    buffer: &mut Buffer,
) {
    let mark = if is_selected { ">" } else { " " };
    let digit = match index {
        0..9 if item.aside != "0" => (index + 1).to_string(),
        _ if item.aside == "0" => "0".to_owned(),
        _ => " ".to_owned(),
    };
    let style = match (&item.off, is_selected) {
        (Some(_), _) => app.theme.style(Token::Dim),
        (None, true) => app.theme.style(Token::Selection),
        (None, false) => app.theme.style(Token::Text),
    };
    // The key stays where it is looked for; why it does nothing now stands before it.
    let room = usize::from(area.width / 2);
    let key = clean_line(&item.aside);
    let aside = match &item.off {
        _ if item.aside == "0" => String::new(),
        None => text::cut(&key, room),
        Some(off) => {
            let cells = room.saturating_sub(text::width(&key) + 2);
            format!("{}  {key}", text::cut(&clean_line(off), cells))
        }
    };
    let end = put_right(buffer, area, row, &aside, app.theme.style(Token::Dim));
    let left = Rect {
        width: end.saturating_sub(1),
        ..area
    };
    let line = format!("{mark}{digit} {}", clean_line(&item.label));
    put(buffer, left, row, 0, &line, style);
}
