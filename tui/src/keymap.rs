//! Which key does what. One table feeds the keys, the hint line, the help and the palette, so that they cannot differ.

use std::collections::BTreeMap;

use crate::key::{Key, Layout};
use crate::language::Language;

/// Something the operator can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "the message `action-…-help` of each says what it does"
)]
pub enum Action {
    Send,
    Newline,
    Templates,
    Accept,
    Undo,
    Redo,
    Reply,
    Claim,
    TakeOver,
    Release,
    Transfer,
    Category,
    Close,
    Reopen,
    StartChat,
    Block,
    Unblock,
    Blocks,
    Note,
    Next,
    Messages,
    Visitor,
    AskContacts,
    AddContact,
    SaveTemplate,
    OwnTemplates,
    Zoom,
    Filter,
    Find,
    Copy,
    OpenLink,
    Quote,
    Queue,
    Mine,
    Others,
    Closed,
    ChatUp,
    ChatDown,
    ScrollUp,
    ScrollDown,
    Up,
    Down,
    GoLast,
    Commands,
    Palette,
    Help,
    Reconnect,
    Repaint,
    Interrupt,
    Language,
    Theme,
    Sessions,
    Quit,
}

/// Where the keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// Letters are commands.
    Command,
    /// Letters are text.
    Composer,
}

impl Zone {
    /// Splits the name of a setting: `composer.send` is of the composer, `command.send` and `send` of the command zone.
    pub fn of_setting(name: &str) -> (Self, &str) {
        match name.split_once('.') {
            Some(("composer", rest)) => (Self::Composer, rest),
            Some(("command", rest)) => (Self::Command, rest),
            _ => (Self::Command, name),
        }
    }
}

/// A row of the table: the action, its id in messages and settings, its keys in the command zone and in the composer.
type Row = (Action, &'static str, &'static str, &'static str);

/// Every action, in the order help and palette show them.
const TABLE: [Row; 53] = [
    (Action::Reply, "reply", "r enter", ""),
    (Action::Claim, "claim", "c", ""),
    (Action::Next, "next", "n ctrl+g f3", "ctrl+g f3"),
    (Action::Note, "note", "p", ""),
    (Action::Send, "send", "", "enter"),
    (
        Action::Newline,
        "newline",
        "",
        "alt+enter ctrl+j shift+enter",
    ),
    (Action::Templates, "templates", "", "ctrl+r f4"),
    (Action::Accept, "accept", "", "tab"),
    (Action::Transfer, "transfer", "t", ""),
    (Action::Category, "category", "l", ""),
    (Action::Close, "close", "x", ""),
    (Action::Reopen, "reopen", "e", ""),
    (Action::StartChat, "start-chat", "", ""),
    (Action::Block, "block", "b", ""),
    (Action::Unblock, "unblock", "", ""),
    (Action::Blocks, "blocks", "", ""),
    (Action::Visitor, "visitor", "v", ""),
    (Action::Filter, "filter", "f", ""),
    (Action::Find, "find", "ctrl+f", "ctrl+f"),
    (Action::Copy, "copy", "y", ""),
    (Action::OpenLink, "open", "o", ""),
    (Action::Quote, "quote", "h", ""),
    (Action::Messages, "messages", "m", ""),
    (Action::Undo, "undo", "u ctrl+z", "ctrl+z"),
    (Action::Redo, "redo", "", "ctrl+y"),
    (Action::TakeOver, "take-over", "", ""),
    (Action::Release, "release", "", ""),
    (Action::AskContacts, "ask-contacts", "i", ""),
    (Action::AddContact, "add-contact", "a", ""),
    (Action::SaveTemplate, "save-template", "", ""),
    (Action::OwnTemplates, "own-templates", "", ""),
    (Action::Queue, "list-queue", "1", ""),
    (Action::Mine, "list-mine", "2", ""),
    (Action::Others, "list-others", "3", ""),
    (Action::Closed, "list-closed", "4", ""),
    (Action::Up, "up", "arrowup k", ""),
    (Action::Down, "down", "arrowdown j", ""),
    (
        Action::ChatUp,
        "chat-up",
        "alt+arrowup ctrl+arrowup",
        "alt+arrowup ctrl+arrowup",
    ),
    (
        Action::ChatDown,
        "chat-down",
        "alt+arrowdown ctrl+arrowdown",
        "alt+arrowdown ctrl+arrowdown",
    ),
    (Action::ScrollUp, "scroll-up", "pageup", "pageup"),
    (Action::ScrollDown, "scroll-down", "pagedown", "pagedown"),
    (Action::GoLast, "go-last", "end", ""),
    (Action::Zoom, "zoom", "z", ""),
    (Action::Commands, "commands", "", "escape"),
    (Action::Palette, "palette", "space ctrl+k f2", "ctrl+k f2"),
    (Action::Help, "help", "? f1", "f1"),
    (Action::Reconnect, "reconnect", "f5", "f5"),
    (Action::Repaint, "repaint", "ctrl+l", "ctrl+l"),
    (Action::Interrupt, "interrupt", "ctrl+c", "ctrl+c"),
    (Action::Language, "language", "", ""),
    (Action::Theme, "theme", "", ""),
    (Action::Sessions, "sessions", "", ""),
    (Action::Quit, "quit", "", ""),
];

/// What the presets add to the default: zone, key, action.
const VIM: [(Zone, &str, Action); 4] = [
    (Zone::Command, "i", Action::Reply),
    (Zone::Command, "q", Action::Quit),
    (Zone::Command, "ctrl+u", Action::ScrollUp),
    (Zone::Command, "ctrl+d", Action::ScrollDown),
];
/// D-12: Ctrl+Up and Ctrl+Down walk the list in every preset.
const WEBIM: [(Zone, &str, Action); 8] = [
    (Zone::Composer, "ctrl+enter", Action::Send),
    (Zone::Composer, "enter", Action::Newline),
    (Zone::Composer, "alt+enter", Action::Send),
    (Zone::Command, "ctrl+enter", Action::Reply),
    (Zone::Command, "ctrl+arrowleft", Action::Transfer),
    (Zone::Composer, "ctrl+arrowleft", Action::Transfer),
    (Zone::Command, "ctrl+arrowright", Action::Claim),
    (Zone::Composer, "ctrl+arrowright", Action::Claim),
];

impl Action {
    /// Every action, in the order help and palette show them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// Returns its name in settings.
    pub fn id(self) -> &'static str {
        TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.1)
    }

    /// Finds an action by its name in settings.
    pub fn named(id: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == id).map(|row| row.0)
    }
}

