//! Reading one table of the file: each key by its type, and at the end a word about every key that nobody asked for.
//!
//! What is read is noted down as it is read, with where it came from: `check --defaults` shows these notes (ADM-04), so it
//! cannot leave a key out or say a value that is not in force.

use std::cell::RefCell;
use std::ops::Range;

use secrecy::SecretString;
use toml_edit::{Item, TableLike, Value};

use shared::model::{Language, Seconds};

use super::fault::{Faults, nearest};
use super::settings::{ABSENT, HIDDEN, Setting, quoted};
use super::{languages, secret};

/// One table. Keys that were asked for are remembered.
pub(super) struct Section<'a, 'f> {
    pub(super) name: String,
    /// Which of its kind, where there are many.
    label: RefCell<Option<String>>,
    table: &'a dyn TableLike,
    at: Option<Range<usize>>,
    faults: &'f RefCell<Faults>,
    asked: RefCell<Vec<&'static str>>,
    read: RefCell<Vec<Setting>>,
}

impl<'a, 'f> Section<'a, 'f> {
    pub(super) fn new(
        name: &str,
        table: &'a dyn TableLike,
        at: Option<Range<usize>>,
        faults: &'f RefCell<Faults>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            label: RefCell::default(),
            table,
            at,
            faults,
            asked: RefCell::default(),
            read: RefCell::default(),
        }
    }

    /// Says which of its kind this section is.
    pub(super) fn called(&self, label: &str) {
        *self.label.borrow_mut() = Some(label.to_owned());
    }

    /// Notes down what is in force for a key.
    pub(super) fn note(&self, key: &str, value: String) {
        let is_default = !self.has(key);
        self.read.borrow_mut().push(Setting {
            name: key.to_owned(),
            value,
            is_default,
        });
    }

    /// Notes down a key of a table in this section.
    pub(super) fn note_of(&self, table: &str, key: &str, value: &str) {
        self.read.borrow_mut().push(Setting {
            name: format!("{table}.{key}"),
            value: quoted(value),
            is_default: false,
        });
    }

    pub(super) fn fault(&self, at: Option<Range<usize>>, message: impl Into<String>) {
        self.faults.borrow_mut().fault(at, message);
    }

    pub(super) fn warn(&self, at: Option<Range<usize>>, message: impl Into<String>) {
        self.faults.borrow_mut().warn(at, message);
    }

    /// Where a key's value stands; the section itself when there is none.
    pub(super) fn place(&self, key: &str) -> Option<Range<usize>> {
        let value = self.table.get(key).and_then(Item::span);
        value
            .or_else(|| self.table.key(key).and_then(toml_edit::Key::span))
            .or_else(|| self.at.clone())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    pub(super) fn item(&self, key: &'static str) -> Option<&'a Item> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    fn value<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&'a Item) -> Option<T>,
    ) -> Option<T> {
        let item = self.item(key)?;
        let read = read(item);
        if read.is_none() {
            let found = item.type_name();
            self.fault(
                self.place(key),
                format!("{}.{key}: expected {expected}, found {found}", self.name),
            );
        }
        read
    }

    fn read_text(&self, key: &'static str) -> Option<String> {
        self.value(key, "text in quotes", |item| {
            item.as_str().map(str::to_owned)
        })
    }

    /// Text that may be left out.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let text = self.read_text(key);
        self.note(
            key,
            text.as_deref().map_or_else(|| ABSENT.to_owned(), quoted),
        );
        text
    }

    /// Text that is `default` when left out.
    pub(super) fn text_or(&self, key: &'static str, default: &str) -> String {
        let text = self.read_text(key).unwrap_or_else(|| default.to_owned());
        self.note(key, quoted(&text));
        text
    }

    /// A name that is a number: written as one, or as text.
    pub(super) fn number_or_text(&self, key: &'static str) -> String {
        let expected = "a number";
        let found = self.value(key, expected, |item| {
            let number = item.as_integer().map(|number| number.to_string());
            number.or_else(|| item.as_str().map(str::to_owned))
        });
        let found = found.unwrap_or_default();
        self.note(key, quoted(&found));
        found
    }

    /// Text that may be left out and is not shown.
    pub(super) fn hidden(&self, key: &'static str) -> Option<String> {
        let text = self.read_text(key);
        self.note(key, shown_hidden(text.is_some()));
        text
    }

    /// Text that must be there and not empty.
    pub(super) fn required(&self, key: &'static str) -> String {
        match self.text(key) {
            Some(text) if !text.trim().is_empty() => text,
            Some(_) => {
                self.fault(
                    self.place(key),
                    format!("{}.{key} must not be empty", self.name),
                );
                String::new()
            }
            None => {
                if !self.has(key) {
                    self.fault(
                        self.at.clone(),
                        format!("{} needs {key} = \"…\"", self.name),
                    );
                }
                String::new()
            }
        }
    }

    pub(super) fn flag(&self, key: &'static str, default: bool) -> bool {
        let flag = self
            .value(key, "true or false", Item::as_bool)
            .unwrap_or(default);
        self.note(key, flag.to_string());
        flag
    }

    /// A whole number from 0 up to `most`.
    pub(super) fn number(&self, key: &'static str, default: u32, most: u32) -> u32 {
        let expected = format!("a whole number from 0 to {most}");
        let found = self.value(key, &expected, Item::as_integer);
        let number = found.map(|found| u32::try_from(found).ok().filter(|number| *number <= most));
        if let (Some(found), Some(None)) = (found, number) {
            self.fault(
                self.place(key),
                format!("{}.{key}: expected {expected}, found {found}", self.name),
            );
        }
        let number = number.flatten().unwrap_or(default);
        self.note(key, number.to_string());
        number
    }

    pub(super) fn seconds(&self, key: &'static str, default: u32) -> Seconds {
        Seconds(self.number(key, default, 366 * 86_400))
    }

    pub(super) fn texts(&self, key: &'static str) -> Vec<String> {
        self.texts_or(key, &[])
    }

    /// A list that is `default` when left out or empty.
    pub(super) fn texts_or(&self, key: &'static str, default: &[String]) -> Vec<String> {
        let read = |item: &Item| {
            let array = item.as_array()?;
            array
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect()
        };
        let texts: Vec<String> = self.value(key, "a list of texts", read).unwrap_or_default();
        let texts = if texts.is_empty() {
            default.to_vec()
        } else {
            texts
        };
        let shown: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        self.note(key, format!("[{}]", shown.join(", ")));
        texts
    }

    /// The code of a language (ISO 639-1, with a region or without).
    pub(super) fn language_or(&self, key: &'static str, default: &Language) -> Language {
        let code = self.text_or(key, &default.0);
        // What is inherited is judged where it is written.
        if self.has(key) {
            self.check_language(key, &code);
        }
        Language(code)
    }

    pub(super) fn check_language(&self, key: &str, code: &str) {
        if !languages::is_known(code) {
            let message = format!(
                "{}.{key} {code:?}: expected a code such as en, ru or zh",
                self.name
            );
            self.fault(self.place(key), message);
        }
    }

    /// One of a few words.
    pub(super) fn choice(&self, key: &'static str, default: &str, choices: &[&str]) -> String {
        let text = self.text_or(key, default);
        if self.has(key) && !choices.contains(&text.as_str()) {
            let hint = nearest(&text, choices.iter().copied());
            let all = choices.join(", ");
            self.fault(
                self.place(key),
                format!("{}.{key}: {text:?} is not one of {all}{hint}", self.name),
            );
        }
        text
    }

    /// A key that is known and that nothing reads: of a kind of channel to come.
    pub(super) fn unread(&self, key: &'static str) {
        let item = self.item(key);
        let shown = item.and_then(Item::as_value).map(|value| {
            let value = value.clone().decorated("", "");
            value.to_string()
        });
        self.note(key, shown.unwrap_or_else(|| ABSENT.to_owned()));
    }

    /// Says that what stands there is known but not acted upon.
    pub(super) fn not_yet(&self, key: &str, what: &str) {
        let message = format!("{what}: this release reads it and does not act on it yet");
        self.warn(self.place(key), message);
    }

    /// A secret that must be there and not empty (SEC-09).
    pub(super) fn secret(&self, key: &'static str) -> SecretString {
        let Some(item) = self.item(key) else {
            self.fault(self.at.clone(), format!("{} needs {key}", self.name));
            return SecretString::default();
        };
        self.note(key, shown_hidden(true));
        if item.is_str() {
            self.holds_secret(key);
        } else if let Some(path) = secret::open_file(item) {
            let message = format!(
                "{}.{key}: everybody on this computer can read {path}: chmod 600 it",
                self.name
            );
            self.warn(self.place(key), message);
        }
        match secret::read(item) {
            Ok(secret) => secret,
            Err(message) => {
                self.fault(self.place(key), format!("{}.{key}: {message}", self.name));
                SecretString::default()
            }
        }
    }

    /// Notes down that the file itself holds something nobody else may read.
    pub(super) fn holds_secret(&self, key: &str) {
        self.faults.borrow_mut().secret(self.place(key));
    }

    /// A secret that may be left out.
    pub(super) fn maybe_secret(&self, key: &'static str) -> Option<SecretString> {
        if self.has(key) {
            return Some(self.secret(key));
        }
        self.asked.borrow_mut().push(key);
        self.note(key, ABSENT.to_owned());
        None
    }

    /// Says which keys nobody asked for.
    pub(super) fn finish(self) {
        let of = match (&*self.name, self.label.take()) {
            ("", _) => String::new(),
            (name, Some(label)) => format!("{name}[{label}]."),
            (name, None) => format!("{name}."),
        };
        let read = self.read.take().into_iter().map(|setting| Setting {
            name: format!("{of}{}", setting.name),
            ..setting
        });
        self.faults.borrow_mut().read(read);
        let asked = self.asked.borrow();
        for (key, item) in self.table.iter() {
            if asked.contains(&key) {
                continue;
            }
            let at = self
                .table
                .key(key)
                .and_then(toml_edit::Key::span)
                .or_else(|| item.span());
            let hint = nearest(key, asked.iter().copied());
            let place = if self.name.is_empty() {
                String::new()
            } else {
                format!(" in {}", self.name)
            };
            self.faults
                .borrow_mut()
                .fault(at, format!("unknown key {key}{place}{hint}"));
        }
    }
}

fn shown_hidden(is_there: bool) -> String {
    if is_there { HIDDEN } else { ABSENT }.to_owned()
}

/// Returns the texts of a table of texts, with where they stand.
pub(super) fn pairs(table: &dyn TableLike) -> Vec<(String, Option<Range<usize>>, Option<String>)> {
    let each = table.iter().map(|(key, item)| {
        let text = item.as_value().and_then(Value::as_str).map(str::to_owned);
        (key.to_owned(), item.span(), text)
    });
    each.collect()
}
