//! Any text can be searched for in any other, and the index of the store answers as the analyser does.

use std::cell::LazyCell;

use relay::store::sqlite::search_expression;
use relay::store::{Part, Query, Terms};
use rusqlite::Connection;
use shared::model::ChatId;

use crate::source::Source;

const CHAT: ChatId = ChatId(17);
/// Terms kept of one text.
const MOST_TERMS: usize = 2_000;

thread_local! {
    static INDEX: LazyCell<Connection> = LazyCell::new(index);
}

/// The first line is what is asked, the rest what was written.
pub fn check(bytes: &[u8]) {
    let both = Source::new(bytes).rest_as_text();
    let (asked, written) = both.split_once('\n').unwrap_or((&both, &both));
    let terms = Terms::of(written);
    for term in terms.each() {
        assert!(!term.is_empty(), "a term is something");
        assert!(
            term.chars().all(char::is_alphanumeric),
            "{term:?} is a word"
        );
    }
    let Some(query) = Query::parse(asked) else {
        assert!(Terms::of(asked).is_empty(), "{asked:?} asks for something");
        return;
    };
    if asked == written && terms.each().count() < MOST_TERMS {
        assert!(query.is_met_by(CHAT, &terms), "{asked:?} finds itself");
    }
    let within = query.clone().within(CHAT);
    assert!(matches!(within.parts.last(), Some(Part::Term(_))));
    for query in [query, within] {
        let expected = query.is_met_by(CHAT, &terms);
        assert_eq!(find(&query, &terms), expected, "{query:?} in {terms:?}");
    }
}

/// The index as the store makes it.
fn index() -> Connection {
    let connection = Connection::open_in_memory().expect("memory");
    connection
        .execute_batch(
            "CREATE VIRTUAL TABLE search USING fts5 (terms, content = '', contentless_delete = 1, tokenize = 'ascii')",
        )
        .expect("an index");
    connection
}

/// Whether the index finds the only text in it.
fn find(query: &Query, terms: &Terms) -> bool {
    // As `merge.rs` writes it.
    let row = format!("\u{e000}{CHAT} {}", terms.as_str());
    INDEX.with(|index| {
        let found: Result<i64, _> = index
            .execute("INSERT INTO search (rowid, terms) VALUES (1, ?1)", [row])
            .and_then(|_| {
                let sql = "SELECT count(*) FROM search WHERE search MATCH ?1";
                index.query_row(sql, [search_expression(query)], |row| row.get(0))
            });
        index
            .execute("DELETE FROM search WHERE rowid = 1", [])
            .expect("what was put in is taken out");
        found.expect("no text is the index's own language") == 1
    })
}