/// Two actions on one key; the default was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The key.
    pub key: String,
    /// What it does.
    pub first: String,
    /// What it was asked to do.
    pub second: String,
}

/// The keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    bound: BTreeMap<(Zone, Key), Action>,
    shown: Vec<(Zone, Action, Key)>,
}

impl Keymap {
    /// Returns the keys of a preset (`default`, `vim`, `webim`) with the operator's own, and what could not be done.
    ///
    /// Own keys are written `t = "transfer"` or `transfer = "t"`, for the composer `composer.ctrl+r = "templates"`.
    pub fn new(preset: &str, own: &BTreeMap<String, String>) -> (Self, Vec<Clash>) {
        let mut map = Self {
            bound: BTreeMap::new(),
            shown: Vec::new(),
        };
        for (action, _, command, composer) in TABLE {
            map.bind_all(Zone::Command, command, action);
            map.bind_all(Zone::Composer, composer, action);
        }
        let more: &[(Zone, &str, Action)] = match preset {
            "vim" => &VIM,
            "webim" => &WEBIM,
            _ => &[],
        };
        for (zone, key, action) in more {
            map.bind_all(*zone, key, *action);
        }
        let clashes = map.take_own(own);
        (map, clashes)
    }

    fn bind_all(&mut self, zone: Zone, keys: &str, action: Action) {
        for key in keys.split_whitespace().filter_map(|key| key.parse().ok()) {
            self.bind(zone, key, action);
        }
    }

    fn bind(&mut self, zone: Zone, key: Key, action: Action) {
        self.shown
            .retain(|(known, _, bound)| (*known, *bound) != (zone, key));
        self.bound.insert((zone, key), action);
        self.shown.push((zone, action, key));
    }

