//! `/files/{id}`: a file of a message, for a desk whose operator sees the chat (SEC-05). What is hidden and what is not there
//! are answered alike.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use shared::chat::rights::{Right, has, sees};
use shared::chat::{Chat, Refusal, Sight};
use shared::model::{ChatId, FileFault, FileId, HandedFile, KeptFile, OperatorId, Timestamp};

use crate::files::{NotTaken, source_of};
use crate::store::{FileRow, FileStage, StoreError};

use super::session::hash_of;
use super::{Site, fault};

pub(super) async fn give(
    State(site): State<Site>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let operator = match logged_in(&site, &headers).await {
        Ok(Some(operator)) => operator,
        Ok(None) => return not_logged_in(),
        Err(error) => return unavailable(&error),
    };
    let Ok(id) = id.parse::<FileId>() else {
        return no_file();
    };
    match find_seen(&site, &operator, id).await {
        Ok(Some(kept)) => send(&site, id, &kept).await,
        Ok(None) => no_file(),
        Err(error) => unavailable(&error),
    }
}

/// Gives a file to whoever shows an address that was made for a platform.
pub(super) async fn give_linked(
    State(site): State<Site>,
    Path((id, until, proof, _name)): Path<(String, String, String, String)>,
) -> Response {
    let (Ok(id), Ok(until)) = (id.parse::<FileId>(), until.parse().map(Timestamp)) else {
        return no_file();
    };
    if !site.files.is_linked(id, until, &proof, site.clock.now()) {
        return no_file();
    }
    match site.store.find_file(id).await {
        Ok(Some(FileRow {
            stage: FileStage::Kept,
            kept: Some(kept),
            ..
        })) => send(&site, id, &kept).await,
        Ok(_) => no_file(),
        Err(error) => unavailable(&error),
    }
}

/// For which chat a file is handed in, and what it is called.
#[derive(serde::Deserialize)]
pub(super) struct HandIn {
    chat: ChatId,
    name: String,
}

/// Takes a file that a desk hands in for a reply (F-01).
pub(super) async fn take(
    State(site): State<Site>,
    Query(asked): Query<HandIn>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let operator = match logged_in(&site, &headers).await {
        Ok(Some(operator)) => operator,
        Ok(None) => return not_logged_in(),
        Err(error) => return unavailable(&error),
    };
    let policy = site.hub.policy();
    let chat = match site.store.find_chat(asked.chat).await {
        Ok(chat) => chat,
        Err(error) => return unavailable(&error),
    };
    let sees_it = |chat: &Chat| {
        let operator = policy.find_operator(&operator);
        operator.is_some_and(|operator| sees(operator, &Sight::of(chat), &policy))
    };
    let Some(chat) = chat.filter(sees_it) else {
        let sentence = Refusal::NoSuchChat.sentence();
        return fault(StatusCode::NOT_FOUND, "no_such_chat", &sentence, "");
    };
    let limits = policy
        .find_channel(&chat.visitor.channel)
        .and_then(|channel| channel.abilities.files);
    let Some(limits) = limits else {
        let sentence = "This channel carries no files.";
        return fault(StatusCode::CONFLICT, "not_supported", sentence, "");
    };
    let now = site.clock.now();
    let id = FileId(site.clock.new_id(now));
    match site.files.take_in(id, &asked.name, body).await {
        Ok(handed) if limits.carries(&handed.file).is_none() => {
            discard(&site, id).await;
            let refusal = Refusal::FileTooBig {
                size: handed.file.size,
                limit: limits.most(&handed.file.kind()),
            };
            let (sentence, hint) = (refusal.sentence(), refusal.hint());
            fault(StatusCode::PAYLOAD_TOO_LARGE, "too_big", &sentence, hint)
        }
        Ok(handed) => match site.store.add_file(row_of(&handed, &chat, now)).await {
            Ok(()) => Json(handed).into_response(),
            Err(error) => unavailable(&error),
        },
        Err(not_taken) => not_kept(&not_taken, site.files.rules.max_size),
    }
}

fn row_of(handed: &HandedFile, chat: &Chat, now: Timestamp) -> FileRow {
    FileRow {
        id: handed.id,
        chat: chat.id,
        message: None,
        channel: chat.visitor.channel.clone(),
        source: source_of(handed),
        stage: FileStage::Kept,
        tries: 0,
        not_before: Timestamp(0),
        at: now,
        kept: Some(handed.file.clone()),
    }
}

