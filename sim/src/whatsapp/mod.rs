//! WhatsApp's Cloud API with one number: replies that are accepted before anybody knows whether they arrive, statuses that
//! tell it later, signed events that are repeated until they are taken (whatsapp.md).

mod events;
mod http;
mod methods;
mod number;
mod person;

pub use number::{Fault, Number, NumberOptions, Sent};
pub use person::Person;
