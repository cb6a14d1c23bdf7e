//! Cleaning of hostile text (`IN-13`): the relay calls it once at the edge, the desk again before it draws.
//!
//! What happens to each kind of character:
//!
//! | found | becomes |
//! | --- | --- |
//! | escape sequence (CSI, OSC, DCS, SOS, PM, APC, two-byte) with its end | nothing |
//! | introducer of a string sequence whose end is missing | nothing; the text behind it stays readable |
//! | CR LF, lone CR, NEL, U+2028, U+2029 | newline |
//! | other C0 controls, DEL, an ESC that begins nothing | its visible picture, `␇` |
//! | other C1 controls | `�` |
//! | direction overrides, embeddings, isolates | nothing |
//! | zero-width and other invisible characters | nothing |
//! | direction marks (LRM, RLM, ALM) | kept, a run of them becomes one |
//! | tag characters outside a regional flag | nothing |
//! | code points past [`CLUSTER_CHARS`] in one cluster | nothing |
//!
//! Newline and tab pass. Joiners and variation selectors pass too: families, flags and Persian need them.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

/// Longest message that [`clean_message`] lets through, in bytes, its mark included.
pub const MESSAGE_BYTES: usize = 64 * 1024;

/// Longest line that [`clean_message`] lets through, in grapheme clusters, its mark included.
pub const LINE_GRAPHEMES: usize = 4_000;

/// Most code points one grapheme cluster keeps. The longest emoji in use has 11, a regional flag 7.
pub const CLUSTER_CHARS: usize = 16;

/// Room kept for the mark that says how much was left out: `[…+` digits `]`.
const MARK_ROOM: usize = 32;

const ESCAPE: char = '\u{1b}';
const STRING_END: char = '\u{9c}';
const BLACK_FLAG: char = '\u{1f3f4}';
const TAG_END: char = '\u{e007f}';

/// Returns `text` with everything removed or made visible that could act on a terminal or hide on a screen.
///
/// Borrows when there was nothing to do. Keeps newlines and tabs, and cuts nothing off; see [`clean_message`] and
/// [`clean_line`] for that. Cleaning twice equals cleaning once.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut inert = make_inert(text);
    // Cutting one cluster can glue its head to the next one, so look again; each round at least halves what changed.
    while let Some(shorter) = cap_clusters(&inert) {
        inert = shorter;
    }
    if inert == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(inert)
    }
}

/// Returns `text` cleaned and on one line, for names, titles and previews: newlines and tabs become spaces.
///
/// Runs of white space become one space, the ends are trimmed.
pub fn clean_line(text: &str) -> String {
    let cleaned = clean(text);
    let mut line = String::with_capacity(cleaned.len());
    for word in cleaned.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Returns `text` cleaned and no longer than [`MESSAGE_BYTES`], with no line longer than [`LINE_GRAPHEMES`].
///
/// Where something was cut off stands `[…+N]`, N being the number of clusters left out of the line, or of the bytes
/// left out of the message.
pub fn clean_message(text: &str) -> Cow<'_, str> {
    let cleaned = clean(text);
    if cleaned.len() <= LINE_GRAPHEMES {
        return cleaned;
    }
    match cap_lines(&cleaned) {
        Some(capped) => cap_message(Cow::Owned(capped)),
        None => cap_message(cleaned),
    }
}

/// Says that `text` surely needs no cleaning, by bytes alone: the common case of a short ASCII or plain message.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
}

fn make_inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = Chars::of(text);
    while let Some(char) = chars.next() {
        match char {
            '\n' | '\t' => out.push(char),
            '\r' => {
                chars.next_if(|char| char == '\n');
                out.push('\n');
            }
            '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            ESCAPE => skip_escape(&mut chars, &mut out),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut chars),
            '\u{0}'..='\u{1f}' | '\u{7f}' => out.push(picture(char)),
            '\u{80}'..='\u{9f}' => out.push(char::REPLACEMENT_CHARACTER),
            BLACK_FLAG => push_flag(&mut chars, &mut out),
            _ if is_direction_mark(char) => push_once(char, &mut out),
            _ if is_unseen(char) => {}
            _ => out.push(char),
        }
    }
    out
}

/// What is left of a text.
#[derive(Clone)]
struct Chars<'t> {
    rest: std::str::Chars<'t>,
    /// No string sequence ends before so many bytes are left: looked once, so that many beginnings cost no more than one.
    endless_down_to: usize,
}

