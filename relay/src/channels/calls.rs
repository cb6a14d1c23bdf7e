//! What calls of every platform have in common: an answer that has an end, and what is known when there is none.

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
