//! Text lies within the cells it was given: wrapped, cut and padded between clusters.

use tui::text::{clean, clean_line, clip, cut, expand_tabs, pad, pad_left, width, wrap};

use unicode_segmentation::UnicodeSegmentation;

use crate::promise;
use crate::source::Source;

pub fn check(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let cells = usize::from(source.byte());
    let text = source.rest_as_text();
    let text = clean(&text);
    wrapped(&text, cells);

    let line = clean_line(&text);
    let clipped = clip(&line, cells);
    assert!(width(clipped) <= cells, "a clipped line fits");
    assert!(line.starts_with(clipped), "a clipped line is a beginning");
    promise::is_between_clusters(&line, clipped.len());
    assert!(width(&cut(&line, cells)) <= cells, "a cut line fits");
    assert_eq!(width(&pad(&line, cells)), cells, "a column is filled");
    assert_eq!(width(&pad_left(&line, cells)), cells, "a column is filled");
}

fn wrapped(text: &str, cells: usize) {
    let mut end = 0;
    for row in wrap(text, cells) {
        assert_eq!(row.range.start, end, "rows leave nothing out");
        promise::is_between_clusters(text, row.range.start);
        promise::is_between_clusters(text, row.range.end);
        let shown = row.of(text);
        assert!(!shown.contains('\n'), "a newline ends its row");
        // A cluster is drawn whole or not at all, however wide; those that are drawn in no cell take none from it.
        let seen = without_hanging(shown);
        let is_one_cluster = seen
            .graphemes(true)
            .filter(|cluster| width(cluster) > 0)
            .nth(1)
            .is_none();
        let fits = row.width <= cells && width(seen) <= cells;
        assert!(fits || is_one_cluster, "{shown:?} is {} wide", row.width);
        let drawn = expand_tabs(shown);
        assert!(!drawn.contains('\t'), "tabs become spaces");
        assert_eq!(width(&drawn), width(shown), "tabs keep their width");
        end = row.range.end + usize::from(row.is_hard);
    }
    assert_eq!(end, text.len() + 1, "rows hold every byte");
}

/// What is seen of a row: white space hangs behind its end.
fn without_hanging(row: &str) -> &str {
    // A space with joiners on it is as white as one without.
    let is_unseen = |char: char| char.is_whitespace() || width(char.encode_utf8(&mut [0; 4])) == 0;
    let unseen = |cluster: &&str| width(cluster) == 0 || cluster.chars().all(is_unseen);
    let clusters = row.graphemes(true).rev();
    let hanging: usize = clusters.take_while(unseen).map(str::len).sum();
    row.split_at(row.len() - hanging).0
}
