//! Replies on their way to platforms, as rows: what they carry, where they are, which arrows are allowed (`storage.md` 7).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use shared::model::{
    ChannelId, ChatId, ContactAsk, DeliveryId, HandedFile, MessageId, PlatformId, Timestamp,
};

/// Work for the outbox: a reply to be handed to a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Ours.
    pub id: DeliveryId,
    /// Through which channel.
    pub channel: ChannelId,
    /// What.
    pub body: DeliveryBody,
    /// Not before: the hold for undo.
    pub not_before: Timestamp,
    /// Not after: the reply window (OUT-05, OUT-06).
    pub window_ends: Option<Timestamp>,
}

/// What a delivery carries; JSON in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryBody {
    /// The reply.
    pub message: MessageId,
    /// To whom, as the platform calls them.
    pub visitor: PlatformId,
    /// The text, as the visitor will read it.
    pub text: String,
    /// Quote this one; resolved to the platform's id when it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<MessageId>,
    /// Contacts asked for.
    #[serde(default)]
    pub asks: ContactAsk,
    /// Under the human-agent tag.
    #[serde(default)]
    pub human_agent: bool,
    /// A file, instead of a text (F-01).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<HandedFile>,
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Ours.
    pub id: DeliveryId,
    /// Whose.
    pub chat: ChatId,
    /// Through which channel.
    pub channel: ChannelId,
    /// What.
    pub body: DeliveryBody,
    /// Where it is.
    pub state: DeliveryStage,
    /// How many times it was begun.
    pub attempt: u32,
    /// Any attempt so far may have reached the visitor.
    pub is_doubtful: bool,
    /// Not before.
    pub not_before: Timestamp,
    /// Not after.
    pub window_ends: Option<Timestamp>,
    /// When the last attempt was begun.
    pub started_at: Option<Timestamp>,
}

/// Where a delivery is (`storage.md` 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryStage {
    /// Waits for its time, its turn and the lease.
    Due,
    /// Begun; a crash leaves it here.
    Sending,
    /// Arrived at the platform.
    Sent,
    /// Will not arrive.
    Failed,
    /// Nobody can tell.
    Unconfirmed,
    /// Taken back before it was begun.
    Withdrawn,
}

/// What an event says of a delivery; committed with it.
///
/// Arrows allowed: sending → sent, failed, unconfirmed · due → sent (by echo), failed (window closed, given up),
/// withdrawn (attempt 0 only) · unconfirmed → sent, due, failed · failed → due (an operator tries again), sent (by echo) ·
/// sent → failed (the platform says so later: no attempt).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which.
    pub delivery: DeliveryId,
    /// Only in this attempt; none: whichever.
    pub attempt: Option<u32>,
    /// Where it goes.
    pub to: DeliveryStage,
    /// For `due`: not before; and forget the doubt, an operator has decided.
    pub not_before: Option<Timestamp>,
    /// For `due`: the reply window as it is now.
    pub window_ends: Option<Timestamp>,
}

/// No delivery is put off for longer; one that seems to be was put off by a clock that was ahead, and is due.
pub const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Asks for deliveries to send.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Of which channel.
    pub channel: ChannelId,
    /// The lease `send:<channel>` under which it is asked.
    pub token: LeaseToken,
    /// Who holds it.
    pub owner: String,
    /// Now.
    pub now: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// How [`Store::put_back`](super::Store::put_back) moves a delivery that is being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutBack {
    /// Surely not sent: due again at this time.
    Due {
        /// Not before.
        not_before: Timestamp,
        /// Why, for the admin; no secret.
        error: String,
    },
    /// It may have been sent: stays *sending*, with the doubt noted.
    Doubtful {
        /// Why, for the admin; no secret.
        error: String,
    },
}

/// Deliveries that are not final.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnsettledCounts {
    /// Waiting.
    pub due: u64,
    /// Being sent.
    pub sending: u64,
    /// Waiting for an operator's word.
    pub unconfirmed: u64,
}

/// The fencing number of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseToken(pub i64);
