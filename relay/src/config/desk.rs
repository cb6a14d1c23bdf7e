//! `[desk]`: defaults for every desk, and that no key means two things (D-13, T-08).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use toml_edit::Item;
use tui::key::Key;
use tui::keymap::{Action, Keymap, Zone};

use shared::model::{DeskSettings, Seconds};

use super::fault::nearest;
use super::section::{Section, pairs};
use super::settings::ABSENT;
use super::shelf::Shelf;

/// Reads `[desk]`.
pub(super) fn desk(section: &Section<'_, '_>) -> DeskSettings {
    let theme = section.choice("theme", "dark", &["dark", "light", "contrast", "mono"]);
    let keymap = section.choice("keymap", "default", &["default", "vim", "webim"]);
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    let mut places: HashMap<String, Option<Range<usize>>> = HashMap::new();
    let mut taken: HashMap<(Zone, Key), String> = HashMap::new();
    let table = section.item("keys").and_then(Item::as_table_like);
    if table.is_none() {
        section.note("keys", ABSENT.to_owned());
    }
    for (name, at, key) in table.map(pairs).unwrap_or_default() {
        let Some(key) = key else {
            section.fault(
                at,
                format!("desk.keys.{name}: expected a key such as \"ctrl+t\""),
            );
            continue;
        };
        let (zone, action) = Zone::of_setting(&name);
        if Action::named(action).is_none() {
            let hint = nearest(action, Action::all().map(Action::id));
            section.fault(
                at.clone(),
                format!("desk.keys: there is no action {action}{hint}"),
            );
        }
        section.note_of("keys", &name, &key);
        match key.parse::<Key>() {
            Err(error) => section.fault(at, format!("desk.keys.{name}: {error}")),
            Ok(parsed) => {
                if let Some(other) = taken.insert((zone, parsed), name.clone()) {
                    let message = format!("desk.keys: {other} and {name} have one key, {key}");
                    section.fault(at, message);
                } else {
                    places.insert(name.clone(), at);
                    keys.insert(name, key);
                }
            }
        }
    }
    keys.retain(|name, _| Action::named(Zone::of_setting(name).1).is_some());
    for clash in Keymap::new(&keymap, &[&keys]).1 {
        let (key, first, second) = (&clash.key, &clash.first, &clash.second);
        let message = format!(
            "desk.keys: {second} and {first} have one key, {key}: give {first} another one too, or choose another"
        );
        section.fault(places.remove(&clash.setting).flatten(), message);
    }
    DeskSettings {
        theme,
        keymap,
        undo_send: Seconds(section.number("undo_send_secs", 3, 30)),
        keys,
    }
}

/// A template may take the second key of an action, never its only one (T-08).
pub(super) fn keys_of_templates(top: &Section<'_, '_>, shelf: &Shelf<'_>, desk: &DeskSettings) {
    let (mut map, _) = Keymap::new(&desk.keymap, &[&desk.keys]);
    for (shown, key, at) in shelf.chords() {
        if let Some(action) = map.yield_to_template(key) {
            let action = action.id();
            let message = format!("template {shown:?} and the action {action} have one key, {key}");
            top.fault(at, message);
        }
    }
}
