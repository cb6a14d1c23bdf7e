//! Cutting a reply that is too long for its channel (`OUT-09`): at sentence ends, else at words, else between clusters.

use unicode_segmentation::UnicodeSegmentation;

/// The length of `text` as most platforms count it: UTF-16 code units.
pub fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Cuts `text` into pieces of at most `limit` UTF-16 code units each, in order.
///
/// Prefers the end of a sentence or line in the second half of a piece, then a gap between words, and cuts between
/// grapheme clusters when there is neither. White space around a cut is dropped; nothing else is. A single cluster longer
/// than `limit` stays whole, since half of it would be another character: the caller's limits are far above any cluster.
pub fn split_long(text: &str, limit: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = trim_end(trim_start(text));
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(piece_end(rest, limit));
        pieces.push(trim_end(piece));
        rest = trim_start(behind);
    }
    pieces
}

/// Cuts `text` like [`split_long`] and numbers the pieces, `(1/3) …`, so that a visitor sees that more follows and in which
/// order; a text that fits stays as it is.
pub fn split_numbered(text: &str, limit: usize) -> Vec<String> {
    let whole = text.trim();
    if utf16_len(whole) <= limit {
        return split_long(whole, limit)
            .into_iter()
            .map(str::to_owned)
            .collect();
    }
    let mut digits = 1;
    loop {
        let room = digits * 2 + "(/) ".len();
        let pieces = split_long(whole, limit.saturating_sub(room).max(1));
        let total = pieces.len();
        if total.to_string().len() > digits {
            digits += 1;
            continue;
        }
        let numbered = (1..).zip(pieces);
        return numbered
            .map(|(number, piece)| format!("({number}/{total}) {piece}"))
            .collect();
    }
}

/// Returns the longest beginning of `text` that fits into `limit` UTF-16 code units, cut between grapheme clusters.
pub fn fitting(text: &str, limit: usize) -> &str {
    text.get(..fitting_end(text, limit))
        .unwrap_or(text)
        .trim_end()
}

/// A mark on a space is a character of its own, not white space.
fn is_blank(cluster: &str) -> bool {
    cluster.chars().all(char::is_whitespace)
}

fn trim_start(text: &str) -> &str {
    let clusters = text.graphemes(true).take_while(|cluster| is_blank(cluster));
    let blank = clusters.map(str::len).sum();
    text.split_at(blank).1
}

fn trim_end(text: &str) -> &str {
    let clusters = text.graphemes(true).rev();
    let blank: usize = clusters
        .take_while(|cluster| is_blank(cluster))
        .map(str::len)
        .sum();
    text.split_at(text.len() - blank).0
}

/// Byte offset at which the first piece of `text` ends.
fn piece_end(text: &str, limit: usize) -> usize {
    let fitting = fitting_end(text, limit);
    if fitting == text.len() {
        return fitting;
    }
    let starts = text.split_sentence_bound_indices().map(|(start, _)| start);
    let sentence = starts
        .take_while(|&start| start <= fitting)
        .last()
        .unwrap_or(0);
    let (head, behind) = text.split_at(fitting);
    if sentence > 0 && sentence * 2 >= fitting && is_between_clusters(head, sentence) {
        return sentence;
    }
    // A gap right behind the last word that fits means that word is whole.
    if behind.graphemes(true).next().is_some_and(is_blank) {
        return fitting;
    }
    match last_gap(head) {
        0 => fitting,
        gap => gap,
    }
}

fn is_between_clusters(text: &str, at: usize) -> bool {
    at == text.len() || text.grapheme_indices(true).any(|(start, _)| start == at)
}

/// Byte offset behind the last white space of `text`; 0 if there is none.
fn last_gap(text: &str) -> usize {
    let mut clusters = text.grapheme_indices(true).rev();
    let gap = clusters.find(|(_, cluster)| is_blank(cluster));
    gap.map_or(0, |(start, cluster)| start + cluster.len())
}

