//! Secrets: as text, from the environment or from a file (SEC-09). Never shown: not in errors, not in `Debug`.

use std::path::Path;

use secrecy::SecretString;
use toml_edit::{Item, TableLike};

/// Reads one; the error says what is wrong, without what was read.
pub(super) fn read(item: &Item) -> Result<SecretString, String> {
    if let Some(text) = item.as_str() {
        return not_empty(text.to_owned());
    }
    let Some(table) = item.as_table_like() else {
        return Err(format!(
            "expected \"text\", {{ env = \"NAME\" }} or {{ file = \"PATH\" }}, found {}",
            item.type_name()
        ));
    };
    match (text(table, "env"), text(table, "file"), table.len()) {
        (Some(name), None, 1) => match std::env::var(name) {
            Ok(value) => not_empty(value),
            Err(_) => Err(format!("the environment has no {name}")),
        },
        (None, Some(path), 1) => match std::fs::read_to_string(Path::new(path)) {
            Ok(value) => not_empty(value.trim_end().to_owned()),
            Err(error) => Err(format!("could not read the file {path}: {error}")),
        },
        _ => Err("expected exactly one of env and file".to_owned()),
    }
}

fn text<'a>(table: &'a dyn TableLike, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Item::as_str)
}

fn not_empty(text: String) -> Result<SecretString, String> {
    if text.is_empty() {
        Err("the secret is empty".to_owned())
    } else {
        Ok(SecretString::from(text))
    }
}
