//! Text from outside becomes inert; cutting it to a limit splits no cluster and loses nothing silently.

use unicode_segmentation::UnicodeSegmentation;

use shared::text::{
    LINE_GRAPHEMES, MESSAGE_BYTES, clean, clean_line, clean_message, find_placeholder, is_email,
    is_phone, one_line, split_long, utf16_len,
};

use crate::promise;
use crate::source::Source;

pub fn check(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let limit = usize::from(source.byte());
    let text = source.rest_as_text();

    let cleaned = clean(&text);
    promise::is_inert(&cleaned);
    assert_eq!(
        clean(&cleaned),
        cleaned,
        "cleaning twice equals cleaning once"
    );

    let line = clean_line(&text);
    promise::is_inert_line(&line);
    assert_eq!(clean_line(&line), line, "a clean line stays as it is");

    let message = clean_message(&text);
    promise::is_inert(&message);
    assert!(message.len() <= MESSAGE_BYTES, "a message keeps its limit");
    for line in message.split('\n') {
        assert!(
            line.graphemes(true).count() <= LINE_GRAPHEMES,
            "a line keeps its limit"
        );
    }

    cut_line(&line, limit);
    split(&cleaned, limit.max(1));
    recognize(&text);
}

fn cut_line(line: &str, limit: usize) {
    let cut = one_line(line, limit);
    promise::is_inert_line(&cut);
    assert!(cut.chars().count() <= limit, "a cut line keeps its limit");
    assert!(line.starts_with(&cut), "a cut line is a beginning");
    promise::is_between_clusters(line, cut.len());
}

fn split(text: &str, limit: usize) {
    let pieces = split_long(text, limit);
    let mut from = 0;
    for piece in &pieces {
        assert!(!piece.is_empty(), "no piece is empty");
        let is_one_cluster = piece.graphemes(true).nth(1).is_none();
        assert!(
            utf16_len(piece) <= limit || is_one_cluster,
            "a piece keeps its limit"
        );
        let start = piece.as_ptr().addr() - text.as_ptr().addr();
        let between = text.get(from..start).expect("pieces come in order");
        assert!(between.trim().is_empty(), "only white space is dropped");
        from = start + piece.len();
        promise::is_between_clusters(text, start);
        promise::is_between_clusters(text, from);
    }
    let behind = text.get(from..).expect("pieces lie within the text");
    assert!(behind.trim().is_empty(), "only white space is dropped");
}

fn recognize(text: &str) {
    if let Some(name) = find_placeholder(text) {
        assert!(
            text.contains(&format!("{{{name}}}")),
            "a placeholder stands there"
        );
    }
    assert!(
        !(is_email(text) && is_phone(text)),
        "no address is a number"
    );
}
