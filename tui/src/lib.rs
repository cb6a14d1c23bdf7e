//! x
pub mod composer;
pub mod drafts;
pub mod events;
pub mod fuzzy;
pub mod key;
pub mod language;
pub mod terminal;
pub mod text;
pub mod theme;
