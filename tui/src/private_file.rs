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