    fn take_own(&mut self, own: &BTreeMap<String, String>) -> Vec<Clash> {
        let mut clashes = Vec::new();
        let mut taken: BTreeMap<(Zone, Key), Action> = BTreeMap::new();
        for (name, id) in own {
            let (zone, text) = Zone::of_setting(name);
            // The relay's settings are written the other way round: action to key.
            let (text, id) = match Action::named(text) {
                Some(_) => (id.as_str(), text),
                None => (text, id.as_str()),
            };
            let (Ok(key), Some(action)) = (text.parse::<Key>(), Action::named(id)) else {
                clashes.push(Clash::of(name, "?", id));
                continue;
            };
            if let Some(first) = taken.get(&(zone, key)).filter(|first| **first != action) {
                clashes.push(Clash::of(name, first.id(), id));
                continue;
            }
            taken.insert((zone, key), action);
        }
        for ((zone, key), action) in taken {
            self.bind(zone, key, action);
        }
        clashes
    }

    /// Finds what a key does in a zone, whatever layout it was typed on.
    pub fn find(&self, zone: Zone, key: Key, layouts: &[Layout]) -> Option<Action> {
        let exact = self.bound.get(&(zone, key));
        let other = match zone {
            Zone::Command => key.as_command(layouts),
            Zone::Composer => key.as_chord(layouts),
        };
        exact.or_else(|| self.bound.get(&(zone, other))).copied()
    }

    /// Returns every key of an action in a zone, the one to show first.
    pub fn keys_of(&self, zone: Zone, action: Action) -> Vec<Key> {
        self.shown
            .iter()
            .filter(|(known, does, _)| (*known, *does) == (zone, action))
            .map(|(_, _, key)| *key)
            .collect()
    }

    /// Returns the key to show for an action in a zone.
    pub fn key_of(&self, zone: Zone, action: Action) -> Option<Key> {
        self.shown
            .iter()
            .find(|(known, does, _)| (*known, *does) == (zone, action))
            .map(|(_, _, key)| *key)
    }
}

impl Clash {
    /// Returns what could not be done, for the operator.
    pub fn in_words(&self, language: Language) -> String {
        let values = [
            ("key", self.key.as_str().into()),
            ("first", self.first.as_str().into()),
            ("second", self.second.as_str().into()),
        ];
        language.tr("error-key-clash", &values).into_owned()
    }

    fn of(key: &str, first: &str, second: &str) -> Self {
        Self {
            key: key.to_owned(),
            first: first.to_owned(),
            second: second.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_russian_letter_is_the_command_at_its_place() {
        let (map, clashes) = Keymap::new("default", &BTreeMap::new());
        assert!(clashes.is_empty());
        let found = map.find(Zone::Command, Key::char('с'), &[Layout::Russian]);
        assert_eq!(found, Some(Action::Claim));
    }

    #[test]
    fn default_keys_do_not_clash() {
        for zone in [Zone::Command, Zone::Composer] {
            let mut seen = std::collections::BTreeSet::new();
            for (_, id, command, composer) in TABLE {
                let keys = if zone == Zone::Command {
                    command
                } else {
                    composer
                };
                for key in keys.split_whitespace() {
                    let key: Key = key.parse().expect(key);
                    assert!(seen.insert(key), "{id}: {key}");
                }
            }
        }
    }

    #[test]
    fn own_keys_win_and_nonsense_is_told() {
        let own = BTreeMap::from([
            ("g".to_owned(), "transfer".to_owned()),
            ("h".to_owned(), "no-such".to_owned()),
        ]);
        let (map, clashes) = Keymap::new("vim", &own);
        assert_eq!(
            map.find(Zone::Command, Key::char('g'), &[]),
            Some(Action::Transfer)
        );
        assert_eq!(
            map.find(Zone::Command, Key::char('i'), &[]),
            Some(Action::Reply)
        );
        assert_eq!(clashes.len(), 1);
    }

    #[test]
    fn every_action_has_its_words() {
        for language in Language::ALL {
            for action in Action::all() {
                assert!(
                    language.has(&format!("action-{}", action.id())),
                    "{}",
                    action.id()
                );
                assert!(
                    language.has(&format!("action-{}-help", action.id())),
                    "{}",
                    action.id()
                );
            }
        }
    }
}
