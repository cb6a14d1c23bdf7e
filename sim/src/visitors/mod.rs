//! Scripted people who write to a simulated Graph in real time and answer the operator. For the demo.
//!
//! `scripts` and `newcomers` are data: who they are and what they say. `person` decides what one of them says next, `cast`
//! is the only file with time in it.

mod cast;
mod face;
mod newcomers;
mod person;
mod scripts;

pub use cast::{Cast, CastOptions};
