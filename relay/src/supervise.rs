//! Panics end what panicked and nothing else. A part that runs as long as the relay is begun anew, so that one poisoned chat
//! does not silently stop every timer; single pieces of work are told apart from their panic by their caller.
//!
//! Whatever a panic may have left half done is behind a lock that is not poisoned on purpose, or in the store, which knows
//! only whole changes.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;

/// Before a part that panicked is begun anew: it may panic again at once.
const BREATHE: Duration = Duration::from_secs(1);

/// Returns what a future gives; none: it panicked. The panic hook has told of it.
pub(crate) async fn unless_panic<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

/// Runs a part of the relay until it ends by itself; one that panics is begun anew.
pub(crate) async fn keep_going<F: Future<Output = ()>>(part: &'static str, begin: impl Fn() -> F) {
    while unless_panic(begin()).await.is_none() {
        metrics::counter!("deskwire_panics_total", "part" => part).increment(1);
        tracing::error!(part, "a part of the relay panicked and begins anew");
        tokio::time::sleep(BREATHE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_panics_is_begun_anew_until_it_ends_by_itself() {
        let begun = AtomicU32::new(0);
        keep_going("test", async || {
            let before = begun.fetch_add(1, Ordering::Relaxed);
            assert!(before >= 2, "on purpose");
        })
        .await;
        assert_eq!(begun.into_inner(), 3);
    }
}
