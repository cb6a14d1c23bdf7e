//! What all of Meta's platforms share: the address that is confirmed, the signature of a body, calls of the Graph API and
//! their errors as they come. What an error means is each platform's own table.

pub(super) mod error;
pub(super) mod graph;
pub(super) mod handshake;
pub(super) mod signature;
mod usage;
