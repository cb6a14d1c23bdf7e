//! What is wrong with a config file, and where: every fault in one run, as `FILE:LINE:COL: message`.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::settings::Setting;

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

/// Collects what the walk through one file finds: faults, the settings, secrets that stand in it.
pub(super) struct Faults {
    file: PathBuf,
    text: String,
    /// Anybody on this computer can read the file.
    is_open: bool,
    found: Vec<Fault>,
    settings: Vec<Setting>,
    has_secret: bool,
}

impl Faults {
    pub(super) fn of(file: &Path, text: &str, is_open: bool) -> Self {
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            is_open,
            found: vec![],
            settings: vec![],
            has_secret: false,
        }
    }

    /// Something in the file itself is nobody else's business (SEC-09); said once.
    pub(super) fn secret(&mut self, at: Option<Range<usize>>) {
        if self.is_open && !self.has_secret {
            let message = format!(
                "everybody on this computer can read this file, and it holds secrets: chmod 600 {}",
                self.file.display()
            );
            self.warn(at, message);
        }
        self.has_secret = true;
    }

    pub(super) fn read(&mut self, settings: impl IntoIterator<Item = Setting>) {
        self.settings.extend(settings);
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

    /// Returns the faults in the order of the file, and the settings in the order they were read.
    pub(super) fn finish(mut self) -> (Vec<Fault>, Vec<Setting>) {
        self.found.sort();
        self.found.dedup();
        (self.found, self.settings)
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
