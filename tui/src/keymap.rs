//! Which key does what. One table feeds the keys, the hint line, the help and the palette, so that they cannot differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::key::{Code, Key, Layout};
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
    SendFile,
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
const TABLE: [Row; 54] = [
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
    (Action::TakeOver, "take-over", "d", ""),
    (Action::Release, "release", "", ""),
    (Action::AskContacts, "ask-contacts", "i", ""),
    (Action::AddContact, "add-contact", "a", ""),
    (
        Action::SaveTemplate,
        "save-template",
        "ctrl+d f6",
        "ctrl+d f6",
    ),
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
    (Action::SendFile, "send-file", "f9 f8", "f9 f8"),
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
    /// The setting that was not done, as it is called in the file.
    pub setting: String,
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
    /// Returns the keys of a preset (`default`, `vim`, `webim`) with own keys added, the company's first, then the
    /// operator's, and what could not be done.
    ///
    /// Own keys are written `t = "transfer"` or `transfer = "t"`, for the composer `composer.ctrl+r = "templates"`. A key
    /// that another action has is taken from it only where that action is given another one in the same place (D-13).
    pub fn new(preset: &str, own: &[&BTreeMap<String, String>]) -> (Self, Vec<Clash>) {
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
        let clashes = own.iter().flat_map(|own| map.take_own(own)).collect();
        (map, clashes)
    }

    /// Frees a key for a template, in both zones. Returns the action that does not let it go: one that has no other key,
    /// or was given this one.
    pub fn yield_to_template(&mut self, key: Key) -> Option<Action> {
        let zones = [Zone::Command, Zone::Composer];
        let held = zones.iter().find_map(|zone| {
            let action = *self.bound.get(&(*zone, key))?;
            (!yields(*zone, key, action)).then_some(action)
        });
        if held.is_none() {
            self.bound.retain(|(_, bound), _| *bound != key);
            self.shown.retain(|(_, _, bound)| *bound != key);
        }
        held
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
        let mut taken: BTreeMap<(Zone, Key), (Action, &str)> = BTreeMap::new();
        for (name, id) in own {
            let (zone, text) = Zone::of_setting(name);
            // The relay's settings are written the other way round: action to key.
            let (text, id) = match Action::named(text) {
                Some(_) => (id.as_str(), text),
                None => (text, id.as_str()),
            };
            let (Ok(key), Some(action)) = (text.parse::<Key>(), Action::named(id)) else {
                clashes.push(Clash::of(name, text, "?", id));
                continue;
            };
            match taken.get(&(zone, key)) {
                Some((first, _)) if *first != action => {
                    clashes.push(Clash::of(name, text, first.id(), id));
                }
                Some(_) | None => {
                    taken.insert((zone, key), (action, name));
                }
            }
        }
        let moved: BTreeSet<(Zone, Action)> = taken
            .iter()
            .map(|((zone, _), (action, _))| (*zone, *action))
            .collect();
        for ((zone, key), (action, name)) in taken {
            let first = self.bound.get(&(zone, key)).copied();
            let stays = |first: Action| {
                first != action && !moved.contains(&(zone, first)) && !yields(zone, key, first)
            };
            match first.filter(|first| stays(*first)) {
                Some(first) => {
                    clashes.push(Clash::of(name, &key.to_string(), first.id(), action.id()));
                }
                None => self.bind(zone, key, action),
            }
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

    fn of(setting: &str, key: &str, first: &str, second: &str) -> Self {
        Self {
            setting: setting.to_owned(),
            key: key.to_owned(),
            first: first.to_owned(),
            second: second.to_owned(),
        }
    }
}

/// Whether an action lets a key go to whoever is given it: a function key it has by default, beside another key.
fn yields(zone: Zone, key: Key, action: Action) -> bool {
    let row = TABLE.iter().find(|row| row.0 == action);
    let keys = row.map_or("", |row| match zone {
        Zone::Command => row.2,
        Zone::Composer => row.3,
    });
    let mut beside = keys.split_whitespace().skip(1);
    matches!(key.code, Code::F(_)) && beside.any(|known| known.parse() == Ok(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_russian_letter_is_the_command_at_its_place() {
        let (map, clashes) = Keymap::new("default", &[]);
        assert!(clashes.is_empty());
        let found = map.find(Zone::Command, Key::char('с'), &[Layout::Russian]);
        assert_eq!(found, Some(Action::Claim));
    }

    #[test]
    fn default_keys_do_not_clash() {
        for zone in [Zone::Command, Zone::Composer] {
            let mut seen = BTreeSet::new();
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
        let (map, clashes) = Keymap::new("vim", &[&own]);
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

    fn own(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_key_that_another_action_has_is_a_clash_that_names_both() {
        let own = own(&[("block", "ctrl+k")]);
        let (map, clashes) = Keymap::new("default", &[&own]);
        assert_eq!(clashes, [Clash::of("block", "ctrl+k", "palette", "block")]);
        assert_eq!(
            map.find(Zone::Command, Key::ctrl('k'), &[]),
            Some(Action::Palette)
        );
    }

    #[test]
    fn two_actions_may_change_places_and_an_alias_gives_way() {
        let own = own(&[("claim", "r"), ("reply", "c"), ("transfer", "f2")]);
        let (map, clashes) = Keymap::new("default", &[&own]);
        assert_eq!(clashes, []);
        let find = |key: &str| map.find(Zone::Command, key.parse().unwrap(), &[]);
        assert_eq!(find("r"), Some(Action::Claim));
        assert_eq!(find("c"), Some(Action::Reply));
        assert_eq!(find("f2"), Some(Action::Transfer));
        assert_eq!(find("ctrl+k"), Some(Action::Palette));
    }

    #[test]
    fn a_template_gets_an_alias_but_never_the_only_key_of_an_action() {
        let (mut map, _) = Keymap::new("default", &[]);
        for (key, held) in [
            ("f2", None),
            ("f3", None),
            ("f1", Some(Action::Help)),
            ("f5", Some(Action::Reconnect)),
            ("ctrl+k", Some(Action::Palette)),
            ("ctrl+x", None),
        ] {
            assert_eq!(map.yield_to_template(key.parse().unwrap()), held, "{key}");
        }
        assert_eq!(map.find(Zone::Composer, "f2".parse().unwrap(), &[]), None);
        assert_eq!(
            map.key_of(Zone::Composer, Action::Palette),
            Some(Key::ctrl('k'))
        );
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
