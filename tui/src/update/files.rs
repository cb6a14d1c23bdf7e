//! Files of messages: saved where the operator sits, and shown if they are of a kind that does nothing but show (F-04).

use std::path::PathBuf;

use shared::chat::timeline::Entry;
use shared::chat::{DeskCommand, ReplyDraft};
use shared::model::{ChatId, ContactAsk, FileId, HandedFile, KeptFile};

use crate::app::popup::{Kind, Popup};
use crate::app::{App, FolderRow};
use crate::effect::Effect;
use crate::text::clean_line;

/// Where one begins to look.
const HOME: &str = "~/";

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

    /// Asks which file of this machine goes to the visitor (F-01).
    pub(super) fn pick_file(&mut self) {
        let mut popup = Popup::new(Kind::File);
        popup.field.set(HOME, HOME.len());
        self.popup = Some(popup);
        self.fetched.folder.clear();
        self.look_into(HOME.to_owned());
    }

    /// Puts the chosen row into the field.
    pub(super) fn complete_path(&mut self, popup: &mut Popup) {
        let row = self.fetched.folder.get(popup.at);
        if let Some(path) = row.map(|row| row.path.clone()) {
            popup.field.set(&path, path.len());
            popup.at = 0;
            self.look_into(path);
        }
    }

    pub(super) fn look_into(&mut self, path: String) {
        self.effect(Effect::LookInto(path));
    }

    /// Takes in what begins so, if it is still what stands in the field.
    pub(super) fn looked_into(&mut self, asked: &str, rows: Vec<FolderRow>) {
        let popup = self.popup.as_ref();
        if popup.is_some_and(|popup| popup.kind == Kind::File && popup.field.text() == asked) {
            self.fetched.folder = rows;
        }
    }

    /// Hands a file in for the open chat; its reply follows once the relay has it.
    pub(super) fn send_file(&mut self, path: String) {
        let Some(chat) = self.open else { return };
        self.effect(Effect::Upload { chat, path });
        self.uploading(0);
    }

    pub(super) fn uploading(&mut self, percent: u8) {
        let text = self.say_with("file-uploading", &[("percent", &percent.to_string())]);
        self.say(text);
    }

    /// Sends the reply that takes a file along, to the chat it was handed in for, whichever is open now.
    pub(super) fn handed_in(&mut self, chat: ChatId, result: Result<HandedFile, String>) {
        let handed = match result {
            Ok(handed) => handed,
            Err(cause) => {
                let text = self.say_with("file-not-sent", &[("cause", &clean_line(&cause))]);
                return self.say(text);
            }
        };
        let text = self.say_with(
            "file-handed-in",
            &[("name", &clean_line(&handed.file.name))],
        );
        self.say(text);
        let draft = ReplyDraft {
            text: String::new(),
            quotes: None,
            asks: ContactAsk::default(),
            file: Some(handed),
            human_agent: false,
            hold_ms: None,
        };
        self.ask(chat, DeskCommand::Reply(draft));
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
