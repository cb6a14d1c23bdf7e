//! How text lies on a screen: cell widths, cutting, padding and wrapping, all by grapheme cluster. Composer, conversation
//! and previews share [`wrap`], so that a caret and a row mean the same thing everywhere.
//!
//! Nothing here knows colours or panes. Text from outside must have been through [`clean`] before.

use std::ops::Range;

pub use shared::text::{clean, clean_line, clean_message};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Tab stops stand every so many cells, counted from the start of the row.
pub const TAB_CELLS: usize = 4;

/// What stands where text was cut off, one cell wide.
pub const ELLIPSIS: &str = "…";

/// One row of wrapped text: where it lies in the text and how wide it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Byte range in the wrapped text, on cluster boundaries, without the newline that ends it.
    pub range: Range<usize>,
    /// Cells it takes, white space at its end included as far as it fits.
    pub width: usize,
    /// A newline or the end of the text ends this row; otherwise wrapping did.
    pub is_hard: bool,
}

impl Row {
    /// Returns the part of `text` this row shows, tabs still in it; see [`expand_tabs`].
    pub fn of<'text>(&self, text: &'text str) -> &'text str {
        text.get(self.range.clone()).unwrap_or_default()
    }

    /// Returns what of this row is drawn: without the white space at its end, which may hang behind the last cell and would
    /// have the last letter cut.
    pub fn shown<'text>(&self, text: &'text str) -> &'text str {
        self.of(text).trim_end()
    }
}

/// Cells `text` takes on one row, tabs at their stops. A newline takes none.
pub fn width(text: &str) -> usize {
    text.graphemes(true)
        .fold(0, |column, cluster| column + cluster_width(cluster, column))
}

/// Cells the cluster takes when drawn at `column`; only a tab depends on the column.
pub fn cluster_width(cluster: &str, column: usize) -> usize {
    match cluster {
        "\t" => TAB_CELLS - column % TAB_CELLS,
        "\n" | "\r\n" => 0,
        _ => cluster.width() + sound_marks(cluster),
    }
}

/// Half-width sound marks, to which the drawing library gives a cell beside what the tables give their cluster: columns are
/// right only if both count alike.
fn sound_marks(cluster: &str) -> usize {
    cluster
        .chars()
        .filter(|char| matches!(char, '\u{ff9e}' | '\u{ff9f}'))
        .count()
}

/// Returns the row `text` with its tabs as spaces, ready to be drawn.
pub fn expand_tabs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for cluster in text.graphemes(true) {
        let cells = cluster_width(cluster, column);
        if cluster == "\t" {
            out.extend(std::iter::repeat_n(' ', cells));
        } else {
            out.push_str(cluster);
        }
        column += cells;
    }
    out
}

/// Returns the longest head of `text` that fits into `cells`, cut between clusters, with nothing to show for the cut.
pub fn clip(text: &str, cells: usize) -> &str {
    let mut column = 0;
    for (start, cluster) in text.grapheme_indices(true) {
        column += cluster_width(cluster, column);
        if column > cells {
            return text.get(..start).unwrap_or_default();
        }
    }
    text
}

/// Returns `text` if it fits into `cells`, otherwise its head with an [`ELLIPSIS`] behind. Never wider than `cells`.
pub fn cut(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    if cells == 0 {
        return String::new();
    }
    format!("{}{ELLIPSIS}", clip(text, cells - 1))
}

/// Returns `text` in a column exactly `cells` wide, at its left; cut if it is longer.
pub fn pad(text: &str, cells: usize) -> String {
    let mut column = cut(text, cells);
    column.extend(std::iter::repeat_n(
        ' ',
        cells.saturating_sub(width(&column)),
    ));
    column
}

/// Returns `text` in a column exactly `cells` wide, at its right; cut if it is longer.
pub fn pad_left(text: &str, cells: usize) -> String {
    let cut = cut(text, cells);
    let mut column = " ".repeat(cells.saturating_sub(width(&cut)));
    column.push_str(&cut);
    column
}

