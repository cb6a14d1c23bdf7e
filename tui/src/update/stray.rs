//! Words typed where letters are commands: told, and put into the reply if the operator wants (desk rule 4.5).

use std::collections::BTreeSet;

use shared::model::Timestamp;

use crate::app::App;
use crate::key::Key;
use crate::keymap::Action;

/// So many letters within [`BURST_MS`] are words.
const LETTERS: usize = 4;

/// Nobody gives commands so fast.
const BURST_MS: i64 = 1_000;

/// How long the words are kept.
const KEPT_MS: i64 = 3_000;

impl App {
    /// Notes a key pressed in the command zone. Returns whether it was the answer that the letters were words.
    pub(super) fn stray_key(&mut self, key: Key, action: Option<Action>) -> bool {
        let now = self.now;
        let is_recent = |at: Option<&(char, Timestamp)>, within| {
            at.is_some_and(|(_, at)| now.0 - at.0 <= within)
        };
        if !is_recent(self.stray.last(), KEPT_MS) {
            self.stray.clear();
        }
        let is_burst = self.is_burst();
        if is_burst && action == Some(Action::Reply) {
            let text: String = self.stray.drain(..).map(|(char, _)| char).collect();
            self.write(false);
            if self.zone == crate::keymap::Zone::Composer {
                self.composer.insert(&text);
                self.edited();
            }
            return true;
        }
        match key.text().filter(|char| char.is_alphabetic()) {
            Some(char) => self.stray.push((char, now)),
            None => self.stray.clear(),
        }
        if self.is_burst() {
            self.tell("notice-commands");
        }
        false
    }

    /// Whether the letters typed last were words.
    pub(super) fn is_burst(&self) -> bool {
        self.stray.windows(LETTERS).any(is_word)
    }
}

/// Whether letters came like those of a word: fast, and not the same one or two over and over, as when moving.
fn is_word(letters: &[(char, Timestamp)]) -> bool {
    let is_fast = match (letters.first(), letters.last()) {
        (Some((_, first)), Some((_, last))) => last.0 - first.0 < BURST_MS,
        _ => false,
    };
    let kinds: BTreeSet<char> = letters.iter().map(|(char, _)| *char).collect();
    is_fast && kinds.len() > 2
}
