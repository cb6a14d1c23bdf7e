//! A reply that is a file (ok.md 4): Odnoklassniki is asked where to put it, gets the bytes, and then the message that names
//! them. Until that last call nothing was sent.

use std::time::Duration;

use reqwest::multipart::Form;
use serde_json::{Value, json};

use shared::model::AttachmentKind;

use crate::channels::wire;
use crate::channels::{Outbound, Receipt, SendError};
use crate::files::OutboundFile;

use super::api::{Api, CallError};
use super::errors::Class;
use super::send;

/// Until a file that is no picture can be named in a message.
const PROCESSED_WITHIN: Duration = Duration::from_secs(3);
/// A file that cannot be named yet: handed over anew so often.
const FEW_TRIES: u32 = 4;
/// Of the form that carries the bytes.
const FIELD: &str = "file";

pub(super) async fn send(
    api: &Api,
    reply: &Outbound,
    file: &OutboundFile,
) -> Result<Receipt, SendError> {
    let kind = kind_of(&file.kind);
    let place = api.get(&["me", "fileUploadUrl"], &[("type", kind)]).await;
    let place = place.map_err(nothing_sent)?;
    let address = wire::address(place.get("url")).ok_or_else(|| SendError::NotSent {
        cause: "Odnoklassniki does not say where to put the file".to_owned(),
        tries: Some(FEW_TRIES),
    })?;
    let form = Form::new().part(FIELD, file.part().await?);
    let uploaded = api.upload(&address, form).await.map_err(nothing_sent)?;
    let token = token_of(&place, &uploaded).ok_or_else(|| SendError::NotSent {
        cause: "Odnoklassniki took the file and gave no token for it".to_owned(),
        tries: Some(FEW_TRIES),
    })?;
    let is_picture = file.kind == AttachmentKind::Photo;
    if !is_picture {
        tokio::time::sleep(PROCESSED_WITHIN).await;
    }
    match send::post(api, reply, &body(reply, kind, &token)).await {
        Ok(answer) => send::named(api, reply, &answer).await,
        Err(CallError::No(no)) if !is_picture && may_be_early(no.class) => {
            Err(SendError::NotSent {
                cause: no.words,
                tries: Some(FEW_TRIES),
            })
        }
        Err(error) => Err(error.for_send()),
    }
}

/// What went wrong before the message: it surely was not sent.
fn nothing_sent(error: CallError) -> SendError {
    match error.for_send() {
        SendError::Unclear { cause } => SendError::NotSent { cause, tries: None },
        known @ (SendError::NotSent { .. }
        | SendError::TooFast { .. }
        | SendError::Refused(_)
        | SendError::Unauthorized(_)
        | SendError::Restricted { .. }) => known,
    }
}

/// Whether a no may only mean that the file is not processed yet: which number says so, is not documented.
fn may_be_early(class: Class) -> bool {
    match class {
        Class::Refused | Class::Unknown => true,
        Class::TooFast
        | Class::Later
        | Class::Doubtful
        | Class::Limit
        | Class::Blocked
        | Class::Token
        | Class::Rights
        | Class::Person
        | Class::Words => false,
    }
}

fn kind_of(kind: &AttachmentKind) -> &'static str {
    match kind {
        AttachmentKind::Photo => "IMAGE",
        AttachmentKind::Audio => "AUDIO",
        AttachmentKind::Video => "VIDEO",
        AttachmentKind::Document
        | AttachmentKind::Sticker
        | AttachmentKind::Location
        | AttachmentKind::Contact
        | AttachmentKind::Link
        | AttachmentKind::Share
        | AttachmentKind::Product
        | AttachmentKind::Appointment
        | AttachmentKind::Template
        | AttachmentKind::Other(_) => "FILE",
    }
}

/// Reads under what name a message may carry the file: that of a picture is told when it was taken, that of others before.
pub(super) fn token_of(place: &Value, uploaded: &Value) -> Option<String> {
    let photos = uploaded.get("photos").and_then(Value::as_object);
    let photo = photos.and_then(|photos| photos.values().next());
    let of_picture = photo.and_then(|photo| wire::id(photo.get("token")));
    of_picture.or_else(|| wire::id(place.get("token")))
}

/// Returns the body of the message.
pub(super) fn body(reply: &Outbound, kind: &str, token: &str) -> Value {
    let mut body = send::body(reply);
    // A keyboard needs words beside it, and a file has none.
    body["message"]["attachments"] = json!([{ "type": kind, "payload": { "token": token } }]);
    if reply.text.is_empty()
        && let Some(message) = body["message"].as_object_mut()
    {
        message.remove("text");
    }
    body
}
