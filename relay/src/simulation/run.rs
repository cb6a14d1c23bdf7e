//! One run of one relay: put together as the real one is, from the parts that have anything to do in a world without
//! sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use shared::model::{ChannelId, ChannelState, ChatId, Visitor};

use crate::app::{EngineDesks, RelayBells, SettlerOf};
use crate::channels::Channel;
use crate::channels::registry::Registry;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::intake::{Intake, Listener};
use crate::keeper::{Keeper, Signals};
use crate::outbox::{Health, Outbox, Worker};
use crate::store::{Store, StoreError};
use crate::timers;
use crate::ws::Hub;

use super::chance::Chance;
use super::channel::SimChannel;
use super::line::{Life, Line, State};
use super::sabotage::{Sabotage, WrongDesks};
use super::world::World;

/// A relay that is told to stop is killed after this.
const STOP_WITHIN: Duration = Duration::from_secs(8);

pub(super) struct Run {
    pub(super) life: Arc<Life>,
    pub(super) intake: Arc<Intake>,
    /// None in a world without desks.
    pub(super) hub: Option<Arc<Hub>>,
    stops: Vec<watch::Sender<bool>>,
    parts: Mutex<JoinSet<()>>,
}

/// Parts at work. Each has a line of its own by which it is told to stop, so that all are told in order.
#[derive(Default)]
struct Parts {
    tasks: JoinSet<()>,
    stops: Vec<watch::Sender<bool>>,
}

impl Parts {
    fn begin<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        part: impl FnOnce(watch::Receiver<bool>) -> F,
    ) {
        let (stop_tx, stopping) = watch::channel(false);
        self.stops.push(stop_tx);
        self.tasks.spawn(part(stopping));
    }
}

impl Run {
    /// Starts a relay; `name` is of this run alone.
    pub(super) async fn start(world: &World, relay: usize, name: &str) -> Result<Self, StoreError> {
        let life = Arc::new(Life::default());
        let store: Arc<dyn Store> = Arc::new(Line {
            store: world.store.clone(),
            life: life.clone(),
            storm: world.storm.clone(),
            chance: Chance::of(world.seed, name),
            sabotage: world.plan.sabotage,
            stalls_after: Mutex::default(),
        });
        let clock: Arc<dyn Clock> = world.clocks[relay].clone();
        let registry = channels(world, &life);
        let bells = Arc::new(RelayBells::default());
        let policy = world.policy.clone();
        let engine = Engine::start(store.clone(), clock.clone(), bells.clone(), policy).await?;
        let hub = if world.plan.is_whole {
            let right = EngineDesks {
                engine: engine.clone(),
                signals: Signals::new(registry.clone(), store.clone(), clock.clone()),
            };
            let sabotage = world.plan.sabotage;
            let desks = Arc::new(WrongDesks { right, sabotage });
            Some(Hub::start(store.clone(), desks, clock.clone()).await?)
        } else {
            None
        };
        let (nobody, ours) = (Arc::new(Nobody), registry.clone());
        let intake = Intake::new(engine.clone(), store.clone(), ours, nobody);
        let mut parts = Parts::default();
        if world.plan.is_whole && world.plan.sabotage != Some(Sabotage::Oversleeps) {
            let (store, engine, clock) = (store.clone(), engine.clone(), clock.clone());
            let bell = bells.timers.clone();
            parts.begin(|stopping| timers::run(store, engine, clock, bell, stopping));
        }
        let outbox = Outbox {
            files: crate::files::Files::in_memory(),
            store,
            settler: Arc::new(SettlerOf { engine }),
            registry,
            clock,
            bells: bells.outbox.clone(),
            health: Arc::new(Health::new(|_: &ChannelId, _: &ChannelState| {})),
            owner: name.into(),
        };
        for channel in world.platform.kinds.keys() {
            let worker = Worker::new(outbox.clone(), channel.clone());
            parts.begin(|stopping| worker.run(stopping));
            let keeper = keeper_of(channel, &outbox, &intake);
            parts.begin(|stopping| keeper.run(stopping));
        }
        Ok(Self {
            life,
            intake,
            hub,
            stops: parts.stops,
            parts: Mutex::new(parts.tasks),
        })
    }

    /// As on a signal: what is under way is finished, if that does not take too long.
    pub(super) async fn stop(&self) {
        if let Some(hub) = &self.hub {
            hub.stop();
        }
        for stop_tx in &self.stops {
            stop_tx.send_replace(true);
        }
        let mut parts = std::mem::take(&mut *self.parts.lock().unwrap());
        let all = async { while parts.join_next().await.is_some() {} };
        timeout(STOP_WITHIN, all).await.ok();
        self.life.set(State::Dead);
    }
}

fn channels(world: &World, life: &Arc<Life>) -> Registry {
    let registry = Registry::default();
    let channels = world.platform.kinds.keys().map(|id| {
        let (platform, life) = (Arc::clone(&world.platform), Arc::clone(life));
        let channel = SimChannel::new(id.clone(), platform, life, world.plan.sabotage);
        (id.clone(), Arc::new(channel) as Arc<dyn Channel>)
    });
    registry.replace(channels.collect());
    registry
}

fn keeper_of(channel: &ChannelId, outbox: &Outbox, intake: &Arc<Intake>) -> Keeper {
    Keeper {
        channel: channel.clone(),
        registry: outbox.registry.clone(),
        store: outbox.store.clone(),
        clock: outbox.clock.clone(),
        health: outbox.health.clone(),
        catcher: intake.clone(),
    }
}

/// Nobody listens to what intake tells in passing.
struct Nobody;

impl Listener for Nobody {
    fn visitor_typing(&self, _chat: ChatId) {}
    fn alarm(&self, _channel: &ChannelId, _text: &str) {}
    fn visitor_seen(&self, _channel: &ChannelId, _chat: ChatId, _visitor: &Visitor) {}
}
