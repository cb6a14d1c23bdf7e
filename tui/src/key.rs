//! What a key is, how it is written in the config and on screen (`D-13`), and how keys of other layouts become the ones
//! commands are bound to. What a key *does* is the keymap's business; how bytes become keys is `events`'.

use std::fmt;
use std::str::FromStr;

/// One key press, already in normal form.
///
/// A letter without Ctrl or Alt carries its own case and no `shift`; with them it is lower case and `shift` says the rest.
/// `Key`s made by [`Key::normal`], by parsing and by the terminal reader are in this form, so that they compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

/// Which key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    Char(char),
    Enter,
    Tab,
    Backspace,
    Delete,
    Insert,
    Escape,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// F1 to F24.
    F(u8),
}

/// Why a key could not be read from a config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a key is missing after the last `+`")]
    Empty,
    #[error("`{0}` is not a key; write one character or a word like enter, space, arrowup, f5")]
    UnknownKey(String),
    #[error("`{0}` is not a modifier; there are ctrl, alt and shift")]
    UnknownModifier(String),
}

/// Words for keys that have no character of their own, in the config and in help.
const WORDS: [(&str, Code); 17] = [
    ("space", Code::Char(' ')),
    ("plus", Code::Char('+')),
    ("enter", Code::Enter),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("escape", Code::Escape),
    ("arrowup", Code::Up),
    ("arrowdown", Code::Down),
    ("arrowleft", Code::Left),
    ("arrowright", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("esc", Code::Escape),
];

impl Key {
    /// A key alone, with no modifier.
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// A character typed alone.
    pub const fn char(char: char) -> Self {
        Self::plain(Code::Char(char))
    }

    /// Ctrl with a character.
    pub const fn ctrl(char: char) -> Self {
        Self {
            ctrl: true,
            ..Self::char(char)
        }
    }

    /// The same key with Alt held.
    #[must_use]
    pub const fn with_alt(self) -> Self {
        Self { alt: true, ..self }
    }

    /// The same key with Ctrl held.
    #[must_use]
    pub const fn with_ctrl(self) -> Self {
        Self { ctrl: true, ..self }
    }

    /// The same key with Shift held. For letters use [`Key::normal`] behind it.
    #[must_use]
    pub const fn with_shift(self) -> Self {
        Self {
            shift: true,
            ..self
        }
    }

    /// Returns the key in normal form (desk rule 4.3, step 3): with Ctrl or Alt an upper-case letter is the lower-case one
    /// plus Shift, without them Shift is in the letter; a line feed is Ctrl+J.
    #[must_use]
    pub fn normal(self) -> Self {
        let Code::Char(char) = self.code else {
            return self;
        };
        if char == '\n' {
            return Self::ctrl('j');
        }
        if self.ctrl || self.alt {
            let lower = single(char.to_lowercase()).unwrap_or(char);
            return Self {
                code: Code::Char(lower),
                shift: self.shift || lower != char,
                ..self
            };
        }
        let upper = if self.shift {
            single(char.to_uppercase()).unwrap_or(char)
        } else {
            char
        };
        Self::char(upper)
    }

    /// Returns the key a chord is looked up by (4.3, step 4): with Ctrl or Alt held, a letter of another layout counts as
    /// the Latin one at its place. Use it everywhere, text fields included.
    #[must_use]
    pub fn as_chord(self, layouts: &[Layout]) -> Self {
        match self.code {
            Code::Char(char) if self.ctrl || self.alt => {
                let latin = to_latin(char, layouts).unwrap_or(char);
                Self {
                    code: Code::Char(latin),
                    ..self
                }
                .normal()
            }
            _ => self,
        }
    }

    /// Returns the key a command letter is looked up by (4.3, step 5): full-width forms become ASCII, then letters of
    /// another layout count as the Latin ones at their place. Use it where letters are not text.
    #[must_use]
    pub fn as_command(self, layouts: &[Layout]) -> Self {
        let Code::Char(char) = self.code else {
            return self;
        };
        let folded = fold_width(char);
        let latin = to_latin(folded, layouts).unwrap_or(folded);
        Self {
            code: Code::Char(latin),
            ..self
        }
        .normal()
    }

    /// Returns the character to insert when this key is pressed in a text field; `None` for everything else.
    pub fn text(self) -> Option<char> {
        match self.code {
            Code::Char(char) if !self.ctrl && !self.alt && !char.is_control() => Some(char),
            _ => None,
        }
    }

    /// Says whether holding the key down may do it again: movement and deletion, never Enter or a command (4.3, step 1).
    pub fn may_repeat(self) -> bool {
        match self.code {
            Code::Char(_) | Code::Enter | Code::Tab | Code::Insert | Code::Escape | Code::F(_) => {
                false
            }
            Code::Backspace
            | Code::Delete
            | Code::Up
            | Code::Down
            | Code::Left
            | Code::Right
            | Code::Home
            | Code::End
            | Code::PageUp
            | Code::PageDown => true,
        }
    }
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    if chars.next().is_some() { None } else { first }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let upper = matches!(self.code, Code::Char(char) if char.is_uppercase());
        for (is_held, word) in [
            (self.ctrl, "ctrl+"),
            (self.alt, "alt+"),
            (self.shift || upper, "shift+"),
        ] {
            if is_held {
                out.write_str(word)?;
            }
        }
        match self.code {
            Code::F(number) => write!(out, "f{number}"),
            code => match (WORDS.iter().find(|(_, known)| *known == code), code) {
                (Some((word, _)), _) => out.write_str(word),
                (None, Code::Char(char)) => char
                    .to_lowercase()
                    .try_for_each(|lower| write!(out, "{lower}")),
                (None, other) => write!(out, "{other:?}"),
            },
        }
    }
}

