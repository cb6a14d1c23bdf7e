//! Names of files from outside, made safe to save under (F-05).

use unicode_segmentation::UnicodeSegmentation as _;

use super::clean_line;

/// Bytes of a name; every file system takes these.
pub const FILE_NAME_LIMIT: usize = 120;
/// Bytes of an ending that is kept when a name is cut.
const ENDING_LIMIT: usize = 16;
/// Names that are devices on Windows, whatever their ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Returns a name of one part, at most [`FILE_NAME_LIMIT`] bytes, that leads nowhere, hides nothing and is an option of no
/// program. `"file"` when nothing is left.
pub fn file_name(text: &str) -> String {
    let clean = clean_line(text);
    let last = clean.rsplit(['/', '\\']).next().unwrap_or_default();
    let replaced: String = last
        .chars()
        .map(|char| if is_forbidden(char) { '_' } else { char })
        .collect();
    let name = replaced
        .trim_start_matches(|char: char| char.is_whitespace() || matches!(char, '.' | '-' | '~'))
        .trim_end_matches(|char: char| char.is_whitespace() || char == '.');
    let name = cut(name);
    if name.is_empty() {
        "file".to_owned()
    } else if is_device(&name) {
        format!("_{name}")
    } else {
        name
    }
}

/// What some file system or shell takes for more than a letter.
fn is_forbidden(char: char) -> bool {
    matches!(char, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_lowercase();
    let is_port = ["com", "lpt"].iter().any(|port| {
        let number = stem.strip_prefix(port);
        number.is_some_and(|number| number.chars().count() == 1 && !number.starts_with('0'))
    });
    is_port || DEVICES.contains(&stem.as_str())
}

/// Shortens the stem, between clusters, and keeps a short ending.
fn cut(name: &str) -> String {
    if name.len() <= FILE_NAME_LIMIT {
        return name.to_owned();
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| format!(".{ending}"))
        .filter(|ending| ending.len() <= ENDING_LIMIT)
        .unwrap_or_default();
    let mut stem = String::new();
    for cluster in name.graphemes(true) {
        if stem.len() + cluster.len() + ending.len() > FILE_NAME_LIMIT {
            break;
        }
        stem.push_str(cluster);
    }
    format!("{}{ending}", stem.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_leads_nowhere_and_acts_nowhere() {
        let long = format!("{}.pdf", "ж".repeat(300));
        let cut = format!("{}.pdf", "ж".repeat(58));
        for (came, kept) in [
            ("счёт №5.pdf", "счёт №5.pdf"),
            ("👨‍👩‍👧 family.jpg", "👨‍👩‍👧 family.jpg"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("/etc/shadow", "shadow"),
            ("C:\\Windows\\win.ini", "win.ini"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            ("   ", "file"),
            ("a/", "file"),
            (".bashrc", "bashrc"),
            ("...hidden", "hidden"),
            ("-rf", "rf"),
            ("--help", "help"),
            ("~root", "root"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("Nul", "_Nul"),
            ("aux.tar.gz", "_aux.tar.gz"),
            ("COM1", "_COM1"),
            ("lpt9.log", "_lpt9.log"),
            ("lpt0.log", "lpt0.log"),
            ("console.txt", "console.txt"),
            ("name.", "name"),
            ("name. . .", "name"),
            ("a\nb.txt", "a b.txt"),
            ("a\u{0}b.txt", "a␀b.txt"),
            ("\u{1b}[2Jx.txt", "x.txt"),
            ("gpj\u{202e}exe.jpg", "gpjexe.jpg"),
            ("a<b>c:d\"e|f?g*h", "a_b_c_d_e_f_g_h"),
            (&long, &cut),
        ] {
            assert_eq!(file_name(came), kept, "{came:?}");
        }
    }

    #[test]
    fn an_ending_that_is_no_ending_is_cut_as_well() {
        let name = file_name(&format!("a.{}", "x".repeat(300)));
        assert_eq!(name.len(), FILE_NAME_LIMIT);
    }

    proptest! {
        #[test]
        fn any_name_is_one_safe_part(text in "\\PC{0,200}|(\\.|/|\\\\|-|~| |con|\u{202e}|ж){0,80}") {
            let name = file_name(&text);
            prop_assert!(!name.is_empty() && name.len() <= FILE_NAME_LIMIT + 1);
            prop_assert!(!name.contains(['/', '\\', ':', '\0']) && !name.contains(char::is_control));
            prop_assert!(!name.starts_with(['.', '-', '~']) && !name.ends_with('.'));
            prop_assert_eq!(file_name(&name), name.clone(), "safe names stay");
        }
    }
}
