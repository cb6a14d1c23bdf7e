//! What is wrong with a config file, and where: every fault in one run, as `FILE:LINE:COL: message`.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One fault or warning, in its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
    /// The file works all the same.
    pub is_warning: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warning = if self.is_warning { "warning: " } else { "" };
        write!(
            f,
            "{}:{}:{}: {warning}{}",
            self.file.display(),
            self.line,
            self.column,
            self.message
        )
    }
}

/// Collects faults of one file.
pub(super) struct Faults {
    file: PathBuf,
    text: String,
    found: Vec<Fault>,
}

impl Faults {
    pub(super) fn of(file: &Path, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            found: vec![],
        }
    }

    pub(super) fn fault(&mut self, at: Option<Range<usize>>, message: impl Into<String>) {
        self.add(at, message.into(), false);
    }

    pub(super) fn warn(&mut self, at: Option<Range<usize>>, message: impl Into<String>) {
        self.add(at, message.into(), true);
    }

    fn add(&mut self, at: Option<Range<usize>>, message: String, is_warning: bool) {
        let (line, column) = place(&self.text, at.map_or(0, |range| range.start));
        self.found.push(Fault {
            file: self.file.clone(),
            line,
            column,
            message,
            is_warning,
        });
    }

    /// Returns them in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        self.found.sort();
        self.found.dedup();
        self.found
    }
}

/// Returns the line and column of a byte.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

/// Returns `, did you mean …?` when one of the names is close to what was written.
pub(super) fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let close = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(written, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    close.map_or_else(String::new, |(_, name)| format!(", did you mean {name}?"))
}
