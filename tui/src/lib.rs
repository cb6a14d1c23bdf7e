//! x
pub mod composer;
pub mod events;
pub mod fuzzy;
pub mod key;
pub mod language;
pub mod text;
pub mod theme;