async fn discard(site: &Site, id: FileId) {
    if let Err(error) = site.files.remove(id).await {
        let error = &error as &dyn std::error::Error;
        tracing::error!(file = %id, error, "a file that nobody wants is left");
    }
}

fn not_kept(not_taken: &NotTaken, max_size: u64) -> Response {
    let (status, code, sentence, hint) = match not_taken {
        NotTaken::Refused(FileFault::TooBig) => {
            let sentence = format!("The relay takes files of {} MiB at most.", max_size >> 20);
            let hint = "send a smaller one, or a link to it";
            (StatusCode::PAYLOAD_TOO_LARGE, "too_big", sentence, hint)
        }
        NotTaken::Refused(FileFault::Gone) => {
            let sentence = "The file is empty.".to_owned();
            (StatusCode::BAD_REQUEST, "empty_file", sentence, "")
        }
        NotTaken::Refused(_) => {
            let sentence = "Files of this kind are not accepted.".to_owned();
            let hint = "an admin can change files.kinds";
            (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_accepted",
                sentence,
                hint,
            )
        }
        NotTaken::Broken(cause) => {
            tracing::warn!(cause, "a file was not handed in whole");
            let sentence = "The file did not arrive whole, or could not be kept.".to_owned();
            (StatusCode::BAD_GATEWAY, "broken_off", sentence, "try again")
        }
    };
    fault(status, code, &sentence, hint)
}

/// Returns whose session a request shows.
async fn logged_in(site: &Site, headers: &HeaderMap) -> Result<Option<OperatorId>, StoreError> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(token) = token else { return Ok(None) };
    let session = site.store.find_session(&hash_of(token)).await?;
    let session = session.filter(|session| session.expires_at > site.clock.now());
    Ok(session.map(|session| session.operator))
}

/// Finds a file that is here and that an operator may read.
async fn find_seen(
    site: &Site,
    operator: &OperatorId,
    id: FileId,
) -> Result<Option<KeptFile>, StoreError> {
    let policy = site.hub.policy();
    let Some(operator) = policy.find_operator(operator) else {
        return Ok(None);
    };
    let Some(row) = site.store.find_file(id).await? else {
        return Ok(None);
    };
    let (FileStage::Kept, Some(kept), Some(message)) = (row.stage, row.kept.clone(), row.message)
    else {
        return Ok(None);
    };
    let chat = site.store.find_chat(row.chat).await?;
    if !chat.is_some_and(|chat| sees(operator, &Sight::of(&chat), &policy)) {
        return Ok(None);
    }
    // What a visitor took back is for few (IN-09).
    let revisions = site.store.find_revisions(vec![message]).await?;
    let is_deleted = revisions
        .get(&message)
        .is_some_and(|revision| revision.is_deleted);
    if is_deleted && !has(operator.role, Right::SeeOriginals) {
        return Ok(None);
    }
    Ok(Some(kept))
}

async fn send(site: &Site, id: FileId, kept: &KeptFile) -> Response {
    let bytes = match site.files.read(id).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            tracing::error!(file = %id, "a file that is kept is not where files are");
            return no_file();
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(file = %id, error, "a file could not be read");
            let sentence = "The place where files are kept does not answer.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return fault(
                status,
                "files_unavailable",
                sentence,
                "try again in a moment",
            );
        }
    };
    // Never shown by a browser, whatever it is: it is a stranger's.
    let mut response = Body::from_stream(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(kept.size));
    let name: String = url::form_urlencoded::byte_serialize(kept.name.as_bytes()).collect();
    let disposition = format!("attachment; filename*=UTF-8''{}", name.replace('+', "%20"));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    response
}

fn not_logged_in() -> Response {
    let sentence = "A file is given to a desk that shows its session's token.";
    fault(
        StatusCode::UNAUTHORIZED,
        "not_logged_in",
        sentence,
        "log in again",
    )
}

fn no_file() -> Response {
    let sentence = "There is no such file here.";
    fault(StatusCode::NOT_FOUND, "no_such_file", sentence, "")
}

fn unavailable(error: &StoreError) -> Response {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "could not look a file up");
    let sentence = "The relay cannot read its store now.";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    fault(
        status,
        "store_unavailable",
        sentence,
        "try again in a moment",
    )
}
