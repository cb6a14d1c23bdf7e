//! When the place to ask from moves, and what an admin hears. Time is the test's.

use std::sync::Mutex;

use super::*;
use crate::channels::Answer;
use crate::channels::fake::{CHANNEL, FakeChannel};
use crate::store::memory::MemoryStore;

#[derive(Default)]
struct Basket {
    taken: Mutex<Vec<Bytes>>,
    alerts: Mutex<Vec<String>>,
    missed: Mutex<u32>,
    refuses: Mutex<u32>,
}

#[async_trait]
impl Taker for Basket {
    async fn take_update(
        &self,
        _channel: &ChannelId,
        _received: Received,
        body: &Bytes,
    ) -> Result<(), CatchError> {
        let mut refuses = self.refuses.lock().unwrap();
        if *refuses > 0 {
            *refuses -= 1;
            return Err(CatchError(anyhow::anyhow!("the store is full")));
        }
        self.taken.lock().unwrap().push(body.clone());
        Ok(())
    }

    fn missed(&self, _channel: &ChannelId) {
        *self.missed.lock().unwrap() += 1;
    }

    fn alert(&self, _channel: &ChannelId, reason: &str) {
        self.alerts.lock().unwrap().push(reason.to_owned());
    }
}

fn polled(bodies: &[&'static str], bookmark: &str) -> Polled {
    let received = Received {
        answer: Answer {
            body: String::new(),
        },
        inbound: vec![],
        unread: vec![],
        ignored: vec![],
    };
    Polled {
        updates: bodies
            .iter()
            .map(|body| (Bytes::from_static(body.as_bytes()), received.clone()))
            .collect(),
        bookmark: Some(bookmark.to_owned()),
        has_gap: false,
    }
}

fn fault(is_passing: bool) -> PollError {
    PollError::Fault(LinkFault {
        reason: "something is wrong".to_owned(),
        is_passing,
    })
}

struct World {
    channel: Arc<FakeChannel>,
    basket: Arc<Basket>,
    health: Arc<Health>,
    poller: Poller,
}

impl World {
    fn new() -> Self {
        let (channel, registry) = FakeChannel::registered();
        let basket = Arc::new(Basket::default());
        let health = Arc::new(Health::new(|_, _| {}));
        let poller = Poller {
            channel: CHANNEL.into(),
            registry,
            store: Arc::<MemoryStore>::default(),
            health: health.clone(),
            taker: basket.clone(),
        };
        Self {
            channel,
            basket,
            health,
            poller,
        }
    }

    /// Lets the poller work for so long.
    async fn run_for(&self, length: Duration) {
        let (stop_tx, stopping) = watch::channel(false);
        let running = tokio::spawn(self.poller.clone().run(stopping));
        tokio::time::sleep(length).await;
        stop_tx.send_replace(true);
        running.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_place_moves_only_when_everything_is_taken() {
    let world = World::new();
    *world.basket.refuses.lock().unwrap() = 1;
    for _ in 0..2 {
        world.channel.will_poll(Ok(polled(&["one", "two"], "3")));
    }
    world.run_for(Duration::from_secs(10)).await;
    assert_eq!(*world.basket.taken.lock().unwrap(), ["one", "two"]);
    let asked = world.channel.asked_after();
    assert_eq!(asked, [None, None, Some("3".to_owned())]);
    world.run_for(Duration::from_secs(1)).await;
    let asked = world.channel.asked_after();
    assert_eq!(
        asked.last().unwrap().as_deref(),
        Some("3"),
        "after a restart"
    );
}

#[tokio::test(start_paused = true)]
async fn a_platform_in_trouble_is_asked_less_and_less_often_and_at_most_once_a_minute() {
    let world = World::new();
    for _ in 0..100 {
        world.channel.will_poll(Err(PollError::Later {
            cause: "502".to_owned(),
            wait: None,
        }));
    }
    world.run_for(Duration::from_secs(63)).await;
    assert_eq!(
        world.channel.asked_after().len(),
        6,
        "0, 1, 3, 7, 15, 31, 63"
    );
    world.run_for(Duration::from_secs(600)).await;
    assert!(world.channel.asked_after().len() < 24);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_breaks_the_channel_and_a_rival_is_told_every_half_hour() {
    let world = World::new();
    world.channel.will_poll(Err(fault(false)));
    world.run_for(Duration::from_secs(1)).await;
    let state = world.health.state(&CHANNEL.into());
    assert!(matches!(state, ChannelState::Broken { reason } if reason == "something is wrong"));
    for _ in 0..200 {
        world.channel.will_poll(Err(fault(true)));
    }
    world.run_for(Duration::from_secs(3700)).await;
    let told = world.basket.alerts.lock().unwrap().len();
    assert_eq!(told, 3, "at once, and every half hour");
}
