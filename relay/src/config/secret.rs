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

/// Returns the path of a secret's file that everybody on this computer can read.
pub(super) fn open_file(item: &Item) -> Option<&str> {
    let path = text(item.as_table_like()?, "file")?;
    is_open(Path::new(path)).then_some(path)
}

/// Whether everybody on this computer can read a file.
#[cfg(unix)]
pub(super) fn is_open(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

/// Who may read a file is not said by a mode here.
#[cfg(not(unix))]
pub(super) fn is_open(_: &Path) -> bool {
    false
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
