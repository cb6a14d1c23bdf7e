//! A simulated world: relays over one store, platforms, desks, visitors, under a clock that moves on only when nobody has
//! anything to do. One seed decides everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use shared::model::{ChannelId, PlatformId, Policy, Seq, Timestamp};

use crate::http::{WebhookOutcome, Webhooks as _};
use crate::store::memory::MemoryStore;
use crate::store::{SessionEntry, Store};

use super::chance::{Chance, NOON, SimClock};
use super::checker::Evidence;
use super::desk::{self, DeskEvidence};
use super::faults::{self, Fault};
use super::line::{Life, Storm};
use super::platform::{Kind, Platform, Post};
use super::run::Run;
use super::sabotage::Sabotage;
use super::writer;

pub(super) const RELAYS: usize = 3;
pub(super) const OPERATORS: [&str; 3] = ["anna", "boris", "sofia"];
/// A platform waits so long for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What kind of world.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// With desks, timers and keepers, or senders only.
    pub(super) is_whole: bool,
    pub(super) kinds: Vec<Kind>,
    pub(super) visitors: usize,
    /// Things go wrong so long …
    pub(super) trouble_for: Duration,
    /// … and then there is peace so long.
    pub(super) peace_for: Duration,
    pub(super) sabotage: Option<Sabotage>,
}

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) plan: Plan,
    pub(super) started: Instant,
    pub(super) storm: Arc<Storm>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) platform: Arc<Platform>,
    pub(super) policy: Policy,
    pub(super) clocks: Vec<Arc<SimClock>>,
    runs: Mutex<Vec<Option<Arc<Run>>>>,
    starts: Mutex<u64>,
    pub(super) over_tx: watch::Sender<bool>,
    injected: Mutex<Vec<(Duration, Fault)>>,
    seen_at: Mutex<Vec<Timestamp>>,
}

/// Lives a world through and returns what everybody saw.
pub(super) fn live(seed: u64, plan: &Plan) -> Evidence {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(World::live(seed, plan.clone()))
}

impl World {
    async fn live(seed: u64, plan: Plan) -> Evidence {
        let started = Instant::now();
        let kinds: BTreeMap<_, _> = plan
            .kinds
            .iter()
            .enumerate()
            .map(|(place, kind)| (ChannelId(format!("channel-{place}")), *kind))
            .collect();
        let channels: Vec<_> = kinds.keys().cloned().collect();
        let storm = Arc::new(Storm::default());
        let policy = policy_of(seed, &kinds);
        let (platform, posts_rx) =
            Platform::new(started, kinds, Chance::of(seed, "platform"), storm.clone());
        let clock = |relay: usize| {
            let chance = Chance::of(seed, &format!("clock of {relay}"));
            Arc::new(SimClock::new(started, chance))
        };
        let faults = faults::of_seed(seed, RELAYS, &channels, plan.trouble_for);
        let peace_at = (started + plan.trouble_for).max(faults::over_at(started, &faults));
        let world = Arc::new(Self {
            seed,
            started,
            storm,
            store: Arc::default(),
            platform,
            policy,
            clocks: (0..RELAYS).map(clock).collect(),
            runs: Mutex::new(vec![None, None, None]),
            starts: Mutex::new(0),
            over_tx: watch::channel(false).0,
            injected: Mutex::default(),
            seen_at: Mutex::default(),
            plan,
        });
        world.save_sessions().await;
        for relay in 0..RELAYS {
            world.start_relay(relay).await;
        }
        tokio::spawn(note_times(Arc::clone(&world)));
        tokio::spawn(post_all(Arc::clone(&world), posts_rx));
        tokio::spawn(faults::happen(Arc::clone(&world), faults));
        let desks = world.let_people_in();
        sleep_until(peace_at).await;
        world.storm.end();
        sleep(world.plan.peace_for).await;
        world.over_tx.send_replace(true);
        let mut desks_saw = vec![];
        for desk in desks {
            desks_saw.push(desk.await.unwrap());
        }
        world.evidence(desks_saw).await
    }

    fn let_people_in(self: &Arc<Self>) -> Vec<tokio::task::JoinHandle<DeskEvidence>> {
        for channel in self.platform.kinds.keys() {
            for visitor in 0..self.plan.visitors {
                let visitor = PlatformId(format!("{channel}-visitor-{visitor}"));
                let visit = visit(Arc::clone(self), channel.clone(), visitor);
                tokio::spawn(visit);
            }
        }
        if !self.plan.is_whole {
            return vec![tokio::spawn(writer::work(Arc::clone(self)))];
        }
        let desk = |login: &&str| tokio::spawn(desk::work(Arc::clone(self), (*login).into()));
        OPERATORS.iter().map(desk).collect()
    }

    /// Starts a relay, as often as it takes.
    pub(super) async fn start_relay(&self, relay: usize) {
        loop {
            let name = {
                let mut starts = self.starts.lock().unwrap();
                *starts += 1;
                format!("relay {relay} in start {starts}")
            };
            match Run::start(self, relay, &name).await {
                Ok(run) => {
                    self.runs.lock().unwrap()[relay] = Some(Arc::new(run));
                    return;
                }
                Err(_) => sleep(Duration::from_millis(500)).await,
            }
        }
    }

    /// Takes a run out of service.
    pub(super) fn take_run(&self, relay: usize) -> Option<Arc<Run>> {
        self.runs.lock().unwrap()[relay].take()
    }

    pub(super) fn life_of(&self, relay: usize) -> Option<Arc<Life>> {
        let runs = self.runs.lock().unwrap();
        runs[relay].as_ref().map(|run| run.life.clone())
    }

