//! What the reader read, key by key, for `check --defaults` (ADM-04).

use std::fmt;

/// A value that is not shown (SEC-09).
pub(super) const HIDDEN: &str = "hidden";
/// No value, and none is needed.
pub(super) const ABSENT: &str = "absent";

/// One key as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// With its section: `relay.listen`, `operator[anna].role`.
    pub name: String,
    /// As it would be written in the file; a secret is not shown.
    pub value: String,
    /// The file does not say it.
    pub is_default: bool,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = if self.is_default { "default" } else { "file" };
        write!(f, "{} = {}  # {source}", self.name, self.value)
    }
}

/// Returns a text in quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text.replace('\n', "\u{21b5}")).to_string()
}
