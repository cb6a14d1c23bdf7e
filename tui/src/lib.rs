//! The Deskwire desk: a keyboard-driven terminal for operators, as a library with a thin binary.
//!
//! The ground floor (text, keys, languages, colours, the terminal itself) knows neither the app's state nor the protocol.
//! Above it: `app` is the state, `update` changes it, `view` draws it; all three are pure.

pub mod app;
pub mod composer;
pub mod drafts;
pub mod effect;
pub mod events;
pub mod fuzzy;
pub mod input;
pub mod key;
pub mod keymap;
pub mod language;
#[cfg(test)]
mod on_terminal;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
