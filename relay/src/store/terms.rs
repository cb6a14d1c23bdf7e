//! The analyser of search: one for both engines and for the query, so that results agree (`storage.md` 10).

/// What an event is found by: words as the analyser left them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms(pub Vec<String>);

/// What is searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Each must be there.
    pub all: Vec<String>,
    /// Each must be there, its parts next to one another.
    pub phrases: Vec<Vec<String>>,
    /// The last word may be only the beginning of one.
    pub prefix: Option<String>,
}
