//! Files that the group sends (ok.md 4): a place is given out, bytes come there, and a message names them.

use serde_json::{Value, json};

use super::group::Site;
use super::methods::{Call, Refused, refused, text};
use super::state::Upload;
use crate::form::{self, FormFile};

/// A file that is no picture can be named so many milliseconds after it came.
const PROCESSED_AFTER: u64 = 500;
const KINDS: [&str; 4] = ["IMAGE", "VIDEO", "AUDIO", "FILE"];

/// Gives a place out, and for all but pictures the token already.
pub(super) fn place(site: &Site, call: &Call<'_>) -> Result<Value, Refused> {
    let kind = call.query.get("type").cloned().unwrap_or_default();
    if !KINDS.contains(&kind.as_str()) {
        return Err(refused(100, "PARAM : Invalid type"));
    }
    let mut state = site.lock();
    let token = format!("T{:x}", state.new_number());
    let url = format!("{}/upload/{token}?sig=SIMULATED", site.url);
    let name = if kind == "IMAGE" { "file_id" } else { "token" };
    let answer = json!({ "url": url, name: token });
    state.uploads.insert(token, Upload { kind, file: None });
    Ok(answer)
}

/// Takes the bytes: one file in a form. Only of a picture there is something to say.
pub(super) fn take(
    site: &Site,
    token: &str,
    kind: &str,
    body: &[u8],
) -> Result<Option<Value>, Refused> {
    let now = site.clock.stamp_ms();
    let form = form::read(kind, body).map(|(_, files)| files);
    let file = match form.as_deref() {
        Some([file]) => file.clone(),
        Some(_) | None => return Err(refused(100, "PARAM : One file is expected")),
    };
    let mut state = site.lock();
    let upload = state.uploads.get_mut(token);
    let upload = upload.ok_or_else(|| refused(300, "NOT_FOUND : No such place"))?;
    upload.file = Some((now, file));
    if upload.kind != "IMAGE" {
        return Ok(None);
    }
    let photo = json!({ "token": format!("{token}UPLOADED") });
    Ok(Some(json!({ "photos": { token: photo } })))
}

/// Returns the files that a message names.
pub(super) fn named(site: &Site, attachments: &[Value]) -> Result<Vec<FormFile>, Refused> {
    let now = site.clock.now_ms();
    let state = site.lock();
    let files = attachments
        .iter()
        .filter(|one| text(one, "type") != "INLINE_KEYBOARD");
    let files = files.map(|one| {
        let token = one.get("payload").map(|payload| text(payload, "token"));
        let token = token.unwrap_or_default();
        let place = match text(one, "type") {
            "IMAGE" => token.strip_suffix("UPLOADED")?,
            _ => token,
        };
        let upload = state.uploads.get(place)?;
        let (came_at, file) = upload.file.as_ref()?;
        let is_ready = upload.kind == "IMAGE" || now >= came_at + PROCESSED_AFTER;
        (is_ready && upload.kind == text(one, "type")).then(|| file.clone())
    });
    files
        .map(|file| file.ok_or_else(|| refused(100, "PARAM : Invalid attachment")))
        .collect()
}
