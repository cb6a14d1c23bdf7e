//! How a composer lies on the screen: its visible rows, the cell of its caret, and movement between rows.

use unicode_segmentation::UnicodeSegmentation;

use super::Composer;
use crate::text::{Row, clip, cluster_width, expand_tabs, width, wrap};

/// The visible part of a composer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Rows to draw from the top, tabs expanded, none wider than asked for.
    pub rows: Vec<String>,
    /// Cell of the caret within `rows`: column, row.
    pub caret: (u16, u16),
    /// Rows hidden above the first visible one.
    pub rows_above: usize,
    /// Rows hidden below the last visible one.
    pub rows_below: usize,
}

impl Composer {
    /// Moves up one row of a composer drawn `cells` wide, keeping the column. Returns `false` on the first row.
    pub fn up(&mut self, cells: u16) -> bool {
        self.move_rows(cells, |row, _| row.checked_sub(1))
    }

    /// Moves down one row of a composer drawn `cells` wide, keeping the column. Returns `false` on the last row.
    pub fn down(&mut self, cells: u16) -> bool {
        self.move_rows(cells, |row, count| {
            Some(row + 1).filter(|&next| next < count)
        })
    }

    /// Rows the text takes when drawn `cells` wide.
    pub fn row_count(&self, cells: u16) -> usize {
        if self.is_single_line {
            1
        } else {
            wrap(&self.text, wrap_cells(cells)).len()
        }
    }

    /// Returns what to draw in `cells` by at most `max_rows`, the row of the caret always among it.
    ///
    /// The last column stays free for the caret. A one-line field is shifted sideways instead of being wrapped.
    pub fn layout(&self, cells: u16, max_rows: u16) -> Layout {
        if self.is_single_line {
            return self.single_row(usize::from(cells));
        }
        let rows = wrap(&self.text, wrap_cells(cells));
        let (column, caret_row) = self.caret_cell(&rows);
        let height = usize::from(max_rows.max(1));
        let first = (caret_row + 1).saturating_sub(height);
        let visible = rows.iter().skip(first).take(height);
        let drawn: Vec<String> = visible
            .map(|row| clip(&expand_tabs(row.of(&self.text)), usize::from(cells)).to_owned())
            .collect();
        Layout {
            caret: (
                cell(column.min(usize::from(cells.saturating_sub(1)))),
                cell(caret_row - first),
            ),
            rows_above: first,
            rows_below: rows.len() - first - drawn.len(),
            rows: drawn,
        }
    }

    fn single_row(&self, cells: usize) -> Layout {
        let room = cells.saturating_sub(1);
        let mut column = 0;
        let mut start = self.caret;
        for (at, cluster) in self.before_caret().grapheme_indices(true).rev() {
            let wide = cluster_width(cluster, 0);
            if column + wide > room {
                break;
            }
            column += wide;
            start = at;
        }
        let row = clip(self.text.get(start..).unwrap_or_default(), cells).to_owned();
        Layout {
            rows: vec![row],
            caret: (cell(column), 0),
            rows_above: 0,
            rows_below: 0,
        }
    }

    /// Column and row of the caret in the whole wrapped text.
    fn caret_cell(&self, rows: &[Row]) -> (usize, usize) {
        let index = rows
            .iter()
            .rposition(|row| row.range.start <= self.caret)
            .unwrap_or(0);
        let start = rows.get(index).map_or(0, |row| row.range.start);
        (
            width(self.text.get(start..self.caret).unwrap_or_default()),
            index,
        )
    }

    fn move_rows(&mut self, cells: u16, target: impl Fn(usize, usize) -> Option<usize>) -> bool {
        if self.is_single_line {
            return false;
        }
        let rows = wrap(&self.text, wrap_cells(cells));
        let (column, index) = self.caret_cell(&rows);
        let goal = self.column.unwrap_or(column);
        let Some(row) = target(index, rows.len()).and_then(|next| rows.get(next)) else {
            return false;
        };
        let shown = row.of(&self.text);
        let mut offset = clip(shown, goal).len();
        if offset == shown.len() && !row.is_hard {
            // The end of a wrapped row is the start of the next one: stay before its last cluster.
            offset = shown
                .grapheme_indices(true)
                .next_back()
                .map_or(0, |(start, _)| start);
        }
        self.place(row.range.start + offset);
        self.column = Some(goal);
        true
    }
}

/// Cells text may be wrapped to: one less than there are, for the caret; never under a double-width character.
fn wrap_cells(cells: u16) -> usize {
    usize::from(cells).saturating_sub(1).max(2)
}

fn cell(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}
