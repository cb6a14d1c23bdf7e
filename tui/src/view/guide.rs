//! The panel of commands that comes up a moment after Esc, for those who have not learnt the letters yet (desk rule 4.1).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};

use super::{Areas, free_edges, put};
use crate::app::App;
use crate::key::Key;
use crate::keymap::{Action, Zone};
use crate::text;
use crate::theme::Token;

/// What is shown, in reading order; those without a key are left out.
const SHOWN: [Action; 24] = [
    Action::Reply,
    Action::Claim,
    Action::Transfer,
    Action::Category,
    Action::Close,
    Action::Next,
    Action::Note,
    Action::Block,
    Action::Undo,
    Action::Filter,
    Action::Find,
    Action::OpenLink,
    Action::Copy,
    Action::Quote,
    Action::Visitor,
    Action::Messages,
    Action::AddContact,
    Action::Reopen,
    Action::Zoom,
    Action::Queue,
    Action::Mine,
    Action::Others,
    Action::Closed,
    Action::Palette,
];

/// Draws the panel over the bottom of the conversation, once its moment has come.
pub(super) fn draw(app: &App, areas: &Areas, buffer: &mut Buffer) {
    if !app.is_guided() {
        return;
    }
    let entries: Vec<(String, bool)> = SHOWN
        .into_iter()
        .filter_map(|action| {
            let key = app.keymap.key_of(Zone::Command, action).map(Key::label)?;
            let words = app.tr(&format!("action-{}", action.id())).into_owned();
            Some((format!("{key} {words}"), app.off(action).is_none()))
        })
        .collect();
    let widest = entries.iter().map(|(words, _)| text::width(words)).max();
    let cells = u16::try_from(widest.unwrap_or(0))
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let room = areas.whole.width.saturating_sub(4);
    let columns = usize::from((room / cells.max(1)).max(1));
    let rows = entries.len().div_ceil(columns);
    let bottom = areas.status.y.saturating_sub(areas.hints.height);
    let height = u16::try_from(rows + 2)
        .unwrap_or(u16::MAX)
        .min(bottom.saturating_sub(areas.whole.y + 1));
    let area = Rect::new(areas.whole.x, bottom - height, areas.whole.width, height);
    free_edges(area, buffer);
    Clear.render(area, buffer);
    Block::bordered()
        .border_set(app.borders.frame())
        .border_style(app.theme.style(Token::Border))
        .title(format!(" {} ", app.tr("popup-commands")))
        .render(area, buffer);
    let inner = Rect::new(area.x + 2, area.y + 1, room, height.saturating_sub(2));
    for (index, (words, is_on)) in entries.iter().enumerate() {
        let row = u16::try_from(index / columns).unwrap_or(u16::MAX);
        let column = u16::try_from(index % columns)
            .unwrap_or(0)
            .saturating_mul(cells);
        let token = if *is_on { Token::Text } else { Token::Dim };
        put(buffer, inner, row, column, words, app.theme.style(token));
    }
}
