//! Reading one table of the file: each key by its type, and at the end a word about every key that nobody asked for.

use std::cell::RefCell;
use std::ops::Range;

use secrecy::SecretString;
use toml_edit::{Item, TableLike, Value};

use shared::model::Seconds;

use super::fault::{Faults, nearest};
use super::secret;

/// One table. Keys that were asked for are remembered.
pub(super) struct Section<'a, 'f> {
    pub(super) name: String,
    table: &'a dyn TableLike,
    at: Option<Range<usize>>,
    faults: &'f RefCell<Faults>,
    asked: RefCell<Vec<&'static str>>,
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
            table,
            at,
            faults,
            asked: RefCell::default(),
        }
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

    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        self.value(key, "text in quotes", |item| {
            item.as_str().map(str::to_owned)
        })
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
        self.value(key, "true or false", Item::as_bool)
            .unwrap_or(default)
    }

    /// A whole number from 0 up to `most`.
    pub(super) fn number(&self, key: &'static str, default: u32, most: u32) -> u32 {
        let expected = format!("a whole number from 0 to {most}");
        let Some(found) = self.value(key, &expected, Item::as_integer) else {
            return default;
        };
        let number = u32::try_from(found).ok().filter(|number| *number <= most);
        if number.is_none() {
            self.fault(
                self.place(key),
                format!("{}.{key}: expected {expected}, found {found}", self.name),
            );
        }
        number.unwrap_or(default)
    }

    pub(super) fn seconds(&self, key: &'static str, default: u32) -> Seconds {
        Seconds(self.number(key, default, 366 * 86_400))
    }

    pub(super) fn texts(&self, key: &'static str) -> Vec<String> {
        let read = |item: &Item| {
            let array = item.as_array()?;
            array
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect()
        };
        self.value(key, "a list of texts", read).unwrap_or_default()
    }

    /// One of a few words.
    pub(super) fn choice(&self, key: &'static str, default: &str, choices: &[&str]) -> String {
        let Some(text) = self.text(key) else {
            return default.to_owned();
        };
        if !choices.contains(&text.as_str()) {
            let hint = nearest(&text, choices.iter().copied());
            let all = choices.join(", ");
            self.fault(
                self.place(key),
                format!("{}.{key}: {text:?} is not one of {all}{hint}", self.name),
            );
        }
        text
    }

    /// A secret that must be there and not empty (SEC-09).
    pub(super) fn secret(&self, key: &'static str) -> SecretString {
        let Some(item) = self.item(key) else {
            self.fault(self.at.clone(), format!("{} needs {key}", self.name));
            return SecretString::default();
        };
        match secret::read(item) {
            Ok(secret) => secret,
            Err(message) => {
                self.fault(self.place(key), format!("{}.{key}: {message}", self.name));
                SecretString::default()
            }
        }
    }

    /// A secret that may be left out.
    pub(super) fn maybe_secret(&self, key: &'static str) -> Option<SecretString> {
        self.has(key).then(|| self.secret(key))
    }

    /// Says which keys nobody asked for.
    pub(super) fn finish(self) {
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

/// Returns the texts of a table of texts, with where they stand.
pub(super) fn pairs(table: &dyn TableLike) -> Vec<(String, Option<Range<usize>>, Option<String>)> {
    let each = table.iter().map(|(key, item)| {
        let text = item.as_value().and_then(Value::as_str).map(str::to_owned);
        (key.to_owned(), item.span(), text)
    });
    each.collect()
}
