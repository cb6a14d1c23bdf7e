//! What a terminal was told: whether every byte is ours, and whether an emulator shows it where it was drawn.

use ratatui::buffer::Buffer;

use crate::text;

/// Finds a sequence that is none of ours, or a character that acts or hides.
pub(super) fn foreign(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(|char: char| char.is_control() || is_hidden(char)) {
        rest = rest.get(at..)?;
        let Some(length) = ours(rest) else {
            let seen: String = rest.chars().take(30).collect();
            return Some(format!("not ours: {seen:?}"));
        };
        rest = rest.get(length..)?;
    }
    None
}

/// Returns the length of the sequence of ours that a text begins with.
fn ours(text: &str) -> Option<usize> {
    if text.starts_with('\x07') {
        return Some(1);
    }
    for begin in [
        "\x1b]0;",
        "\x1b]2;",
        "\x1b]777;notify;Deskwire;",
        "\x1b]52;c;",
    ] {
        if let Some(behind) = text.strip_prefix(begin) {
            let inside = behind.find(['\x07', '\x1b', '\u{9c}'])?;
            let end = behind.get(inside..)?;
            let is_clean = behind
                .get(..inside)?
                .chars()
                .all(|char| !char.is_control() && !is_hidden(char));
            let closing = ["\x07", "\x1b\\"]
                .into_iter()
                .find(|closing| end.starts_with(closing))?;
            return is_clean.then_some(begin.len() + inside + closing.len());
        }
    }
    let behind = text.strip_prefix("\x1b[")?;
    let end =
        behind.find(|char: char| !matches!(char, '0'..='9' | ';' | ':' | '?' | '>' | '<' | ' '))?;
    let sequence = behind.get(..=end)?;
    let parameters = sequence.get(..end)?;
    let is_known = match sequence.chars().last()? {
        'H' | 'm' | 'J' => parameters
            .chars()
            .all(|char| matches!(char, '0'..='9' | ';' | ':')),
        'h' | 'l' => [
            "?25", "?2026", "?1049", "?2004", "?1004", "?1000", "?1002", "?1003", "?1015", "?1006",
        ]
        .contains(&parameters),
        'q' => parameters.ends_with(' '),
        't' => ["22;0;0", "22;0", "23;0;0", "23;0", "22;2", "23;2"].contains(&parameters),
        'u' => parameters.starts_with(['>', '<']),
        _ => false,
    };
    is_known.then_some("\x1b[".len() + sequence.len())
}

/// Whether a character has no picture of its own and changes others', or hides.
fn is_hidden(char: char) -> bool {
    matches!(
        char,
        '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{ad}' | '\u{e0001}' | '\u{fff9}'..='\u{fffb}' | '\u{3164}' | '\u{115f}'
    )
}

/// Whether the emulator gives a cluster as many cells as we do. It knows single characters only, as some terminals do: a
/// family is four people there, and what follows it in its row stands elsewhere.
fn is_agreed(symbol: &str) -> bool {
    let each: usize = symbol
        .chars()
        .filter_map(unicode_width::UnicodeWidthChar::width)
        .sum();
    each == text::width(symbol)
}

/// Compares what was drawn with what an emulator shows: what is plain must stand in its cell.
pub(super) fn misplaced(drawn: &Buffer, screen: &vt100::Screen) -> Option<String> {
    let area = drawn.area;
    for row in 0..area.height {
        if !(0..area.width).all(|column| is_agreed(drawn[(column, row)].symbol())) {
            continue;
        }
        for column in 0..area.width {
            let symbol = drawn[(column, row)].symbol();
            let is_plain = symbol.len() == 1 && symbol != " ";
            if !is_plain {
                continue;
            }
            let shown = screen
                .cell(row, column)
                .map(|cell| cell.contents().to_owned());
            if shown.as_deref() != Some(symbol) {
                let line: String = (0..area.width).map(|x| drawn[(x, row)].symbol()).collect();
                let seen = screen.rows(0, area.width).nth(usize::from(row));
                return Some(format!(
                    "{symbol:?} of row {row}, column {column} is shown as {shown:?}:\n{line}\n{}",
                    seen.unwrap_or_default()
                ));
            }
        }
    }
    None
}

mod tests {
    use std::num::NonZero;

    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn the_check_finds_what_it_looks_for() {
        for (text, is_found) in [
            ("\x1b[2J\x1b[1;1Hplain \x1b[31mred\x1b[0m", false),
            ("\x1b]0;a title\x07\x1b]52;c;YQ==\x1b\\", false),
            ("a\u{202e}b", true),
            ("\x1b[6n", true),
            ("\x1b]0;a\nb\x07", true),
            ("\x1b]8;;https://evil.example\x1b\\", true),
            ("\u{9b}2J", true),
            ("a\rb", true),
        ] {
            assert_eq!(foreign(text).is_some(), is_found, "{text:?}");
        }
        let mut drawn = Buffer::empty(Rect::new(0, 0, 80, 24));
        drawn.set_string(3, 1, "here", Style::default());
        let mut emulator =
            vt100::Parser::new(NonZero::new(24).unwrap(), NonZero::new(80).unwrap(), 0);
        emulator.process(b"\x1b[2;5Hhere");
        assert!(misplaced(&drawn, emulator.screen()).is_some());
        emulator.process(b"\x1b[2;4Hhere");
        assert_eq!(misplaced(&drawn, emulator.screen()), None);
    }
}
