//! The one sender of a channel.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use shared::chat::SettledAs;
use shared::model::{ChannelId, ChannelState, FailureReason, Reconciles, Timestamp};

use crate::channels::{Channel, Outbound, SendError};
use crate::clock::random_i64;
use crate::store::{Claim, Delivery, DeliveryStage, LeaseToken, PutBack, StoreError};

use super::Outbox;
use super::backoff::backoff;
use super::reconcile::{Verdict, verdict};

/// A lease lasts so long …
const LEASE: Duration = Duration::from_secs(10);
/// … is renewed so often …
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// … and nothing is begun with less than this left of it.
const MARGIN: Duration = Duration::from_secs(3);
/// Deliveries under way at once.
const IN_FLIGHT: u32 = 16;
/// For the echo of a doubtful send to come by itself.
const ECHO_WITHIN: Duration = Duration::from_secs(20);
/// Between looks whether it has come.
const ECHO_POLL: Duration = Duration::from_millis(250);
/// A store that does not answer is asked again after this.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// The sender of one channel; ends when told to stop, after what is under way.
pub struct Worker {
    outbox: Outbox,
    channel: ChannelId,
}

/// The right to send, and until when it is trusted.
struct Lease {
    token: LeaseToken,
    good_until: Instant,
    renew_at: Instant,
}

/// What one delivery told about the channel as a whole.
enum Told {
    Nothing,
    /// Wait so long before anything else is sent.
    TooFast(Duration),
}

impl Worker {
    /// Returns the sender of a channel.
    pub fn new(outbox: Outbox, channel: ChannelId) -> Arc<Self> {
        Arc::new(Self { outbox, channel })
    }

