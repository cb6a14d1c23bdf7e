//! Prepared replies: which may be used, which is suggested, how one is kept.

use shared::model::{Language, Template, TemplateId, TemplateScope};
use shared::protocol::{ClientFrame, TemplateDraft};

use crate::app::popup::{Kind, Popup};
use crate::app::{App, Asked};
use crate::key::{Code, Key};
use crate::keymap::{Clash, Zone};
use crate::template_key::TemplateKey;

/// Letters after which a suggestion is looked for.
const SUGGEST_FROM: usize = 3;

impl App {
    /// Returns the templates this operator may use, those in the chat's language first.
    pub(crate) fn usable_templates(&self) -> Vec<&Template> {
        let language = self.chat().map(|chat| &chat.language);
        let config = self.policy().map_or(&[][..], |policy| &policy.templates);
        let mine = self
            .policy()
            .and_then(|policy| policy.find_operator(&self.me))
            .map_or(&[][..], |operator| &operator.departments);
        let is_for_me = |template: &&Template| match &template.scope {
            TemplateScope::Global => true,
            TemplateScope::Department { department } => mine.contains(department),
            TemplateScope::Personal { operator } => *operator == self.me,
        };
        let known = self.templates.iter().chain(config);
        let mut all: Vec<&Template> = known.filter(is_for_me).collect();
        all.sort_by_key(|template| {
            let is_personal = matches!(template.scope, TemplateScope::Personal { .. });
            (Some(&template.language) != language, !is_personal)
        });
        all
    }

    /// Takes the keys of templates from actions that have another one (T-08).
    pub(super) fn free_template_keys(&mut self) {
        let chords: Vec<(Key, String)> = self
            .usable_templates()
            .into_iter()
            .filter_map(|template| match key_of(template) {
                Some(TemplateKey::Chord(key)) => Some((key, name_of(template))),
                Some(TemplateKey::Leader(_)) | None => None,
            })
            .collect();
        for (key, name) in chords {
            // The relay lets none through: this key the operator gave to something else.
            if let Some(action) = self.keymap.yield_to_template(key) {
                let clash = Clash {
                    setting: String::new(),
                    key: key.to_string(),
                    first: action.id().to_owned(),
                    second: name,
                };
                let text = clash.in_words(self.language);
                self.say(text);
            }
        }
    }

    /// Returns the text of the template that lies on a key, filled in.
    pub(super) fn template_on(&self, key: Key) -> Option<String> {
        let chord = key.as_chord(&self.layouts);
        self.keyed(|known| *known == TemplateKey::Chord(key) || *known == TemplateKey::Chord(chord))
    }

    /// Returns the text of the template whose letters were typed behind the leader, on whatever layout.
    pub(super) fn template_behind_leader(&self, popup: &Popup) -> Option<String> {
        if !matches!(popup.kind, Kind::Templates(_)) {
            return None;
        }
        let typed = popup.field.text().to_lowercase();
        let mut readings = crate::key::other_readings(&typed, &self.layouts);
        readings.push(typed);
        self.keyed(
            |known| matches!(known, TemplateKey::Leader(letters) if readings.contains(letters)),
        )
    }

    fn keyed(&self, is_it: impl Fn(&TemplateKey) -> bool) -> Option<String> {
        let found = self
            .usable_templates()
            .into_iter()
            .find(|template| key_of(template).is_some_and(|key| is_it(&key)))?;
        Some(super::fill(self, &found.text))
    }

    /// Puts a prepared text where the caret is.
    pub(super) fn insert_template(&mut self, text: &str) {
        if self.zone == Zone::Command {
            self.write(self.is_note);
        }
        if self.zone == Zone::Composer {
            self.composer.insert(text);
            self.edited();
        }
    }

    /// Returns the template the word before the caret suggests: its code, or the beginning of its text.
    pub(crate) fn suggestion(&self) -> Option<String> {
        if self.zone != Zone::Composer || self.is_note {
            return None;
        }
        let typed = self.composer.before_caret();
        if typed.trim().chars().count() < SUGGEST_FROM || !self.composer.after_caret().is_empty() {
            return None;
        }
        let low = typed.trim_start().to_lowercase();
        let word = low.rsplit(char::is_whitespace).next()?.to_owned();
        let found = self.usable_templates().into_iter().find(|template| {
            let text = template.text.to_lowercase();
            let by_code = template
                .code
                .as_ref()
                .is_some_and(|code| code.to_lowercase() == word);
            by_code || (text != low && text.starts_with(&low))
        })?;
        Some(super::fill(self, &found.text))
    }

