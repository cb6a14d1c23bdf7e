//! `files.place`: a local folder, or `s3://bucket/folder`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// Where bytes lie.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// Anything that speaks S3.
    S3(S3),
}

/// An S3-compatible store.
#[derive(Debug, Clone)]
pub struct S3 {
    /// Which bucket.
    pub bucket: String,
    /// Before every name in it; may be empty.
    pub folder: String,
    /// Of whoever is not Amazon.
    pub endpoint: Option<String>,
    /// `eu-central-1`; others than Amazon take any.
    pub region: String,
    /// Name of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: SecretString,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(a), Self::Folder(b)) => a == b,
            (Self::S3(a), Self::S3(b)) => {
                let (key, other_key) = (a.secret_key.expose_secret(), b.secret_key.expose_secret());
                let is_same_key = key.as_bytes().ct_eq(other_key.as_bytes());
                a.without_key() == b.without_key() && bool::from(is_same_key)
            }
            (Self::Folder(_), Self::S3(_)) | (Self::S3(_), Self::Folder(_)) => false,
        }
    }
}

impl Eq for Place {}

impl S3 {
    fn without_key(&self) -> (&str, &str, Option<&str>, &str, &str) {
        let Self {
            bucket,
            folder,
            endpoint,
            region,
            access_key,
            secret_key: _,
        } = self;
        (bucket, folder, endpoint.as_deref(), region, access_key)
    }
}

impl Place {
    /// Opens it.
    pub(super) fn open(&self) -> anyhow::Result<Arc<dyn ObjectStore>> {
        match self {
            Self::Folder(folder) => open_folder(folder),
            Self::S3(s3) => open_s3(s3),
        }
    }
}

/// What people sent is in it: made for the relay's own user alone. A file that is said to be kept is on disk.
fn open_folder(folder: &PathBuf) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(folder)
        .and_then(|()| folder.canonicalize())
        .map_err(anyhow::Error::from)
        .and_then(|folder| Ok(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true)))
        .map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
        .with_context(|| {
            format!(
                "could not use the folder {} (files.place)",
                folder.display()
            )
        })
}

fn open_s3(s3: &S3) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&s3.bucket)
        .with_region(&s3.region)
        .with_access_key_id(&s3.access_key)
        .with_secret_access_key(s3.secret_key.expose_secret());
    if let Some(endpoint) = &s3.endpoint {
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://"));
    }
    let store = builder.build().context("could not use files.place")?;
    Ok(Arc::new(PrefixStore::new(store, s3.folder.as_str())))
}
