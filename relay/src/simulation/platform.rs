//! The platforms of a simulated world: what visitors and our side said there, as they themselves know it, and the webhooks
//! they still owe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use shared::model::{
    Abilities, ChannelId, ContactAsk, DeliveryId, PlatformId, Reconciles, Seconds, Timestamp,
};

use crate::channels::{Happening, History, Inbound, Outbound, PastMessage, Watermark};

use super::chance::{Chance, NOON};
use super::line::Storm;

/// What a platform can do about a send whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It remembers our key.
    Key,
    /// It echoes, and its history can be read.
    EchoAndHistory,
    /// It echoes only.
    Echo,
    /// It has a history only.
    History,
    /// Neither.
    Neither,
}

impl Kind {
    pub(super) fn echoes(self) -> bool {
        matches!(self, Self::EchoAndHistory | Self::Echo)
    }

    pub(super) fn has_history(self) -> bool {
        matches!(self, Self::EchoAndHistory | Self::History)
    }

    pub(super) fn abilities(self) -> Abilities {
        Abilities {
            text_limit: 2000,
            reply_window: (self == Self::EchoAndHistory).then_some(Seconds(240)),
            human_window: None,
            files: None,
            quotes: true,
            typing: true,
            seen: true,
            asks_contacts: ContactAsk::default(),
            delivered_receipts: true,
            read_receipts: true,
            starts_chats: false,
            reconciles: match self {
                Self::Key => Reconciles::ByKey,
                Self::EchoAndHistory | Self::Echo | Self::History => Reconciles::ByEcho,
                Self::Neither => Reconciles::Never,
            },
        }
    }
}

/// A reply that reached a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) delivery: DeliveryId,
    pub(super) visitor: PlatformId,
    pub(super) text: String,
    pub(super) at: Timestamp,
}

/// Something a platform tells, until somebody has said that it is taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filed {
    pub(super) channel: ChannelId,
    pub(super) inbound: Inbound,
    /// When it was first answered with yes.
    pub(super) answered_at: Option<Timestamp>,
}

/// An event to post, and how late.
pub(super) type Post = (usize, Duration);

pub(super) struct Platform {
    started: Instant,
    pub(super) kinds: BTreeMap<ChannelId, Kind>,
    pub(super) chance: Chance,
    pub(super) storm: Arc<Storm>,
    state: Mutex<State>,
    posts_tx: mpsc::UnboundedSender<Post>,
}

#[derive(Default)]
struct State {
    filed: Vec<Filed>,
    threads: BTreeMap<(ChannelId, PlatformId), Vec<PastMessage>>,
    arrivals: Vec<Arrival>,
    keys: BTreeMap<DeliveryId, PlatformId>,
    broken: BTreeSet<ChannelId>,
    said: u64,
}

impl Platform {
    pub(super) fn new(
        started: Instant,
        kinds: BTreeMap<ChannelId, Kind>,
        chance: Chance,
        storm: Arc<Storm>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Post>) {
        let (posts_tx, posts_rx) = mpsc::unbounded_channel();
        let platform = Self {
            started,
            kinds,
            chance,
            storm,
            state: Mutex::default(),
            posts_tx,
        };
        (Arc::new(platform), posts_rx)
    }

    /// The right time.
    pub(super) fn now(&self) -> Timestamp {
        NOON.plus(self.started.elapsed())
    }

    pub(super) fn account(channel: &ChannelId) -> PlatformId {
        PlatformId(format!("account-of-{channel}"))
    }

    /// A visitor writes.
    pub(super) fn visitor_writes(&self, channel: &ChannelId, visitor: &PlatformId) {
        let platform_id = self.say(channel, visitor, false, None);
        let what = Happening::Message {
            text: format!("asks {platform_id}"),
            platform_id: platform_id.clone(),
            attachments: vec![],
            quotes: None,
            entry: None,
            standby: false,
        };
        let late = self.lateness();
        self.file(channel, visitor, format!("msg:{platform_id}"), what, late);
    }

    /// Somebody answers from the platform's own inbox.
    pub(super) fn answered_outside(&self, channel: &ChannelId, visitor: &PlatformId) {
        let platform_id = self.say(channel, visitor, true, None);
        let what = Happening::Echo {
            text: format!("answers {platform_id}"),
            platform_id: platform_id.clone(),
            attachments: vec![],
            application: None,
            delivery: None,
        };
        let late = self.lateness();
        self.file(channel, visitor, format!("msg:{platform_id}"), what, late);
    }

    /// A visitor has read everything.
    pub(super) fn visitor_reads(&self, channel: &ChannelId, visitor: &PlatformId) {
        let until = Some(self.now());
        let key = format!("read:{visitor}:{}", self.now().0);
        let watermark = Watermark {
            platform_ids: vec![],
            before: vec![],
            until,
        };
        let late = self.lateness();
        self.file(channel, visitor, key, Happening::Read(watermark), late);
    }

