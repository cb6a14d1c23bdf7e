//! Keyboard layouts: which letters lie at the same place (desk rule 4.3). Tables and look-ups, no keys.

use super::single;

/// A keyboard layout whose letters count as the Latin ones at the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Russian,
    Ukrainian,
    Belarusian,
}

/// Places of the Latin letters the tables are written against, and what Shift makes of the rest.
const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`\\";
const SHIFTED: [(char, char); 8] = [
    ('[', '{'),
    (']', '}'),
    (';', ':'),
    ('\'', '"'),
    (',', '<'),
    ('.', '>'),
    ('`', '~'),
    ('\\', '|'),
];

impl Layout {
    /// Returns the layout the config names (`ru`, `uk`, `be`).
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ru" => Some(Self::Russian),
            "uk" => Some(Self::Ukrainian),
            "be" => Some(Self::Belarusian),
            _ => None,
        }
    }

    /// The layout's letters at the places of [`LATIN`].
    fn letters(self) -> &'static str {
        match self {
            Self::Russian => "йцукенгшщзхъфывапролджэячсмитьбюё\\",
            Self::Ukrainian => "йцукенгшщзхїфівапролджєячсмитьбю'ґ",
            Self::Belarusian => "йцукенгшўзх'фывапролджэячсмітьбюё\\",
        }
    }

    /// Returns the Latin character at the place of this layout's `char`, Shift kept; `None` for what is no letter of it.
    fn latin(self, char: char) -> Option<char> {
        if char.is_ascii() {
            return None;
        }
        let lower = single(char.to_lowercase())?;
        let (_, latin) = self
            .letters()
            .chars()
            .zip(LATIN.chars())
            .find(|(letter, _)| *letter == lower)?;
        Some(if lower == char { latin } else { shifted(latin) })
    }

    /// Returns the letter this layout has at the place of a Latin one; `None` where both are the same.
    pub fn letter_at(self, latin: char) -> Option<char> {
        self.local(latin).filter(|letter| *letter != latin)
    }

    /// Returns this layout's character at the place of the Latin `char`; `None` where both are the same.
    fn local(self, char: char) -> Option<char> {
        let base = SHIFTED
            .iter()
            .find(|(_, upper)| *upper == char)
            .map_or(char.to_ascii_lowercase(), |(lower, _)| *lower);
        let (letter, _) = self
            .letters()
            .chars()
            .zip(LATIN.chars())
            .find(|(_, latin)| *latin == base)?;
        Some(if base == char {
            letter
        } else {
            single(letter.to_uppercase())?
        })
    }
}

fn shifted(latin: char) -> char {
    SHIFTED
        .iter()
        .find(|(lower, _)| *lower == latin)
        .map_or(latin.to_ascii_uppercase(), |(_, upper)| *upper)
}

/// Returns the Latin character at the place of `char` in the first layout that has it.
pub(super) fn to_latin(char: char, layouts: &[Layout]) -> Option<char> {
    layouts.iter().find_map(|layout| layout.latin(char))
}

/// Folds full-width forms and Chinese punctuation to the ASCII a Chinese input method means by them.
pub(super) fn fold_width(char: char) -> char {
    match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        '\u{3000}' => ' ',
        '、' => '/',
        '。' => '.',
        _ => char,
    }
}

/// Returns `query` as it would read had it been typed on another layout (`gthtl` is `перед`, `екфты` is `trans…`): one
/// reading per layout, both directions, without those equal to the query.
pub fn other_readings(query: &str, layouts: &[Layout]) -> Vec<String> {
    let mut readings: Vec<String> = Vec::new();
    for layout in layouts {
        let as_latin = query
            .chars()
            .map(|char| layout.latin(char).unwrap_or(char))
            .collect::<String>();
        let as_local = query
            .chars()
            .map(|char| layout.local(char).unwrap_or(char))
            .collect::<String>();
        for reading in [as_latin, as_local] {
            if reading != query && !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}
