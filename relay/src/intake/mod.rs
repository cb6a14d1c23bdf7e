//! From a platform's request to commands: verified, translated, routed to its channel, dropped when the visitor is
//! blocked, handed to the engine under a key that makes repeats harmless (IN-01 … IN-05). Answers only when everything
//! is on disk. The only place that looks visitors up.

mod directory;
mod events;
mod persons;
mod replies;
mod strangers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use http::HeaderMap;
use metrics::counter;

use tokio::sync::Notify;

use shared::model::{ChannelId, ChatId, PlatformId, Timestamp, Visitor};

use crate::channels::registry::Registry;
use crate::channels::{Happening, Inbound, Received, Rejected, Webhook};
use crate::engine::{Engine, EngineError};
use crate::http::{HandshakeOutcome, WebhookOutcome, Webhooks};
use crate::keeper::{CatchError, Catcher};
use crate::poller::Taker;
use crate::store::{Store, StoreError, UnreadBody};

use directory::Directory;
use strangers::Strangers;

/// What intake tells others in passing; a lost one costs nothing.
pub trait Listener: Send + Sync {
    /// A visitor is typing (IN-12).
    fn visitor_typing(&self, chat: ChatId);
    /// The platform has something to say to the admin about a channel.
    fn alarm(&self, channel: &ChannelId, text: &str);
    /// A chat began or went on with a visitor whose profile may be missing (V-01).
    fn visitor_seen(&self, channel: &ChannelId, chat: ChatId, visitor: &Visitor);
}

/// What an admin is told of many wrong signatures.
const WRONG_SECRET: &str = "many requests came with a wrong signature: if they are the platform's, the app secret in the \
     config is not the app's, and the platform will stop calling";

/// The way in.
pub struct Intake {
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    registry: Registry,
    listener: Arc<dyn Listener>,
    directory: Directory,
    strangers: Strangers,
    /// Rung when something that the platform brought was not taken in.
    troubles: Bells,
    /// Rung when the platform has lost something.
    gaps: Bells,
}

/// A bell for each channel.
type Bells = Mutex<HashMap<ChannelId, Arc<Notify>>>;

fn bell_of(bells: &Bells, channel: &ChannelId) -> Arc<Notify> {
    let mut bells = bells.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(bells.entry(channel.clone()).or_default())
}

/// Why something was not taken in; the platform shall send it again.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The store does not take it.
    #[error("could not take the events in")]
    Store(#[from] StoreError),
    /// Too much at once for one chat.
    #[error("could not take the events in: the chat is too busy")]
    Busy,
}

impl Intake {
    /// Returns an intake in front of an engine.
    pub fn new(
        engine: Arc<Engine>,
        store: Arc<dyn Store>,
        registry: Registry,
        listener: Arc<dyn Listener>,
    ) -> Arc<Self> {
        Arc::new(Self {
            engine,
            store,
            registry,
            listener,
            directory: Directory::default(),
            strangers: Strangers::default(),
            troubles: Bells::default(),
            gaps: Bells::default(),
        })
    }

    fn trouble_of(&self, channel: &ChannelId) -> Arc<Notify> {
        bell_of(&self.troubles, channel)
    }

    fn gap_of(&self, channel: &ChannelId) -> Arc<Notify> {
        bell_of(&self.gaps, channel)
    }

    fn reject(&self, channel: &ChannelId, rejected: Rejected) {
        count_rejected(channel, rejected);
        if rejected == Rejected::Wrong && self.strangers.wrong(channel, self.engine.now()) {
            self.listener.alarm(channel, WRONG_SECRET);
        }
    }

    /// Takes in what a verified body held. All of it, or an error: then the platform sends it again, and what was taken
    /// already is recognised.
    async fn take(
        &self,
        at: &ChannelId,
        mut received: Received,
        body: &Bytes,
    ) -> Result<(), IntakeError> {
        for ignored in &received.ignored {
            tracing::debug!(channel = %at, what = %ignored, "ignored on purpose");
        }
        let mut visitors: BTreeMap<(ChannelId, PlatformId), Vec<Inbound>> = BTreeMap::new();
        for inbound in std::mem::take(&mut received.inbound) {
            match self.registry.route(at, &inbound.account) {
                Some(channel) => visitors
                    .entry((channel, inbound.visitor.clone()))
                    .or_default()
                    .push(inbound),
                None => {
                    received.note_unread(format!("no channel for account {}", inbound.account));
                }
            }
        }
        if !received.unread.is_empty() {
            self.keep_unread(at, &received.unread, body).await?;
        }
        self.take_visitors(visitors).await
    }

    /// Events of one visitor one after the other, of different visitors side by side.
    async fn take_visitors(
        &self,
        visitors: BTreeMap<(ChannelId, PlatformId), Vec<Inbound>>,
    ) -> Result<(), IntakeError> {
        let each = visitors
            .into_iter()
            .map(|((channel, _), mut events)| async move {
                events.sort_by_key(|event| event.at);
                for event in events {
                    self.take_one(&channel, event).await?;
                }
                Ok(())
            });
        join_all(each).await.into_iter().collect()
    }

    async fn take_one(&self, channel: &ChannelId, inbound: Inbound) -> Result<(), IntakeError> {
        if let Happening::Alarm { text } = &inbound.what {
            tracing::warn!(%channel, "the platform warns: {text}");
            self.listener.alarm(channel, text);
            return Ok(());
        }
        counter!("deskwire_inbound_total", "channel" => channel.to_string()).increment(1);
        let inbound = with_possible_times(inbound, self.engine.now());
        if planted!("lose") {
            return Ok(());
        }
        self.take_event(channel, &inbound).await?;
        self.acknowledge(channel, inbound);
        Ok(())
    }

