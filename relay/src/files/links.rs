//! Addresses under which a platform that takes no uploads fetches one file for a while: signed, so that nobody guesses one.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use shared::model::{FileId, Timestamp};

use crate::channels::signed;
use crate::clock::fill_random;
use crate::hex::hex;
use crate::store::{Store, StoreError};

/// Long enough for a platform that is slow, or down for a while.
pub(super) const LASTS: Duration = Duration::from_secs(6 * 3600);
/// Where the key is kept: an address outlives a restart.
const BOOKMARK: &str = "files:key";

/// Makes and knows such addresses.
#[derive(Clone)]
pub(super) struct Links {
    key: SecretString,
    /// None: platforms cannot reach us.
    public_url: Arc<RwLock<Option<String>>>,
}

impl Links {
    pub(super) fn new(key: SecretString, public_url: Option<String>) -> Self {
        Self {
            key,
            public_url: Arc::new(RwLock::new(public_url)),
        }
    }

    pub(super) fn set_public_url(&self, public_url: Option<String>) {
        *self
            .public_url
            .write()
            .unwrap_or_else(PoisonError::into_inner) = public_url;
    }

    /// Returns an address that gives the file until then. The name at its end is for those who look at endings.
    pub(super) fn make(&self, id: FileId, name: &str, until: Timestamp) -> Option<SecretString> {
        let public_url = self
            .public_url
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let base = public_url.as_ref()?.trim_end_matches('/').to_owned();
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let name = name.replace('+', "%20");
        let proof = self.proof(id, until);
        Some(format!("{base}/files/{id}/{}/{proof}/{name}", until.0).into())
    }

    /// Whether this is an address that was made here, and is still good.
    pub(super) fn is_good(
        &self,
        id: FileId,
        until: Timestamp,
        proof: &str,
        now: Timestamp,
    ) -> bool {
        let expected = self.proof(id, until);
        let is_ours = expected.as_bytes().ct_eq(proof.as_bytes());
        bool::from(is_ours) && now < until
    }

    fn proof(&self, id: FileId, until: Timestamp) -> String {
        let text = format!("{id} {}", until.0);
        hex(&signed::mac(self.key.expose_secret(), text.as_bytes()))
    }
}

/// Returns the key, made at the first start.
///
/// # Errors
///
/// When the store does not answer.
pub async fn key_of(store: &dyn Store) -> Result<SecretString, StoreError> {
    if let Some(key) = store.bookmark(BOOKMARK).await? {
        return Ok(key.into());
    }
    let mut bytes = [0; 32];
    fill_random(&mut bytes);
    let key = hex(&bytes);
    store.set_bookmark(BOOKMARK, &key).await?;
    Ok(key.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_795_190_400_000);
    const LATER: Timestamp = Timestamp(1_795_190_500_000);

    #[test]
    fn an_address_is_good_for_its_file_and_its_time_only() {
        let links = Links::new(
            "a key".into(),
            Some("https://desk.acme.example/".to_owned()),
        );
        let address = links.make(FileId(7), "счёт 5.pdf", LATER).unwrap();
        let address = address.expose_secret();
        let (rest, name) = address.rsplit_once('/').unwrap();
        assert_eq!(name, "%D1%81%D1%87%D1%91%D1%82%205.pdf");
        let (rest, proof) = rest.rsplit_once('/').unwrap();
        assert_eq!(
            rest,
            format!("https://desk.acme.example/files/7/{}", LATER.0)
        );
        assert!(links.is_good(FileId(7), LATER, proof, NOON));
        assert!(
            !links.is_good(FileId(7), LATER, proof, LATER),
            "its time is over"
        );
        assert!(!links.is_good(FileId(8), LATER, proof, NOON));
        assert!(!links.is_good(FileId(7), LATER.plus(Duration::from_secs(1)), proof, NOON));
        assert!(!links.is_good(FileId(7), LATER, "", NOON));
        let other = Links::new("another key".into(), None);
        assert!(!other.is_good(FileId(7), LATER, proof, NOON));
        assert!(
            other.make(FileId(7), "a", LATER).is_none(),
            "nobody can reach us"
        );
    }
}
