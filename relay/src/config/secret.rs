//! Secrets: as text, from the environment or from a file (SEC-09). Never shown: not in errors, not in `Debug`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use secrecy::SecretString;
use toml_edit::{Item, TableLike};
use zeroize::Zeroizing;

/// The longest file with a secret.
const FILE_LIMIT: usize = 16 * 1024;

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
        (None, Some(path), 1) => match read_file(Path::new(path)) {
            Ok(value) => not_empty(value.trim_end().to_owned()),
            Err(error) => Err(format!("could not read the file {path}: {error}")),
        },
        _ => Err("expected exactly one of env and file".to_owned()),
    }
}

/// Reads no more than a secret may have, wherever the path leads; what was read is wiped.
fn read_file(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_LIMIT + 1));
    let most = u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX);
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_LIMIT {
        return Err(io::Error::other("it is longer than a secret may be"));
    }
    let text = std::str::from_utf8(&bytes).map_err(io::Error::other)?;
    Ok(Zeroizing::new(text.to_owned()))
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

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use toml_edit::DocumentMut;

    use super::*;

    fn from_file(path: &Path) -> Result<String, String> {
        let text = format!("secret = {{ file = {:?} }}", path.display().to_string());
        let document: DocumentMut = text.parse().unwrap();
        read(&document["secret"]).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn a_secret_may_stand_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "EAAToken\n").unwrap();
        assert_eq!(from_file(&path).as_deref(), Ok("EAAToken"));
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(from_file(&path).unwrap_err(), "the secret is empty");
    }

    #[test]
    fn a_file_without_an_end_is_no_secret() {
        let refused = from_file(Path::new("/dev/zero")).unwrap_err();
        assert!(
            refused.ends_with("it is longer than a secret may be"),
            "{refused}"
        );
    }
}
