//! The queue of the webhook sender: which events become bodies, which body is due, what became of it. Sends nothing.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::state::State;
use super::thread::ThreadOwner;
use super::webhooks::WebhookOptions;
use super::wire::{self, Event, List};

/// What became of the webhooks so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookCounts {
    /// Bodies queued, held back or under way now.
    pub open: usize,
    /// Bodies answered with 2xx.
    pub acknowledged: u64,
    /// Attempts that were not the first of their body.
    pub retried: u64,
    /// Bodies whose attempts were used up.
    pub given_up: u64,
    /// Extra copies queued by [`super::Graph::duplicate_every`] and [`super::Graph::repeat_webhook`].
    pub duplicated: u64,
    /// Events not sent because the Page is not subscribed to their field.
    pub not_subscribed: u64,
    /// Events not sent because of [`super::Graph::lose_webhooks`].
    pub lost: u64,
}

/// How many delivered bodies are kept for [`super::Graph::repeat_webhook`].
const REMEMBERED_BODIES: usize = 4096;

/// One event on its way into a body.
#[derive(Debug)]
pub(super) struct Notice {
    page_id: String,
    pub(super) app_id: String,
    psid: String,
    list: List,
    event: Event,
}

/// One finished body and where it belongs. Retries and duplicates send the same bytes.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) app_id: String,
    /// Bodies of one lane never overlap.
    lane: String,
    pub(super) body: Bytes,
}

/// A parcel and what is still to be done about it.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) parcel: Parcel,
    pub(super) sequence: u64,
    pub(super) is_signed_wrongly: bool,
    attempts: u32,
    /// Told after the first attempt.
    attempted: Option<oneshot::Sender<()>>,
}

/// The bodies that wait, and how the sender misbehaves.
#[derive(Debug)]
pub(super) struct Queue {
    options: WebhookOptions,
    callbacks: BTreeMap<String, String>,
    /// By due time, then by sequence, so that equal times keep their order.
    waiting: BTreeMap<(Instant, u64), Delivery>,
    busy_lanes: HashSet<String>,
    /// `Some` while events are held back.
    pub(super) held: Option<Vec<Notice>>,
    pub(super) is_losing: bool,
    pub(super) duplicate_every: Option<u64>,
    pub(super) sign_wrongly: u64,
    /// Each mid with the parcel that carried it, oldest first.
    remembered: VecDeque<(String, Parcel)>,
    pushed: u64,
    next_sequence: u64,
    counts: WebhookCounts,
}

impl Queue {
    pub(super) fn new(options: WebhookOptions) -> Self {
        Self {
            options,
            callbacks: BTreeMap::new(),
            waiting: BTreeMap::new(),
            busy_lanes: HashSet::new(),
            held: None,
            is_losing: false,
            duplicate_every: None,
            sign_wrongly: 0,
            remembered: VecDeque::new(),
            pushed: 0,
            next_sequence: 0,
            counts: WebhookCounts::default(),
        }
    }

    pub(super) fn set_callback(&mut self, app_id: &str, url: &str) {
        self.callbacks.insert(app_id.to_owned(), url.to_owned());
    }

    pub(super) fn find_callback(&self, app_id: &str) -> Option<&str> {
        self.callbacks.get(app_id).map(String::as_str)
    }

    pub(super) fn counts(&self) -> WebhookCounts {
        WebhookCounts {
            open: self.waiting.len()
                + self.busy_lanes.len()
                + self.held.as_ref().map_or(0, Vec::len),
            ..self.counts
        }
    }

    pub(super) fn push(
        &mut self,
        notices: &[Notice],
        due: Instant,
        attempted: Option<oneshot::Sender<()>>,
    ) {
        let Some(first) = notices.first() else {
            return;
        };
        let events = notices
            .iter()
            .map(|notice| (notice.page_id.as_str(), notice.list, &notice.event));
        let newest = notices.iter().map(|notice| notice.event.at_ms()).max();
        let body = wire::render_body(events, newest.unwrap_or_default());
        let parcel = Parcel {
            app_id: first.app_id.clone(),
            lane: format!("{}/{}", first.page_id, first.psid),
            body,
        };
        for mid in notices.iter().filter_map(|notice| notice.event.mid()) {
            self.remember(mid, &parcel);
        }
        self.pushed += 1;
        let is_doubled = self
            .duplicate_every
            .is_some_and(|every| self.pushed.is_multiple_of(every));
        let copy = is_doubled.then(|| parcel.clone());
        self.enqueue(parcel, due, attempted);
        if let Some(copy) = copy {
            self.counts.duplicated += 1;
            self.enqueue(copy, due, None);
        }
    }

    fn enqueue(&mut self, parcel: Parcel, due: Instant, attempted: Option<oneshot::Sender<()>>) {
        self.next_sequence += 1;
        let is_signed_wrongly = self.sign_wrongly > 0;
        self.sign_wrongly = self.sign_wrongly.saturating_sub(1);
        let delivery = Delivery {
            parcel,
            sequence: self.next_sequence,
            is_signed_wrongly,
            attempts: 0,
            attempted,
        };
        self.waiting.insert((due, delivery.sequence), delivery);
    }