/// Byte offset behind the last whole cluster that fits into `limit`; behind the first one if even that does not.
fn fitting_end(text: &str, limit: usize) -> usize {
    let mut used = 0;
    let mut end = 0;
    for (start, cluster) in text.grapheme_indices(true) {
        used += utf16_len(cluster);
        if used > limit && end > 0 {
            return end;
        }
        end = start + cluster.len();
    }
    end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_counted_as_platforms_count_them() {
        assert_eq!(utf16_len("abc"), 3);
        assert_eq!(utf16_len("привет"), 6);
        assert_eq!(utf16_len("👍🏽"), 4);
    }

    #[test]
    fn pieces_are_numbered_and_still_fit_with_their_numbers() {
        assert_eq!(split_numbered("short", 20), ["short"]);
        assert_eq!(split_numbered("  ", 20), Vec::<String>::new());
        assert_eq!(
            split_numbered("one two three four", 12),
            ["(1/4) one", "(2/4) two", "(3/4) three", "(4/4) four"]
        );
        let many = split_numbered(&"word ".repeat(60), 24);
        assert!(many.len() >= 10, "two digits: {}", many.len());
        assert!(many.iter().all(|piece| utf16_len(piece) <= 24), "{many:?}");
        let last = many.last().unwrap();
        assert!(
            last.starts_with(&format!("({0}/{0}) ", many.len())),
            "{last}"
        );
    }

    #[test]
    fn what_fits_is_cut_between_clusters() {
        assert_eq!(fitting("hello world", 6), "hello");
        assert_eq!(fitting("ab👍🏽", 4), "ab");
        assert_eq!(fitting("ab", 4), "ab");
    }

    fn check(cases: &[(&str, usize, &[&str])]) {
        for (text, limit, expected) in cases {
            assert_eq!(&split_long(text, *limit), expected, "{text:?} by {limit}");
        }
    }

    #[test]
    fn text_is_cut_at_sentences_then_words_then_clusters() {
        check(&[
            ("", 10, &[]),
            ("  short ", 10, &["short"]),
            ("First one. Second one.", 15, &["First one.", "Second one."]),
            (
                "Деньги вернутся. Ждите!",
                18,
                &["Деньги вернутся.", "Ждите!"],
            ),
            (
                "您好。订单已发货。谢谢您。",
                9,
                &["您好。订单已发货。", "谢谢您。"],
            ),
            ("one two three", 9, &["one two", "three"]),
            ("one two three", 7, &["one two", "three"]),
            ("abcdefghij", 4, &["abcd", "efgh", "ij"]),
            ("👍🏽👍🏽👍🏽", 9, &["👍🏽👍🏽", "👍🏽"]),
            ("line one\nline two", 12, &["line one", "line two"]),
        ]);
    }

    #[test]
    fn a_cluster_above_the_limit_stays_whole() {
        check(&[("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 3, &["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"])]);
    }

    #[test]
    fn a_mark_stays_on_the_space_it_stands_on() {
        check(&[
            ("one \u{301}two", 4, &["one", " \u{301}tw", "o"]),
            ("\u{600} ab", 3, &["\u{600} a", "b"]),
            (" \u{301}", 9, &[" \u{301}"]),
        ]);
    }

    proptest! {
        #[test]
        fn pieces_fit_and_lose_only_white_space(text in "[a-zа-я。.!? \n👍🏽\u{301}]{0,200}", limit in 8_usize..40) {
            let pieces = split_long(&text, limit);
            for piece in &pieces {
                let is_one_cluster = piece.graphemes(true).count() == 1;
                prop_assert!(utf16_len(piece) <= limit || is_one_cluster);
                prop_assert!(!piece.is_empty());
            }
            let squeeze = |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>();
            prop_assert_eq!(squeeze(&pieces.concat()), squeeze(&text));
        }
    }
}
