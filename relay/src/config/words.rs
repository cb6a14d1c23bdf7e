//! `[categories]` and `[[template]]` (CAT-01, T-01 … T-08).

use toml_edit::Item;

use shared::model::{
    Category, CategoryPath, CategoryTree, DepartmentId, Language, Template, TemplateScope,
};

use shared::text::find_placeholders;
use tui::template_key::TemplateKey;
use tui::update::PLACEHOLDERS;

use super::fault::nearest;
use super::section::Section;
use super::shelf::Shelf;

/// Reads the tree: a line that begins with one space is a subcategory of the nearest line above without one.
pub(super) fn categories(section: &Section<'_, '_>) -> CategoryTree {
    let required = section.flag("required", false);
    let text = section.text("list").unwrap_or_default();
    let mut list: Vec<Category> = vec![];
    let mut parent: Option<String> = None;
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let fault = |message: &str| {
            let message = format!("categories.list, line {}: {message}", number + 1);
            section.fault(section.place("list"), message);
        };
        let name = line.trim().to_owned();
        let path = match (line.strip_prefix(' '), &parent) {
            (Some(rest), _) if rest.starts_with(' ') => {
                fault("more than one space: subcategories have no subcategories");
                continue;
            }
            (Some(_), None) => {
                fault("the first category begins with a space, so it has no category above it");
                continue;
            }
            (Some(_), Some(parent)) => vec![parent.clone(), name],
            (None, _) => {
                parent = Some(name.clone());
                vec![name]
            }
        };
        let path = CategoryPath(path);
        if list.iter().any(|category| category.path == path) {
            fault(&format!("{path} is there twice"));
            continue;
        }
        list.push(Category { path });
    }
    CategoryTree { required, list }
}

/// Reads a template and puts it among those read before it.
pub(super) fn template(
    section: &Section<'_, '_>,
    main_language: &Language,
    shelf: &mut Shelf<'_>,
) -> Template {
    let text = section.required("text");
    let language = section.language_or("language", main_language);
    let title = section.text("title");
    let shown = title
        .clone()
        .unwrap_or_else(|| text.chars().take(20).collect());
    let scope = match section.text("department") {
        Some(department) => TemplateScope::Department {
            department: DepartmentId(department),
        },
        None => TemplateScope::Global,
    };
    let key = section.text("key").and_then(|written| {
        let key: Result<TemplateKey, _> = written.parse();
        match key {
            Ok(key) => Some(key),
            Err(error) => {
                section.fault(
                    section.place("key"),
                    format!("template {shown:?}: key {error}"),
                );
                None
            }
        }
    });
    let code = section.text("code");
    if let Some(code) = &code
        && (code.trim().is_empty() || code.chars().any(char::is_whitespace))
    {
        let message = format!("template {shown:?}: code must be one word");
        section.fault(section.place("code"), message);
    }
    for name in find_placeholders(&text) {
        // A plain word is a field for the operator to fill in; a name with a dot is meant to be one of ours.
        if name.contains('.') && !PLACEHOLDERS.contains(&name) {
            let hint = nearest(name, PLACEHOLDERS);
            let message = format!("template {shown:?}: nothing fills {{{name}}} in{hint}");
            section.fault(section.place("text"), message);
        }
    }
    let template = Template {
        id: None,
        scope,
        language,
        section: section.text("section"),
        title,
        text,
        key: key.as_ref().map(ToString::to_string),
        code,
    };
    for (what, message) in shelf.put(&template, key, &shown, section.place("key")) {
        section.fault(section.place(what), message);
    }
    template
}

/// Returns whether an item is a table of tables, for messages.
pub(super) fn is_table(item: &Item) -> bool {
    item.as_table_like().is_some()
}
