//! The key of a template (T-08): a function key or a chord pressed while writing, or letters typed behind the sign that
//! opens the templates. Never a bare letter: letters are text (D-14).

use std::fmt;
use std::str::FromStr;

use crate::key::{Code, Key, KeyError};

/// How the second kind is written in the config: `leader+gr`.
const LEADER: &str = "leader+";

/// Letters behind the leader, at most.
const MOST_LETTERS: usize = 8;

/// How a template is had without looking for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateKey {
    /// Pressed: `f2`, `ctrl+x`.
    Chord(Key),
    /// Typed behind `\`, in lower case.
    Leader(String),
}

/// Why a template cannot have that key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateKeyError {
    /// Not a key at all.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It would be typed.
    #[error(
        "`{0}` is text while one writes; write a function key, a chord such as ctrl+x, or leader+letters"
    )]
    Text(String),
    /// Nothing, or no letters, behind the leader.
    #[error("`{0}`: expected 1 to 8 letters or digits behind leader+")]
    Letters(String),
}

impl TemplateKey {
    /// Whether one of two keys keeps the other from being had.
    pub fn hides(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Chord(one), Self::Chord(two)) => one == two,
            (Self::Leader(one), Self::Leader(two)) => {
                one.starts_with(&**two) || two.starts_with(&**one)
            }
            (Self::Chord(_), Self::Leader(_)) | (Self::Leader(_), Self::Chord(_)) => false,
        }
    }

    /// Whether a short code can no longer be typed to its end.
    pub fn hides_code(&self, code: &str) -> bool {
        matches!(self, Self::Leader(letters) if code.to_lowercase().starts_with(&**letters))
    }
}

impl FromStr for TemplateKey {
    type Err = TemplateKeyError;

    fn from_str(text: &str) -> Result<Self, TemplateKeyError> {
        let low = text.trim().to_lowercase();
        if let Some(letters) = low.strip_prefix(LEADER) {
            let count = letters.chars().count();
            let is_sound =
                (1..=MOST_LETTERS).contains(&count) && letters.chars().all(char::is_alphanumeric);
            return if is_sound {
                Ok(Self::Leader(letters.to_owned()))
            } else {
                Err(TemplateKeyError::Letters(text.to_owned()))
            };
        }
        let key: Key = low.parse()?;
        let is_chord = key.ctrl || key.alt || matches!(key.code, Code::F(_));
        if is_chord {
            Ok(Self::Chord(key))
        } else {
            Err(TemplateKeyError::Text(text.to_owned()))
        }
    }
}

impl fmt::Display for TemplateKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chord(key) => key.fmt(out),
            Self::Leader(letters) => write!(out, "{LEADER}{letters}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> TemplateKey {
        text.parse().expect(text)
    }

    #[test]
    fn function_keys_chords_and_letters_behind_the_leader_are_keys_of_templates() {
        for (written, shown) in [
            ("F2", "f2"),
            ("Ctrl+X", "ctrl+x"),
            ("alt+1", "alt+1"),
            ("Leader+GR", "leader+gr"),
            ("leader+возв", "leader+возв"),
        ] {
            assert_eq!(key(written).to_string(), shown);
        }
    }

    #[test]
    fn what_is_text_while_one_writes_is_refused() {
        for written in [
            "g",
            "enter",
            "tab",
            "shift+a",
            "leader+",
            "leader+a b",
            "leader+waytoolong",
            "ctrl+",
            "hyper+x",
        ] {
            assert!(written.parse::<TemplateKey>().is_err(), "{written}");
        }
    }

    #[test]
    fn letters_hide_longer_ones_and_codes_that_begin_so() {
        assert!(key("leader+g").hides(&key("leader+gr")));
        assert!(key("leader+gr").hides(&key("leader+g")));
        assert!(!key("leader+gr").hides(&key("leader+go")));
        assert!(key("f2").hides(&key("F2")));
        assert!(!key("f2").hides(&key("leader+f2")));
        assert!(key("leader+h").hides_code("Hi"));
        assert!(!key("leader+hi").hides_code("h"));
    }
}
