//! The one sender of a channel.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;

use shared::chat::SettledAs;
use shared::model::{ChannelId, ChannelState, DeliveryId, FailureReason, Timestamp};

use crate::channels::{Channel, Outbound, Receipt, SendError};
use crate::store::{Claim, Delivery, LeaseToken, PutBack, StoreError};
use crate::supervise::unless_panic;

use super::Outbox;
use super::backoff::{MOST_ATTEMPTS, backoff};

/// A lease lasts so long …
const LEASE: Duration = Duration::from_secs(10);
/// … is renewed so often …
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// … and nothing is begun with less than this left of it.
const MARGIN: Duration = Duration::from_secs(3);
/// Deliveries under way at once.
const IN_FLIGHT: u32 = 16;
/// A store that does not answer is asked again after this.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// The sender of one channel; ends when told to stop, after what is under way.
pub struct Worker {
    pub(super) outbox: Outbox,
    pub(super) channel: ChannelId,
    /// How often the platform said of a delivery that it should pass soon.
    noes: Mutex<HashMap<DeliveryId, u32>>,
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

/// One attempt at one delivery.
type Try = (DeliveryId, u32);

/// What this run has under way.
#[derive(Default)]
struct Flying {
    tasks: JoinSet<Told>,
    tries: HashMap<task::Id, Try>,
    /// Ended by a fault of ours: whatever they had written.
    lost: BTreeSet<Try>,
}

impl Flying {
    fn begin(&mut self, delivery: &Delivery, work: impl Future<Output = Told> + Send + 'static) {
        let task = self.tasks.spawn(work);
        self.tries
            .insert(task.id(), (delivery.id, delivery.attempt));
    }

    /// Waits for the next to end; none: nothing is under way.
    async fn next(&mut self) -> Option<Told> {
        let (id, told) = match self.tasks.join_next_with_id().await? {
            Ok((id, told)) => (id, Some(told)),
            Err(error) => (error.id(), None),
        };
        let ended = self.tries.remove(&id);
        if told.is_none() {
            self.lost.extend(ended);
        }
        Some(told.unwrap_or(Told::Nothing))
    }

    fn has(&self, delivery: &Delivery) -> bool {
        let wanted = (delivery.id, delivery.attempt);
        self.tries.values().any(|known| *known == wanted)
    }
}

impl Worker {
    /// Returns the sender of a channel.
    pub fn new(outbox: Outbox, channel: ChannelId) -> Arc<Self> {
        Arc::new(Self {
            outbox,
            channel,
            noes: Mutex::default(),
        })
    }

