//! Files (whatsapp.md 3, "media"). What comes has an id, and an address for five minutes that opens with our token; what goes
//! out is uploaded first and then sent by its id.

use reqwest::multipart::Form;
use secrecy::SecretString;
use serde_json::{Value, json};

use shared::model::{Attachment, AttachmentKind, FileLimits};

use crate::channels::{FetchError, FileAddress, Outbound, Receipt, SendError, wire};
use crate::files::OutboundFile;

use super::send::{about, receipt_of};
use super::{CallError, Graph};

/// Hosts of media. The reference names none; Meta's other platforms use the first two.
pub(super) const HOSTS: [&str; 3] = ["fbsbx.com", "fbcdn.net", "whatsapp.net"];
/// Bytes of a file that goes out.
pub(super) const LIMITS: FileLimits = FileLimits {
    photo: 5 * 1_000_000,
    audio: 16 * 1_000_000,
    video: 16 * 1_000_000,
    document: 100 * 1_000_000,
};
/// Sounds and videos that are played; others go as files to save.
const PLAYED: [&str; 8] = [
    "audio/aac",
    "audio/amr",
    "audio/m4a",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "video/mp4",
    "video/3gpp",
];

/// Says where a file is now.
pub(super) async fn locate(
    graph: &Graph,
    token: &SecretString,
    source: &Attachment,
) -> Result<FileAddress, FetchError> {
    let handle = source.file.as_ref().and_then(|file| file.handle.as_deref());
    // It becomes a part of an address.
    let is_id = |handle: &&str| handle.bytes().all(|byte| byte.is_ascii_digit());
    let Some(handle) = handle.filter(is_id) else {
        return Err(FetchError::Refused {
            cause: "there is no file".to_owned(),
        });
    };
    let answer = graph.get(handle, &[]).await.map_err(CallError::for_fetch)?;
    match address_of(&answer) {
        Some(url) => Ok(FileAddress {
            url: url.into(),
            bearer: Some(token.clone()),
        }),
        None => Err(FetchError::Refused {
            cause: "WhatsApp does not say where the file is".to_owned(),
        }),
    }
}

pub(super) fn address_of(answer: &Value) -> Option<String> {
    wire::address(answer.get("url"))
}

/// Sends a file. Until it is uploaded nothing was sent, whatever became of that.
pub(super) async fn send(
    graph: &Graph,
    reply: &Outbound,
    file: &OutboundFile,
) -> Result<Receipt, SendError> {
    let kept = &file.file.file;
    let form = Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", type_of(&kept.mime))
        .part("file", file.part().await?);
    let path = format!("{}/media", graph.account());
    let uploaded = graph.upload(&path, form).await;
    let uploaded = uploaded.map_err(|error| match error.for_send() {
        SendError::Unclear { cause } => SendError::NotSent { cause, tries: None },
        known => known,
    })?;
    let Some(id) = id_of(&uploaded) else {
        let cause = "WhatsApp took a file without giving it an id".to_owned();
        let tries = Some(1);
        return Err(SendError::NotSent { cause, tries });
    };
    let path = format!("{}/messages", graph.account());
    let body = body(reply, kind(&file.kind, &kept.mime), &id, &kept.name);
    let answer = graph.post(&path, &[], &body).await;
    receipt_of(&answer.map_err(CallError::for_send)?)
}

pub(super) fn id_of(uploaded: &Value) -> Option<String> {
    wire::id(uploaded.get("id"))
}

/// Returns the body of a call that names an uploaded file.
pub(super) fn body(reply: &Outbound, kind: &str, id: &str, name: &str) -> Value {
    let mut body = about(reply);
    body["type"] = kind.into();
    body[kind] = json!({ "id": id });
    if kind == "document" {
        body[kind]["filename"] = name.into();
    }
    body
}

/// What WhatsApp calls it.
fn type_of(mime: &str) -> String {
    match mime {
        "audio/m4a" => "audio/mp4".to_owned(),
        other => other.to_owned(),
    }
}

/// As what a file is sent.
pub(super) fn kind(kind: &AttachmentKind, mime: &str) -> &'static str {
    let is_played = PLAYED.contains(&mime);
    match kind {
        AttachmentKind::Photo => "image",
        AttachmentKind::Audio if is_played => "audio",
        AttachmentKind::Video if is_played => "video",
        AttachmentKind::Audio
        | AttachmentKind::Video
        | AttachmentKind::Document
        | AttachmentKind::Sticker
        | AttachmentKind::Location
        | AttachmentKind::Contact
        | AttachmentKind::Link
        | AttachmentKind::Share
        | AttachmentKind::Product
        | AttachmentKind::Appointment
        | AttachmentKind::Template
        | AttachmentKind::Other(_) => "document",
    }
}
