//! One file from its platform into the place where bytes lie: step by step, so that nothing a stranger says is believed.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, LOCATION};
use reqwest::{Client, Response};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncWriteExt as _;
use url::Url;

use shared::model::{Attachment, AttachmentKind, FileFault, FileId, KeptFile};
use shared::text;

use crate::channels::{FileAddress, FileHosts};

use super::addresses::{PublicOnly, Trust, trust};
use super::{FileRules, Files, kind};

/// Addresses that lead to the next one.
const HOPS: usize = 5;
/// For a whole file.
const WITHIN: Duration = Duration::from_secs(300);
/// For the next bytes.
const SILENCE: Duration = Duration::from_secs(30);

/// Why a file did not come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotCome {
    /// It never will.
    Never(FileFault),
    /// It may, later; in words, no address.
    Later(String),
}

impl From<FileFault> for NotCome {
    fn from(fault: FileFault) -> Self {
        Self::Never(fault)
    }
}

impl From<reqwest::Error> for NotCome {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold a secret.
        Self::Later(error.without_url().to_string())
    }
}

/// Goes and gets files.
#[derive(Clone)]
pub struct Downloader {
    /// To the platform's own API, wherever the admin says it is.
    api: Client,
    /// To public addresses only.
    public: Client,
}

impl Downloader {
    /// Returns one that calls with `api` where the platform's API is.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made.
    pub fn new(api: Client) -> reqwest::Result<Self> {
        let public = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("deskwire/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(PublicOnly))
            .build()?;
        Ok(Self { api, public })
    }

    /// Brings a file, and keeps it under its id.
    pub(super) async fn bring(
        &self,
        id: FileId,
        source: &Attachment,
        address: &FileAddress,
        hosts: FileHosts<'_>,
        files: &Files,
    ) -> Result<KeptFile, NotCome> {
        let said = source.file.as_ref().and_then(|file| file.size);
        if said.is_some_and(|said| said > files.rules.max_size) {
            return Err(FileFault::TooBig.into());
        }
        let bringing = async {
            let response = self.open(address, hosts).await?;
            keep(id, source, response, files).await
        };
        match tokio::time::timeout(WITHIN, bringing).await {
            Ok(brought) => brought,
            Err(_) => Err(NotCome::Later("it took too long".to_owned())),
        }
    }

    /// Follows an address to where the bytes are.
    async fn open(&self, address: &FileAddress, hosts: FileHosts<'_>) -> Result<Response, NotCome> {
        let Ok(first) = Url::parse(address.url.expose_secret()) else {
            return Err(FileFault::ForeignAddress.into());
        };
        let mut url = first.clone();
        for _ in 0..HOPS {
            // Nobody else is shown who we are.
            let is_first = url.origin() == first.origin();
            let bearer = address.bearer.as_ref().filter(|_| is_first);
            let response = self.get(&url, bearer, hosts).await?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            if !status.is_redirection() {
                return Err(match status.as_u16() {
                    408 | 429 | 500.. => NotCome::Later(format!("status {status}")),
                    _ => NotCome::Never(FileFault::Gone),
                });
            }
            let next = response.headers().get(LOCATION);
            let next = next.and_then(|next| url.join(next.to_str().ok()?).ok());
            url = next.ok_or(NotCome::Never(FileFault::Gone))?;
        }
        Err(FileFault::ForeignAddress.into())
    }

    async fn get(
        &self,
        url: &Url,
        bearer: Option<&SecretString>,
        hosts: FileHosts<'_>,
    ) -> Result<Response, NotCome> {
        let client = match trust(url, hosts) {
            Some(Trust::Api) => &self.api,
            Some(Trust::Host) => &self.public,
            None => return Err(FileFault::ForeignAddress.into()),
        };
        let mut request = client.get(url.clone()).timeout(WITHIN);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer.expose_secret());
        }
        Ok(request.send().await?)
    }
}

/// Writes the bytes down as they come, and looks at them.
async fn keep(
    id: FileId,
    source: &Attachment,
    mut response: Response,
    files: &Files,
) -> Result<KeptFile, NotCome> {
    let FileRules {
        max_size, kinds, ..
    } = &*files.rules;
    let said = response.headers().get(CONTENT_LENGTH);
    let said = said.and_then(|said| said.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > *max_size) {
        return Err(FileFault::TooBig.into());
    }
    let mut writer = files.writer(id);
    let mut head = vec![];
    let mut looked = None;
    let mut size = 0_u64;
    let not_written = |error: std::io::Error| NotCome::Later(format!("could not be kept: {error}"));
    let outcome = async {
        loop {
            let Ok(chunk) = tokio::time::timeout(SILENCE, response.chunk()).await else {
                return Err(NotCome::Later("silence".to_owned()));
            };
            let chunk = chunk?;
            if let Some(chunk) = &chunk {
                size += chunk.len() as u64;
                if size > *max_size {
                    return Err(FileFault::TooBig.into());
                }
                let wanted = kind::HEAD.saturating_sub(head.len()).min(chunk.len());
                head.extend_from_slice(chunk.get(..wanted).unwrap_or_default());
            }
            // Looked at before much is written.
            if looked.is_none() && (head.len() >= kind::HEAD || chunk.is_none()) {
                looked = Some(look(source, &head, kinds)?);
            }
            match chunk {
                Some(chunk) => writer.write_all(&chunk).await.map_err(not_written)?,
                None => return Ok(()),
            }
        }
    };
    let outcome: Result<(), NotCome> = outcome.await;
    match (outcome, looked) {
        (Ok(()), Some((name, mime))) => {
            writer.shutdown().await.map_err(not_written)?;
            Ok(KeptFile { name, mime, size })
        }
        (Ok(()), None) => Err(FileFault::Gone.into()),
        (Err(not_come), _) => {
            if let Err(error) = writer.abort().await {
                tracing::warn!(file = %id, %error, "could not remove half a file");
            }
            Err(not_come)
        }
    }
}

/// Returns the name and the type of a file that may be kept.
fn look(source: &Attachment, head: &[u8], kinds: &[String]) -> Result<(String, String), FileFault> {
    let mime = kind::mime_of(head);
    let name = name_of(source, mime);
    kind::check(&source.kind, mime, &name, kinds)?;
    Ok((name, mime.to_owned()))
}

/// A document keeps its name; what has none is named after what it is.
fn name_of(source: &Attachment, mime: &str) -> String {
    let title = source.title.as_deref().filter(|title| !title.is_empty());
    if let (AttachmentKind::Document, Some(title)) = (&source.kind, title) {
        return text::file_name(title);
    }
    let stem = match &source.kind {
        AttachmentKind::Photo => "photo",
        AttachmentKind::Audio => "voice",
        AttachmentKind::Video => "video",
        AttachmentKind::Sticker => "sticker",
        AttachmentKind::Document
        | AttachmentKind::Location
        | AttachmentKind::Contact
        | AttachmentKind::Link
        | AttachmentKind::Share
        | AttachmentKind::Product
        | AttachmentKind::Appointment
        | AttachmentKind::Template
        | AttachmentKind::Other(_) => "file",
    };
    match kind::ending_of(mime) {
        Some(ending) => format!("{stem}.{ending}"),
        None => stem.to_owned(),
    }
}
