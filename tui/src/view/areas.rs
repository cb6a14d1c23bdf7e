//! Where everything lies, for every size of the terminal.

use ratatui::layout::Rect;

use crate::app::App;

/// The smallest terminal the desk works in.
pub(super) const LEAST: (u16, u16) = (60, 16);

/// Places of the parts; a part that is not shown is empty.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Areas {
    /// All of it.
    pub(super) whole: Rect,
    /// Nothing fits.
    pub(super) is_too_small: bool,
    pub(super) tabs: Rect,
    pub(super) list: Rect,
    /// Between the list and the conversation.
    pub(super) divider: Rect,
    pub(super) header: Rect,
    pub(super) conversation: Rect,
    pub(super) notice: Rect,
    pub(super) title: Rect,
    pub(super) text: Rect,
    pub(super) suggestion: Rect,
    pub(super) panel: Rect,
    pub(super) hints: Rect,
    pub(super) status: Rect,
}

impl Areas {
    /// Divides the terminal.
    pub(crate) fn of(app: &App, whole: Rect) -> Self {
        if whole.width < LEAST.0 || whole.height < LEAST.1 {
            return Self {
                whole,
                is_too_small: true,
                ..Self::default()
            };
        }
        let mut areas = Self {
            whole,
            tabs: Rect { height: 1, ..whole },
            ..Self::default()
        };
        let mut bottom = whole.bottom();
        let mut take = |rows: u16| {
            bottom = bottom.saturating_sub(rows);
            Rect::new(whole.x, bottom, whole.width, rows)
        };
        areas.status = take(1);
        areas.hints = take(u16::from(whole.height >= 20));
        let body = Rect::new(
            whole.x,
            whole.y + 1,
            whole.width,
            bottom.saturating_sub(whole.y + 1),
        );
        areas.split_columns(app, body);
        areas
    }

    fn split_columns(&mut self, app: &App, body: Rect) {
        let (list, panel) = match body.width {
            0..100 => (25, 0),
            100..160 => (33, 0),
            _ => (44, 42),
        };
        let list = if app.is_zoomed { 0 } else { list };
        self.list = Rect {
            width: list,
            ..body
        };
        let divider = u16::from(list > 0);
        self.divider = Rect::new(body.x + list, body.y, divider, body.height);
        let left = list + divider;
        let right = if panel > 0 { panel + 1 } else { 0 };
        let middle = Rect::new(
            body.x + left,
            body.y,
            body.width.saturating_sub(left + right),
            body.height,
        );
        if panel > 0 {
            self.panel = Rect::new(middle.right(), body.y, panel + 1, body.height);
        }
        self.split_rows(app, middle);
    }

    fn split_rows(&mut self, app: &App, middle: Rect) {
        let most = (middle.height / 3).clamp(1, 6);
        let rows = u16::try_from(app.composer.row_count(middle.width)).unwrap_or(most);
        let text = rows.clamp(1, most);
        let suggestion = u16::from(app.suggestion().is_some());
        let mut bottom = middle.bottom();
        let mut take = |rows: u16| {
            bottom = bottom.saturating_sub(rows).max(middle.y);
            Rect::new(middle.x, bottom, middle.width, rows)
        };
        self.suggestion = take(suggestion);
        self.text = take(text);
        self.title = take(1);
        self.notice = take(1);
        self.header = Rect {
            height: 2.min(middle.height),
            ..middle
        };
        let top = middle.y + self.header.height;
        self.conversation = Rect::new(middle.x, top, middle.width, bottom.saturating_sub(top));
    }
}
