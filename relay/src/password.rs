//! Passwords: argon2id, as PHC strings in the config (SEC-03).

use std::collections::HashMap;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use secrecy::{ExposeSecret, SecretString};

use shared::model::OperatorId;

use crate::http::PasswordCheck;

/// What a password is compared with when there is no such operator: the same work, and never right.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$ZGVza3dpcmUtbm9ib2R5$0Hn4IPxTqTVP9QLUaP1zc0h1mXOD1vBx5yqUk3o0cAs";

/// Returns the hash for the config.
///
/// # Errors
///
/// When the machine has no memory for it.
pub fn hash(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| anyhow::anyhow!("could not hash the password: {error}"))
}

/// Reads a hash of the config; none: it is no argon2 hash.
pub fn parse(hash: &str) -> Option<PasswordHash> {
    PasswordHash::new(hash)
        .ok()
        .filter(|hash| hash.algorithm.as_str().starts_with("argon2"))
}

/// Returns the check that logins use.
#[expect(clippy::implicit_hasher, reason = "one caller, one map")]
pub fn check(hashes: Arc<HashMap<OperatorId, SecretString>>) -> PasswordCheck {
    Arc::new(move |operator, password| {
        let (hash, is_known) = match hashes.get(operator) {
            Some(hash) => (hash.expose_secret(), true),
            None => (NOBODY, false),
        };
        let is_right = parse(hash).is_some_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        });
        is_right && is_known
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_of_a_known_operator_is_right() {
        let hash = hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        let check = check(Arc::new(HashMap::from([("anna".into(), hash.into())])));
        assert!(check(&"anna".into(), "correct horse"));
        assert!(!check(&"anna".into(), "correct hors"));
        assert!(!check(&"nobody".into(), "correct horse"));
        assert!(
            parse(NOBODY).is_some(),
            "an unknown name costs the same work"
        );
        assert!(parse("plain").is_none());
    }
}