    /// Sends until told to stop; gives the lease back.
    pub async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let bell = self.outbox.bells.of(&self.channel);
        let mut health = self.outbox.health.watch(&self.channel);
        let mut flying = Flying::default();
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
                biased;
                changed = stopping.changed() => {
                    // Whoever could tell is gone: that is a stop as well.
                    if changed.is_err() {
                        break;
                    }
                }
                Some(told) = flying.next() => {
                    if let Told::TooFast(wait) = told {
                        quiet_until = Instant::now() + wait;
                    }
                }
                _ = health.changed() => {}
                () = bell.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
        while flying.next().await.is_some() {}
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
        flying: &mut Flying,
        quiet_until: Instant,
    ) -> Result<Instant, StoreError> {
        let now = Instant::now();
        if lease.as_ref().is_none_or(|lease| lease.renew_at <= now) {
            *lease = self.take_lease(lease.as_ref()).await?;
            if let Some(lease) = lease.as_ref() {
                self.take_stock(lease, flying).await?;
            }
        }
        let Some(lease) = lease.as_ref() else {
            return Ok(now + RENEW_EVERY);
        };
        let comes_back = lease.renew_at;
        let is_held = self.outbox.health.state(&self.channel).holds_replies();
        if is_held {
            self.fail_overdue(flying).await?;
        }
        if is_held || lease.good_until <= now + MARGIN || quiet_until > now {
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

    /// Takes up what says *sending* and is not under way here: begun by another run, or by this one without its knowing.
    async fn take_stock(
        self: &Arc<Self>,
        lease: &Lease,
        flying: &mut Flying,
    ) -> Result<(), StoreError> {
        let store = &self.outbox.store;
        let others = store.list_abandoned(&self.channel, lease.token).await?;
        let next = LeaseToken(lease.token.0 + 1);
        for delivery in store.list_abandoned(&self.channel, next).await? {
            if flying.has(&delivery) {
                continue;
            }
            let is_lost = flying.lost.remove(&(delivery.id, delivery.attempt));
            if is_lost || others.iter().any(|other| other.id == delivery.id) {
                let work = Arc::clone(self)
                    .clear_up_after("the relay stopped while sending", delivery.clone());
                flying.begin(&delivery, work);
            } else {
                flying.begin(&delivery, Arc::clone(self).give_back(delivery.clone()));
            }
        }
        Ok(())
    }

    /// Puts back what was claimed for this run in a commit whose answer never came: nothing of it has been written.
    async fn give_back(self: Arc<Self>, delivery: Delivery) -> Told {
        let now = self.outbox.clock.now();
        self.put_back_due(&delivery, now, "the claim was not answered")
            .await;
        Told::Nothing
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
        flying: &mut Flying,
    ) -> Result<(), StoreError> {
        let under_way = u32::try_from(flying.tasks.len()).unwrap_or(IN_FLIGHT);
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
            let work = Arc::clone(self).fly(delivery.clone(), lease.good_until);
            flying.begin(&delivery, work);
        }
        Ok(())
    }

    /// A paused channel still lets go of what its reply window has closed on.
    async fn fail_overdue(self: &Arc<Self>, flying: &mut Flying) -> Result<(), StoreError> {
        let now = self.outbox.clock.now();
        for delivery in self.outbox.store.list_overdue(&self.channel, now).await? {
            let (worker, overdue) = (Arc::clone(self), delivery.clone());
            flying.begin(&delivery, async move {
                worker
                    .settle(&overdue, SettledAs::Failed(FailureReason::WindowClosed))
                    .await;
                Told::Nothing
            });
        }
        Ok(())
    }

    async fn deliver(self: Arc<Self>, delivery: Delivery, good_until: Instant) -> Told {
        let now = self.outbox.clock.now();
        if delivery.window_ends.is_some_and(|ends| ends <= now) {
            self.fail(&delivery, FailureReason::WindowClosed).await;
            return Told::Nothing;
        }
        let Some(channel) = self.outbox.registry.find(&self.channel) else {
            self.fail(&delivery, FailureReason::ChannelGone).await;
            return Told::Nothing;
        };
        let Some(reply) = self.outbound(&channel, &delivery).await else {
            self.put_back_due(&delivery, now.plus(STORE_PAUSE), "the store did not answer")
                .await;
            return Told::Nothing;
        };
        // We may have been stopped since we claimed it, and somebody else may be at it by now.
        if good_until <= Instant::now() + MARGIN {
            self.put_back_due(&delivery, now, "the lease ran out").await;
            return Told::Nothing;
        }
        if planted!("lose_reply") {
            return Told::Nothing;
        }
        if planted!("double_send") {
            drop(channel.send(&reply).await);
        }
        let sent = self.hand_over(&channel, &delivery, &reply).await;
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

    async fn hand_over(
        &self,
        channel: &Arc<dyn Channel>,
        delivery: &Delivery,
        reply: &Outbound,
    ) -> Result<Receipt, SendError> {
        let Some(handed) = &delivery.body.file else {
            return channel.send(reply).await;
        };
        let limits = channel.abilities().files;
        let Some(kind) = limits.and_then(|limits| limits.carries(&handed.file)) else {
            // The config has changed since it was written.
            let text = "the channel does not carry this file".to_owned();
            return Err(SendError::Refused(FailureReason::Refused { text }));
        };
        let now = self.outbox.clock.now();
        let file = self.outbox.files.outbound(handed, kind, now);
        channel.send_file(reply, &file).await
    }

    async fn outbound(&self, channel: &Arc<dyn Channel>, delivery: &Delivery) -> Option<Outbound> {
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
            human_agent: body.human_agent && !self.window_is_open(channel, delivery).await?,
        })
    }

