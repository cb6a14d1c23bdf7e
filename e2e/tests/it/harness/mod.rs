//! What the stories are told with: the built relay as a process, a simulated platform, desks without a screen, and the
//! built desk on a pseudo-terminal.

pub(crate) mod desk;
pub(crate) mod interposer;
pub(crate) mod ledger;
pub(crate) mod load;
pub(crate) mod proxy;
pub(crate) mod relay;
pub(crate) mod screen;
pub(crate) mod steady;

use std::future::Future;
use std::time::Duration;

use sim::messenger::{Graph, GraphOptions, WebhookOptions};

use desk::Desk;
use relay::{Relay, Setup};

/// Nothing in a story takes longer, or it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A platform and a relay that know one another.
pub(crate) struct World {
    pub(crate) graph: Graph,
    pub(crate) relay: Relay,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    pub(crate) async fn start_with(setup: Setup) -> Self {
        Self::start_on(GraphOptions::default(), setup).await
    }

    /// A platform that never gives a webhook up: for relays that are hurt.
    pub(crate) async fn start_stubborn(setup: Setup) -> Self {
        let webhooks = WebhookOptions {
            attempts: u32::MAX,
            backoff: vec![Duration::from_millis(100)],
            ..WebhookOptions::default()
        };
        let options = GraphOptions {
            webhooks,
            ..GraphOptions::default()
        };
        Self::start_on(options, setup).await
    }

    pub(crate) async fn start_on(graph: GraphOptions, setup: Setup) -> Self {
        let graph = Graph::start(graph)
            .await
            .expect("the simulated platform starts");
        let relay = Relay::start(Setup {
            api_url: graph.url().to_owned(),
            ..setup
        })
        .await;
        graph.set_callback(&relay.webhook_url());
        Self { graph, relay }
    }

    pub(crate) async fn desk(&self, login: &str) -> Desk {
        Desk::connect(&self.relay, login).await
    }

    /// Kills the relay without a word and starts it on the same address.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.relay.kill().await;
        self.relay.restart().await;
    }
}

/// Waits for a condition; fails with `what` when it does not come.
pub(crate) async fn eventually<F, Fut>(what: &str, mut condition: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let give_up_at = tokio::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(
            tokio::time::Instant::now() < give_up_at,
            "waited in vain: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
