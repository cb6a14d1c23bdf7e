//! Answers that are no yes: decided on the status (`docs/http-channel.md`).

use std::time::Duration;

use reqwest::{StatusCode, header};

use shared::model::FailureReason;

use crate::channels::calls::Failed;
use crate::channels::{LinkFault, SendError};

/// No wait that is asked for is longer.
const LONGEST_WAIT: u64 = 86_400;

/// An answer that is no yes.
pub(super) enum No {
    Failed(Failed),
    Status(StatusCode, Option<Duration>, String),
}

impl From<Failed> for No {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl No {
    /// What the outbox learns.
    pub(super) fn for_send(self) -> SendError {
        match self {
            Self::Failed(Failed::NotSent(cause)) => SendError::NotSent { cause, tries: None },
            Self::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _, words) => {
                SendError::Unauthorized(LinkFault {
                    reason: format!(
                        "the other side turns our calls away ({words}): the secret must be the same on both sides"
                    ),
                    is_passing: false,
                })
            }
            Self::Status(StatusCode::TOO_MANY_REQUESTS, wait, _) => SendError::TooFast { wait },
            Self::Status(StatusCode::NOT_FOUND | StatusCode::GONE, ..) => {
                SendError::Refused(FailureReason::VisitorUnreachable)
            }
            Self::Status(status, _, text) if status.is_client_error() => {
                SendError::Refused(FailureReason::Refused { text })
            }
            Self::Failed(Failed::Unclear(cause)) | Self::Status(_, _, cause) => {
                SendError::Unclear { cause }
            }
        }
    }
}

/// Returns how long the other side asks to wait.
pub(super) fn wait_of(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = seconds.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}