/// Breaks `text` into rows of at most `cells` cells. There is always at least one row.
///
/// Rows end at newlines, else between words, else (a word longer than a row) between clusters; Chinese, Japanese and
/// Korean break anywhere. White space that does not fit hangs behind the end of its row, it never begins the next one.
/// Every byte but the newlines belongs to exactly one row. A cluster wider than `cells` gets a row of its own, which is then
/// too wide: emoji take 2 cells, a syllable of some scripts more.
pub fn wrap(text: &str, cells: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        wrap_line(line, start, cells.max(1), &mut rows);
        start += line.len() + 1;
    }
    rows
}

/// A row being filled: bytes from the start of the text, cells from the start of the row.
struct Filling {
    start: usize,
    width: usize,
    /// The last place this row may be broken at, and its width up to there.
    gap: Option<(usize, usize)>,
}

fn wrap_line(line: &str, offset: usize, cells: usize, rows: &mut Vec<Row>) {
    let mut row = Filling {
        start: offset,
        width: 0,
        gap: None,
    };
    let mut previous = "";
    for (index, cluster) in line.grapheme_indices(true) {
        let at = offset + index;
        if row.start < at && can_break(previous, cluster) {
            row.gap = Some((at, row.width));
        }
        let mut wide = cluster_width(cluster, row.width);
        let hangs = is_space(cluster);
        if hangs {
            // White space that does not fit hangs behind the full row.
            wide = wide.min(cells.saturating_sub(row.width));
        }
        // What a break at a gap carries over may still leave no room, hence a loop.
        while !hangs && row.width + wide > cells && row.start < at {
            row.break_before(at, rows);
            row.width = width(text_between(line, offset, row.start, at));
        }
        row.width += wide;
        previous = cluster;
    }
    rows.push(Row {
        range: row.start..offset + line.len(),
        width: row.width,
        is_hard: true,
    });
}

impl Filling {
    /// Ends the row at its last gap, or right here if it has none.
    fn break_before(&mut self, at: usize, rows: &mut Vec<Row>) {
        let (end, width) = self.gap.take().unwrap_or((at, self.width));
        rows.push(Row {
            range: self.start..end,
            width,
            is_hard: false,
        });
        self.start = end;
    }
}

fn text_between(line: &str, offset: usize, start: usize, end: usize) -> &str {
    line.get(start - offset..end - offset).unwrap_or_default()
}

/// Says whether a row may end between two neighbouring clusters.
fn can_break(before: &str, after: &str) -> bool {
    if is_space(after) {
        return false;
    }
    is_space(before)
        || before == "-"
        || (is_ideographic(before) || is_ideographic(after)) && !clings(before, after)
}

fn is_space(cluster: &str) -> bool {
    matches!(cluster, " " | "\t" | "\u{3000}")
        || cluster.starts_with(|char: char| ('\u{2000}'..='\u{2006}').contains(&char))
}

/// Says whether the cluster belongs to a script that is written without spaces: CJK, kana, full-width forms.
fn is_ideographic(cluster: &str) -> bool {
    cluster.starts_with(|char: char| {
        matches!(char, '\u{2e80}'..='\u{2fff}' | '\u{3001}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
            | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}')
    })
}

