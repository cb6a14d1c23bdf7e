//! The platforms' side over real HTTP, and the visitors who write. Knows nothing of the relay; no other workspace crate
//! may be used here. The `demo` subcommand and the tests use it, `serve` never does.
//!
//! - [`messenger`] is the Graph API: Send, profiles, conversations, subscriptions, thread control, tokens, and a webhook
//!   sender that signs, retries, repeats, reorders and batches. Trouble is scripted with [`messenger::Fault`].
//! - [`whatsapp`] is the Cloud API with one number: signed events, statuses, people who hide their number.
//! - [`telegram`] is a Bot API server: updates by question or by call, messages, and what goes wrong on the way.
//! - [`viber`] is Viber's bot API: signed events, sent until they are taken, and calls that are refused with a number.
//! - [`vk`] is VK's API: forms, callback servers that are confirmed, a long poll, uploads.
//! - [`ok`] is the bot API of a group of Odnoklassniki: unsigned calls, the key in the address, a history of every chat.
//! - [`backend`] is an app that uses the relay's own signed format.
//! - [`visitors`] are scripted people who write to such a Graph in real time and answer the operator.
//!
//! A story in a test, the relay being whatever listens at `callback`:
//!
//! ```no_run
//! # async fn story(callback: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use sim::messenger::{Fault, Graph, GraphOptions, Script};
//!
//! let graph = Graph::start(GraphOptions::default()).await?;   // graph.url() is the channel's `api_url`
//! graph.set_callback(callback);                               // http://127.0.0.1:PORT/webhooks/support
//! graph.verify_callback("the verify token").await?;
//!
//! let visitor = graph.visitor("7412589630147852").named("Marina", "Sample");
//! visitor.writes("Is the blue one in stock?");
//! graph.wait_until_delivered(Duration::from_secs(5)).await?;  // every webhook answered with 2xx, or given up
//!
//! // The next reply goes out, but its answer never comes: the relay has to find its echo.
//! let fault = graph.script(Script::next_message(Fault::CloseAfter).about(visitor.psid()));
//! // … the operator replies …
//! let sent = graph.wait_for_sent(1, Duration::from_secs(5)).await?;
//! assert_eq!((sent.len(), graph.injected(fault)), (1, 1));
//!
//! graph.advance(Duration::from_hours(25));                    // now every reply is refused: 10/2018278
//! graph.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The demo lets people in and later sends them away:
//!
//! ```no_run
//! # async fn demo(callback: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use sim::messenger::{Graph, GraphOptions};
//! use sim::visitors::{Cast, CastOptions};
//!
//! let graph = Graph::start(GraphOptions::default()).await?;
//! graph.set_callback(callback);
//! let cast = Cast::start(&graph, CastOptions::default());
//! // … the desk runs …
//! cast.stop().await;
//! graph.stop().await;
//! # Ok(())
//! # }
//! ```

pub mod backend;
mod clock;
mod form;
mod http;
pub mod messenger;
mod meta;
pub mod ok;
mod picture;
mod places;
mod random;
mod sign;
pub mod telegram;
pub mod viber;
pub mod visitors;
pub mod vk;
mod waiting;
pub mod whatsapp;

pub use clock::Clock;
pub use form::FormFile;
