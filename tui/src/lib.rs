//! x
pub mod composer;
pub mod fuzzy;
pub mod key;
pub mod language;
pub mod text;
pub mod theme;
