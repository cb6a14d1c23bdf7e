//! The operator's own settings: `desk.toml` in the platform's config folder. Strict: what is not understood is a fault with
//! its place, every fault in one run. No file means the defaults.
//!
//! Not `config.toml`, which in the same folder is the relay's. What the company sets for every desk comes from the relay.

mod reader;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::ProjectDirs;

use crate::events::ESC_WAIT;
use crate::key::Layout;
use crate::language::Language;
use crate::terminal::{Notification, Surroundings};
use crate::theme::{Borders, Theme};

pub use reader::{Complaint, Fault};

/// Presets of keys.
pub const KEYMAPS: [&str; 3] = ["default", "vim", "webim"];

/// What the operator set. `None`: nothing, so that the relay's `[desk]` or the desk's own default holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// As written; see [`crate::link::Server::parse`].
    pub server: Option<String>,
    pub login: Option<String>,
    /// A program and its arguments that print a session token.
    pub token_command: Option<Vec<String>>,
    pub language: Option<Language>,
    pub theme: Option<Theme>,
    /// One of [`KEYMAPS`].
    pub keymap: Option<String>,
    pub send: Option<SendKey>,
    /// Frames of plain characters.
    pub is_ascii: bool,
    /// None: chosen by the terminal.
    pub notifications: Option<Notification>,
    /// tmux is set to pass notifications on.
    pub has_passthrough: bool,
    pub keyboard: Keyboard,
    pub keys: Vec<OwnKey>,
}

/// `[keyboard]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyboard {
    /// Whose letters are commands too; none: Russian.
    pub layouts: Option<Vec<Layout>>,
    /// Ask the terminal for unambiguous keys where that is safe.
    pub is_enhanced: bool,
    /// How long a lone Esc may turn out to begin an arrow key.
    pub esc_wait: Duration,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self {
            layouts: None,
            is_enhanced: true,
            esc_wait: ESC_WAIT,
        }
    }
}

/// The key that sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SendKey {
    #[default]
    Enter,
    AltEnter,
}

/// A key of `[keys.command]` or `[keys.composer]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// The keymap's zone it is for.
    pub zone: KeyZone,
    /// As written; it is a key.
    pub key: String,
    /// The action's name, not yet looked up.
    pub action: String,
}

/// Where a key of the config is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyZone {
    Command,
    Composer,
}

impl Config {
    /// Returns the operator's keys as the keymap takes them.
    fn keymap_keys(&self) -> BTreeMap<String, String> {
        let sending: &[(&str, &str)] = match self.send {
            Some(SendKey::AltEnter) => &[("alt+enter", "send"), ("enter", "newline")],
            Some(SendKey::Enter) => &[("enter", "send"), ("alt+enter", "newline")],
            None => &[],
        };
        let sending = sending
            .iter()
            .map(|(key, action)| (format!("composer.{key}"), (*action).to_owned()));
        let own = self.keys.iter().map(|own| {
            let zone = match own.zone {
                KeyZone::Command => "command",
                KeyZone::Composer => "composer",
            };
            (format!("{zone}.{}", own.key), own.action.clone())
        });
        // What is said key by key comes last, and wins.
        sending.chain(own).collect()
    }

    /// Returns what `surroundings` are with these settings.
    pub fn adjust(&self, surroundings: Surroundings) -> Surroundings {
        Surroundings {
            has_certain_keys: surroundings.has_certain_keys && self.keyboard.is_enhanced,
            notification: self.notifications.unwrap_or(surroundings.notification),
            has_passthrough: self.has_passthrough,
            ..surroundings
        }
    }
}

/// What a desk is run with, every choice made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub language: Language,
    /// Said in the settings; otherwise the company's config knows better.
    pub is_language_own: bool,
    pub theme: Theme,
    /// Said in the settings or by `NO_COLOR`; otherwise the company's config knows better.
    pub is_theme_own: bool,
    pub borders: Borders,
    pub layouts: Vec<Layout>,
    /// Action by key, keys of the composer written `composer.ctrl+r`.
    pub keys: BTreeMap<String, String>,
    /// Empty: the company's.
    pub preset: String,
}

impl Settings {
    /// Makes the choices that `config` leaves open by the environment; `variable` returns a variable's value.
    pub fn new(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].map(&variable);
        let locale = || locale.iter().map(Option::as_deref);
        let spoken = locale().flatten().find(|value| !value.is_empty());
        let is_unicode = spoken.is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        });
        let no_color = variable("NO_COLOR").filter(|value| !value.is_empty());
        Self {
            is_language_own: config.language.is_some(),
            is_theme_own: config.theme.is_some() || no_color.is_some(),
            language: config
                .language
                .unwrap_or_else(|| Language::of_locale(locale())),
            theme: config
                .theme
                .unwrap_or_default()
                .obeying(no_color.as_deref()),
            borders: if config.is_ascii || !is_unicode {
                Borders::Ascii
            } else {
                Borders::Lines
            },
            layouts: config
                .keyboard
                .layouts
                .clone()
                .unwrap_or_else(|| vec![Layout::Russian]),
            keys: config.keymap_keys(),
            preset: config.keymap.clone().unwrap_or_default(),
        }
    }
}

/// Why the settings are not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("could not read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// One line for each.
    #[error("{}", render(path, faults))]
    Faults { path: PathBuf, faults: Vec<Fault> },
}

fn render(path: &Path, faults: &[Fault]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}:{fault}", path.display()))
        .collect();
    lines.join("\n")
}

/// Returns where the settings lie; `None` when this account has no home folder.
pub fn usual_path() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "deskwire")?;
    Some(folders.config_dir().join("desk.toml"))
}

/// Reads settings from their text.
///
/// # Errors
///
/// All faults, in the order they stand.
pub fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    reader::read(text)
}

/// Reads the settings from `named`, which must be there, or from the usual place, where they may be.
pub fn load(named: Option<&Path>) -> Result<Config, ConfigError> {
    let Some(path) = named.map(Path::to_owned).or_else(usual_path) else {
        return Ok(Config::default());
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text).map_err(|faults| ConfigError::Faults { path, faults }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
            Ok(Config::default())
        }
        Err(cause) => Err(ConfigError::Read { path, cause }),
    }
}