    /// A button press that is on disk is answered, in passing.
    fn acknowledge(&self, channel: &ChannelId, inbound: Inbound) {
        let Some(door) = inbound.press().and_then(|_| self.registry.find(channel)) else {
            return;
        };
        tokio::spawn(async move {
            let press = inbound.press().unwrap_or_default();
            if let Err(error) = door.acknowledge(&inbound.visitor, press).await {
                tracing::debug!(%error, "a button press could not be answered");
            }
        });
    }

    async fn keep_unread(
        &self,
        channel: &ChannelId,
        reasons: &[String],
        body: &Bytes,
    ) -> Result<(), StoreError> {
        let reason = reasons.join("; ");
        tracing::warn!(%channel, %reason, "a verified body was not understood; kept raw");
        counter!("deskwire_unread_bodies_total", "channel" => channel.to_string()).increment(1);
        let unread = UnreadBody {
            channel: channel.clone(),
            at: self.engine.now(),
            reason,
            body: body.clone(),
        };
        self.store.keep_unread(unread).await
    }
}

#[async_trait]
impl Webhooks for Intake {
    fn handshake(&self, channel: &ChannelId, query: &str) -> HandshakeOutcome {
        let Some(door) = self.registry.find(channel) else {
            return HandshakeOutcome::NoSuchChannel;
        };
        match door.handshake(query) {
            Ok(answer) => HandshakeOutcome::Answer(answer.body),
            Err(rejected) => {
                self.reject(channel, rejected);
                HandshakeOutcome::Rejected
            }
        }
    }

    async fn webhook(
        &self,
        channel: &ChannelId,
        query: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> WebhookOutcome {
        let Some(door) = self.registry.find(channel) else {
            return WebhookOutcome::NoSuchChannel;
        };
        let webhook = Webhook {
            query,
            headers,
            body: &body,
            received_at: self.engine.now(),
        };
        let received = match door.receive(&webhook) {
            Ok(received) => received,
            Err(rejected) => {
                self.reject(channel, rejected);
                return WebhookOutcome::Rejected;
            }
        };
        self.strangers.right(channel);
        let received = if door.is_cut_short(&received) {
            door.complete(received).await
        } else {
            received
        };
        let answer = received.answer.body.clone();
        match self.take(channel, received, &body).await {
            Ok(()) if planted!("refuse_taken") => WebhookOutcome::Unavailable,
            Ok(()) => WebhookOutcome::Done(answer),
            Err(error) => {
                tracing::error!(%channel, error = &error as &dyn std::error::Error, "a webhook was not acknowledged");
                self.trouble_of(channel).notify_one();
                WebhookOutcome::Unavailable
            }
        }
    }
}

#[async_trait]
impl Catcher for Intake {
    async fn take_inbound(
        &self,
        channel: &ChannelId,
        inbound: Vec<Inbound>,
    ) -> Result<(), CatchError> {
        let mut visitors: BTreeMap<(ChannelId, PlatformId), Vec<Inbound>> = BTreeMap::new();
        for event in inbound {
            visitors
                .entry((channel.clone(), event.visitor.clone()))
                .or_default()
                .push(event);
        }
        self.take_visitors(visitors)
            .await
            .map_err(|error| CatchError(error.into()))
    }

    async fn not_taken(&self, channel: &ChannelId) {
        self.trouble_of(channel).notified().await;
    }

    async fn lost_on_the_way(&self, channel: &ChannelId) {
        self.gap_of(channel).notified().await;
    }

    fn alert(&self, channel: &ChannelId, reason: &str) {
        self.listener.alarm(channel, reason);
    }
}

#[async_trait]
impl Taker for Intake {
    async fn take_update(
        &self,
        channel: &ChannelId,
        received: Received,
        body: &Bytes,
    ) -> Result<(), CatchError> {
        let taken = self.take(channel, received, body).await;
        taken.map_err(|error| CatchError(error.into()))
    }

    fn missed(&self, channel: &ChannelId) {
        self.gap_of(channel).notify_one();
    }

    fn alert(&self, channel: &ChannelId, reason: &str) {
        self.listener.alarm(channel, reason);
    }
}

impl From<EngineError> for IntakeError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => Self::Store(error),
            EngineError::Busy | EngineError::Overtaken | EngineError::Refused(_) => Self::Busy,
        }
    }
}

/// Nothing happened later than now, nor before there were clocks. A time that says so would hold a reply window open for
/// ever, or cover replies that are not written yet. The key stays as it was made: a repeat must have the same.
fn with_possible_times(mut inbound: Inbound, now: Timestamp) -> Inbound {
    let possible = |at: Timestamp| at.clamp(Timestamp(0), now.max(Timestamp(0)));
    inbound.at = inbound.at.clamp(Timestamp(0), now.max(Timestamp(0)));
    if let Happening::Delivered(watermark) | Happening::Read(watermark) = &mut inbound.what {
        watermark.until = watermark.until.map(possible);
    }
    inbound
}

fn count_rejected(channel: &ChannelId, rejected: Rejected) {
    tracing::warn!(%channel, %rejected, "a request that is not from the platform was turned away");
    counter!("deskwire_rejected_webhooks_total", "channel" => channel.to_string()).increment(1);
}
