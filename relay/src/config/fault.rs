//! What is wrong with a config file, and where: every fault in one run, as `FILE:LINE:COL: message`.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use shared::text::clean_line;

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
    /// Secrets may stand in it.
    text: Zeroizing<String>,
    /// Anybody on this computer can read the file.
    is_open: bool,
    found: Vec<Found>,
    settings: Vec<Setting>,
    has_secret: bool,
}

/// A fault whose line is not counted yet.
struct Found {
    /// Where in the text.
    byte: usize,
    message: String,
    is_warning: bool,
}

impl Faults {
    pub(super) fn of(file: &Path, text: &str, is_open: bool) -> Self {
        Self {
            file: file.to_owned(),
            text: Zeroizing::new(text.to_owned()),
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
        self.add(at, &message.into(), false);
    }

    pub(super) fn warn(&mut self, at: Option<Range<usize>>, message: impl Into<String>) {
        self.add(at, &message.into(), true);
    }

    /// What stands in the file is said again, on terminals and on desks: clean.
    fn add(&mut self, at: Option<Range<usize>>, message: &str, is_warning: bool) {
        self.found.push(Found {
            byte: at.map_or(0, |range| range.start),
            message: clean_line(message),
            is_warning,
        });
    }

    /// Returns the faults in the order of the file, and the settings in the order they were read.
    pub(super) fn finish(mut self) -> (Vec<Fault>, Vec<Setting>) {
        self.found.sort_by_key(|found| found.byte);
        // Lines are counted once, however many faults there are.
        let mut place = Place {
            rest: &self.text,
            byte: 0,
            line: 1,
            column: 1,
        };
        let mut faults = vec![];
        for found in self.found {
            place.go_to(found.byte);
            faults.push(Fault {
                file: self.file.clone(),
                line: place.line,
                column: place.column,
                message: found.message,
                is_warning: found.is_warning,
            });
        }
        faults.sort();
        faults.dedup();
        (faults, self.settings)
    }
}

/// A place in a text that moves on.
struct Place<'t> {
    rest: &'t str,
    byte: usize,
    line: usize,
    column: usize,
}

impl Place<'_> {
    fn go_to(&mut self, byte: usize) {
        let Some((passed, rest)) = self.rest.split_at_checked(byte - self.byte) else {
            return;
        };
        self.rest = rest;
        self.byte = byte;
        match passed.rsplit_once('\n') {
            Some((lines, column)) => {
                self.line += lines.matches('\n').count() + 1;
                self.column = column.chars().count() + 1;
            }
            None => self.column += passed.chars().count(),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_stand_in_their_place_and_in_order() {
        let text = "first\nвторая x\n\n";
        let mut faults = Faults::of(Path::new("config.toml"), text, false);
        let place = |text: &str, word: &str| text.find(word).map(|at| at..at + 1);
        faults.fault(place(text, "x"), "late");
        faults.warn(place(text, "st"), "early");
        faults.fault(Some(text.len()..text.len()), "at the end");
        faults.fault(None, "nowhere");
        let said: Vec<_> = faults.finish().0.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "config.toml:1:1: nowhere",
                "config.toml:1:4: warning: early",
                "config.toml:2:8: late",
                "config.toml:4:1: at the end",
            ]
        );
    }

    #[test]
    fn what_stands_in_the_file_does_not_act_where_it_is_said() {
        let mut faults = Faults::of(Path::new("config.toml"), "", false);
        faults.fault(None, "unknown key \u{1b}[31m\nx");
        assert_eq!(faults.finish().0[0].message, "unknown key x");
    }
}