impl FromStr for Key {
    type Err = KeyError;

    /// Reads `ctrl+t`, `alt+enter`, `shift+tab`, `space`, `e`; case does not matter in words.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut words: Vec<&str> = text.trim().split('+').map(str::trim).collect();
        let name = words
            .pop()
            .filter(|name| !name.is_empty())
            .ok_or(KeyError::Empty)?;
        let mut key = Self::plain(parse_code(name)?);
        for word in words {
            match word.to_lowercase().as_str() {
                "ctrl" | "control" => key.ctrl = true,
                "alt" => key.alt = true,
                "shift" => key.shift = true,
                _ => return Err(KeyError::UnknownModifier(word.to_owned())),
            }
        }
        Ok(key.normal())
    }
}

fn parse_code(name: &str) -> Result<Code, KeyError> {
    if let Some(char) = single(name.chars()) {
        return Ok(Code::Char(char));
    }
    let word = name.to_lowercase();
    if let Some((_, code)) = WORDS.iter().find(|(known, _)| *known == word) {
        return Ok(*code);
    }
    let number = word
        .strip_prefix('f')
        .and_then(|digits| digits.parse().ok());
    match number {
        Some(number @ 1..=24) => Ok(Code::F(number)),
        _ => Err(KeyError::UnknownKey(name.to_owned())),
    }
}

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
fn to_latin(char: char, layouts: &[Layout]) -> Option<char> {
    layouts.iter().find_map(|layout| layout.latin(char))
}

