//! A query in the words of the full-text index. Terms go in quoted, never as its own language (CWE-943).

use rusqlite::{Connection, params};

use shared::chat::Stored;
use shared::model::Seq;

use crate::store::{Part, Query};

use super::rows;

/// Returns events found in the index, and those found in memory already, newest first.
pub(super) fn find(
    connection: &Connection,
    expression: &str,
    near: Vec<Seq>,
    before: Seq,
    limit: u32,
) -> rusqlite::Result<Vec<Stored>> {
    let sql = "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3";
    let mut list = connection.prepare_cached(sql)?;
    let merged = list.query_map(params![expression, before.0, limit], |row| {
        row.get(0).map(Seq)
    })?;
    let mut found = near;
    for seq in merged {
        found.push(seq?);
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    found.truncate(limit as usize);
    let sql = format!("SELECT {} FROM event WHERE seq = ?1", rows::EVENT);
    let mut load = connection.prepare_cached(&sql)?;
    found
        .into_iter()
        .map(|seq| load.query_row([seq.0], rows::stored))
        .collect()
}

/// Returns the expression: all parts must be found.
pub fn expression(query: &Query) -> String {
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
