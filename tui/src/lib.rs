//! x
pub mod composer;
pub mod key;
pub mod text;
pub mod theme;
