//! Prepared replies: which may be used, which is suggested, how one is kept.

use shared::model::{Language, Template, TemplateId, TemplateScope};
use shared::protocol::{ClientFrame, TemplateDraft};

use crate::app::popup::{Kind, Popup};
use crate::app::{App, Asked};
use crate::keymap::Zone;

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
        let mut popup = Popup::new(Kind::TemplateTitle);
        if let Some(known) = self.changing.and_then(|id| self.saved_template(id)) {
            let parts = [known.section.clone(), known.title.clone()];
            let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" / ");
            popup.field.set(&name, name.len());
        }
        popup
    }

    /// Keeps the text of the composer as a template of this operator, called `title` or `section / title`.
    pub(super) fn save_template(&mut self, name: &str) {
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
            scope: TemplateScope::Personal {
                operator: self.me.clone(),
            },
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
