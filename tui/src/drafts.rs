//! Unsent texts per chat, a reply and a note apart (D-11), and the one file that keeps them across restarts (`OUT-18`): per server and login, readable by
//! its owner only.
//!
//! [`Drafts`] is plain state for `update`; [`DraftFile`] does the reading and writing and is called by the runtime.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use serde::{Deserialize, Serialize};
use shared::model::MessageId;

use crate::private_file;

/// Drafts older than this are dropped on loading, in seconds: 30 days.
const KEPT_FOR: i64 = 30 * 24 * 60 * 60;

/// A text that was not sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub text: String,
    /// Byte offset of the caret in `text`.
    pub caret: usize,
    /// UTC, in seconds since 1970.
    pub saved_at: i64,
    /// The text is a note to colleagues.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_note: bool,
    /// The message the reply quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<MessageId>,
}

/// Says how long the text is, never what it is: drafts are visitors' business.
impl std::fmt::Debug for Draft {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Draft")
            .field("bytes", &self.text.len())
            .field("caret", &self.caret)
            .field("saved_at", &self.saved_at)
            .field("is_note", &self.is_note)
            .field("quotes", &self.quotes)
            .finish()
    }
}

/// All drafts of one operator, by chat id: the reply to the visitor and the note to colleagues are two texts, and neither
/// may become the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drafts {
    by_chat: BTreeMap<String, Pair>,
}

/// What was begun in one chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pair {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<Draft>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<Draft>,
}

impl Pair {
    fn slot(&mut self, is_note: bool) -> &mut Option<Draft> {
        if is_note {
            &mut self.note
        } else {
            &mut self.reply
        }
    }

    fn is_empty(&self) -> bool {
        self.reply.is_none() && self.note.is_none()
    }
}

impl Drafts {
    /// Returns the note or the reply begun in a chat.
    pub fn get(&self, chat: &str, is_note: bool) -> Option<&Draft> {
        let pair = self.by_chat.get(chat)?;
        if is_note {
            pair.note.as_ref()
        } else {
            pair.reply.as_ref()
        }
    }

    /// Whether anything was begun in a chat.
    pub fn has(&self, chat: &str) -> bool {
        self.by_chat.contains_key(chat)
    }

    /// Keeps a draft in its place, `is_note` says which. One that holds only white space is forgotten instead. Returns whether
    /// anything changed but the time.
    pub fn put(&mut self, chat: &str, draft: Draft) -> bool {
        let is_note = draft.is_note;
        if draft.text.trim().is_empty() {
            return self.forget(chat, is_note);
        }
        let is_same = self.get(chat, is_note).is_some_and(|kept| {
            Draft {
                saved_at: kept.saved_at,
                ..draft.clone()
            } == *kept
        });
        if !is_same {
            let pair = self.by_chat.entry(chat.to_owned()).or_default();
            *pair.slot(is_note) = Some(draft);
        }
        !is_same
    }

    /// Forgets the note or the reply begun in a chat. Returns whether there was one.
    pub fn forget(&mut self, chat: &str, is_note: bool) -> bool {
        let Some(pair) = self.by_chat.get_mut(chat) else {
            return false;
        };
        let was_there = pair.slot(is_note).take().is_some();
        if pair.is_empty() {
            self.by_chat.remove(chat);
        }
        was_there
    }

    /// The ids of chats that have a draft.
    pub fn chats(&self) -> impl Iterator<Item = &str> {
        self.by_chat.keys().map(String::as_str)
    }

    /// How many chats have a draft.
    pub fn count(&self) -> usize {
        self.by_chat.len()
    }

    fn drop_old(&mut self, now: i64) {
        let is_old = |draft: &mut Draft| now.saturating_sub(draft.saved_at) > KEPT_FOR;
        self.by_chat.retain(|_, pair| {
            pair.reply.take_if(is_old);
            pair.note.take_if(is_old);
            !pair.is_empty()
        });
    }
}