    /// Takes the suggestion in place of what was typed for it.
    pub(super) fn accept_suggestion(&mut self) {
        let Some(text) = self.suggestion() else {
            return;
        };
        let typed = self.composer.before_caret().to_owned();
        let is_whole = text
            .to_lowercase()
            .starts_with(&typed.trim_start().to_lowercase());
        let from = if is_whole {
            0
        } else {
            typed.rfind(char::is_whitespace).map_or(0, |at| {
                at + typed
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8)
            })
        };
        self.composer.replace(from..typed.len(), &text);
        self.edited();
    }

    /// Returns the question how the text of the composer is called as a template (T-06).
    pub(super) fn ask_template_title(&self) -> Popup {
        let known = self.changing.and_then(|id| self.saved_template(id));
        let scope = known.map_or_else(
            || TemplateScope::Personal {
                operator: self.me.clone(),
            },
            |known| known.scope.clone(),
        );
        let mut popup = Popup::new(Kind::TemplateTitle(scope));
        if let Some(known) = known {
            let parts = [known.section.clone(), known.title.clone()];
            let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" / ");
            popup.field.set(&name, name.len());
        }
        popup
    }

    /// Makes the template one for somebody else with Tab (T-03). Returns whether the key did that.
    pub(super) fn turn_scope(&self, popup: &mut Popup, key: Key) -> bool {
        let Kind::TemplateTitle(scope) = &mut popup.kind else {
            return false;
        };
        if key.code != Code::Tab {
            return false;
        }
        let scopes = self.template_scopes();
        let at = scopes.iter().position(|known| known == scope);
        let next = at.map_or(0, |at| (at + 1) % scopes.len());
        if let Some(next) = scopes.into_iter().nth(next) {
            *scope = next;
        }
        true
    }

    /// Keeps the text of the composer as a template for `scope`, called `title` or `section / title`.
    pub(super) fn save_template(&mut self, scope: TemplateScope, name: &str) {
        let id = self.changing.take();
        let known = id.and_then(|id| self.saved_template(id));
        let language = known.map(|known| known.language.clone()).or_else(|| {
            let chat = self.chat()?;
            Some(chat.language.clone())
        });
        let (section, title) = match name.split_once('/') {
            Some((section, title)) => (section.trim(), title.trim()),
            None => ("", name.trim()),
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let template = TemplateDraft {
            scope,
            language: language.unwrap_or_else(|| Language::from(self.language.code())),
            section: some(section),
            title: some(title),
            text: self.composer.text().trim().to_owned(),
            code: known.and_then(|known| known.code.clone()),
        };
        let request = self.request(Asked::Template);
        self.send(ClientFrame::SaveTemplate {
            request,
            id,
            template,
        });
    }

    /// Puts the text of an own template into the composer: saving it takes its place.
    pub(super) fn change_template(&mut self, id: TemplateId) {
        let Some(text) = self.saved_template(id).map(|known| known.text.clone()) else {
            return;
        };
        self.write(false);
        if self.zone == Zone::Composer {
            self.composer.set(&text, text.len());
            self.changing = Some(id);
            self.edited();
            self.tell("notice-changing-template");
        }
    }

    pub(super) fn delete_template(&mut self, id: TemplateId) {
        let request = self.request(Asked::Template);
        self.send(ClientFrame::DeleteTemplate { request, id });
    }

    fn saved_template(&self, id: TemplateId) -> Option<&Template> {
        self.templates
            .iter()
            .find(|template| template.id == Some(id))
    }
}

fn name_of(template: &Template) -> String {
    let name = template.title.as_ref().unwrap_or(&template.text);
    shared::text::clean_line(&shared::text::one_line(name, 20))
}

fn key_of(template: &Template) -> Option<TemplateKey> {
    template.key.as_ref()?.parse().ok()
}
