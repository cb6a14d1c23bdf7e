//! The bot API of a group of Odnoklassniki: the key in the address, errors that come with status 200, calls to whoever was
//! subscribed until they are taken, and chats whose history shows what no call tells (ok.md).

mod group;
mod http;
mod methods;
mod state;
mod uploads;

pub use group::{Group, GroupOptions, Person};
pub use state::{Fault, Sent};
