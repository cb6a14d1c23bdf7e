//! Emoji drawn in a simple form of the same width, where a multiplexer counts their parts one by one and leaves pieces of
//! them behind (desk rule 5.2). For display only: what is stored and sent is not touched.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use unicode_segmentation::UnicodeSegmentation;

use crate::text;

const JOINER: char = '\u{200d}';

/// Returns a text whose joined emoji stand one by one, so that none of them is lost when drawn simply.
pub(super) fn apart(text: &str) -> Cow<'_, str> {
    if !text.contains(JOINER) {
        return Cow::Borrowed(text);
    }
    let parts = text.graphemes(true).map(|cluster| {
        if text::width(cluster) > 1 {
            cluster.replace(JOINER, "")
        } else {
            cluster.to_owned()
        }
    });
    Cow::Owned(parts.collect())
}

/// Puts simple forms in the places of emoji made of several code points.
pub(super) fn simplify(buffer: &mut Buffer) {
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(symbol) = buffer.cell((x, y)).map(ratatui::buffer::Cell::symbol) else {
                continue;
            };
            let Some(simple) = simple(symbol) else {
                continue;
            };
            let mut cells = text::width(symbol);
            let mut at = x;
            for cluster in simple.graphemes(true) {
                let wide = text::width(cluster).max(1);
                if wide > cells {
                    break;
                }
                if let Some(cell) = buffer.cell_mut((at, y)) {
                    cell.set_symbol(cluster);
                }
                cells -= wide;
                at = at.saturating_add(u16::try_from(wide).unwrap_or(u16::MAX));
            }
            for blank in 0..u16::try_from(cells).unwrap_or(0) {
                if let Some(cell) = buffer.cell_mut((at.saturating_add(blank), y)) {
                    cell.set_symbol(" ");
                }
            }
        }
    }
}

/// Returns the simple form of a cluster; none: it is simple.
fn simple(cluster: &str) -> Option<String> {
    if cluster.is_ascii() {
        return None;
    }
    let letters: Option<String> = cluster.chars().map(letter).collect();
    if letters.is_some() {
        return letters;
    }
    let plain: String = cluster
        .chars()
        .take_while(|char| *char != JOINER)
        .enumerate()
        .filter(|(at, char)| *at == 0 || !is_mark(*char))
        .map(|(_, char)| char)
        .collect();
    (plain != cluster && text::width(cluster) > 0).then_some(plain)
}

/// Returns the letter of a flag's half.
fn letter(char: char) -> Option<char> {
    let place = u32::from(char)
        .checked_sub(0x1_f1e6)
        .filter(|at| *at < 26)?;
    char::from_u32(u32::from('A') + place)
}

/// What changes the look of the emoji before it: presentation, skin, region.
fn is_mark(char: char) -> bool {
    matches!(char, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn drawn(text: &str) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, text, Style::default());
        simplify(&mut buffer);
        let mut row = String::new();
        let mut skip = 0;
        for cell in buffer.content() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = text::width(cell.symbol()).saturating_sub(1);
            row.push_str(cell.symbol());
        }
        row.trim_end().to_owned()
    }

    #[test]
    fn emoji_of_several_code_points_become_simple_and_keep_their_width() {
        for (text, simple) in [
            ("a🇮🇱b", "aILb"),
            ("🇺x", "Ux"),
            ("👍🏽!", "👍!"),
            ("👨\u{200d}👩\u{200d}👧!", "👨!"),
            ("❤\u{fe0f}!", "❤ !"),
            ("🏴\u{e0067}\u{e0062}\u{e007f}!", "🏴!"),
            ("👍王é", "👍王é"),
        ] {
            assert_eq!(drawn(text), simple, "{text}");
        }
    }

    #[test]
    fn a_family_stands_apart_and_letters_that_need_a_joiner_keep_it() {
        assert_eq!(apart("👨\u{200d}👩\u{200d}👧"), "👨👩👧");
        assert_eq!(apart("می\u{200d}"), "می\u{200d}");
        assert_eq!(apart("plain"), "plain");
    }
}
