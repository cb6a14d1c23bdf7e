//! From TOML to [`Config`]: finds every fault in one run and says where it stands. Pure.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use shared::text;

use super::{Config, KEYMAPS, KeyZone, Keyboard, OwnKey, SendKey};
use crate::key::{Key, KeyError, Layout};
use crate::language::Language;
use crate::link::{AddressError, Server, Transport};
use crate::terminal::Notification;
use crate::theme::Theme;

/// Longest Esc guard that is taken: past it, Esc seems broken.
const LONGEST_ESC_MS: u64 = 1000;

/// A fault and its place.
#[derive(Debug)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub complaint: Complaint,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It repeats what stands in the file, which may act on a terminal.
        let complaint = text::clean_line(&self.complaint.to_string());
        write!(out, "{}:{}: {complaint}", self.line, self.column)
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Complaint {
    #[error("{0}")]
    Syntax(String),
    #[error("there is no setting `{name}` here; there are {}", known.join(", "))]
    UnknownSetting {
        name: String,
        known: &'static [&'static str],
    },
    #[error("this is to be {0}")]
    Kind(&'static str),
    #[error("`{found}` is none of {}", known.join(", "))]
    NotOneOf {
        found: String,
        known: Vec<&'static str>,
    },
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the same key as `{0}`, for another action")]
    Clash(String),
}

const TOP: &[&str] = &[
    "server",
    "login",
    "token_command",
    "language",
    "theme",
    "keymap",
    "send",
    "ascii",
    "notifications",
    "passthrough",
    "keyboard",
    "keys",
];
const KEYBOARD: &[&str] = &["layouts", "enhanced", "esc_guard_ms"];
const KEYS: &[&str] = &["command", "composer"];
const NOTIFICATIONS: [&str; 6] = ["auto", "bell", "osc9", "osc777", "osc99", "off"];

/// Reads settings; all faults in the order they stand.
pub(super) fn read(text: &str) -> Result<Config, Vec<Fault>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        faults: Vec::new(),
    };
    for error in errors {
        let complaint = Complaint::Syntax(error.message().to_owned());
        reader.fault(error.span().unwrap_or_default(), complaint);
    }
    let config = reader.config(table.get_ref());
    let mut faults = reader.faults;
    faults.sort_by_key(|fault| (fault.line, fault.column));
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults)
    }
}

struct Reader<'text> {
    text: &'text str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn config(&mut self, top: &DeTable<'_>) -> Config {
        self.check_names(top, TOP);
        Config {
            server: self.setting(top, "server", server),
            login: self.setting(top, "login", text),
            token_command: self.setting(top, "token_command", words),
            language: self.setting(top, "language", language),
            theme: self.setting(top, "theme", theme),
            keymap: self.setting(top, "keymap", keymap),
            send: self.setting(top, "send", send),
            is_ascii: self.setting(top, "ascii", flag).unwrap_or_default(),
            notifications: self.setting(top, "notifications", notifications).flatten(),
            has_passthrough: self.setting(top, "passthrough", flag).unwrap_or_default(),
            keyboard: self.keyboard(top),
            keys: self.keys(top),
        }
    }

    fn keyboard(&mut self, top: &DeTable<'_>) -> Keyboard {
        let usual = Keyboard::default();
        let Some(section) = self.section(top, "keyboard") else {
            return usual;
        };
        self.check_names(section, KEYBOARD);
        Keyboard {
            layouts: self.setting(section, "layouts", layouts),
            is_enhanced: self
                .setting(section, "enhanced", enhanced)
                .unwrap_or(usual.is_enhanced),
            esc_wait: self
                .setting(section, "esc_guard_ms", esc_wait)
                .unwrap_or(usual.esc_wait),
        }
    }

    fn keys(&mut self, top: &DeTable<'_>) -> Vec<OwnKey> {
        let Some(section) = self.section(top, "keys") else {
            return Vec::new();
        };
        self.check_names(section, KEYS);
        let mut keys = self.zone(section, "command", KeyZone::Command);
        keys.extend(self.zone(section, "composer", KeyZone::Composer));
        keys
    }

    fn zone(&mut self, section: &DeTable<'_>, name: &str, zone: KeyZone) -> Vec<OwnKey> {
        let Some(section) = self.section(section, name) else {
            return Vec::new();
        };
        let mut taken: Vec<(Key, OwnKey)> = Vec::new();
        for (written, action) in section {
            let key = match written.get_ref().parse::<Key>() {
                Ok(key) => key,
                Err(error) => {
                    self.fault(written.span(), error.into());
                    continue;
                }
            };
            let Some(action) = self.value(action, text) else {
                continue;
            };
            let other = taken.iter().find(|(known, _)| *known == key);
            if let Some((_, other)) = other.filter(|(_, other)| other.action != action) {
                let clash = Complaint::Clash(other.key.clone());
                self.fault(written.span(), clash);
                continue;
            }
            let key_text = written.get_ref().clone().into_owned();
            taken.push((
                key,
                OwnKey {
                    zone,
                    key: key_text,
                    action,
                },
            ));
        }
        taken.into_iter().map(|(_, own)| own).collect()
    }

    fn check_names(&mut self, table: &DeTable<'_>, known: &'static [&'static str]) {
        for (name, _) in table {
            if !known.contains(&name.get_ref().as_ref()) {
                let complaint = Complaint::UnknownSetting {
                    name: name.get_ref().clone().into_owned(),
                    known,
                };
                self.fault(name.span(), complaint);
            }
        }
    }

    fn section<'table, 'text>(
        &mut self,
        table: &'table DeTable<'text>,
        name: &str,
    ) -> Option<&'table DeTable<'text>> {
        let value = table.get(name)?;
        let section = value.get_ref().as_table();
        if section.is_none() {
            self.fault(value.span(), Complaint::Kind("a section"));
        }
        section
    }

    fn setting<T>(
        &mut self,
        table: &DeTable<'_>,
        name: &str,
        parse: impl FnOnce(&DeValue<'_>) -> Result<T, Complaint>,
    ) -> Option<T> {
        self.value(table.get(name)?, parse)
    }

    fn value<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        parse: impl FnOnce(&DeValue<'_>) -> Result<T, Complaint>,
    ) -> Option<T> {
        parse(value.get_ref())
            .map_err(|complaint| self.fault(value.span(), complaint))
            .ok()
    }

    fn fault(&mut self, span: Range<usize>, complaint: Complaint) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        self.faults.push(Fault {
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
            complaint,
        });
    }
}