/// Punctuation stays with its neighbour: a closing mark never begins a row, an opening one never ends it.
fn clings(before: &str, after: &str) -> bool {
    const CLOSING: &str = "、。，．！？：；）］｝〉》」』】〕”’…,.!?:;)]}%";
    const OPENING: &str = "（［｛〈《「『【〔“‘([{$¥";
    after.starts_with(|char| CLOSING.contains(char))
        || before.starts_with(|char| OPENING.contains(char))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, cells: usize) -> Vec<&str> {
        wrap(text, cells).iter().map(|row| row.of(text)).collect()
    }

    fn check(cases: &[(&str, usize, &[&str])]) {
        for (text, cells, expected) in cases {
            assert_eq!(&rows(text, *cells), expected, "{text:?} in {cells}");
        }
    }

    #[test]
    fn widths_are_counted_in_cells() {
        for (text, cells) in [
            ("", 0),
            ("abc", 3),
            ("привет", 6),
            ("王小明", 6),
            ("👍🏽", 2),
            ("👨‍👩‍👧‍👦", 2),
            ("🇷🇺", 2),
            ("e\u{301}", 1),
            ("ｶﾞ", 2),
            ("a\tb", 5),
        ] {
            assert_eq!(width(text), cells, "{text:?}");
        }
    }

    #[test]
    fn cutting_never_splits_a_cluster_nor_exceeds_the_width() {
        assert_eq!(cut("Ольга", 5), "Ольга");
        assert_eq!(cut("Ольга", 4), "Оль…");
        assert_eq!(cut("王小明", 4), "王…");
        assert_eq!(cut("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 3), "👨‍👩‍👧‍👦…");
        assert_eq!(cut("abc", 1), "…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(clip("王小明", 3), "王");
    }

    #[test]
    fn columns_are_exactly_as_wide_as_asked() {
        assert_eq!(pad("王", 4), "王  ");
        assert_eq!(pad("王小明", 4), "王… ");
        assert_eq!(pad_left("8m", 4), "  8m");
        assert_eq!(expand_tabs("a\tb\t"), "a   b   ");
    }

    #[test]
    fn rows_end_between_words() {
        check(&[
            ("", 5, &[""]),
            ("one two three", 7, &["one two ", "three"]),
            ("one two three", 8, &["one two ", "three"]),
            ("well-known fact", 6, &["well-", "known ", "fact"]),
            ("abcdefghij kl", 4, &["abcd", "efgh", "ij ", "kl"]),
            ("王 a", 1, &["王 ", "a"]),
        ]);
    }

    #[test]
    fn newlines_end_rows_and_empty_lines_are_rows() {
        check(&[("a\n\nb\n", 5, &["a", "", "b", ""])]);
        assert!(wrap("a\nb", 5).iter().all(|row| row.is_hard));
    }

    #[test]
    fn chinese_breaks_anywhere_but_keeps_its_punctuation() {
        check(&[
            ("您好我的订单", 5, &["您好", "我的", "订单"]),
            ("您好，我的", 4, &["您", "好，", "我的"]),
            ("见「订单」吧", 4, &["见", "「订", "单」", "吧"]),
            ("订单4512号", 6, &["订单", "4512号"]),
        ]);
    }

    #[test]
    fn emoji_stay_whole() {
        check(&[("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 5, &["👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"])]);
    }

    fn chat_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z]{1,12}",
            "[а-яё]{1,12}",
            proptest::sample::select(vec![
                " ",
                "  ",
                "\n",
                "\t",
                "王",
                "小明，",
                "👨‍👩‍👧‍👦",
                "👍🏽",
                "🇷🇺",
                "e\u{301}",
                "。",
                "(",
                "-"
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_asked(text in chat_text(), cells in 2_usize..30) {
            for row in wrap(&text, cells) {
                prop_assert!(row.width <= cells, "{:?} is {} wide", row.of(&text), row.width);
                prop_assert!(width(row.of(&text).trim_end()) <= cells);
            }
        }

        #[test]
        fn what_is_drawn_of_a_row_fits_with_nothing_to_cut(text in chat_text(), cells in 2_usize..30) {
            for row in wrap(&text, cells) {
                let drawn = expand_tabs(row.shown(&text));
                prop_assert_eq!(cut(&drawn, cells), drawn);
            }
        }

        #[test]
        fn rows_hold_every_byte_once_and_begin_at_clusters(text in chat_text(), cells in 2_usize..30) {
            let mut end = 0;
            for row in wrap(&text, cells) {
                prop_assert_eq!(row.range.start, end);
                prop_assert!(text.len() == end || text.grapheme_indices(true).any(|(start, _)| start == end));
                end = row.range.end + usize::from(row.is_hard);
            }
            prop_assert_eq!(end, text.len() + 1);
        }

        #[test]
        fn cutting_fits_any_text_into_any_width(text in chat_text(), cells in 0_usize..20) {
            let line = clean_line(&text);
            prop_assert!(width(&cut(&line, cells)) <= cells);
            prop_assert_eq!(width(&pad(&line, cells)), cells);
            prop_assert_eq!(width(&pad_left(&line, cells)), cells);
        }
    }
}
