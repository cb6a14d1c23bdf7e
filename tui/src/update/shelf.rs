//! What of the templates the picker shows: a section, a language, and where the picker was opened from (T-05).

use shared::model::{Language, Template, TemplateScope};

use crate::app::App;
use crate::app::popup::{Kind, Popup, Shelf};
use crate::key::{Code, Key};

impl App {
    /// Returns the sections of the templates one may use, in the order of the list.
    pub(crate) fn template_sections(&self) -> Vec<String> {
        let mut sections: Vec<String> = Vec::new();
        for template in self.usable_templates() {
            if let Some(section) = &template.section
                && !sections.contains(section)
            {
                sections.push(section.clone());
            }
        }
        sections
    }

    /// Returns the languages of the templates one may use, the chat's first.
    pub(crate) fn template_languages(&self) -> Vec<Language> {
        let mut languages: Vec<Language> = Vec::new();
        for template in self.usable_templates() {
            if !languages.contains(&template.language) {
                languages.push(template.language.clone());
            }
        }
        languages
    }

    /// Returns the templates that stand on a picked.
    pub(crate) fn shelved(&self, picked: Shelf) -> Vec<&Template> {
        let sections = self.template_sections();
        let section = picked
            .section
            .checked_sub(1)
            .and_then(|at| sections.get(at));
        let languages = self.template_languages();
        let language = picked
            .language
            .checked_sub(1)
            .and_then(|at| languages.get(at));
        self.usable_templates()
            .into_iter()
            .filter(|template| section.is_none() || template.section.as_ref() == section)
            .filter(|template| language.is_none_or(|language| template.language == *language))
            .collect()
    }

    /// Turns to another section with Tab, to another language with left and right while nothing is typed. Returns whether
    /// the key did that.
    pub(super) fn turn_shelf(&self, popup: &mut Popup, key: Key) -> bool {
        let Kind::Templates(picked) = &mut popup.kind else {
            return false;
        };
        let turn = |at: usize, count: usize, is_back: bool| {
            let step = if is_back { count } else { 1 };
            (at + step) % (count + 1)
        };
        match key.code {
            Code::Tab => {
                let count = self.template_sections().len();
                picked.section = turn(picked.section, count, key.shift);
            }
            Code::Left | Code::Right if popup.field.is_empty() => {
                let count = self.template_languages().len();
                picked.language = turn(picked.language, count, key.code == Code::Left);
            }
            _ => return false,
        }
        popup.at = 0;
        true
    }

    /// Gives what was typed behind the sign that opened the picker back to the text (`desk.md` 6).
    pub(super) fn leave_shelf(&mut self, picked: Shelf, typed: &str) {
        if let Some(sign) = picked.opened_by {
            self.composer.insert_char(sign);
            self.composer.insert(typed);
            self.edited();
        }
    }

    /// Returns for whom this operator may save templates (T-03).
    pub(crate) fn template_scopes(&self) -> Vec<TemplateScope> {
        use shared::chat::Right;
        let mut scopes = vec![TemplateScope::Personal {
            operator: self.me.clone(),
        }];
        let me = self
            .policy()
            .and_then(|policy| policy.find_operator(&self.me));
        if let Some(me) = me.filter(|_| self.may(Right::DepartmentTemplates)) {
            let departments = me.departments.iter();
            scopes.extend(departments.map(|department| TemplateScope::Department {
                department: department.clone(),
            }));
        }
        if self.may(Right::GlobalTemplates) {
            scopes.push(TemplateScope::Global);
        }
        scopes
    }

    /// Returns for whom a template is, in words.
    pub(crate) fn scope_in_words(&self, scope: &TemplateScope) -> String {
        match scope {
            TemplateScope::Personal { .. } => self.tr("template-scope-mine").into_owned(),
            TemplateScope::Department { department } => self
                .policy()
                .and_then(|policy| policy.find_department(department))
                .map_or_else(|| department.to_string(), |known| known.name.clone()),
            TemplateScope::Global => self.tr("template-scope-all").into_owned(),
        }
    }
}
