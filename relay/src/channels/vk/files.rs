//! A file that goes out, in VK's three steps (vk.md 9): an address to bring it to, the file, and its keeping. Nothing is sent
//! before the message that names it.

use reqwest::multipart::Form;
use serde_json::Value;

use shared::model::{AttachmentKind, FailureReason, PlatformId};

use crate::channels::SendError;
use crate::channels::calls::Failed;
use crate::channels::wire;
use crate::files::OutboundFile;

use super::api::{Api, CallError};

/// Times that the three steps are begun anew.
const TRIES: u32 = 3;

/// Brings a file to VK; returns what names it in a message.
pub(super) async fn upload(
    api: &Api,
    visitor: &PlatformId,
    file: &OutboundFile,
) -> Result<String, SendError> {
    if file.kind == AttachmentKind::Photo {
        photo(api, visitor, file).await
    } else {
        document(api, visitor, file).await
    }
}

async fn photo(api: &Api, visitor: &PlatformId, file: &OutboundFile) -> Result<String, SendError> {
    let peer = ("peer_id", visitor.as_str());
    let url = address(api, "photos.getMessagesUploadServer", &[peer]).await?;
    let form = Form::new().part("photo", file.part().await?);
    let brought = api.upload(&url, form).await.map_err(not_sent)?;
    let text = |name| match brought.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let (server, photo, hash) = (text("server"), text("photo"), text("hash"));
    if photo.is_empty() || photo == "[]" {
        return Err(refused("VK does not take this picture"));
    }
    let saved = [
        ("server", server.as_str()),
        ("photo", &photo),
        ("hash", &hash),
    ];
    let saved = api.call("photos.saveMessagesPhoto", &saved).await;
    let saved = saved.map_err(before)?;
    name_of("photo", saved.get(0)).ok_or_else(|| refused("VK did not keep the picture"))
}

async fn document(
    api: &Api,
    visitor: &PlatformId,
    file: &OutboundFile,
) -> Result<String, SendError> {
    let asked = [("peer_id", visitor.as_str()), ("type", "doc")];
    let url = address(api, "docs.getMessagesUploadServer", &asked).await?;
    let form = Form::new().part("file", file.part().await?);
    let brought = api.upload(&url, form).await.map_err(not_sent)?;
    let Some(handle) = brought.get("file").and_then(Value::as_str) else {
        let words =
            wire::line(brought.get("error_descr")).or_else(|| wire::line(brought.get("error")));
        return Err(refused(
            &words.unwrap_or_else(|| "VK does not take this file".to_owned()),
        ));
    };
    let saved = [("file", handle), ("title", file.file.file.name.as_str())];
    let saved = api.call("docs.save", &saved).await.map_err(before)?;
    document_of(&saved).ok_or_else(|| refused("VK did not keep the file"))
}

/// Returns what names a kept document in a message: it says itself under which name it stands.
pub(super) fn document_of(saved: &Value) -> Option<String> {
    let kind = saved.get("type").and_then(Value::as_str)?;
    name_of(kind, saved.get(kind))
}

/// `photo700000001_457250001_aa11`
pub(super) fn name_of(kind: &str, kept: Option<&Value>) -> Option<String> {
    let kept = kept?;
    let (owner, id) = (wire::id(kept.get("owner_id"))?, wire::id(kept.get("id"))?);
    Some(match wire::id(kept.get("access_key")) {
        Some(key) => format!("{kind}{owner}_{id}_{key}"),
        None => format!("{kind}{owner}_{id}"),
    })
}

async fn address(api: &Api, method: &str, asked: &[(&str, &str)]) -> Result<String, SendError> {
    let answer = api.call(method, asked).await.map_err(before)?;
    wire::address(answer.get("upload_url"))
        .ok_or_else(|| refused("VK does not say where the file goes"))
}

/// A call before the message itself: whatever it led to, nothing was sent.
fn before(error: CallError) -> SendError {
    match error {
        CallError::Failed(failed) => not_sent(failed),
        CallError::No(no) => CallError::No(no).for_send(),
    }
}

fn not_sent(failed: Failed) -> SendError {
    let (Failed::NotSent(cause) | Failed::Unclear(cause)) = failed;
    SendError::NotSent {
        cause,
        tries: Some(TRIES),
    }
}

fn refused(words: &str) -> SendError {
    SendError::Refused(FailureReason::Refused {
        text: words.to_owned(),
    })
}