    /// Queues the body that carried this mid once more; false when it is not remembered.
    pub(super) fn repeat(&mut self, mid: &str) -> bool {
        let mut remembered = self.remembered.iter();
        let Some((_, parcel)) = remembered.find(|(known, _)| known == mid) else {
            return false;
        };
        let parcel = parcel.clone();
        self.counts.duplicated += 1;
        self.enqueue(parcel, Instant::now(), None);
        true
    }

    fn remember(&mut self, mid: &str, parcel: &Parcel) {
        if self.remembered.len() == REMEMBERED_BODIES {
            self.remembered.pop_front();
        }
        self.remembered.push_back((mid.to_owned(), parcel.clone()));
    }

    /// Takes the earliest body that is due and whose visitor has none under way.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Delivery> {
        let place = self.next_free().filter(|(due, _)| *due <= now)?;
        let delivery = self.waiting.remove(&place)?;
        self.busy_lanes.insert(delivery.parcel.lane.clone());
        Some(delivery)
    }

    /// Returns when [`Queue::take_due`] will next have something.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.next_free().map(|(due, _)| due)
    }

    fn next_free(&self) -> Option<(Instant, u64)> {
        let mut waiting = self.waiting.iter();
        waiting
            .find(|(_, delivery)| !self.busy_lanes.contains(&delivery.parcel.lane))
            .map(|(place, _)| *place)
    }

    /// Files the result of one attempt: done, later again, or given up. While a body waits for its next attempt, later
    /// ones of the same visitor overtake it, as on the real platform.
    pub(super) fn settle(&mut self, mut delivery: Delivery, is_acknowledged: bool, now: Instant) {
        self.busy_lanes.remove(&delivery.parcel.lane);
        if let Some(attempted) = delivery.attempted.take() {
            // The send call may have gone away meanwhile.
            attempted.send(()).ok();
        }
        delivery.attempts += 1;
        if delivery.attempts > 1 {
            self.counts.retried += 1;
        }
        if is_acknowledged {
            self.counts.acknowledged += 1;
        } else if delivery.attempts >= self.options.attempts {
            self.counts.given_up += 1;
        } else {
            let waits = &self.options.backoff;
            let index = usize::try_from(delivery.attempts - 1).unwrap_or(usize::MAX);
            let wait = waits
                .get(index)
                .or(waits.last())
                .copied()
                .unwrap_or_default();
            self.waiting
                .insert((now + wait, delivery.sequence), delivery);
        }
    }
}

impl State {
    /// Queues one event about a visitor, if the Page is subscribed to its field.
    pub(super) fn notify(&mut self, page_id: &str, psid: &str, event: Event, after: Duration) {
        self.queue_event(page_id, psid, event, after, None);
    }

    /// The same; the answer comes when the first attempt is over or will never be made.
    pub(super) fn notify_watched(
        &mut self,
        page_id: &str,
        psid: &str,
        event: Event,
    ) -> oneshot::Receiver<()> {
        let (attempted_tx, attempted_rx) = oneshot::channel();
        self.queue_event(page_id, psid, event, Duration::ZERO, Some(attempted_tx));
        attempted_rx
    }

    fn queue_event(
        &mut self,
        page_id: &str,
        psid: &str,
        event: Event,
        after: Duration,
        attempted: Option<oneshot::Sender<()>>,
    ) {
        let Some(page) = self.find_page(page_id) else {
            return;
        };
        let app_id = page.options.app_id.clone();
        let is_foreign = self.find_conversation(page_id, psid).is_some_and(|conversation| {
            matches!(&conversation.owner, ThreadOwner::App(owner) if *owner != app_id)
        });
        let is_handover = event.key().ends_with("_thread_control");
        let list = if is_foreign && !is_handover {
            List::Standby
        } else {
            List::Messaging
        };
        let is_subscribed = page.subscribed.contains(field_of(&event))
            && (list == List::Messaging || page.subscribed.contains("standby"));
        if !is_subscribed {
            self.queue.counts.not_subscribed += 1;
            return;
        }
        if self.queue.is_losing {
            self.queue.counts.lost += 1;
            return;
        }
        let notice = Notice {
            page_id: page_id.to_owned(),
            app_id,
            psid: psid.to_owned(),
            event: if list == List::Standby {
                event.for_standby()
            } else {
                event
            },
            list,
        };
        match &mut self.queue.held {
            Some(held) => held.push(notice),
            None => self
                .queue
                .push(&[notice], Instant::now() + after, attempted),
        }
    }
}

/// Returns the Page field that carries an event (Meta: *Webhook Events Reference*).
fn field_of(event: &Event) -> &str {
    match event.key() {
        "message" if event.is_echo() => "message_echoes",
        "message" => "messages",
        "message_edit" => "message_edits",
        "reaction" => "message_reactions",
        "delivery" => "message_deliveries",
        "read" => "message_reads",
        "postback" => "messaging_postbacks",
        "referral" => "messaging_referrals",
        "optin" => "messaging_optins",
        "messaging_customer_information" => "messaging_customer_information",
        key if key.ends_with("_thread_control") => "messaging_handovers",
        other => other,
    }
}