impl<'t> Chars<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            rest: text.chars(),
            endless_down_to: usize::MAX,
        }
    }

    fn bytes_left(&self) -> usize {
        self.rest.as_str().len()
    }

    fn next(&mut self) -> Option<char> {
        self.rest.next()
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn next_if(&mut self, is_wanted: impl FnOnce(char) -> bool) -> Option<char> {
        let next = self.peek().filter(|char| is_wanted(*char));
        if next.is_some() {
            self.next();
        }
        next
    }
}

/// Skips what follows an ESC. An ESC that begins no known sequence becomes visible instead.
fn skip_escape(chars: &mut Chars<'_>, out: &mut String) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        Some(' '..='/') => skip_intermediates(chars),
        Some('0'..='~') => {
            chars.next();
        }
        _ => out.push(picture(ESCAPE)),
    }
}

/// Skips `ESC ( B` and its kin: intermediate bytes and one final byte.
fn skip_intermediates(chars: &mut Chars<'_>) {
    while chars.next_if(|char| matches!(char, ' '..='/')).is_some() {}
    chars.next_if(|char| matches!(char, '0'..='~'));
}

/// Skips the parameters, intermediates and final byte of a CSI sequence. Text that breaks the form is kept.
fn skip_control_sequence(chars: &mut Chars<'_>) {
    while chars.next_if(|char| matches!(char, '0'..='?')).is_some() {}
    while chars.next_if(|char| matches!(char, ' '..='/')).is_some() {}
    chars.next_if(|char| matches!(char, '@'..='~'));
}

/// Skips a string sequence up to its BEL or ST, if the line holds one. Otherwise the text behind the introducer stays,
/// so that nobody can hide a message from an operator by opening a sequence and never ending it.
fn skip_string(chars: &mut Chars<'_>) {
    if chars.bytes_left() >= chars.endless_down_to {
        return;
    }
    let mut ahead = chars.clone();
    loop {
        let left = ahead.bytes_left();
        match ahead.next() {
            Some('\u{7}' | STRING_END) => break,
            Some(ESCAPE) if ahead.peek() == Some('\\') => {
                ahead.next();
                break;
            }
            Some('\n' | '\r' | ESCAPE) | None => {
                chars.endless_down_to = left;
                return;
            }
            Some(_) => {}
        }
    }
    *chars = ahead;
}

/// Keeps the tag characters behind a black flag when they are a whole regional flag (Scotland and its like).
fn push_flag(chars: &mut Chars<'_>, out: &mut String) {
    out.push(BLACK_FLAG);
    let mut ahead = chars.clone();
    let mut tags = String::new();
    while let Some(tag) = ahead.next_if(|char| matches!(char, '\u{e0030}'..='\u{e007a}' | TAG_END))
    {
        tags.push(tag);
        let count = tags.chars().count();
        if tag == TAG_END && (4..=7).contains(&count) {
            out.push_str(&tags);
            *chars = ahead;
            return;
        }
        if tag == TAG_END || count >= 7 {
            return;
        }
    }
}

fn push_once(mark: char, out: &mut String) {
    if !out.ends_with(is_direction_mark) {
        out.push(mark);
    }
}

/// Cuts clusters to [`CLUSTER_CHARS`]; `None` if there is none to cut.
fn cap_clusters(text: &str) -> Option<String> {
    let is_long =
        |cluster: &str| cluster.len() > CLUSTER_CHARS && cluster.chars().count() > CLUSTER_CHARS;
    if !text.graphemes(true).any(is_long) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        if is_long(cluster) {
            let kept: String = cluster.chars().take(CLUSTER_CHARS).collect();
            out.push_str(kept.trim_end_matches('\u{200d}'));
        } else {
            out.push_str(cluster);
        }
    }
    Some(out)
}

/// Cuts lines to [`LINE_GRAPHEMES`]; `None` if there is none to cut.
fn cap_lines(text: &str) -> Option<String> {
    let is_long = |line: &str| {
        line.len() > LINE_GRAPHEMES && line.graphemes(true).nth(LINE_GRAPHEMES).is_some()
    };
    if !text.split('\n').any(is_long) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if is_long(line) {
            let kept: String = line
                .graphemes(true)
                .take(LINE_GRAPHEMES - MARK_ROOM)
                .collect();
            let left = line.graphemes(true).count() - (LINE_GRAPHEMES - MARK_ROOM);
            out.push_str(&kept);
            push_mark(left, &mut out);
        } else {
            out.push_str(line);
        }
    }
    Some(out)
}

fn cap_message(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= MESSAGE_BYTES {
        return text;
    }
    let mut end = 0;
    for (start, cluster) in text.grapheme_indices(true) {
        if start + cluster.len() > MESSAGE_BYTES - MARK_ROOM {
            break;
        }
        end = start + cluster.len();
    }
    let (kept, left) = text.split_at(end);
    let mut out = kept.to_owned();
    push_mark(left.len(), &mut out);
    Cow::Owned(out)
}

