//! Gets drafts onto the disk (desk rule 7.3): soon after a change, off the desk's own thread; at once when the desk ends or
//! panics. What a draft is, and its file, are `drafts`' business.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use crate::drafts::{DraftFile, Drafts, DraftsError};

/// After the last change.
const SAVE_AFTER: Duration = Duration::from_millis(500);

/// After the first one, for those who type without pause.
const SAVE_LATEST: Duration = Duration::from_secs(2);

/// How often, and how far apart, a panic tries to get at the drafts while another thread writes them.
const PANIC_TRIES: (u32, Duration) = (20, Duration::from_millis(10));

/// Keeps one operator's drafts.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// None: nothing is kept, as in the demo.
    safe: Option<Arc<Safe>>,
    changed: Option<Changed>,
    saving: Option<JoinHandle<Result<(), DraftsError>>>,
}

/// When the drafts were changed since they were last written.
#[derive(Debug, Clone, Copy)]
struct Changed {
    first_at: Instant,
    last_at: Instant,
}

impl Keeper {
    pub(crate) fn new(file: Option<DraftFile>) -> Self {
        Self {
            safe: file.map(|file| Arc::new(Safe::new(file))),
            changed: None,
            saving: None,
        }
    }

    /// Notes that the drafts are these now.
    pub(crate) fn keep(&mut self, drafts: &Drafts, now: Instant) {
        let Some(safe) = &self.safe else { return };
        safe.put(drafts.clone());
        let first_at = self.changed.map_or(now, |changed| changed.first_at);
        self.changed = Some(Changed {
            first_at,
            last_at: now,
        });
    }

    /// When [`Keeper::save`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.changed
            .map(|changed| (changed.last_at + SAVE_AFTER).min(changed.first_at + SAVE_LATEST))
    }

    /// Starts writing what is due at `now`, without waiting for it.
    pub(crate) fn save(&mut self, now: Instant) {
        let (Some(safe), Some(deadline)) = (&self.safe, self.deadline()) else {
            return;
        };
        if now < deadline {
            return;
        }
        if self.saving.is_some() {
            // The disk is slow: this is looked at again later, and the newest drafts are written then.
            self.changed = Some(Changed {
                first_at: now,
                last_at: now,
            });
            return;
        }
        let safe = Arc::clone(safe);
        self.changed = None;
        self.saving = Some(spawn_blocking(move || safe.write()));
    }

    /// Waits until what [`Keeper::save`] started is written; for ever while there is nothing. Dropping the future loses
    /// nothing.
    pub(crate) async fn saved(&mut self) -> Result<(), DraftsError> {
        let Some(saving) = &mut self.saving else {
            return std::future::pending().await;
        };
        let result = saving.await;
        self.saving = None;
        // A writer that died has reported it, and the drafts are written again at the next change.
        result.unwrap_or(Ok(()))
    }

    /// Writes what is not written yet, and waits for it.
    pub(crate) fn save_now(&mut self) -> Result<(), DraftsError> {
        self.changed = None;
        match &self.safe {
            Some(safe) => safe.write(),
            None => Ok(()),
        }
    }

    /// What a panic does before it is reported. Lives on after the keeper, and does nothing then.
    pub(crate) fn on_panic(&self) -> impl Fn() + Send + Sync + 'static {
        let safe = self.safe.as_ref().map(Arc::downgrade);
        move || {
            if let Some(safe) = safe.as_ref().and_then(std::sync::Weak::upgrade) {
                safe.write_in_panic();
            }
        }
    }
}

/// The newest drafts, and the right to write them. Two locks, so that the desk never waits for the disk.
#[derive(Debug)]
struct Safe {
    newest: Mutex<Newest>,
    file: Mutex<DraftFile>,
}

#[derive(Debug, Default)]
struct Newest {
    drafts: Drafts,
    revision: u64,
    saved_revision: u64,
}

impl Safe {
    fn new(file: DraftFile) -> Self {
        Self {
            newest: Mutex::default(),
            file: Mutex::new(file),
        }
    }

    fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, drafts: Drafts) {
        let mut newest = self.newest();
        newest.drafts = drafts;
        newest.revision += 1;
    }

    fn write(&self) -> Result<(), DraftsError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_to(&file)
    }

    /// The caller holds the file, so that an older state never lands on a newer one.
    fn write_to(&self, file: &DraftFile) -> Result<(), DraftsError> {
        let (drafts, revision) = {
            let newest = self.newest();
            if newest.revision == newest.saved_revision {
                return Ok(());
            }
            (newest.drafts.clone(), newest.revision)
        };
        file.save(&drafts)?;
        self.newest().saved_revision = revision;
        Ok(())
    }

    /// Like [`Safe::write`], but gives up: the panicking thread itself may hold a lock.
    fn write_in_panic(&self) {
        let (tries, apart) = PANIC_TRIES;
        for _ in 0..tries {
            if matches!(self.newest.try_lock(), Err(TryLockError::WouldBlock)) {
                return;
            }
            let file = match self.file.try_lock() {
                Ok(file) => file,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(apart);
                    continue;
                }
            };
            if let Err(error) = self.write_to(&file) {
                tracing::error!(error = &error as &dyn std::error::Error, "drafts not saved");
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drafts::Draft;

    const NOW: i64 = 1_764_000_000;

    fn drafts(text: &str) -> Drafts {
        let mut drafts = Drafts::default();
        let draft = Draft {
            text: text.to_owned(),
            caret: 0,
            saved_at: NOW,
            is_note: false,
            quotes: None,
        };
        drafts.put("7", draft);
        drafts
    }

    fn kept(file: &DraftFile) -> Option<String> {
        let drafts = file.load(NOW).unwrap().drafts;
        drafts.get("7", false).map(|draft| draft.text.clone())
    }

    fn keeper() -> (tempfile::TempDir, DraftFile, Keeper) {
        let folder = tempfile::tempdir().unwrap();
        let file = DraftFile::within(folder.path(), "https://acme.example", "anna");
        let keeper = Keeper::new(Some(file.clone()));
        (folder, file, keeper)
    }

    #[tokio::test]
    async fn drafts_are_written_half_a_second_after_the_last_change() {
        let (_folder, file, mut keeper) = keeper();
        let now = Instant::now();
        assert_eq!(keeper.deadline(), None);
        keeper.keep(&drafts("a"), now);
        let later = now + Duration::from_millis(300);
        keeper.keep(&drafts("ab"), later);
        assert_eq!(keeper.deadline(), Some(later + SAVE_AFTER));
        keeper.save(now + SAVE_AFTER);
        assert!(keeper.saving.is_none(), "it is not due yet");
        keeper.save(later + SAVE_AFTER);
        keeper.saved().await.unwrap();
        assert_eq!(kept(&file).as_deref(), Some("ab"));
        assert_eq!(keeper.deadline(), None);
    }

    #[test]
    fn typing_without_pause_is_written_every_2_seconds() {
        let (_folder, _file, mut keeper) = keeper();
        let now = Instant::now();
        for tenth in 0..100 {
            keeper.keep(&drafts("a"), now + Duration::from_millis(100 * tenth));
        }
        assert_eq!(keeper.deadline(), Some(now + SAVE_LATEST));
    }

    #[test]
    fn the_end_and_a_panic_write_at_once() {
        let (_folder, file, mut keeper) = keeper();
        keeper.keep(&drafts("at the end"), Instant::now());
        keeper.save_now().unwrap();
        assert_eq!(kept(&file).as_deref(), Some("at the end"));
        keeper.keep(&drafts("in a panic"), Instant::now());
        let on_panic = keeper.on_panic();
        on_panic();
        assert_eq!(kept(&file).as_deref(), Some("in a panic"));
        keeper.keep(&drafts("too late"), Instant::now());
        drop(keeper);
        on_panic();
        assert_eq!(kept(&file).as_deref(), Some("in a panic"));
    }

    #[test]
    fn what_is_written_is_not_written_again() {
        let (_folder, file, mut keeper) = keeper();
        keeper.keep(&drafts("once"), Instant::now());
        keeper.save_now().unwrap();
        std::fs::remove_file(file.path()).unwrap();
        keeper.save_now().unwrap();
        assert_eq!(kept(&file), None);
    }
}
