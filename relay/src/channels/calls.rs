//! What calls of every platform have in common: an answer that has an end, what is known when there is none, and what is
//! said of it to whoever called.

use super::{FetchError, LinkFault, SendError};

/// Bytes of an answer that are looked at.
const ANSWER_LIMIT: usize = 4 << 20;

/// Why a call brought no answer. In words without the address: it may hold a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Nothing was written.
    NotSent(String),
    /// Written, and then silence or nonsense.
    Unclear(String),
}

impl From<reqwest::Error> for Failed {
    fn from(error: reqwest::Error) -> Self {
        let is_before = error.is_connect() || error.is_builder();
        let cause = causes(&error.without_url());
        if is_before {
            Self::NotSent(cause)
        } else {
            Self::Unclear(cause)
        }
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Reads the body of an answer, the first 4 MiB; a longer one is nonsense.
pub(super) async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, Failed> {
    let mut body = vec![];
    loop {
        match response.chunk().await.map_err(Failed::from)? {
            Some(chunk) if body.len() + chunk.len() <= ANSWER_LIMIT => {
                body.extend_from_slice(&chunk);
            }
            Some(_) => return Err(Failed::Unclear("an endless answer".to_owned())),
            None => return Ok(body),
        }
    }
}

/// Why a call brought nothing: no answer, or the platform's no.
#[derive(Debug)]
pub(super) enum CallError<N> {
    /// No answer.
    Failed(Failed),
    /// The platform says no.
    No(N),
}

impl<N> From<Failed> for CallError<N> {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

/// What a platform's no means.
pub(super) trait Refusal {
    /// How people call the platform.
    const PLATFORM: &str;
    /// Writes into the log what was refused: numbers and the platform's own words, nobody's text.
    fn log(&self);
    /// What the outbox learns.
    fn for_send(self) -> SendError;
    /// What whoever asks for data learns.
    fn for_fetch(self) -> FetchError;
    /// What the keeper learns.
    fn for_link(self) -> LinkFault;
}

impl<N: Refusal> CallError<N> {
    /// What the outbox learns.
    pub(super) fn for_send(self) -> SendError {
        match self {
            Self::Failed(Failed::NotSent(cause)) => SendError::NotSent { cause, tries: None },
            Self::Failed(Failed::Unclear(cause)) => SendError::Unclear { cause },
            Self::No(no) => {
                no.log();
                no.for_send()
            }
        }
    }

    /// What whoever asks for data learns.
    pub(super) fn for_fetch(self) -> FetchError {
        match self {
            Self::Failed(Failed::NotSent(cause) | Failed::Unclear(cause)) => {
                FetchError::Later { cause }
            }
            Self::No(no) => no.for_fetch(),
        }
    }

    /// What the keeper learns.
    pub(super) fn for_link(self) -> LinkFault {
        match self {
            Self::Failed(Failed::NotSent(cause) | Failed::Unclear(cause)) => LinkFault {
                reason: format!("{} does not answer: {cause}", N::PLATFORM),
                is_passing: true,
            },
            Self::No(no) => no.for_link(),
        }
    }
}
