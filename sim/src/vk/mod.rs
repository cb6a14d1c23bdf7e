//! VK's API with one community: forms only, answers that are 200 whatever happened, callback servers that are asked whether
//! they are ours, and a long poll (vk.md).

mod community;
mod http;
mod methods;
mod state;

pub use community::{Community, CommunityOptions, Person};
pub use state::{Fault, Sent};
