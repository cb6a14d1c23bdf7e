//! Removes what was kept long enough, and what nobody may have any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use shared::model::FileFault;

use crate::clock::Clock;
use crate::store::{Store, StoreError};

use super::{Filer, Files};

/// So often.
const EVERY: Duration = Duration::from_secs(600);
/// Files in one round; the rest waits for the next.
const PAGE: u32 = 500;

/// A file that was handed in and not sent is kept so long.
const STRAY_FOR: Duration = Duration::from_secs(86_400);

/// Cleans until told to stop.
pub async fn clean(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    taker: Arc<dyn Filer>,
    files: Files,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        if let Err(error) = round(&*store, &*clock, &*taker, &files).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "could not remove old files");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            // An error means that whoever may stop us is gone: that is a stop as well.
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Tells chats of files that were kept long enough, and removes the bytes of all that are unwanted: first the bytes, then
/// the row, so that a crash between forgets nothing.
pub(super) async fn round(
    store: &dyn Store,
    clock: &dyn Clock,
    taker: &dyn Filer,
    files: &Files,
) -> Result<(), StoreError> {
    store.give_up_strays(clock.now().minus(STRAY_FOR)).await?;
    let before = clock.now().minus(files.rules.keep_for);
    for row in store.list_old_files(before, PAGE).await? {
        taker.file(&row, Err(FileFault::Expired)).await?;
    }
    for id in store.list_unwanted_files(PAGE).await? {
        match files.remove(id).await {
            Ok(()) => store.drop_file(id).await?,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(file = %id, error, "a file was not removed");
            }
        }
    }
    Ok(())
}
