//! The rows over and under everything: the tabs, the hints, the status.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use shared::model::ChannelState;
use shared::protocol::ChannelHealth;
use shared::text::clean_line;

use super::areas::LEAST;
use super::list::{Stage, stage};
use super::{put, put_right, sentence};
use crate::app::App;
use crate::app::book::Section;
use crate::app::popup::Kind;
use crate::input::LinkState;
use crate::key::Key;
use crate::keymap::{Action, Zone};
use crate::text;
use crate::theme::Token;

/// A round trip over this is slow.
const SLOW_MS: u32 = 1_000;

/// Says that nothing fits.
pub(super) fn too_small(app: &App, area: Rect, buffer: &mut Buffer) {
    let values = [
        ("columns", area.width.into()),
        ("rows", area.height.into()),
        ("needed_columns", LEAST.0.into()),
        ("needed_rows", LEAST.1.into()),
    ];
    let line = app.language.tr("banner-too-small", &values);
    sentence(&line, area, app.theme.style(Token::Banner), buffer);
}

/// Draws the four lists with their counts, who I am and the time.
pub(super) fn tabs(app: &App, area: Rect, buffer: &mut Buffer) {
    let me = clean_line(&app.name_of(&app.me));
    let right = format!("{me}  {}", app.clock(app.relay_now()));
    let end = put_right(buffer, area, 0, &right, app.theme.style(Token::Dim));
    let left = Rect {
        width: end.saturating_sub(1),
        ..area
    };
    let mut column = 1;
    for (index, section) in Section::ALL.into_iter().enumerate() {
        let label = tab(app, index + 1, section);
        let style = if section == app.section {
            app.theme.style(Token::Selection)
        } else {
            app.theme.style(Token::Text)
        };
        put(buffer, left, 0, column, &label, style);
        column += u16::try_from(text::width(&label)).unwrap_or(0) + 2;
    }
}

fn tab(app: &App, number: usize, section: Section) -> String {
    let id = match section {
        Section::Queue => "list-queue",
        Section::Mine => "list-mine",
        Section::Others => "list-others",
        Section::Closed => "list-closed",
    };
    let name = app.tr(id);
    if section == Section::Closed {
        return format!("{number} {name}");
    }
    let chats = app.book.list(section, &app.me);
    let is_late =
        section != Section::Others && chats.iter().any(|chat| stage(app, chat) >= Stage::Late);
    let unread: u32 = match section {
        Section::Mine => chats.iter().map(|chat| chat.unread).sum(),
        _ => 0,
    };
    let late = if is_late { "!!" } else { "" };
    let unread = if unread > 0 {
        format!(" ({unread})")
    } else {
        String::new()
    };
    // The relay sends only a window of a long list, and how many there are (D-01).
    let whole = match section {
        Section::Queue => app.counts.awaiting,
        Section::Mine => app.counts.mine,
        Section::Others => app.counts.others,
        Section::Closed => 0,
    };
    let count = chats.len().max(usize::try_from(whole).unwrap_or(0));
    format!("{number} {name} {count}{late}{unread}")
}

/// Draws a short message, over the hints where there are any, else behind the sign of the connection.
pub(super) fn said(app: &App, hints: Rect, status: Rect, buffer: &mut Buffer) {
    let Some((said, _)) = &app.said else { return };
    let style = app.theme.style(Token::Accent);
    let line = clean_line(said);
    if hints.is_empty() {
        let (sign, _, token) = link_in_words(app);
        blank(status, buffer);
        put(buffer, status, 0, 1, sign, app.theme.style(token));
        put(buffer, status, 0, 3, &line, style);
    } else {
        blank(hints, buffer);
        put(buffer, hints, 0, 1, &line, style);
    }
}

fn blank(area: Rect, buffer: &mut Buffer) {
    ratatui::widgets::Widget::render(ratatui::widgets::Clear, area, buffer);
}

/// Draws the keys that help most here, from the key table; what is off is left out.
pub(super) fn hints(app: &App, area: Rect, buffer: &mut Buffer) {
    let actions: &[Action] = match app.zone {
        Zone::Composer => &[
            Action::Send,
            Action::Newline,
            Action::Accept,
            Action::Templates,
            Action::Commands,
            Action::Next,
            Action::Undo,
            Action::Palette,
        ],
        Zone::Command => &[
            Action::Reply,
            Action::Claim,
            Action::Transfer,
            Action::Category,
            Action::Close,
            Action::Reopen,
            Action::Note,
            Action::Next,
            Action::Block,
            Action::Messages,
            Action::Palette,
            Action::Help,
        ],
    };
    if app
        .popup
        .as_ref()
        .is_some_and(|popup| popup.kind == Kind::Filter)
    {
        put(
            buffer,
            area,
            0,
            1,
            &app.tr("hint-filter"),
            app.theme.style(Token::Dim),
        );
        return;
    }
    let mut column = 1;
    for action in actions {
        let is_idle = match action {
            Action::Accept => app.suggestion().is_none(),
            Action::Undo => app.held().is_none() && !app.composer.can_undo(),
            _ => false,
        };
        if is_idle || app.off(*action).is_some() {
            continue;
        }
        let Some(key) = app.keymap.key_of(app.zone, *action) else {
            continue;
        };
        let id = format!("action-{}", action.id());
        let label = match action {
            // The key every list of keys teaches; the chord is for those who changed it.
            Action::Templates if key == Key::ctrl('r') => "\\".to_owned(),
            _ => key.label(),
        };
        let hint = format!("{label} {}", app.tr(&id));
        let cells = u16::try_from(text::width(&hint)).unwrap_or(u16::MAX);
        if column + cells > area.width {
            break;
        }
        put(buffer, area, 0, column, &hint, app.theme.style(Token::Dim));
        column += cells + 2;
    }
}