fn push_mark(left: usize, out: &mut String) {
    out.push_str(" […+");
    out.push_str(&left.to_string());
    out.push(']');
}

/// The picture Unicode has for a C0 control or DEL: `␀` to `␟`, `␡`.
fn picture(control: char) -> char {
    let code = if control == '\u{7f}' {
        0x21
    } else {
        u32::from(control)
    };
    char::from_u32(0x2400 + code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Marks that give a direction to their neighbours and have no picture.
fn is_direction_mark(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// Characters that show nothing and are of no use in a chat: they hide text, reverse it, or break searches.
fn is_unseen(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(cases: &[(&str, &str)]) {
        for (hostile, expected) in cases {
            assert_eq!(&clean(hostile), expected, "cleaning {hostile:?}");
        }
    }

    #[test]
    fn ordinary_text_is_borrowed_as_it_is() {
        for text in [
            "",
            "Hello, world!\n\tbye",
            "Здравствуйте, ёлка",
            "您好，我的订单",
            "नमस्ते",
            "שלום",
            "Tiếng Việt",
        ] {
            assert!(
                matches!(clean(text), Cow::Borrowed(same) if same == text),
                "{text:?}"
            );
        }
    }

    #[test]
    fn emoji_of_every_family_survive() {
        for text in ["👨‍👩‍👧‍👦", "👩🏽‍❤️‍💋‍👨🏿", "👍🏽", "🇷🇺🇨🇳", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "❤️", "1️⃣", "🏳️‍🌈", "می‌خواهم"]
        {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn escape_sequences_disappear_as_a_whole() {
        check(&[
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[2J\u{1b}[1;1Hboo", "boo"),
            ("\u{1b}[?1049h\u{1b}[>4;2m!", "!"),
            ("\u{1b}]0;title\u{7}x", "x"),
            (
                "\u{1b}]8;;http://x.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
                "link",
            ),
            ("\u{1b}]52;c;aGk=\u{9c}x", "x"),
            ("\u{1b}Pq#0\u{1b}\\x", "x"),
            ("\u{1b}_Gf=24;AAAA\u{1b}\\x", "x"),
            ("\u{1b}^pm\u{1b}\\\u{1b}Xsos\u{1b}\\x", "x"),
            ("\u{1b}(0lqk\u{1b}(B", "lqk"),
            ("\u{1b}cx\u{1b}7", "x"),
            ("\u{9b}31mred", "red"),
            ("\u{9d}0;title\u{7}x\u{90}q\u{9c}y", "xy"),
        ]);
    }

    #[test]
    fn broken_sequences_hide_no_text() {
        check(&[
            ("\u{1b}]0;never ended", "0;never ended"),
            ("\u{1b}]0;one\nline\u{7}", "0;one\nline␇"),
            ("\u{1b}[31привет", "привет"),
            ("\u{1b}привет", "␛привет"),
            ("\u{1b}", "␛"),
            ("\u{1b}\u{1b}[31mx", "␛x"),
            ("\u{1b}[\u{1b}[31m31mx", "31mx"),
        ]);
    }

    #[test]
    fn a_beginning_whose_end_is_missing_says_nothing_of_the_next_line() {
        check(&[
            ("\u{9d}a\u{9d}b\n\u{9d}c\u{7}d", "ab\nd"),
            ("\u{9d}a\u{1b}[31m\u{9d}b\u{9c}c", "ac"),
        ]);
    }

    #[test]
    fn many_beginnings_without_an_end_are_looked_at_once() {
        // Looking to the end of the text for each of them would take hours.
        let flood = "\u{9d}".repeat(4 << 20);
        assert_eq!(clean(&flood), "");
    }

    #[test]
    fn control_characters_become_visible() {
        check(&[
            ("a\u{0}b\u{7}c\u{8}d\u{7f}", "a␀b␇c␈d␡"),
            ("\u{b}\u{c}", "␋␌"),
            ("\u{80}\u{9c}\u{9a}", "���"),
            (
                "one\r\ntwo\rthree\u{85}four\u{2028}five\u{2029}six",
                "one\ntwo\nthree\nfour\nfive\nsix",
            ),
        ]);
    }

    #[test]
    fn invisible_and_reversing_characters_are_dropped() {
        check(&[
            ("pay\u{202e}gpj.exe", "paygpj.exe"),
            ("\u{2066}a\u{2069}\u{202a}b\u{202c}", "ab"),
            ("a\u{200b}\u{200b}\u{2060}\u{feff}b\u{ad}c", "abc"),
            ("\u{200f}\u{200f}\u{200e}א", "\u{200f}א"),
            ("hi\u{e0068}\u{e0069}", "hi"),
            ("🏴\u{e0067}\u{e0062}", "🏴"),
            (
                "🏴\u{e0067}\u{e0067}\u{e0067}\u{e0067}\u{e0067}\u{e0067}\u{e0067}\u{e0067}\u{e007f}",
                "🏴",
            ),
            ("\u{fff9}a\u{fffa}b\u{fffb}", "ab"),
        ]);
    }

    #[test]
    fn a_cluster_carries_only_so_many_marks() {
        let tower = format!("z{}algo", "\u{301}".repeat(5_000));
        let cleaned = clean(&tower);
        assert_eq!(
            cleaned
                .graphemes(true)
                .next()
                .map(|cluster| cluster.chars().count()),
            Some(CLUSTER_CHARS)
        );
        assert!(cleaned.ends_with("algo"));
        assert_eq!(
            clean(&format!("a{}b", "\u{200d}".repeat(5_000)))
                .chars()
                .count(),
            2
        );
    }

    #[test]
    fn names_and_titles_are_one_line() {
        assert_eq!(
            clean_line("  Olga\r\n\tSmirnova\u{1b}[2K "),
            "Olga Smirnova"
        );
        assert_eq!(clean_line("\u{1b}]0;x\u{7}"), "");
    }

    #[test]
    fn a_long_line_is_cut_and_says_by_how_much() {
        let cleaned = clean_message(&"é".repeat(10_000)).into_owned();
        assert_eq!(cleaned.matches('é').count(), LINE_GRAPHEMES - MARK_ROOM);
        assert!(cleaned.ends_with(" […+6032]"), "ends with its mark");
        let lines = format!("short\n{}\nshort", "x".repeat(4_001));
        assert!(clean_message(&lines).ends_with(" […+33]\nshort"));
    }

    #[test]
    fn a_long_message_is_cut_at_a_cluster_and_says_by_how_much() {
        let long = "👨‍👩‍👧‍👦 семья\n".repeat(20_000);
        let cleaned = clean_message(&long);
        assert!(cleaned.len() <= MESSAGE_BYTES);
        let (kept, mark) = cleaned
            .rsplit_once(" […+")
            .expect("a cut message carries a mark");
        assert!(long.starts_with(kept));
        assert_eq!(mark, format!("{}]", long.len() - kept.len()));
        assert!(
            long.grapheme_indices(true)
                .any(|(start, _)| start == kept.len())
        );
    }

    #[test]
    fn a_message_within_the_limits_stays_whole() {
        let text = format!("{}\n", "я".repeat(LINE_GRAPHEMES)).repeat(8);
        assert!(text.len() <= MESSAGE_BYTES);
        assert!(matches!(clean_message(&text), Cow::Borrowed(_)));
    }

    /// Text made of the pieces an attacker would use, so that random strings meet the rules at all.
    fn hostile_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            proptest::sample::select(vec![
                "\u{1b}",
                "\u{1b}[",
                "\u{1b}]",
                "\u{7}",
                "\u{9b}",
                "\u{9c}",
                "[",
                "]",
                "31m",
                "\\",
                "\r",
                "\n",
                "\u{200d}",
                "\u{301}",
                "\u{202e}",
                "\u{200f}",
                "🏴",
                "\u{e0067}",
                "\u{e007f}",
                "👩",
                "🇷",
                "\u{1100}",
                "\u{1161}",
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
    }

    fn turns_direction(char: char) -> bool {
        matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }

    proptest! {
        #[test]
        fn nothing_that_acts_on_a_terminal_is_left(text in hostile_text()) {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.chars().any(|char| char.is_control() && char != '\n' && char != '\t'));
            prop_assert!(!cleaned.contains(turns_direction));
            prop_assert!(cleaned.graphemes(true).all(|cluster| cluster.chars().count() <= CLUSTER_CHARS));
        }

        #[test]
        fn cleaning_twice_equals_cleaning_once(text in hostile_text()) {
            let once = clean(&text).into_owned();
            prop_assert_eq!(clean(&once), once.as_str());
        }

        #[test]
        fn glued_clusters_stay_within_the_cap(leads in proptest::collection::vec(1_usize..40, 1..20)) {
            let text: String = leads.iter().map(|&count| "\u{1100}".repeat(count) + "\u{1161}\u{11a8}").collect();
            let once = clean(&text).into_owned();
            prop_assert_eq!(clean(&once), once.as_str());
        }
    }
}