/// Why drafts could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum DraftsError {
    #[error("could not find the folder for drafts: this account has no home folder")]
    NoFolder,
    #[error("could not read drafts from {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("could not keep drafts in {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("could not put the drafts into JSON")]
    Render(#[source] serde_json::Error),
}

/// What loading gave.
#[derive(Debug, PartialEq, Eq)]
pub struct LoadedDrafts {
    pub drafts: Drafts,
    /// The file could not be understood; it lies here now, and the drafts begin empty. To be said to the operator.
    pub damaged: Option<PathBuf>,
}

/// The file's shape.
#[derive(Serialize, Deserialize)]
struct Stored<Entries> {
    version: u32,
    drafts: Entries,
}

const VERSION: u32 = 1;

/// The file of one operator's drafts on one relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftFile {
    path: PathBuf,
}

impl DraftFile {
    /// The file for `login` at `server` in the platform's data folder.
    pub fn of(server: &str, login: &str) -> Result<Self, DraftsError> {
        let folders = ProjectDirs::from("", "", "deskwire").ok_or(DraftsError::NoFolder)?;
        Ok(Self::within(folders.data_local_dir(), server, login))
    }

    /// The file for `login` at `server` below a given folder.
    pub fn within(folder: &Path, server: &str, login: &str) -> Self {
        Self {
            path: folder
                .join("drafts")
                .join(private_file::name_for(server, login)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the drafts, without those older than 30 days at `now` (UTC seconds). No file means no drafts; a damaged one is
    /// moved aside, so that nothing typed is overwritten.
    pub fn load(&self, now: i64) -> Result<LoadedDrafts, DraftsError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(LoadedDrafts {
                    drafts: Drafts::default(),
                    damaged: None,
                });
            }
            Err(cause) => {
                return Err(DraftsError::Read {
                    path: self.path.clone(),
                    cause,
                });
            }
        };
        let stored = serde_json::from_slice::<Stored<BTreeMap<String, Pair>>>(&bytes).ok();
        let Some(stored) = stored.filter(|stored| stored.version == VERSION) else {
            let aside = self.path.with_extension(format!("damaged-{now}.json"));
            std::fs::rename(&self.path, &aside).map_err(|cause| DraftsError::Write {
                path: aside.clone(),
                cause,
            })?;
            return Ok(LoadedDrafts {
                drafts: Drafts::default(),
                damaged: Some(aside),
            });
        };
        let mut drafts = Drafts {
            by_chat: stored.drafts,
        };
        drafts.drop_old(now);
        Ok(LoadedDrafts {
            drafts,
            damaged: None,
        })
    }

