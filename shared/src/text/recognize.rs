//! Recognising small things in text: e-mail addresses, phone numbers, placeholders.

use unicode_segmentation::GraphemeCursor;

/// Whether the whole text looks like one e-mail address. Generous: the visitor may only be offered for the card (D-08).
pub fn is_email(text: &str) -> bool {
    let text = text.trim();
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    let host_is_sound =
        host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !host.contains('@');
    !name.is_empty() && host_is_sound && text.len() <= 254 && !text.chars().any(char::is_whitespace)
}

/// Whether the whole text looks like one phone number: 5 to 15 digits with the usual signs between them.
pub fn is_phone(text: &str) -> bool {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_sign = |char: char| matches!(char, '+' | '-' | '(' | ')' | '.' | ' ' | '\u{a0}');
    (5..=15).contains(&digits)
        && text
            .chars()
            .all(|char| char.is_ascii_digit() || is_sign(char))
}

/// Finds the name of the first `{placeholder}` left in a text: letters, digits, dots and underscores in braces (T-10).
pub fn find_placeholder(text: &str) -> Option<&str> {
    find_placeholders(text).next()
}

/// Returns the names of all `{placeholders}` in a text, in its order.
pub fn find_placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let starts_well = name.starts_with(|char: char| char.is_ascii_lowercase());
        let is_name = name
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_'));
        (starts_well && is_name).then_some(name)
    })
}

/// Returns the text on one line, at most `limit` characters of it, cut between clusters; for list rows.
pub fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > limit * 4 {
            break;
        }
    }
    if let Some((cut, _)) = line.char_indices().nth(limit) {
        line.truncate(boundary_before(&line, cut));
    }
    line
}

/// Returns the last place up to `place` where one cluster ends and the next begins.
fn boundary_before(line: &str, place: usize) -> usize {
    let mut cursor = GraphemeCursor::new(place, line.len(), true);
    if cursor.is_boundary(line, 0) == Ok(true) {
        return place;
    }
    cursor.prev_boundary(line, 0).ok().flatten().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_numbers_and_placeholders_are_recognised() {
        for text in ["anna@acme.example", " a.b+c@mail.acme.example "] {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "anna@acme",
            "@acme.example",
            "write to anna@acme.example",
            "a@b@c.d",
            "",
        ] {
            assert!(!is_email(text), "{text}");
        }
        for text in ["+15550100199", "8 (900) 000-00-17", "0311 00 11"] {
            assert!(is_phone(text), "{text}");
        }
        for text in ["1234", "order 451200", "1234567890123456", ""] {
            assert!(!is_phone(text), "{text}");
        }
        assert_eq!(
            find_placeholder("Hi {visitor.first_name}!"),
            Some("visitor.first_name")
        );
        assert_eq!(find_placeholder("if (a) { return; } {} {B}"), None);
    }

    #[test]
    fn one_line_keeps_the_beginning() {
        assert_eq!(one_line(" a\n b\t c ", 160), "a b c");
        assert_eq!(one_line("привет мир", 6), "привет");
        assert_eq!(one_line("ok 👨‍👩‍👧‍👦", 9), "ok ");
        assert_eq!(one_line("ok 👨‍👩‍👧‍👦!", 10), "ok 👨‍👩‍👧‍👦");
    }
}
