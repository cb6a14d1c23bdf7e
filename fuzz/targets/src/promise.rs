//! Promises that more than one target keeps.

use unicode_segmentation::UnicodeSegmentation;

use shared::text::CLUSTER_CHARS;

/// Text that was cleaned holds nothing that acts on a terminal but newlines and tabs, and nothing that turns its direction.
#[track_caller]
pub(crate) fn is_inert(text: &str) {
    let acts = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    let turns = |char| matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(acts), "{text:?} acts on a terminal");
    assert!(!text.contains(turns), "{text:?} turns its direction");
    for cluster in text.graphemes(true) {
        assert!(
            cluster.chars().count() <= CLUSTER_CHARS,
            "{cluster:?} is a tower"
        );
    }
}

/// The same on one line.
#[track_caller]
pub(crate) fn is_inert_line(text: &str) {
    is_inert(text);
    assert!(
        !text.contains(['\n', '\t']),
        "{text:?} is more than one line"
    );
}

/// `at` is the beginning of a cluster of `text`, or its end.
#[track_caller]
pub(crate) fn is_between_clusters(text: &str, at: usize) {
    let mut starts = text.grapheme_indices(true).map(|(start, _)| start);
    assert!(
        at == text.len() || starts.any(|start| start == at),
        "byte {at} of {text:?} lies within a cluster"
    );
}
