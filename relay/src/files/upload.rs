//! A file that a desk hands in (F-01): looked at like any other, kept until its reply takes it along.

use axum::body::Body;
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use shared::model::{Attachment, AttachmentKind, FileFault, FileId, HandedFile, KeptFile};
use shared::text;

use super::{Files, kind};

/// Why a file was not taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// It may not be.
    Refused(FileFault),
    /// It broke off, or could not be written.
    Broken(String),
}

impl Files {
    /// Keeps a file that a desk hands in.
    pub(crate) async fn take_in(
        &self,
        id: FileId,
        name: &str,
        body: Body,
    ) -> Result<HandedFile, NotTaken> {
        let mut writer = self.writer(id);
        let taken = self.copy(name, body, &mut writer).await;
        match taken {
            Ok(file) => match writer.shutdown().await {
                Ok(()) => Ok(HandedFile { id, file }),
                Err(error) => Err(NotTaken::Broken(error.to_string())),
            },
            Err(not_taken) => {
                if let Err(error) = writer.abort().await {
                    tracing::warn!(file = %id, %error, "could not remove half a file");
                }
                Err(not_taken)
            }
        }
    }

    async fn copy(
        &self,
        name: &str,
        body: Body,
        writer: &mut object_store::buffered::BufWriter,
    ) -> Result<KeptFile, NotTaken> {
        let mut chunks = body.into_data_stream();
        let (mut head, mut size) = (vec![], 0_u64);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| NotTaken::Broken(error.to_string()))?;
            size += chunk.len() as u64;
            if size > self.rules.max_size {
                return Err(NotTaken::Refused(FileFault::TooBig));
            }
            let wanted = kind::HEAD.saturating_sub(head.len()).min(chunk.len());
            head.extend_from_slice(chunk.get(..wanted).unwrap_or_default());
            let written = writer.write_all(&chunk).await;
            written.map_err(|error| NotTaken::Broken(error.to_string()))?;
        }
        if size == 0 {
            return Err(NotTaken::Refused(FileFault::Gone));
        }
        let name = text::file_name(name);
        let mime = kind::mime_of(&head);
        kind::check(&AttachmentKind::Document, mime, &name, &self.rules.kinds)
            .map_err(NotTaken::Refused)?;
        Ok(KeptFile {
            name,
            mime: mime.to_owned(),
            size,
        })
    }
}

/// Returns a handed-in file as a row holds it.
pub(crate) fn source_of(handed: &HandedFile) -> Attachment {
    Attachment {
        title: Some(handed.file.name.clone()),
        ..Attachment::of(handed.file.kind())
    }
}
