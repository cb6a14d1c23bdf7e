//! `/files/{id}`: a file of a message, for a desk whose operator sees the chat (SEC-05). What is hidden and what is not there
//! are answered alike.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use shared::chat::Sight;
use shared::chat::rights::{Right, has, sees};
use shared::model::{FileId, KeptFile, OperatorId};

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
    match find(&site, &operator, id).await {
        Ok(Some((row, kept))) => send(&site, &row, &kept).await,
        Ok(None) => no_file(),
        Err(error) => unavailable(&error),
    }
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
async fn find(
    site: &Site,
    operator: &OperatorId,
    id: FileId,
) -> Result<Option<(FileRow, KeptFile)>, StoreError> {
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
    Ok(Some((row, kept)))
}

async fn send(site: &Site, row: &FileRow, kept: &KeptFile) -> Response {
    let bytes = match site.files.read(row.id).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            tracing::error!(file = %row.id, "a file that is kept is not where files are");
            return no_file();
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(file = %row.id, error, "a file could not be read");
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