    /// The visitor may have written since the reply was: the platform punishes tags inside the window (OUT-07). None: the
    /// store did not answer.
    async fn window_is_open(
        &self,
        channel: &Arc<dyn Channel>,
        delivery: &Delivery,
    ) -> Option<bool> {
        let chat = self.outbox.store.find_chat(delivery.chat).await.ok()?;
        let from = chat.and_then(|chat| chat.window_from);
        let window = channel.abilities().reply_window;
        Some(
            from.zip(window).is_some_and(|(from, window)| {
                self.outbox.clock.now() < from.plus(window.duration())
            }),
        )
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
            SendError::NotSent { cause, tries } => {
                if tries.is_some_and(|tries| self.count_no(delivery.id) >= tries) {
                    self.fail(delivery, FailureReason::Refused { text: cause })
                        .await;
                    return Told::Nothing;
                }
                if delivery.attempt >= MOST_ATTEMPTS {
                    let text = format!("tried for a day: {cause}");
                    self.fail(delivery, FailureReason::Refused { text }).await;
                    return Told::Nothing;
                }
                let wait = backoff(delivery.attempt, self.outbox.clock.chance());
                self.put_back_due(delivery, now.plus(wait), &cause).await;
                Told::Nothing
            }
            SendError::TooFast { wait } => {
                let wait =
                    wait.unwrap_or_else(|| backoff(delivery.attempt, self.outbox.clock.chance()));
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
            SendError::Restricted { fault, rest } => {
                self.put_back_due(delivery, now, &fault.reason).await;
                self.outbox.health.rest(&self.channel, fault.reason, rest);
                Told::Nothing
            }
            SendError::Unclear { cause } => {
                self.clear_up(channel, delivery, &cause).await;
                Told::Nothing
            }
        }
    }

    fn count_no(&self, delivery: DeliveryId) -> u32 {
        let mut noes = self.noes.lock().unwrap_or_else(PoisonError::into_inner);
        let count = noes.entry(delivery).or_default();
        *count += 1;
        *count
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

    /// Delivers. A panic on the way is an unclear end of this one delivery, and nobody else's.
    async fn fly(self: Arc<Self>, delivery: Delivery, good_until: Instant) -> Told {
        match unless_panic(Arc::clone(&self).deliver(delivery.clone(), good_until)).await {
            Some(told) => told,
            None => self.clear_up_after("sending panicked", delivery).await,
        }
    }

    /// Takes up a delivery that was begun and not finished. If even that panics, the operator is asked.
    async fn clear_up_after(self: Arc<Self>, cause: &'static str, delivery: Delivery) -> Told {
        let is_done = match self.outbox.registry.find(&self.channel) {
            Some(channel) => unless_panic(self.clear_up(&channel, &delivery, cause)).await,
            None => None,
        };
        if is_done.is_none() {
            self.settle(&delivery, SettledAs::Unconfirmed).await;
        }
        Told::Nothing
    }

    pub(super) async fn put_back_due(
        &self,
        delivery: &Delivery,
        not_before: Timestamp,
        error: &str,
    ) {
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
    pub(super) async fn put_back(&self, delivery: &Delivery, how: PutBack) {
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
            if !is_passing(&error) {
                return;
            }
            tokio::time::sleep(STORE_PAUSE).await;
        }
    }

    /// Until the store takes it: the platform may have the reply, so it must not be sent again meanwhile. What it refuses
    /// for itself it would refuse for ever: then the next true thing is recorded.
    pub(super) async fn settle(&self, delivery: &Delivery, result: SettledAs) {
        self.noes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&delivery.id);
        let mut result = Some(result);
        while let Some(now) = result.take() {
            match self.outbox.settler.settle(delivery, now.clone()).await {
                Ok(_) => {
                    crash_point!("recorded");
                    return;
                }
                Err(error) => {
                    tracing::warn!(
                        delivery = %delivery.id,
                        error = &error as &dyn std::error::Error,
                        "could not record a delivery"
                    );
                    if is_passing(&error) {
                        tokio::time::sleep(STORE_PAUSE).await;
                        result = Some(now);
                    } else {
                        result = weaker(&now);
                    }
                }
            }
        }
    }

    fn lease_name(&self) -> String {
        format!("send:{}", self.channel)
    }
}

/// Whether the store may take later what it did not take now.
fn is_passing(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Overloaded => true,
        StoreError::Newer { .. } | StoreError::Damaged(_) | StoreError::Refused(_) => false,
    }
}

/// Returns what is still true when a result cannot be recorded: it was sent, under a name that another message has; or
/// nobody can tell.
fn weaker(result: &SettledAs) -> Option<SettledAs> {
    match result {
        SettledAs::Sent {
            platform_id: Some(_),
            begun_at,
        } => Some(SettledAs::Sent {
            platform_id: None,
            begun_at: *begun_at,
        }),
        SettledAs::Sent {
            platform_id: None, ..
        }
        | SettledAs::Failed(_) => Some(SettledAs::Unconfirmed),
        SettledAs::Unconfirmed => None,
    }
}