    /// Sends until told to stop; gives the lease back.
    pub async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let bell = self.outbox.bells.of(&self.channel);
        let mut health = self.outbox.health.watch(&self.channel);
        let mut flying: JoinSet<Told> = JoinSet::new();
        let mut lease: Option<Lease> = None;
        let mut quiet_until = Instant::now();
        while !*stopping.borrow() {
            let next = match self.step(&mut lease, &mut flying, quiet_until).await {
                Ok(next) => next,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(channel = %self.channel, error, "the outbox could not reach the store");
                    Instant::now() + STORE_PAUSE
                }
            };
            tokio::select! {
                () = bell.notified() => {}
                () = tokio::time::sleep_until(next) => {}
                _ = health.changed() => {}
                _ = stopping.changed() => {}
                Some(told) = flying.join_next() => {
                    if let Ok(Told::TooFast(wait)) = told {
                        quiet_until = Instant::now() + wait;
                    }
                }
            }
        }
        while flying.join_next().await.is_some() {}
        let name = self.lease_name();
        if let Err(error) = self
            .outbox
            .store
            .give_lease_back(&name, &self.outbox.owner)
            .await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not give a lease back"
            );
        }
    }

    /// Renews the lease, takes up what a crash left, begins what is due. Returns when to come back at the latest.
    async fn step(
        self: &Arc<Self>,
        lease: &mut Option<Lease>,
        flying: &mut JoinSet<Told>,
        quiet_until: Instant,
    ) -> Result<Instant, StoreError> {
        let now = Instant::now();
        if lease.as_ref().is_none_or(|lease| lease.renew_at <= now) {
            let renewed = self.take_lease(lease.as_ref()).await?;
            let is_new = renewed.as_ref().map(|lease| lease.token)
                != lease.as_ref().map(|lease| lease.token);
            *lease = renewed;
            if let Some(lease) = lease.as_ref().filter(|_| is_new) {
                for delivery in self
                    .outbox
                    .store
                    .list_abandoned(&self.channel, lease.token)
                    .await?
                {
                    flying.spawn(Arc::clone(self).take_up(delivery));
                }
            }
        }
        let Some(lease) = lease.as_ref() else {
            return Ok(now + RENEW_EVERY);
        };
        let comes_back = lease.renew_at;
        let is_broken = matches!(
            *self.outbox.health.watch(&self.channel).borrow(),
            ChannelState::Broken { .. }
        );
        if is_broken {
            self.fail_overdue(flying).await?;
        }
        if is_broken || lease.good_until <= now + MARGIN || quiet_until > now {
            return Ok(if quiet_until > now {
                quiet_until.min(comes_back)
            } else {
                comes_back
            });
        }
        self.begin_due(lease, flying).await?;
        let next = self.outbox.store.next_delivery_at(&self.channel).await?;
        let wait = next.map(|next| next.since(self.outbox.clock.now()));
        // What is due now waits for its turn behind something under way, whose end wakes us.
        let wait = wait.filter(|wait| !wait.is_zero()).unwrap_or(RENEW_EVERY);
        Ok((Instant::now() + wait).min(comes_back))
    }

    async fn take_lease(&self, held: Option<&Lease>) -> Result<Option<Lease>, StoreError> {
        let asked_at = Instant::now();
        let name = self.lease_name();
        let token = self
            .outbox
            .store
            .take_lease(&name, &self.outbox.owner, LEASE)
            .await?;
        if token.is_none() && held.is_some() {
            tracing::warn!(channel = %self.channel, "another relay sends for this channel now");
        }
        Ok(token.map(|token| Lease {
            token,
            good_until: asked_at + LEASE,
            renew_at: asked_at + RENEW_EVERY,
        }))
    }

    async fn begin_due(
        self: &Arc<Self>,
        lease: &Lease,
        flying: &mut JoinSet<Told>,
    ) -> Result<(), StoreError> {
        let under_way = u32::try_from(flying.len()).unwrap_or(IN_FLIGHT);
        let Some(limit) = IN_FLIGHT.checked_sub(under_way).filter(|limit| *limit > 0) else {
            return Ok(());
        };
        let claim = Claim {
            channel: self.channel.clone(),
            token: lease.token,
            owner: self.outbox.owner.to_string(),
            now: self.outbox.clock.now(),
            limit,
        };
        for delivery in self.outbox.store.claim_deliveries(claim).await? {
            crash_point!("claimed");
            flying.spawn(Arc::clone(self).deliver(delivery));
        }
        Ok(())
    }

    /// A paused channel still lets go of what its reply window has closed on.
    async fn fail_overdue(self: &Arc<Self>, flying: &mut JoinSet<Told>) -> Result<(), StoreError> {
        let now = self.outbox.clock.now();
        for delivery in self.outbox.store.list_overdue(&self.channel, now).await? {
            let worker = Arc::clone(self);
            flying.spawn(async move {
                worker
                    .settle(&delivery, SettledAs::Failed(FailureReason::WindowClosed))
                    .await;
                Told::Nothing
            });
        }
        Ok(())
    }

    async fn deliver(self: Arc<Self>, delivery: Delivery) -> Told {
        let now = self.outbox.clock.now();
        if delivery.window_ends.is_some_and(|ends| ends <= now) {
            self.fail(&delivery, FailureReason::WindowClosed).await;
            return Told::Nothing;
        }
        let Some(channel) = self.outbox.registry.find(&self.channel) else {
            self.fail(&delivery, FailureReason::ChannelGone).await;
            return Told::Nothing;
        };
        let Some(reply) = self.outbound(&delivery).await else {
            self.put_back_due(&delivery, now.plus(STORE_PAUSE), "the store did not answer")
                .await;
            return Told::Nothing;
        };
        if planted!("lose_reply") {
            return Told::Nothing;
        }
        if planted!("double_send") {
            drop(channel.send(&reply).await);
        }
        let sent = channel.send(&reply).await;
        crash_point!("sent");
        match sent {
            Ok(receipt) => {
                let platform_id = receipt.platform_id;
                self.settle(
                    &delivery,
                    SettledAs::Sent {
                        platform_id,
                        begun_at: now,
                    },
                )
                .await;
                Told::Nothing
            }
            Err(error) => self.take_error(&channel, &delivery, error).await,
        }
    }

    async fn outbound(&self, delivery: &Delivery) -> Option<Outbound> {
        let body = &delivery.body;
        let quotes = match body.quotes {
            Some(message) => self
                .outbox
                .store
                .find_message_by_id(message)
                .await
                .ok()?
                .and_then(|m| m.platform_id),
            None => None,
        };
        Some(Outbound {
            delivery: delivery.id,
            visitor: body.visitor.clone(),
            text: body.text.clone(),
            quotes,
            asks: body.asks,
            human_agent: body.human_agent,
        })
    }

    /// The table of what came back (`storage.md` 7).
    async fn take_error(
        &self,
        channel: &Arc<dyn Channel>,
        delivery: &Delivery,
        error: SendError,
    ) -> Told {
        let now = self.outbox.clock.now();
        match error {
            SendError::NotSent { cause } => {
                let wait = backoff(delivery.attempt, random_i64());
                self.put_back_due(delivery, now.plus(wait), &cause).await;
                Told::Nothing
            }
            SendError::TooFast { wait } => {
                let wait = wait.unwrap_or_else(|| backoff(delivery.attempt, random_i64()));
                self.put_back_due(delivery, now.plus(wait), "too fast")
                    .await;
                Told::TooFast(wait)
            }
            SendError::Refused(reason) => {
                self.fail(delivery, reason).await;
                Told::Nothing
            }
            SendError::Unauthorized(fault) => {
                self.put_back_due(delivery, now, &fault.reason).await;
                self.outbox.health.note(
                    &self.channel,
                    &ChannelState::Broken {
                        reason: fault.reason,
                    },
                );
                Told::Nothing
            }
            SendError::Unclear { cause } => {
                self.clear_up(channel, delivery, &cause).await;
                Told::Nothing
            }
        }
    }

    /// For a reply that an earlier attempt may have brought, a no is no proof.
    async fn fail(&self, delivery: &Delivery, reason: FailureReason) {
        let result = if delivery.is_doubtful {
            SettledAs::Unconfirmed
        } else {
            SettledAs::Failed(reason)
        };
        self.settle(delivery, result).await;
    }

    /// Takes up a delivery that another run began and did not finish.
    async fn take_up(self: Arc<Self>, delivery: Delivery) -> Told {
        match self.outbox.registry.find(&self.channel) {
            Some(channel) => {
                self.clear_up(&channel, &delivery, "the relay stopped while sending")
                    .await;
            }
            None => self.settle(&delivery, SettledAs::Unconfirmed).await,
        }
        Told::Nothing
    }

    async fn clear_up(&self, channel: &Arc<dyn Channel>, delivery: &Delivery, cause: &str) {
        tracing::warn!(channel = %self.channel, delivery = %delivery.id, cause, "a reply may have been sent");
        metrics::counter!("deskwire_doubtful_sends_total").increment(1);
        self.put_back(
            delivery,
            PutBack::Doubtful {
                error: cause.to_owned(),
            },
        )
        .await;
        match channel.abilities().reconciles {
            Reconciles::ByKey => {
                let wait = backoff(delivery.attempt, random_i64());
                self.put_back_due(delivery, self.outbox.clock.now().plus(wait), cause)
                    .await;
            }
            Reconciles::ByEcho => self.ask_around(channel, delivery).await,
            Reconciles::Never => self.settle(delivery, SettledAs::Unconfirmed).await,
        }
    }

    /// Waits for the echo, then asks the history, then decides.
    async fn ask_around(&self, channel: &Arc<dyn Channel>, delivery: &Delivery) {
        if timeout(ECHO_WITHIN, self.until_settled(delivery))
            .await
            .is_ok()
        {
            return;
        }
        let since = delivery.started_at.unwrap_or(delivery.not_before);
        let verdict = match channel.history(&delivery.body.visitor, since).await {
            Ok(history) => {
                let mut known = vec![];
                for message in &history.messages {
                    let found = self
                        .outbox
                        .store
                        .find_message(&self.channel, &message.platform_id)
                        .await;
                    if !matches!(found, Ok(None)) {
                        known.push(message.platform_id.clone());
                    }
                }
                verdict(delivery, since, &history, |message| {
                    known.contains(&message.platform_id)
                })
            }
            Err(error) => {
                tracing::warn!(channel = %self.channel, %error, "the platform's history does not tell");
                Verdict::Unknown
            }
        };
        match verdict {
            Verdict::Sent(platform_id, begun_at) => {
                let platform_id = Some(platform_id);
                self.settle(
                    delivery,
                    SettledAs::Sent {
                        platform_id,
                        begun_at,
                    },
                )
                .await;
            }
            Verdict::NotSent => {
                self.put_back_due(
                    delivery,
                    self.outbox.clock.now(),
                    "the platform has not got it",
                )
                .await;
            }
            Verdict::Unknown => self.settle(delivery, SettledAs::Unconfirmed).await,
        }
    }

    async fn until_settled(&self, delivery: &Delivery) {
        loop {
            if let Ok(Some(now)) = self.outbox.store.find_delivery(delivery.id).await
                && (now.state != DeliveryStage::Sending || now.attempt != delivery.attempt)
            {
                return;
            }
            tokio::time::sleep(ECHO_POLL).await;
        }
    }

    async fn put_back_due(&self, delivery: &Delivery, not_before: Timestamp, error: &str) {
        self.put_back(
            delivery,
            PutBack::Due {
                not_before,
                error: error.to_owned(),
            },
        )
        .await;
    }

    /// Until the store takes it: the row says *sending* meanwhile, and nobody else touches it.
    async fn put_back(&self, delivery: &Delivery, how: PutBack) {
        while let Err(error) = self
            .outbox
            .store
            .put_back(delivery.id, delivery.attempt, how.clone())
            .await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not put a delivery back"
            );
            tokio::time::sleep(STORE_PAUSE).await;
        }
    }

    /// Until the store takes it: the platform may have the reply, so it must not be sent again meanwhile.
    async fn settle(&self, delivery: &Delivery, result: SettledAs) {
        loop {
            match self.outbox.settler.settle(delivery, result.clone()).await {
                Ok(_) => {
                    crash_point!("recorded");
                    return;
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "could not record a delivery"
                    );
                    tokio::time::sleep(STORE_PAUSE).await;
                }
            }
        }
    }

    fn lease_name(&self) -> String {
        format!("send:{}", self.channel)
    }
}
