//! Files of messages: saved where the operator sits, and shown if they are of a kind that does nothing but show (F-04).

use std::path::PathBuf;

use shared::chat::timeline::Entry;
use shared::model::{FileId, KeptFile};

use crate::app::App;
use crate::effect::Effect;
use crate::text::clean_line;

impl App {
    /// Saves a file.
    pub(super) fn save_file(&mut self, id: FileId, name: String) {
        self.effect(Effect::Save { id, name });
        self.tell("file-saving");
    }

    /// Says what became of it.
    pub(super) fn saved(&mut self, id: FileId, result: Result<PathBuf, String>) {
        let path = match result {
            Ok(path) => path,
            Err(cause) => {
                let text = self.say_with("file-not-saved", &[("cause", &clean_line(&cause))]);
                return self.say(text);
            }
        };
        let shown = clean_line(&path.to_string_lossy());
        let text = self.say_with("file-saved", &[("path", &shown)]);
        self.say(text);
        let is_shown = self.kept_file(id).is_some_and(only_shows);
        if self.has_browser && is_shown {
            self.effect(Effect::Show(path));
        }
    }

    /// Finds a file in the conversation on the screen.
    fn kept_file(&self, id: FileId) -> Option<&KeptFile> {
        let told = self.told().into_iter();
        told.filter_map(|chat| self.book.story(chat))
            .flat_map(|story| story.timeline.entries())
            .find_map(|entry| match entry {
                Entry::Message(message) => message.files.get(&id)?.as_ref().ok(),
                Entry::Event(_) => None,
            })
    }
}

/// Pictures, sounds, videos, and what reads like a page. Whatever may be a program or hold one is saved only.
fn only_shows(file: &KeptFile) -> bool {
    let family = file.mime.split('/').next().unwrap_or_default();
    matches!(family, "image" | "audio" | "video") && file.mime != "image/svg+xml"
        || file.mime == "application/pdf"
}
