//! Templates as they stand beside each other: no key and no code may mean two of them to one operator (T-08).

use std::ops::Range;

use shared::model::{Operator, Template, TemplateScope};
use tui::key::Key;
use tui::template_key::TemplateKey;

/// The templates read so far.
pub(super) struct Shelf<'a> {
    operators: &'a [Operator],
    books: Vec<Book>,
}

struct Book {
    template: Template,
    key: Option<TemplateKey>,
    shown: String,
    at: Option<Range<usize>>,
}

impl<'a> Shelf<'a> {
    pub(super) fn of(operators: &'a [Operator]) -> Self {
        Self {
            operators,
            books: vec![],
        }
    }

    /// Puts a template beside the others. Returns what it clashes in, `key` or `code`, and with which.
    pub(super) fn put(
        &mut self,
        template: &Template,
        key: Option<TemplateKey>,
        shown: &str,
        at: Option<Range<usize>>,
    ) -> Vec<(&'static str, String)> {
        let book = Book {
            template: template.clone(),
            key,
            shown: shown.to_owned(),
            at,
        };
        let beside = |other: &&Book| {
            other.template.language == template.language
                && self.meet(&other.template.scope, &template.scope)
        };
        let others = self.books.iter().filter(beside);
        let clashes = others.flat_map(|other| clashes(other, &book)).collect();
        self.books.push(book);
        clashes
    }

    /// Returns the templates that are had by a key press.
    pub(super) fn chords(&self) -> impl Iterator<Item = (&str, Key, Option<Range<usize>>)> {
        self.books.iter().filter_map(|book| match book.key {
            Some(TemplateKey::Chord(key)) => Some((&*book.shown, key, book.at.clone())),
            Some(TemplateKey::Leader(_)) | None => None,
        })
    }

    /// Whether some operator may use templates of both scopes.
    fn meet(&self, one: &TemplateScope, two: &TemplateScope) -> bool {
        match (one, two) {
            (
                TemplateScope::Department { department: one },
                TemplateScope::Department { department: two },
            ) => {
                let is_in_both = |operator: &Operator| {
                    operator.departments.contains(one) && operator.departments.contains(two)
                };
                one == two || self.operators.iter().any(is_in_both)
            }
            (
                TemplateScope::Personal { operator: one },
                TemplateScope::Personal { operator: two },
            ) => one == two,
            (
                TemplateScope::Global
                | TemplateScope::Department { .. }
                | TemplateScope::Personal { .. },
                _,
            ) => true,
        }
    }
}

fn clashes(other: &Book, new: &Book) -> Vec<(&'static str, String)> {
    let (first, second) = (&other.shown, &new.shown);
    let mut found = vec![];
    if let (Some(one), Some(two)) = (&other.key, &new.key)
        && one.hides(two)
    {
        let keys = if one == two {
            format!("{two}")
        } else {
            format!("{one} and {two}")
        };
        let message = format!("templates {first:?} and {second:?} have one key, {keys}");
        found.push(("key", message));
    }
    let codes = [&other.template.code, &new.template.code]
        .map(|code| code.as_ref().map(|code| code.to_lowercase()));
    if let [Some(one), Some(two)] = &codes
        && one == two
    {
        let message = format!("templates {first:?} and {second:?} have one code, {two}");
        found.push(("code", message));
    }
    let [old_code, new_code] = codes;
    for (key, code, what) in [(&other.key, new_code, "code"), (&new.key, old_code, "key")] {
        if let (Some(key), Some(code)) = (key, code)
            && key.hides_code(&code)
        {
            let message = format!(
                "templates {first:?} and {second:?}: the code {code} cannot be typed past the key {key}"
            );
            found.push((what, message));
        }
    }
    found
}
