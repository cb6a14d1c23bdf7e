//! Many visitors at once: each posts its next message when the last one was taken, and the same again when it was not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use sim::messenger::{Graph, Signing};

use super::ledger::Ledger;
use super::{World, eventually};

/// Before a refused message is posted again.
const BREATHE: Duration = Duration::from_millis(10);

/// Visitors at work.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    taken: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Starts so many visitors, whose names begin with `name`.
    pub(crate) fn begin(world: &World, ledger: &Ledger, name: u32, visitors: u32) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let taken = Arc::<AtomicU64>::default();
        let tasks = (0..visitors).map(|number| Visitor {
            graph: world.graph.clone(),
            ledger: ledger.clone(),
            psid: format!("8{name:04}{number:011}"),
            is_over: Arc::clone(&is_over),
            taken: Arc::clone(&taken),
        });
        Self {
            tasks: tasks.map(Visitor::write).collect(),
            is_over,
            taken,
        }
    }

    /// Returns how many messages were taken so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// Waits until so many more were taken.
    pub(crate) async fn more(&self, count: u64) {
        let wanted = self.taken() + count;
        eventually("messages are taken", || {
            let is_there = self.taken() >= wanted;
            async move { is_there }
        })
        .await;
    }

    /// Lets everybody get through what they are saying, and ends.
    pub(crate) async fn end(mut self) -> u64 {
        self.is_over.store(true, Ordering::SeqCst);
        while let Some(done) = self.tasks.join_next().await {
            done.expect("a visitor ends well");
        }
        self.taken()
    }
}

struct Visitor {
    graph: Graph,
    ledger: Ledger,
    psid: String,
    is_over: Arc<AtomicBool>,
    taken: Arc<AtomicU64>,
}

impl Visitor {
    async fn write(self) {
        for number in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let (mid, text) = (
                format!("m_{}_{number}", self.psid),
                format!("word {number} of {}", self.psid),
            );
            self.ledger.says(&self.psid, &mid, &text);
            let body = body(&[(&self.psid, &mid, &text, now_ms())]);
            while !post(&self.graph, &self.ledger, &[&mid], &body).await {
                tokio::time::sleep(BREATHE).await;
            }
            self.taken.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Posts once and notes the answer for each message in it.
pub(crate) async fn post(graph: &Graph, ledger: &Ledger, mids: &[&str], body: &str) -> bool {
    let status = graph.post_raw(body.to_owned(), Signing::Right).await;
    let is_taken = status.is_ok_and(|status| (200..300).contains(&status));
    for mid in mids {
        ledger.answered(mid, is_taken);
    }
    is_taken
}

/// Returns a webhook with messages: from whom, their ids, words and times.
pub(crate) fn body(messages: &[(&str, &str, &str, u64)]) -> String {
    let page = "104820093344556";
    let messaging = messages.iter().map(|(psid, mid, text, at)| {
        serde_json::json!({
            "sender": { "id": psid }, "recipient": { "id": page }, "timestamp": at,
            "message": { "mid": mid, "text": text },
        })
    });
    let messaging: Vec<_> = messaging.collect();
    serde_json::json!({
        "object": "page",
        "entry": [{ "id": page, "time": now_ms(), "messaging": messaging }],
    })
    .to_string()
}

/// The platform lives in real time.
#[expect(clippy::disallowed_methods, reason = "the platform lives in real time")]
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
