//! What a key is, how it is written in the config and on screen (`D-13`), and how keys of other layouts become the ones
//! commands are bound to. What a key *does* is the keymap's business; how bytes become keys is `events`'.

mod layout;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use layout::{Layout, other_readings};
use layout::{fold_width, to_latin};

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

    /// Returns the key as hints and help write it: `Enter`, `^G`, `Alt+Enter`, `F5`, `c`.
    #[must_use]
    pub fn label(self) -> String {
        let written = self.to_string();
        let parts: Vec<String> = written.split('+').map(label_part).collect();
        let label = parts.join("+");
        match label.strip_prefix("Ctrl+") {
            Some(rest) if rest.chars().count() == 1 => format!("^{}", rest.to_uppercase()),
            Some(_) | None => label,
        }
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

fn label_part(part: &str) -> String {
    match part {
        "escape" => return "Esc".to_owned(),
        "pageup" => return "PgUp".to_owned(),
        "pagedown" => return "PgDn".to_owned(),
        _ => {}
    }
    let word = part.strip_prefix("arrow").unwrap_or(part);
    let mut chars = word.chars();
    match chars.next() {
        Some(first) if chars.as_str().is_empty() => first.to_string(),
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some capitals have no small letter: for them Shift says nothing.
        let upper = matches!(self.code, Code::Char(char)
            if single(char.to_lowercase()).is_some_and(|lower| lower != char));
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
