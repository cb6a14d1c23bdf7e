//! When a channel is asked for what it did not bring, and from when on. Time is the test's.

use std::sync::Mutex;

use shared::model::PlatformId;

use super::*;
use crate::channels::fake::{CHANNEL, FakeChannel, nothing_missed};
use crate::channels::{CaughtUp, FetchError, Happening, Left, LinkFault};
use crate::clock::ManualClock;
use crate::store::memory::MemoryStore;

const NOON: Timestamp = Timestamp(1_795_190_400_000);
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Default)]
struct Basket {
    taken: Mutex<Vec<Inbound>>,
    alerts: Mutex<Vec<String>>,
    refuses: Mutex<bool>,
    trouble: tokio::sync::Notify,
}

#[async_trait]
impl Catcher for Basket {
    async fn take_inbound(
        &self,
        _channel: &ChannelId,
        inbound: Vec<Inbound>,
    ) -> Result<(), CatchError> {
        if *self.refuses.lock().unwrap() {
            return Err(CatchError(anyhow::anyhow!("the store is full")));
        }
        self.taken.lock().unwrap().extend(inbound);
        Ok(())
    }

    async fn not_taken(&self, _channel: &ChannelId) {
        self.trouble.notified().await;
    }

    fn alert(&self, _channel: &ChannelId, reason: &str) {
        self.alerts.lock().unwrap().push(reason.to_owned());
    }
}

struct World {
    channel: Arc<FakeChannel>,
    basket: Arc<Basket>,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    health: Arc<Health>,
    registry: Registry,
}

impl World {
    fn new() -> Self {
        let (channel, registry) = FakeChannel::registered();
        Self {
            channel,
            registry,
            basket: Arc::default(),
            clock: Arc::new(ManualClock::at(NOON)),
            store: Arc::default(),
            health: Arc::new(Health::new(|_, _| {})),
        }
    }

    fn keeper(&self) -> Keeper {
        Keeper {
            channel: CHANNEL.into(),
            registry: self.registry.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            health: self.health.clone(),
            catcher: self.basket.clone(),
        }
    }

    /// Lets a keeper work for so long.
    async fn keep_for(&self, length: Duration) {
        let (stop_tx, stopping) = watch::channel(false);
        let keeping = tokio::spawn(self.keeper().run(stopping));
        tokio::time::sleep(length).await;
        stop_tx.send_replace(true);
        keeping.await.unwrap();
    }
}

