//! `[categories]` and `[[template]]` (CAT-01, T-01 … T-08).

use std::collections::HashMap;

use toml_edit::Item;

use shared::model::{
    Category, CategoryPath, CategoryTree, DepartmentId, Language, Template, TemplateScope,
};

use super::section::Section;

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

/// Reads a template; `taken` holds keys and codes seen before.
pub(super) fn template(
    section: &Section<'_, '_>,
    main_language: &Language,
    taken: &mut HashMap<String, String>,
) -> Template {
    let text = section.required("text");
    let language = section
        .text("language")
        .map_or_else(|| main_language.clone(), Language);
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
    let key = section.text("key").map(|key| key.to_lowercase());
    let code = section.text("code");
    for (kind, value) in [("key", &key), ("code", &code)] {
        let Some(value) = value else { continue };
        if value.trim().is_empty() || value.chars().any(char::is_whitespace) {
            section.fault(
                section.place(kind),
                format!("template {shown:?}: {kind} must be one word"),
            );
        }
        let name = format!("{kind} {value} {language} {scope:?}");
        if let Some(other) = taken.insert(name, shown.clone()) {
            let message = format!("templates {other:?} and {shown:?} have one {kind}, {value}");
            section.fault(section.place(kind), message);
        }
    }
    Template {
        id: None,
        scope,
        language,
        section: section.text("section"),
        title,
        text,
        key,
        code,
    }
}

/// Returns whether an item is a table of tables, for messages.
pub(super) fn is_table(item: &Item) -> bool {
    item.as_table_like().is_some()
}
