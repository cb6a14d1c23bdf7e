//! `deskwire keys`: the live table of keys, and what a key press arrives as.

use std::io::{self, Write};

use super::question::RawMode;
use super::{Place, say};
use crate::config::{self, Config, Settings};
use crate::events::{TerminalEvent, TerminalEvents};
use crate::key::Key;
use crate::keymap::{Action, Keymap, Zone};
use crate::terminal::check_terminal;
use crate::text::{clean_line, pad};

/// Cells for the name of an action, and for the keys of a zone.
const ACTION_CELLS: usize = 16;
const KEYS_CELLS: usize = 31;

/// Prints the keys in force on this machine; the relay's `[desk.keys]` are known only once connected.
pub(super) fn show(place: &Place) -> anyhow::Result<()> {
    let config = config::load(place.config.as_deref())?;
    let (keymap, settings) = keymap(&config);
    say(&row("action", "command", "composer", ""));
    for action in Action::all() {
        let command = keymap.keys_of(Zone::Command, action);
        let composer = keymap.keys_of(Zone::Composer, action);
        let help = format!("action-{}-help", action.id());
        say(&row(
            action.id(),
            &shown(&command),
            &shown(&composer),
            &settings.language.tr(&help, &[]),
        ));
    }
    Ok(())
}

fn row(action: &str, command: &str, composer: &str, help: &str) -> String {
    let row = [
        pad(action, ACTION_CELLS),
        pad(command, KEYS_CELLS),
        pad(composer, KEYS_CELLS),
        help.to_owned(),
    ];
    row.concat().trim_end().to_owned()
}

/// Shows each key press until Ctrl+C comes twice in a row.
pub(super) async fn test(place: &Place) -> anyhow::Result<()> {
    check_terminal()?;
    let config = config::load(place.config.as_deref())?;
    let (keymap, settings) = keymap(&config);
    let mut events = TerminalEvents::open(config.keyboard.esc_wait)?;
    say("Press keys; Ctrl+C twice ends.");
    let raw = RawMode::enter()?;
    let mut last = None;
    loop {
        match events.next().await {
            TerminalEvent::Gone => break,
            TerminalEvent::Key(key) => {
                type_line(&describe(key, &keymap, &settings));
                if key == Key::ctrl('c') && last == Some(key) {
                    break;
                }
                last = Some(key);
            }
            TerminalEvent::Paste(text) => type_line(&format!("paste of {} bytes", text.len())),
            TerminalEvent::Resize { columns, rows } => type_line(&format!("{columns}x{rows}")),
            TerminalEvent::Focus(_) => {}
        }
    }
    drop(raw);
    Ok(())
}

fn keymap(config: &Config) -> (Keymap, Settings) {
    let settings = Settings::new(config, |name| std::env::var(name).ok());
    let (keymap, _) = Keymap::new(&settings.preset, &[&settings.keys]);
    (keymap, settings)
}

fn describe(key: Key, keymap: &Keymap, settings: &Settings) -> String {
    let does = |zone| {
        let action = keymap.find(zone, key, &settings.layouts);
        action.map_or("-", Action::id)
    };
    format!(
        "{}commands: {}  composer: {}",
        pad(&clean_line(&key.to_string()), ACTION_CELLS),
        pad(does(Zone::Command), ACTION_CELLS),
        does(Zone::Composer),
    )
}

fn shown(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "-".to_owned();
    }
    let words: Vec<String> = keys.iter().map(ToString::to_string).collect();
    words.join(" ")
}

/// Writes a line in raw mode, where a new line alone does not return the carriage.
fn type_line(line: &str) {
    write!(io::stdout(), "{line}\r\n").ok();
}
