//! Fetches the files of one channel as soon as their messages are on disk; what does not come is tried again, and given up
//! with a reason that stands in the timeline. One channel's slow host delays no other's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::{Notify, watch};

use shared::model::{ChannelId, FileFault, KeptFile, Timestamp};

use crate::channels::registry::Registry;
use crate::channels::{Channel, FetchError};
use crate::clock::Clock;
use crate::store::{FileRow, Store, StoreError};

use super::Files;
use super::download::{Downloader, NotCome};

/// Files of a channel that come at once.
const AT_ONCE: usize = 3;
/// Files looked up at once.
const PAGE: u32 = 32;
/// Before a file is asked for again: so long, then twice as long, and so on …
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// … but no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Then it is given up: platforms' links do not last longer.
const GIVE_UP_AFTER: Duration = Duration::from_secs(6 * 3600);
/// Looked up again even when nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// After the store did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(2);

/// Takes what became of a file into its chat.
#[async_trait]
pub trait Filer: Send + Sync {
    /// Commits it. False: nobody wants the file any more.
    ///
    /// # Errors
    ///
    /// The store does not answer; tell it again.
    async fn file(
        &self,
        row: &FileRow,
        result: Result<KeptFile, FileFault>,
    ) -> Result<bool, StoreError>;
}

/// Fetches the files of one channel.
#[derive(Clone)]
pub struct Fetcher {
    /// Which.
    pub channel: ChannelId,
    /// How to reach it.
    pub registry: Registry,
    /// Knows what is due.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who takes in what became of a file.
    pub filer: Arc<dyn Filer>,
    /// Where bytes are kept.
    pub files: Files,
    /// Wakes it.
    pub bell: Arc<Notify>,
    /// Goes and gets them.
    pub downloader: Downloader,
}

impl Fetcher {
    /// Fetches until told to stop; what is half here then is fetched anew.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let working = async {
            loop {
                let pause = self.round().await;
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.bell.notified() => {}
                }
            }
        };
        tokio::select! {
            () = working => {}
            // An error means that whoever may stop us is gone: that is a stop as well.
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// Fetches what is due. Returns when to look again.
    async fn round(&self) -> Duration {
        let Some(channel) = self.registry.find(&self.channel) else {
            return LOOK_EVERY;
        };
        let now = self.clock.now();
        let due = match self.store.list_due_files(&self.channel, now, PAGE).await {
            Ok(due) => due,
            Err(error) => return self.not_answered(&error),
        };
        let is_full = due.len() == PAGE as usize;
        let fetching = due.into_iter().map(|row| {
            let channel = Arc::clone(&channel);
            async move { self.fetch(channel.as_ref(), &row).await }
        });
        let done: Vec<_> = stream::iter(fetching)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        if let Some(error) = done.into_iter().find_map(Result::err) {
            return self.not_answered(&error);
        }
        if is_full {
            return Duration::ZERO;
        }
        match self.store.next_file_at(&self.channel).await {
            Ok(Some(at)) => at.since(self.clock.now()).min(LOOK_EVERY),
            Ok(None) => LOOK_EVERY,
            Err(error) => self.not_answered(&error),
        }
    }

    fn not_answered(&self, error: &StoreError) -> Duration {
        let error = error as &dyn std::error::Error;
        tracing::warn!(channel = %self.channel, error, "could not look after files");
        STORE_PAUSE
    }

    async fn fetch(&self, channel: &dyn Channel, row: &FileRow) -> Result<(), StoreError> {
        let result = match self.bring(channel, row).await {
            Ok(kept) => Ok(kept),
            Err(NotCome::Never(fault)) => Err(fault),
            Err(NotCome::Later(cause)) => {
                tracing::info!(channel = %self.channel, file = %row.id, cause, "a file did not come");
                let now = self.clock.now();
                if now.since(row.at) < GIVE_UP_AFTER {
                    return self
                        .store
                        .put_file_off(row.id, again_at(now, row.tries))
                        .await;
                }
                Err(FileFault::Unreachable)
            }
        };
        if let Err(fault) = &result {
            tracing::warn!(channel = %self.channel, file = %row.id, ?fault, "a file is not kept");
        }
        let is_kept = result.is_ok();
        if !self.filer.file(row, result).await? && is_kept {
            // The chat was forgotten meanwhile.
            if let Err(error) = self.files.remove(row.id).await {
                tracing::error!(file = %row.id, %error, "a file that nobody wants is left");
            }
        }
        Ok(())
    }

    async fn bring(&self, channel: &dyn Channel, row: &FileRow) -> Result<KeptFile, NotCome> {
        let address = channel
            .locate(&row.source)
            .await
            .map_err(|error| match error {
                FetchError::Later { cause } => NotCome::Later(cause),
                FetchError::Refused { .. } => NotCome::Never(FileFault::Gone),
            })?;
        let hosts = channel.file_hosts();
        self.downloader
            .bring(row.id, &row.source, &address, hosts, &self.files)
            .await
    }
}

/// Returns when to ask again after so many tries.
fn again_at(now: Timestamp, tries: u32) -> Timestamp {
    let pause = FIRST_PAUSE.saturating_mul(1 << tries.min(16));
    now.plus(pause.min(LONGEST_PAUSE))
}