/// Draws the connection and what else is worth a glance (D-21).
pub(super) fn status(app: &App, area: Rect, buffer: &mut Buffer) {
    let help = app.tr("status-help").into_owned();
    let end = put_right(
        buffer,
        area,
        0,
        &format!("{help} "),
        app.theme.style(Token::Dim),
    );
    let left = Rect {
        width: end.saturating_sub(1),
        ..area
    };
    let (sign, link, token) = link_in_words(app);
    let mut parts = vec![format!(" {sign} {link}")];
    parts.extend(facts(app));
    put(
        buffer,
        left,
        0,
        0,
        &parts.join(" | "),
        app.theme.style(token),
    );
}

fn facts(app: &App) -> Vec<String> {
    let count = |id: &str, count: usize| {
        (count > 0).then(|| app.language.tr(id, &[("count", count.into())]).into_owned())
    };
    let mine = app.book.list(Section::Mine, &app.me);
    let unread: u32 = mine.iter().map(|chat| chat.unread).sum();
    let oldest = app.book.oldest_wait(Section::Queue, &app.me).map(|since| {
        let waited = app.relay_now().since(since).as_secs();
        app.say_with(
            "status-oldest",
            &[("time", &app.language.short_time(waited))],
        )
    });
    // Without a connection what waits comes first: nothing of it is lost.
    let (waiting, sending) = if app.is_live {
        (None, count("status-sending", app.unsent()))
    } else {
        (count("status-waiting-here", app.unsent()), None)
    };
    let held = app
        .channels
        .iter()
        .find(|health| health.health.holds_replies())
        .map(|health| {
            let name = clean_line(health.channel.as_str());
            let words = if health.health == ChannelState::Unlinked {
                "status-channel-unlinked"
            } else {
                "status-channel-broken"
            };
            app.say_with(words, &[("name", &name)])
        });
    let is_sound = |health: &&ChannelHealth| !health.health.holds_replies();
    let sound = app.channels.iter().filter(is_sound).count();
    let channels = (!app.channels.is_empty()).then(|| {
        let values = [
            ("sound", sound.into()),
            ("count", app.channels.len().into()),
        ];
        app.language.tr("status-channels", &values).into_owned()
    });
    [
        waiting,
        event_in_words(app),
        held,
        count("status-unread", usize::try_from(unread).unwrap_or(0)),
        oldest,
        sending,
        count("status-drafts", app.drafts.count()),
        channels,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the last event this desk took in, and how long it was on its way.
fn event_in_words(app: &App) -> Option<String> {
    let seq = app.resume.as_ref()?.seq.to_string();
    let words = match app.lag_ms {
        Some(lag) => {
            let values = [("seq", seq.into()), ("milliseconds", lag.into())];
            app.language.tr("status-event-lag", &values)
        }
        None => app.language.tr("status-event", &[("seq", seq.into())]),
    };
    Some(words.into_owned())
}

fn link_in_words(app: &App) -> (&'static str, String, Token) {
    match &app.link {
        LinkState::Connecting { .. } => {
            ("o", app.tr("status-connecting").into_owned(), Token::Soon)
        }
        LinkState::Online { round_trip_ms } => {
            let is_slow = round_trip_ms.is_some_and(|time| time > SLOW_MS);
            let (sign, id, token) = if is_slow {
                ("~", "status-slow", Token::Soon)
            } else {
                ("*", "status-online", Token::Text)
            };
            let time = round_trip_ms.unwrap_or(0);
            let words = app.language.tr(id, &[("milliseconds", time.into())]);
            (sign, words.into_owned(), token)
        }
        LinkState::Offline {
            attempt,
            next_try_at,
        } => {
            let seconds = next_try_at.since(app.now).as_secs();
            let values = [("attempt", (*attempt).into()), ("seconds", seconds.into())];
            let words = app.language.tr("banner-reconnecting", &values);
            let line = format!("{words}  {}", app.tr("banner-retry-now"));
            ("o", line, Token::Error)
        }
        LinkState::Refused { sentence } => {
            let words = match app.goodbye {
                Some(code) => app.tr(crate::update::goodbye_id(code)).into_owned(),
                None => clean_line(sentence),
            };
            ("o", words, Token::Error)
        }
    }
}
