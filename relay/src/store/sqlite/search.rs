//! A query in the words of the full-text index. Terms go in quoted, never as its own language (CWE-943).

use crate::store::{Part, Query};

/// Returns the expression: all parts must be found.
pub(super) fn expression(query: &Query) -> String {
    let parts: Vec<_> = query.parts.iter().map(part).collect();
    parts.join(" AND ")
}

fn part(part: &Part) -> String {
    match part {
        Part::Term(term) => quoted(term),
        Part::Phrase(terms) => quoted(&terms.join(" ")),
        Part::Beginning(beginning) => format!("{} *", quoted(beginning)),
        Part::Unfinished { term, beginning } => {
            format!("({} OR {} *)", quoted(term), quoted(beginning))
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
