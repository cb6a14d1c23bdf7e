//! Files and folders of this machine, for the field in which one is named. Looked at beside the loop: a disk may be slow.

use std::path::{Path, PathBuf};

use crate::app::FolderRow;

/// Rows shown at most.
const MOST: usize = 200;

/// Returns what begins as `text` does: folders first, hidden things only when asked for by their dot.
pub(super) fn look_into(text: &str) -> Vec<FolderRow> {
    let (folder, begin) = text.rsplit_once('/').map_or(("", text), |(folder, begin)| {
        let end = folder.len() + 1;
        (text.get(..end).unwrap_or_default(), begin)
    });
    let Ok(entries) = std::fs::read_dir(path_of(if folder.is_empty() { "./" } else { folder }))
    else {
        return vec![];
    };
    let wanted = begin.to_lowercase();
    let rows = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let is_hidden = name.starts_with('.') && !begin.starts_with('.');
        if is_hidden || !name.to_lowercase().starts_with(&wanted) {
            return None;
        }
        // Through links, as one opens it.
        let facts = std::fs::metadata(entry.path()).ok()?;
        Some(if facts.is_dir() {
            FolderRow {
                path: format!("{folder}{name}/"),
                name: format!("{name}/"),
                size: None,
            }
        } else {
            FolderRow {
                path: format!("{folder}{name}"),
                name,
                size: Some(facts.len()),
            }
        })
    });
    let mut rows: Vec<FolderRow> = rows.collect();
    rows.sort_by_cached_key(|row| (row.size.is_some(), row.name.to_lowercase()));
    rows.truncate(MOST);
    rows
}

/// Returns a path as it was written, `~` being the home folder.
pub(super) fn path_of(text: &str) -> PathBuf {
    let user = directories::UserDirs::new();
    match (text.strip_prefix("~/"), user) {
        (Some(rest), Some(user)) => user.home_dir().join(rest),
        _ => Path::new(text).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_finds_what_goes_on_from_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("Bills")).expect("a folder");
        std::fs::write(at("bill 5.pdf"), "12345").expect("a file");
        std::fs::write(at("bird.jpg"), "").expect("a file");
        std::fs::write(at(".bashrc"), "").expect("a file");
        let base = format!("{}/", folder.path().display());
        let names = |text: &str| {
            let rows = look_into(&format!("{base}{text}"));
            let names: Vec<String> = rows.into_iter().map(|row| row.name).collect();
            names
        };
        assert_eq!(names(""), ["Bills/", "bill 5.pdf", "bird.jpg"]);
        assert_eq!(names("BILL"), ["Bills/", "bill 5.pdf"]);
        assert_eq!(names(".b"), [".bashrc"]);
        assert_eq!(names("x"), [""; 0]);
        let rows = look_into(&format!("{base}bill 5"));
        assert_eq!(rows[0].size, Some(5));
        assert_eq!(rows[0].path, format!("{base}bill 5.pdf"));
        assert_eq!(look_into("/no/such/folder/"), []);
    }
}
