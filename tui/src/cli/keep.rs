//! Session tokens that `deskwire login` keeps: a file per relay and login, readable by its owner only.

use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use serde::{Deserialize, Serialize};
use shared::model::Timestamp;
use shared::protocol::Session;
use zeroize::Zeroizing;

use crate::link::{Server, Token};
use crate::private_file;

const VERSION: u32 = 1;

/// Why a token could not be kept, read or forgotten.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error("could not find the folder for sessions: this account has no home folder")]
    NoFolder,
    #[error("could not read the kept session from {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("could not understand the kept session in {}; run deskwire login again", path.display())]
    Damaged {
        path: PathBuf,
        #[source]
        cause: serde_json::Error,
    },
    #[error("could not keep the session in {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
}

/// The file's shape.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    #[serde(flatten)]
    session: Session,
}

/// The file of one operator's session at one relay.
#[derive(Debug, Clone)]
pub(super) struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// The file for `login` at `server` in the platform's data folder.
    pub(super) fn of(server: &Server, login: &str) -> Result<Self, KeepError> {
        let folders = ProjectDirs::from("", "", "deskwire").ok_or(KeepError::NoFolder)?;
        Ok(Self::within(folders.data_local_dir(), server, login))
    }

    /// Returns whose session is kept for a relay, if there is exactly one.
    pub(super) fn only_login(server: &Server) -> Option<String> {
        let folders = ProjectDirs::from("", "", "deskwire")?;
        Self::only_login_within(folders.data_local_dir(), server)
    }

    fn only_login_within(folder: &Path, server: &Server) -> Option<String> {
        let server = server.to_string();
        let files = std::fs::read_dir(folder.join("sessions")).ok()?;
        let mut logins = files.filter_map(|file| {
            let name = file.ok()?.file_name();
            private_file::login_of(name.to_str()?, &server)
        });
        let login = logins.next()?;
        logins.next().is_none().then_some(login)
    }

    fn within(folder: &Path, server: &Server, login: &str) -> Self {
        let name = private_file::name_for(&server.to_string(), login);
        Self {
            path: folder.join("sessions").join(name),
        }
    }

    /// Returns the kept token, unless there is none or it is over at `now`.
    pub(super) fn load(&self, now: Timestamp) -> Result<Option<Token>, KeepError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => {
                return Err(KeepError::Read {
                    path: self.path.clone(),
                    cause,
                });
            }
        };
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|cause| KeepError::Damaged {
            path: self.path.clone(),
            cause,
        })?;
        let is_good = kept.version == VERSION && kept.session.expires_at > now;
        Ok(is_good.then(|| Token::new(kept.session.token)))
    }

    /// Keeps a session instead of the last one.
    pub(super) fn save(&self, session: Session) -> Result<(), KeepError> {
        let kept = Kept {
            version: VERSION,
            session,
        };
        serde_json::to_vec(&kept)
            .map_err(io::Error::from)
            .and_then(|bytes| private_file::replace(&self.path, &Zeroizing::new(bytes)))
            .map_err(|cause| KeepError::Write {
                path: self.path.clone(),
                cause,
            })
    }

    /// Forgets the session. Returns whether there was one.
    pub(super) fn forget(&self) -> Result<bool, KeepError> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(KeepError::Write {
                path: self.path.clone(),
                cause,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::link::Transport;

    const NOW: Timestamp = Timestamp(1_764_000_000_000);

    fn file(folder: &Path, server: &str, login: &str) -> TokenFile {
        let server = Server::parse(server, Transport::Private).unwrap();
        TokenFile::within(folder, &server, login)
    }

    fn session(token: &str, expires_at: Timestamp) -> Session {
        Session {
            token: token.into(),
            expires_at,
        }
    }

    fn kept(file: &TokenFile) -> Option<String> {
        let token = file.load(NOW).unwrap();
        token.map(|token| token.reveal().to_owned())
    }

    #[test]
    fn a_kept_token_is_its_owners_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path(), "acme.example", "anna");
        file.save(session("first", Timestamp(NOW.0 + 1))).unwrap();
        file.save(session("second", Timestamp(NOW.0 + 1))).unwrap();
        assert_eq!(kept(&file).as_deref(), Some("second"));
        let mode = std::fs::metadata(&file.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let files = std::fs::read_dir(file.path.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_session_that_is_over_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path(), "acme.example", "anna");
        file.save(session("old", NOW)).unwrap();
        assert_eq!(kept(&file), None);
    }

    #[test]
    fn relays_and_operators_have_sessions_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let anna = file(folder.path(), "https://acme.example/", "anna");
        anna.save(session("annas", Timestamp(NOW.0 + 1))).unwrap();
        let check = |server, login, expected: Option<&str>| {
            let token = kept(&file(folder.path(), server, login));
            assert_eq!(token.as_deref(), expected, "{login} at {server}");
        };
        check("wss://acme.example", "anna", Some("annas"));
        check("acme.example:8443", "anna", None);
        check("acme.example", "boris", None);
    }

    #[test]
    fn the_only_session_of_a_relay_is_found_without_its_login() {
        let folder = tempfile::tempdir().unwrap();
        let parse = |name: &str| Server::parse(name, Transport::Any).unwrap();
        let here = parse("http://127.0.0.1:8443");
        let keep = |server: &Server, login: &str| {
            TokenFile::within(folder.path(), server, login)
                .save(session("t", Timestamp(NOW.0 + 1)))
                .unwrap();
        };
        let only = || TokenFile::only_login_within(folder.path(), &here);
        assert_eq!(only(), None);
        keep(&here, "анна@acme");
        keep(&parse("http://127.0.0.1:9"), "boris");
        assert_eq!(only().as_deref(), Some("анна@acme"));
        keep(&here, "boris");
        assert_eq!(only(), None);
    }

    #[test]
    fn a_forgotten_session_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path(), "acme.example", "anna");
        assert!(!file.forget().unwrap());
        file.save(session("x", Timestamp(NOW.0 + 1))).unwrap();
        assert!(file.forget().unwrap());
        assert_eq!(kept(&file), None);
    }

    #[test]
    fn a_damaged_file_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path(), "acme.example", "anna");
        private_file::replace(&file.path, b"{").unwrap();
        assert!(matches!(file.load(NOW), Err(KeepError::Damaged { .. })));
    }
}