fn text(value: &DeValue<'_>) -> Result<String, Complaint> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(Complaint::Kind("a text in quotes")),
    }
}

fn flag(value: &DeValue<'_>) -> Result<bool, Complaint> {
    value.as_bool().ok_or(Complaint::Kind("true or false"))
}

fn words(value: &DeValue<'_>) -> Result<Vec<String>, Complaint> {
    const WANTED: Complaint =
        Complaint::Kind("a program and its arguments, like [\"pass\", \"deskwire\"]");
    let words = value.as_array().filter(|words| !words.is_empty());
    words
        .ok_or(WANTED)?
        .iter()
        .map(|word| text(word.get_ref()).or(Err(WANTED)))
        .collect()
}

/// Looks a word up among the known ones.
fn one_of<T>(
    value: &DeValue<'_>,
    known: impl IntoIterator<Item = &'static str>,
    named: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Complaint> {
    let found = text(value)?;
    named(&found).ok_or_else(|| Complaint::NotOneOf {
        found,
        known: known.into_iter().collect(),
    })
}

fn server(value: &DeValue<'_>) -> Result<String, Complaint> {
    let written = text(value)?;
    // Whether a plain address is taken is said on the command line.
    Server::parse(&written, Transport::Any)?;
    Ok(written)
}

fn language(value: &DeValue<'_>) -> Result<Language, Complaint> {
    one_of(value, Language::ALL.map(Language::code), Language::named)
}

fn theme(value: &DeValue<'_>) -> Result<Theme, Complaint> {
    one_of(value, Theme::NAMED.map(|(name, _)| name), Theme::named)
}

fn keymap(value: &DeValue<'_>) -> Result<String, Complaint> {
    one_of(value, KEYMAPS, |name| {
        KEYMAPS.contains(&name).then(|| name.to_owned())
    })
}

fn send(value: &DeValue<'_>) -> Result<SendKey, Complaint> {
    one_of(value, ["enter", "alt+enter"], |name| match name {
        "enter" => Some(SendKey::Enter),
        "alt+enter" => Some(SendKey::AltEnter),
        _ => None,
    })
}

fn notifications(value: &DeValue<'_>) -> Result<Option<Notification>, Complaint> {
    one_of(value, NOTIFICATIONS, |name| match name {
        "auto" => Some(None),
        other => Notification::named(other).map(Some),
    })
}

fn layouts(value: &DeValue<'_>) -> Result<Vec<Layout>, Complaint> {
    let names = value
        .as_array()
        .ok_or(Complaint::Kind("a list, like [\"ru\"]"))?;
    let mut layouts = Vec::new();
    for name in names {
        let layout = one_of(name.get_ref(), ["ru", "uk", "be", "none"], |name| {
            let layout = Layout::named(name);
            (layout.is_some() || name == "none").then_some(layout)
        })?;
        layouts.extend(layout);
    }
    Ok(layouts)
}

fn enhanced(value: &DeValue<'_>) -> Result<bool, Complaint> {
    one_of(value, ["auto", "off"], |name| match name {
        "auto" => Some(true),
        "off" => Some(false),
        _ => None,
    })
}

fn esc_wait(value: &DeValue<'_>) -> Result<Duration, Complaint> {
    value
        .as_integer()
        .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
        .filter(|millis| *millis <= LONGEST_ESC_MS)
        .map(Duration::from_millis)
        .ok_or(Complaint::Kind("a whole number from 0 to 1000"))
}