    /// Returns a relay that is up.
    pub(super) fn any_run(&self, chance: &Chance) -> Option<Arc<Run>> {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let up: Vec<_> = runs.iter().flatten().collect();
        chance.pick(&up).map(|run| Arc::clone(run))
    }

    pub(super) fn injected(&self, fault: &Fault) {
        let now = self.started.elapsed();
        self.injected.lock().unwrap().push((now, fault.clone()));
    }

    async fn save_sessions(&self) {
        for login in OPERATORS {
            let session = SessionEntry {
                hash: crate::http::session::hash_of(login),
                operator: login.into(),
                created_at: NOON,
                expires_at: NOON.plus(Duration::from_secs(365 * 86_400)),
                used_at: NOON,
                address: "127.0.0.1".into(),
            };
            self.store.save_session(session).await.unwrap();
        }
    }

    async fn evidence(&self, desks: Vec<DeskEvidence>) -> Evidence {
        let events = self.store.events();
        let mut ids: Vec<_> = events.iter().map(|stored| stored.chat).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut chats = vec![];
        for id in ids {
            chats.extend(self.store.find_chat(id).await.unwrap());
        }
        Evidence {
            policy: self.policy.clone(),
            ended_at: self.platform.now(),
            has_timers: self.plan.is_whole,
            events,
            chats,
            deliveries: self.store.deliveries(),
            filed: self.platform.filed(),
            arrivals: self.platform.arrivals(),
            desks,
            seen_at: self.seen_at.lock().unwrap().clone(),
            faults: self.injected.lock().unwrap().clone(),
        }
    }
}

/// Notes the right time at which each event was there.
async fn note_times(world: Arc<World>) {
    let mut seen = Seq(0);
    loop {
        world.store.changed(seen).await;
        let last = world.store.head().await.unwrap().seq;
        let mut seen_at = world.seen_at.lock().unwrap();
        while seen < last {
            seen_at.push(world.platform.now());
            seen = seen.next();
        }
    }
}

/// A visitor, and the page's own inbox, as long as there is trouble.
async fn visit(world: Arc<World>, channel: ChannelId, visitor: PlatformId) {
    let chance = Chance::of(world.seed, visitor.as_str());
    let platform = &world.platform;
    sleep(chance.millis(0..5_000)).await;
    while !world.storm.is_over() {
        match chance.below(10) {
            0 => platform.answered_outside(&channel, &visitor),
            1 | 2 => platform.visitor_reads(&channel, &visitor),
            _ => platform.visitor_writes(&channel, &visitor),
        }
        sleep(match chance.below(4) {
            0 => chance.millis(5..300),
            _ => chance.millis(3_000..50_000),
        })
        .await;
    }
}

/// Posts what platforms tell: late, in copies, at any relay, again and again until it is taken.
async fn post_all(world: Arc<World>, mut posts_rx: mpsc::UnboundedReceiver<Post>) {
    let chance = Chance::of(world.seed, "post");
    while let Some((event, late)) = posts_rx.recv().await {
        let mut body = vec![event];
        // What is there already goes into the same body at times.
        if chance.is(300)
            && let Ok((more, _)) = posts_rx.try_recv()
        {
            if world.platform.channel_of(more) == world.platform.channel_of(event) {
                body.push(more);
            } else {
                tokio::spawn(post(Arc::clone(&world), vec![more], late, 0));
            }
        }
        let copies = 1 + [0, 0, 0, 0, 0, 0, 1, 1, 1, 2][chance.below(10)];
        for copy in 0..copies {
            let late = late + chance.millis(0..5 + 3_000 * copy);
            tokio::spawn(post(Arc::clone(&world), body.clone(), late, copy));
        }
    }
}

async fn post(world: Arc<World>, events: Vec<usize>, late: Duration, copy: u64) {
    let chance = Chance::of(world.seed, &format!("post {events:?} {copy}"));
    let channel = world.platform.channel_of(events[0]);
    let numbers: Vec<_> = events.iter().map(ToString::to_string).collect();
    let body = Bytes::from(numbers.join(","));
    sleep(late).await;
    loop {
        if let Some(run) = world.any_run(&chance) {
            let headers = HeaderMap::new();
            let taken = run.intake.webhook(&channel, "", &headers, body.clone());
            if let Ok(WebhookOutcome::Done(_)) = timeout(ANSWER_WITHIN, taken).await {
                for event in &events {
                    world.platform.note_answered(*event);
                }
                return;
            }
        }
        sleep(chance.millis(500..6_000)).await;
    }
}

pub(super) fn policy_of(seed: u64, kinds: &BTreeMap<ChannelId, Kind>) -> Policy {
    let text = include_str!("../engine/policy_of_tests.json");
    let mut policy: Policy = serde_json::from_str(text).unwrap();
    let model = policy.channels[0].clone();
    let channel = |(id, kind): (&ChannelId, &Kind)| {
        let mut profile = model.clone();
        profile.id = id.clone();
        profile.abilities = kind.abilities();
        profile
    };
    policy.channels = kinds.iter().map(channel).collect();
    policy.hide_others = Chance::of(seed, "policy").is(500);
    policy.timeouts.close_final.0 = 40;
    let mut billing = policy.departments[0].clone();
    billing.id = shared::model::DepartmentId("billing".into());
    policy.departments.push(billing.clone());
    // Anna does not work there; Boris does.
    policy.operators[1].departments.push(billing.id);
    policy
}