    /// A reply arrives. With a key that is known already it is the same one.
    pub(super) fn arrive(&self, channel: &ChannelId, reply: &Outbound) -> PlatformId {
        let kind = self.kinds[channel];
        if kind == Kind::Key
            && let Some(known) = self.lock().keys.get(&reply.delivery)
        {
            return known.clone();
        }
        let platform_id = self.say(channel, &reply.visitor, true, Some(&reply.text));
        let arrival = Arrival {
            delivery: reply.delivery,
            visitor: reply.visitor.clone(),
            text: reply.text.clone(),
            at: self.now(),
        };
        let mut state = self.lock();
        state.arrivals.push(arrival);
        state.keys.insert(reply.delivery, platform_id.clone());
        drop(state);
        if kind.echoes() {
            let what = Happening::Echo {
                platform_id: platform_id.clone(),
                text: reply.text.clone(),
                attachments: vec![],
                application: Some("ours".into()),
                delivery: Some(reply.delivery),
            };
            let late = self.lateness();
            let key = format!("msg:{platform_id}");
            self.file(channel, &reply.visitor, key, what, late);
        }
        platform_id
    }

    pub(super) fn history(&self, channel: &ChannelId, visitor: &PlatformId) -> History {
        let state = self.lock();
        let thread = state.threads.get(&(channel.clone(), visitor.clone()));
        History {
            messages: thread.cloned().unwrap_or_default(),
            is_whole: true,
        }
    }

    /// What visitors wrote since then, under the keys of the webhooks.
    pub(super) fn since(&self, channel: &ChannelId, since: Timestamp) -> Vec<Inbound> {
        let state = self.lock();
        let later = state.filed.iter().filter(|filed| {
            filed.channel == *channel
                && filed.inbound.at >= since
                && matches!(filed.inbound.what, Happening::Message { .. })
        });
        later.map(|filed| filed.inbound.clone()).collect()
    }

    /// Takes the credentials away, or gives them back.
    pub(super) fn set_broken(&self, channel: &ChannelId, is_broken: bool) {
        let mut state = self.lock();
        if is_broken {
            state.broken.insert(channel.clone());
        } else {
            state.broken.remove(channel);
        }
    }

    pub(super) fn is_broken(&self, channel: &ChannelId) -> bool {
        self.lock().broken.contains(channel)
    }

    pub(super) fn inbound(&self, event: usize) -> Option<Inbound> {
        let state = self.lock();
        state.filed.get(event).map(|filed| filed.inbound.clone())
    }

    pub(super) fn channel_of(&self, event: usize) -> ChannelId {
        self.lock().filed[event].channel.clone()
    }

    /// Somebody said that an event is taken.
    pub(super) fn note_answered(&self, event: usize) {
        let now = self.now();
        let filed = &mut self.lock().filed[event];
        filed.answered_at = filed.answered_at.or(Some(now));
    }

    pub(super) fn filed(&self) -> Vec<Filed> {
        self.lock().filed.clone()
    }

    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.lock().arrivals.clone()
    }

    /// Mostly at once, at times much later than what happened after it.
    fn lateness(&self) -> Duration {
        match self.chance.below(20) {
            _ if self.storm.is_over() => self.chance.millis(20..200),
            0 => self.chance.millis(10_000..60_000),
            1..5 => self.chance.millis(1_000..10_000),
            _ => self.chance.millis(20..600),
        }
    }

    fn say(
        &self,
        channel: &ChannelId,
        visitor: &PlatformId,
        is_ours: bool,
        text: Option<&str>,
    ) -> PlatformId {
        let mut state = self.lock();
        state.said += 1;
        let platform_id = PlatformId(format!("m_{}", state.said));
        let message = PastMessage {
            platform_id: platform_id.clone(),
            is_ours,
            sent_at: self.now(),
            text: text.map_or_else(|| format!("says {platform_id}"), str::to_owned),
        };
        let thread = (channel.clone(), visitor.clone());
        state.threads.entry(thread).or_default().push(message);
        platform_id
    }

    fn file(
        &self,
        channel: &ChannelId,
        visitor: &PlatformId,
        key: String,
        what: Happening,
        late: Duration,
    ) {
        let inbound = Inbound {
            account: Self::account(channel),
            visitor: visitor.clone(),
            key,
            at: self.now(),
            what,
        };
        let mut state = self.lock();
        let event = state.filed.len();
        state.filed.push(Filed {
            channel: channel.clone(),
            inbound,
            answered_at: None,
        });
        drop(state);
        self.posts_tx
            .send((event, late))
            .expect("the postman outlives the platform");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
