//! Logging in and out over HTTP (`SEC-03`). Keeping a token is the caller's business; asking for a password too.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Response, StatusCode};
use shared::model::{ChatId, FileId, HandedFile, Secret};
use shared::protocol::{ApiFault, Login, Session};

use super::Server;

/// For the connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// For the whole call: the relay takes its time with passwords on purpose.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// For a whole file, over a bad line.
const FILE_WITHIN: Duration = Duration::from_secs(1_800);

/// What proves to the relay who this desk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Secret);

impl Token {
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self(secret.into())
    }

    /// Returns the secret itself.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// Returns it as it goes into a hello.
    pub(super) fn secret(&self) -> Secret {
        self.0.clone()
    }
}

/// How this desk proves who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// With a token of a session that goes on after this desk.
    Token(Token),
    /// With a password: the link begins a session of its own, and ends it with itself.
    Password(Login),
}

/// Why a session was not begun or ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("could not prepare to call the relay")]
    Client(#[source] reqwest::Error),
    #[error("could not reach the relay at {server}")]
    Unreachable {
        server: Server,
        #[source]
        cause: reqwest::Error,
    },
    /// In the relay's own words.
    #[error("{}", sentence_of(fault))]
    Refused { status: StatusCode, fault: ApiFault },
    #[error("{server} answers {status}, and not as a Deskwire relay does; check the address")]
    Strange { server: Server, status: StatusCode },
}

impl SessionError {
    /// Whether the same call may succeed by itself later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } | Self::Strange { status, .. } => is_passing(*status),
            Self::Client(_) => false,
        }
    }

    /// Whether another password may help.
    pub fn is_wrong_password(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::UNAUTHORIZED)
    }
}

/// Whether an answer with this status speaks of the moment, not of the call.
pub(super) fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

/// Returns the relay's sentence with its advice.
pub(super) fn sentence_of(fault: &ApiFault) -> String {
    match fault.hint.as_str() {
        "" => fault.sentence.clone(),
        hint => format!("{} ({hint})", fault.sentence.trim_end_matches('.')),
    }
}

/// Calls the relay's session address.
#[derive(Debug, Clone)]
pub struct Sessions {
    server: Server,
    http: reqwest::Client,
}

impl Sessions {
    pub fn new(server: Server) -> Result<Self, SessionError> {
        super::install_cryptography();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            // A password is given to the named relay, not to where it points; and the websocket knows no proxy either.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(SessionError::Client)?;
        Ok(Self { server, http })
    }

    /// Begins a session.
    pub async fn begin(&self, login: &Login) -> Result<Session, SessionError> {
        let call = self.http.post(self.server.session()).json(login);
        let answer = self.send(call).await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(self.refusal(answer).await);
        }
        answer.json().await.map_err(|cause| {
            if cause.is_decode() {
                SessionError::Strange {
                    server: self.server.clone(),
                    status,
                }
            } else {
                self.unreachable(cause)
            }
        })
    }

    /// Ends the session of `token` at once.
    pub async fn end(&self, token: &Token) -> Result<(), SessionError> {
        let call = self
            .http
            .delete(self.server.session())
            .bearer_auth(token.reveal());
        let answer = self.send(call).await?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(self.refusal(answer).await)
        }
    }

    /// Asks for a file of a message; its bytes follow.
    pub(super) async fn file(&self, token: &Token, id: FileId) -> Result<Response, SessionError> {
        let call = self
            .http
            .get(self.server.file(id))
            .timeout(FILE_WITHIN)
            .bearer_auth(token.reveal());
        let answer = self.send(call).await?;
        if answer.status().is_success() {
            Ok(answer)
        } else {
            Err(self.refusal(answer).await)
        }
    }

    /// Hands a file in for a chat.
    pub(super) async fn hand_in(
        &self,
        token: &Token,
        chat: ChatId,
        name: &str,
        size: u64,
        body: reqwest::Body,
    ) -> Result<HandedFile, SessionError> {
        let call = self
            .http
            .post(self.server.files())
            .query(&[("chat", chat.to_string().as_str()), ("name", name)])
            .header(reqwest::header::CONTENT_LENGTH, size)
            .timeout(FILE_WITHIN)
            .bearer_auth(token.reveal())
            .body(body);
        let answer = self.send(call).await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(self.refusal(answer).await);
        }
        answer.json().await.map_err(|_cause| SessionError::Strange {
            server: self.server.clone(),
            status,
        })
    }

    /// Returns the next bytes of an answer; none: that was all.
    pub(super) async fn more(&self, answer: &mut Response) -> Result<Option<Bytes>, SessionError> {
        answer
            .chunk()
            .await
            .map_err(|cause| self.unreachable(cause))
    }

    async fn send(&self, call: reqwest::RequestBuilder) -> Result<Response, SessionError> {
        call.send().await.map_err(|cause| self.unreachable(cause))
    }

    fn unreachable(&self, cause: reqwest::Error) -> SessionError {
        SessionError::Unreachable {
            server: self.server.clone(),
            // The address is in our own words already.
            cause: cause.without_url(),
        }
    }

    async fn refusal(&self, answer: Response) -> SessionError {
        let status = answer.status();
        match answer.json::<ApiFault>().await {
            Ok(fault) => SessionError::Refused { status, fault },
            Err(_) => SessionError::Strange {
                server: self.server.clone(),
                status,
            },
        }
    }
}