    /// Writes all drafts beside the file and renames: a crash leaves the old ones or the new ones, never half.
    pub fn save(&self, drafts: &Drafts) -> Result<(), DraftsError> {
        let bytes = serde_json::to_vec(&Stored {
            version: VERSION,
            drafts: &drafts.by_chat,
        })
        .map_err(DraftsError::Render)?;
        private_file::replace(&self.path, &bytes).map_err(|cause| DraftsError::Write {
            path: self.path.clone(),
            cause,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: i64 = 1_764_000_000;

    fn draft(text: &str) -> Draft {
        Draft {
            text: text.to_owned(),
            caret: text.len(),
            saved_at: NOW,
            is_note: false,
            quotes: None,
        }
    }

    fn file(folder: &tempfile::TempDir) -> DraftFile {
        DraftFile::within(folder.path(), "wss://desk.acme.example:8443", "anna")
    }

    #[test]
    fn drafts_come_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let mut drafts = Drafts::default();
        assert!(drafts.put("7", draft("Ольга, деньги верн")));
        for chat in ["7", "8"] {
            assert!(drafts.put(
                chat,
                Draft {
                    caret: 0,
                    is_note: true,
                    ..draft("退款 👍🏽")
                }
            ));
        }
        assert_eq!(drafts.count(), 2);
        file(&folder).save(&drafts).unwrap();
        let loaded = file(&folder).load(NOW).unwrap();
        assert_eq!(
            loaded,
            LoadedDrafts {
                drafts,
                damaged: None
            }
        );
    }

    #[test]
    fn only_the_owner_may_read_the_file() {
        let folder = tempfile::tempdir().unwrap();
        file(&folder).save(&Drafts::default()).unwrap();
        let mode = std::fs::metadata(file(&folder).path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn no_file_means_no_drafts() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            file(&folder).load(NOW).unwrap(),
            LoadedDrafts {
                drafts: Drafts::default(),
                damaged: None
            }
        );
    }

    #[test]
    fn a_damaged_file_is_moved_aside_and_said() {
        for damage in [
            &b"{\"version\":1,\"drafts\":{\"7\":{\"te"[..],
            b"\xff\x00",
            b"{\"version\":9,\"drafts\":{}}",
            b"",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = file(&folder);
            file.save(&Drafts::default()).unwrap();
            std::fs::write(file.path(), damage).unwrap();
            let loaded = file.load(NOW).unwrap();
            let aside = loaded.damaged.expect("the damaged file is named");
            assert_eq!(loaded.drafts.count(), 0);
            assert_eq!(std::fs::read(aside).unwrap(), damage);
            assert!(!file.path().exists());
        }
    }

    #[test]
    fn drafts_are_dropped_after_30_days() {
        let folder = tempfile::tempdir().unwrap();
        let mut drafts = Drafts::default();
        drafts.put(
            "old",
            Draft {
                saved_at: NOW - KEPT_FOR - 1,
                ..draft("x")
            },
        );
        drafts.put(
            "kept",
            Draft {
                saved_at: NOW - KEPT_FOR,
                ..draft("y")
            },
        );
        file(&folder).save(&drafts).unwrap();
        let loaded = file(&folder).load(NOW).unwrap().drafts;
        assert_eq!(loaded.chats().collect::<Vec<_>>(), ["kept"]);
    }

    #[test]
    fn an_emptied_draft_is_forgotten_and_an_unchanged_one_needs_no_saving() {
        let mut drafts = Drafts::default();
        assert!(drafts.put("7", draft("text")));
        assert!(!drafts.put(
            "7",
            Draft {
                saved_at: NOW + 9,
                ..draft("text")
            }
        ));
        assert!(drafts.put("7", draft(" \n")));
        assert_eq!((drafts.count(), drafts.get("7", false)), (0, None));
        assert!(!drafts.forget("7", false));
    }

    #[test]
    fn a_note_and_a_reply_of_one_chat_do_not_touch_each_other() {
        let mut drafts = Drafts::default();
        drafts.put("7", draft("to the visitor"));
        drafts.put(
            "7",
            Draft {
                is_note: true,
                ..draft("secret")
            },
        );
        let text =
            |drafts: &Drafts, is_note| drafts.get("7", is_note).map(|kept| kept.text.clone());
        assert_eq!(text(&drafts, false).as_deref(), Some("to the visitor"));
        assert_eq!(text(&drafts, true).as_deref(), Some("secret"));
        assert!(drafts.forget("7", false));
        assert_eq!(text(&drafts, true).as_deref(), Some("secret"));
        assert!(drafts.has("7") && drafts.count() == 1);
    }

    #[test]
    fn operators_and_relays_have_files_of_their_own() {
        let folder = Path::new("/data");
        let name = |server, login| DraftFile::within(folder, server, login).path().to_owned();
        assert_eq!(
            name("wss://a.example", "анна"),
            Path::new("/data/drafts/%d0%b0%d0%bd%d0%bd%d0%b0@wss%3a%2f%2fa.example.json")
        );
        assert_ne!(name("a", "b@c"), name("c@a", "b"));
        assert_eq!(
            name("../../etc", "x").parent(),
            Some(Path::new("/data/drafts"))
        );
    }

    #[test]
    fn what_was_typed_is_not_in_debug_output() {
        assert!(!format!("{:?}", draft("secret")).contains("secret"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_said() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("drafts"), "a file in the way").unwrap();
        let refused = file(&folder).save(&Drafts::default());
        assert!(matches!(refused, Err(DraftsError::Write { .. })));
    }
}
