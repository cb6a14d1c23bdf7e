//! The Deskwire desk: a keyboard-driven terminal for operators, as a library with a thin binary.
//!
//! The ground floor (text, keys, languages, colours, the terminal itself) knows neither the app's state nor the protocol.

pub mod composer;
pub mod drafts;
pub mod events;
pub mod fuzzy;
pub mod key;
pub mod language;
#[cfg(test)]
mod on_terminal;
pub mod terminal;
pub mod text;
pub mod theme;
