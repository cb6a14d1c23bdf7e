//! What a hostile or broken outside sends, as tables: every case has a name and a stated outcome. Knows nobody; tests feed
//! the tables to the relay and the desk, fuzz targets take the bodies as their corpus.
#![expect(
    clippy::too_many_lines,
    reason = "the tables are functions, a case a line"
)]

pub mod fields;
pub mod http;
pub mod json;
pub mod queries;
pub mod signatures;
pub mod texts;
pub mod times;
pub mod websocket;
