//! Files that hold what only their owner may read: drafts and tokens. Where they lie and what is in them is the callers'
//! business.

use std::io::{self, Write};
use std::path::Path;

/// Writes `bytes` beside the file and renames: a crash leaves the old content or the new, never half. Mode 0600.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Made with mode 0600.
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    Ok(())
}

/// Returns the name of the file of `login` at `server`; different ones have different names.
pub(crate) fn name_for(server: &str, login: &str) -> String {
    format!("{}@{}.json", file_word(login), file_word(server))
}

/// Returns the login a file name was made of, if it is one for `server`.
pub(crate) fn login_of(name: &str, server: &str) -> Option<String> {
    let word = name.strip_suffix(&format!("@{}.json", file_word(server)))?;
    let mut bytes = Vec::new();
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

/// Writes a server or login so that it can stand in a file name, different ones differently.
fn file_word(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    word.bytes()
        .map(|byte| {
            if is_plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02x}")
            }
        })
        .collect()
}