/// Folds full-width forms and Chinese punctuation to the ASCII a Chinese input method means by them.
fn fold_width(char: char) -> char {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RUSSIAN: &[Layout] = &[Layout::Russian];

    #[test]
    fn keys_are_written_in_lower_case_words() {
        for (key, written) in [
            (Key::ctrl('t'), "ctrl+t"),
            (Key::plain(Code::Enter).with_alt(), "alt+enter"),
            (Key::char(' '), "space"),
            (Key::plain(Code::Up), "arrowup"),
            (Key::plain(Code::Escape), "escape"),
            (Key::plain(Code::Tab).with_shift(), "shift+tab"),
            (Key::plain(Code::F(5)), "f5"),
            (Key::char('T'), "shift+t"),
            (
                Key::ctrl('+').with_alt().with_shift(),
                "ctrl+alt+shift+plus",
            ),
            (Key::char('\\'), "\\"),
        ] {
            assert_eq!(key.to_string(), written);
            assert_eq!(written.parse(), Ok(key), "{written}");
        }
    }

    #[test]
    fn keys_are_read_leniently_but_never_guessed() {
        assert_eq!("Ctrl+Shift+A".parse(), Ok(Key::ctrl('a').with_shift()));
        assert_eq!(
            " alt + ArrowUp ".parse(),
            Ok(Key::plain(Code::Up).with_alt())
        );
        assert_eq!("esc".parse(), Ok(Key::plain(Code::Escape)));
        for (text, error) in [
            ("", KeyError::Empty),
            ("ctrl+", KeyError::Empty),
            ("hyper+t", KeyError::UnknownModifier("hyper".into())),
            ("ctrl+entr", KeyError::UnknownKey("entr".into())),
            ("f25", KeyError::UnknownKey("f25".into())),
        ] {
            assert_eq!(text.parse::<Key>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn upper_case_with_ctrl_becomes_lower_case_plus_shift() {
        assert_eq!(Key::ctrl('Ф').normal(), Key::ctrl('ф').with_shift());
        assert_eq!(Key::char('\n').normal(), Key::ctrl('j'));
        assert_eq!(Key::char('a').with_shift().normal(), Key::char('A'));
    }

    #[test]
    fn chords_go_by_place_not_by_letter() {
        assert_eq!(Key::ctrl('с').as_chord(RUSSIAN), Key::ctrl('c'));
        assert_eq!(
            Key::ctrl('Ф').normal().as_chord(RUSSIAN),
            Key::ctrl('a').with_shift()
        );
        assert_eq!(
            Key::char('м').with_alt().as_chord(RUSSIAN),
            Key::char('v').with_alt()
        );
        assert_eq!(
            Key::char('е').as_chord(RUSSIAN),
            Key::char('е'),
            "a plain letter in a text field is text"
        );
        assert_eq!(
            Key::ctrl('с').as_chord(&[]),
            Key::ctrl('с'),
            "no layouts, no table"
        );
    }

    #[test]
    fn command_letters_go_by_place_in_every_layout() {
        for (layout, local, latin) in [
            (
                Layout::Russian,
                "йцукенгшщзхъфывапролджэячсмитьбюё",
                "qwertyuiop[]asdfghjkl;'zxcvbnm,.`",
            ),
            (Layout::Ukrainian, "іїєґ", "s]'\\"),
            (Layout::Belarusian, "ўі", "ob"),
        ] {
            let read: String = local
                .chars()
                .filter_map(|char| Key::char(char).as_command(&[layout]).text())
                .collect();
            assert_eq!(read, latin, "{layout:?}");
        }
        assert_eq!(Key::char('Т').as_command(RUSSIAN), Key::char('N'));
        assert_eq!(Key::char('Х').as_command(RUSSIAN), Key::char('{'));
    }

    #[test]
    fn full_width_forms_are_folded_for_commands_only() {
        for (wide, narrow) in [
            ('ｃ', 'c'),
            ('１', '1'),
            ('？', '?'),
            ('\u{3000}', ' '),
            ('、', '/'),
            ('。', '.'),
        ] {
            assert_eq!(Key::char(wide).as_command(RUSSIAN), Key::char(narrow));
            assert_eq!(
                Key::char(wide).text(),
                Some(wide),
                "in a text field it is text"
            );
        }
    }

    #[test]
    fn words_typed_on_the_wrong_layout_are_read_both_ways() {
        assert_eq!(other_readings("gthtl", RUSSIAN), ["перед"]);
        assert_eq!(other_readings("екфты", RUSSIAN), ["trans"]);
        assert_eq!(other_readings("Ghbdtn", RUSSIAN), ["Привет"]);
        assert_eq!(other_readings("123", RUSSIAN), Vec::<String>::new());
        assert_eq!(other_readings("gthtl", &[]), Vec::<String>::new());
    }

    #[test]
    fn only_movement_and_deletion_repeat() {
        assert!(Key::plain(Code::Down).may_repeat());
        assert!(Key::plain(Code::Backspace).may_repeat());
        assert!(!Key::plain(Code::Enter).may_repeat());
        assert!(!Key::char('c').may_repeat());
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(char in any::<char>(), ctrl: bool, alt: bool, shift: bool) {
            prop_assume!(!char.is_whitespace() && !char.is_control() && single(char.to_lowercase()).is_some());
            let lower = single(char.to_lowercase()).filter(|lower| single(lower.to_uppercase()) == Some(char));
            prop_assume!(!char.is_uppercase() || lower.is_some());
            prop_assume!(!shift || single(char.to_uppercase()).is_some_and(|upper| single(upper.to_lowercase()) == Some(char)));
            let key = Key { code: Code::Char(char), ctrl, alt, shift }.normal();
            prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
        }
    }
}