fn missed(at: Timestamp) -> CaughtUp {
    let platform_id = PlatformId("m_missed".into());
    CaughtUp {
        inbound: vec![Inbound {
            account: "104820093344556".into(),
            visitor: "7412589630147852".into(),
            key: format!("msg:{platform_id}"),
            at,
            what: Happening::Typing,
        }],
        ..nothing_missed(Some(at))
    }
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_answers_is_asked_for_what_it_did_not_bring_all_the_same() {
    let world = World::new();
    world.channel.will_catch_up(Ok(nothing_missed(None)));
    world.channel.will_catch_up(Ok(missed(NOON)));
    world.keep_for(HOUR / 2).await;
    assert_eq!(world.basket.taken.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_place_to_ask_from_follows_the_platforms_clock_and_answers_only() {
    let world = World::new();
    // Our clock is a day ahead of the platform's.
    world.clock.set(NOON.plus(24 * HOUR));
    let began = NOON.minus(HOUR);
    world.channel.will_catch_up(Ok(nothing_missed(Some(began))));
    world.channel.will_catch_up(Ok(missed(NOON)));
    world.channel.will_catch_up(Err(FetchError::Later {
        cause: "down".into(),
    }));
    world.keep_for(HOUR).await;
    let asked = world.channel.asked_since();
    let first = began.plus(SECOND);
    let then = NOON.minus(OVERLAP);
    assert_eq!(asked[..4], [Timestamp(i64::MAX), first, then, then]);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_it_goes_on_where_it_was() {
    let world = World::new();
    world.channel.will_catch_up(Ok(nothing_missed(Some(NOON))));
    world.keep_for(SECOND).await;
    world.clock.set(NOON.plus(10 * HOUR));
    world.keep_for(SECOND).await;
    assert_eq!(
        world.channel.asked_since(),
        [Timestamp(i64::MAX), NOON],
        "who writes while it starts is no old matter"
    );
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_taken_in_is_asked_for_again_soon() {
    let world = World::new();
    world.channel.will_catch_up(Ok(nothing_missed(None)));
    world.channel.will_catch_up(Ok(missed(NOON)));
    world.channel.will_catch_up(Ok(missed(NOON)));
    world.keep_for(SECOND).await;
    *world.basket.refuses.lock().unwrap() = true;
    world.keep_for(SECOND).await;
    *world.basket.refuses.lock().unwrap() = false;
    world.keep_for(SECOND).await;
    assert_eq!(
        world.channel.asked_since()[1..],
        [Timestamp(0), Timestamp(0)],
        "the place has not moved"
    );
    assert_eq!(world.basket.taken.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_was_not_taken_is_asked_for_within_minutes() {
    let world = World::new();
    let basket = world.basket.clone();
    let trouble = async {
        tokio::time::sleep(SECOND).await;
        assert_eq!(world.channel.asked_since().len(), 1, "it has begun");
        basket.trouble.notify_one();
    };
    tokio::join!(world.keep_for(2 * LOOK_AGAIN_AFTER), trouble);
    assert_eq!(world.channel.asked_since().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_found_before_an_interruption_is_kept_and_the_rest_asked_for_again() {
    let world = World::new();
    world.channel.will_catch_up(Ok(nothing_missed(None)));
    let cause = "too fast".to_owned();
    world.channel.will_catch_up(Ok(CaughtUp {
        end: CatchUpEnd::Interrupted { cause },
        ..missed(NOON)
    }));
    world.keep_for(CATCH_UP_EVERY + 2 * LOOK_AGAIN_AFTER).await;
    assert_eq!(world.basket.taken.lock().unwrap().len(), 1);
    assert_eq!(world.channel.asked_since()[1..], [Timestamp(0); 2]);
}

#[tokio::test(start_paused = true)]
async fn an_admin_learns_that_more_was_missed_than_can_be_fetched() {
    let world = World::new();
    world.channel.will_catch_up(Ok(CaughtUp {
        end: CatchUpEnd::TooMuch,
        ..missed(NOON)
    }));
    world.keep_for(SECOND).await;
    assert_eq!(*world.basket.alerts.lock().unwrap(), [TOO_MUCH]);
}

#[tokio::test(start_paused = true)]
async fn a_punished_channel_rests_although_its_link_works() {
    let world = World::new();
    let channel = ChannelId::from(CHANNEL);
    world.health.rest(&channel, "restricted".into(), HOUR);
    world.keep_for(Duration::from_secs(3598)).await;
    let is_working = || *world.health.watch(&channel).borrow() == ChannelState::Working;
    assert!(!is_working());
    world.keep_for(4 * SECOND).await;
    assert!(is_working());
}

#[tokio::test(start_paused = true)]
async fn a_broken_link_is_told_and_looked_at_again() {
    let world = World::new();
    world.channel.will_find_link(Err(LinkFault {
        reason: "the access token has expired".into(),
        is_passing: false,
    }));
    world.keep_for(SECOND).await;
    let channel = ChannelId::from(CHANNEL);
    assert!(matches!(
        *world.health.watch(&channel).borrow(),
        ChannelState::Broken { .. }
    ));
    assert_eq!(world.basket.alerts.lock().unwrap().len(), 1);
    world.keep_for(2 * LOOK_AGAIN_AFTER).await;
    assert_eq!(
        *world.health.watch(&channel).borrow(),
        ChannelState::Working
    );
}

fn is(world: &World) -> ChannelState {
    world.health.state(&ChannelId::from(CHANNEL))
}

#[tokio::test(start_paused = true)]
async fn an_unlinked_channel_is_left_alone_also_after_a_restart() {
    let world = World::new();
    world.channel.will_catch_up(Ok(nothing_missed(None)));
    world.keep_for(SECOND).await;
    assert_eq!(world.keeper().unlink().await.unwrap(), Left::ByHand);
    world.keep_for(2 * HOUR).await;
    assert_eq!(
        world.channel.asked_since().len(),
        1,
        "it was asked before only"
    );
    assert_eq!(is(&world), ChannelState::Unlinked);
    world.health.note(&CHANNEL.into(), &ChannelState::Working);
    world.health.note(&CHANNEL.into(), &ChannelState::Unknown);
    assert_eq!(is(&world), ChannelState::Unlinked, "whatever is found out");
    let asked = world.keeper().recover().await;
    assert!(matches!(asked, Err(LinkError::Unlinked)));

    let restarted = World {
        health: Arc::new(Health::new(|_, _| {})),
        ..world
    };
    restarted.keeper().remember_link().await.unwrap();
    assert_eq!(is(&restarted), ChannelState::Unlinked);
}

#[tokio::test(start_paused = true)]
async fn relinking_asks_for_the_last_day_before_replies_leave() {
    let world = World::new();
    world.channel.will_catch_up(Ok(nothing_missed(Some(NOON))));
    world.keep_for(SECOND).await;
    world.keeper().unlink().await.unwrap();
    world.clock.set(NOON.plus(48 * HOUR));
    world
        .channel
        .will_catch_up(Ok(missed(NOON.plus(47 * HOUR))));
    let told = world.keeper().relink().await.unwrap();
    let one = Recovered {
        told: 1,
        is_too_much: false,
    };
    assert_eq!(told, one);
    assert_eq!(world.channel.asked_since()[1..], [NOON.plus(24 * HOUR)]);
    assert_eq!(world.basket.taken.lock().unwrap().len(), 1);
    assert_eq!(is(&world), ChannelState::Working);
    // Nothing is remembered of it.
    world.keeper().remember_link().await.unwrap();
    assert_eq!(is(&world), ChannelState::Working);
}

#[tokio::test(start_paused = true)]
async fn a_relinked_channel_that_does_not_work_says_why_and_is_looked_after() {
    let world = World::new();
    world.keeper().unlink().await.unwrap();
    world.channel.will_find_link(Err(LinkFault {
        reason: "the token was revoked".into(),
        is_passing: false,
    }));
    let told = world.keeper().relink().await;
    assert!(
        matches!(told, Err(LinkError::Fault(fault)) if fault.reason == "the token was revoked")
    );
    assert!(matches!(is(&world), ChannelState::Broken { .. }));
    world.keep_for(2 * LOOK_AGAIN_AFTER).await;
    assert_eq!(is(&world), ChannelState::Working);
}

#[tokio::test(start_paused = true)]
async fn setting_up_says_what_is_wrong_and_breaks_nothing_that_passes() {
    let world = World::new();
    let fault = |is_passing| LinkFault {
        reason: "nobody answers".into(),
        is_passing,
    };
    world.channel.will_find_link(Err(fault(true)));
    let told = world.keeper().set_up().await;
    assert!(matches!(told, Err(LinkError::Fault(_))));
    assert_eq!(is(&world), ChannelState::Unknown);
    world.channel.will_find_link(Err(fault(false)));
    world.keeper().set_up().await.unwrap_err();
    assert!(matches!(is(&world), ChannelState::Broken { .. }));
    world.keeper().set_up().await.unwrap();
    assert_eq!(is(&world), ChannelState::Working);
    world.keeper().unlink().await.unwrap();
    let told = world.keeper().set_up().await;
    assert!(matches!(told, Err(LinkError::Unlinked)));
}
