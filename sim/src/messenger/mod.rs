//! The Graph API of Messenger (`object: "page"`) over real HTTP, as Meta documents it. Everything is in memory.
//!
//! `graph` starts and stops it, `http` routes and carries out faults, one file per group of endpoints decides,
//! `queue` and `webhooks` deliver, `visitor` acts, `ledger` remembers. Instagram and multipart uploads are not simulated.

mod callback;
mod calls;
mod conversations;
mod errors;
mod faults;
mod fields;
mod graph;
mod http;
mod ledger;
mod page;
mod profile;
mod queue;
mod send;
mod state;
mod subscriptions;
mod thread;
mod visitor;
mod webhooks;
mod wire;

pub use callback::{CallbackError, Signing};
pub use calls::Endpoint;
pub use errors::{GraphError, NAMED_ERRORS};
pub use faults::{Fault, FaultId, Script};
pub use graph::{
    EchoTiming, Graph, GraphOptions, Habits, PAGE_FIELDS, PageOptions, StartError, TimedOut,
};
pub use ledger::{SenderAction, SentMessage};
pub use page::TokenState;
pub use profile::{Profile, ProfileAnswer};
pub use queue::WebhookCounts;
pub use thread::{PAGE_INBOX_APP_ID, ThreadOwner};
pub use visitor::Visitor;
pub use webhooks::{ReleaseOrder, WebhookOptions};
pub use wire::{appsecret_proof, signature};
