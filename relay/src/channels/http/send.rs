//! Calls of the other side: one body each, signed like those that come in. The key of a reply stays the same when it is sent
//! again: whoever has seen it does nothing.

use std::time::Duration;

use reqwest::{Client, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use shared::model::{FailureReason, KeptFile, PlatformId};

use crate::files::OutboundFile;

use crate::channels::calls::{Failed, read};
use crate::channels::signed;
use crate::channels::wire;
use crate::channels::{FetchError, LinkFault, Outbound, Profile, Receipt, SendError, Signal};
use crate::hex::hex;

use super::errors::{No, wait_of};
use super::{HEADER, HttpSettings, PREFIX};

/// For a whole call.
const CALL_WITHIN: Duration = Duration::from_secs(15);

/// The other side.
pub(super) struct Calls {
    client: Client,
    url: String,
    secret: SecretString,
}

impl Calls {
    pub(super) fn new(client: Client, settings: &HttpSettings) -> Self {
        Self {
            client,
            url: settings.api_url.clone(),
            secret: settings.secret.clone(),
        }
    }

    /// Where the other side is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        let answer = self.call(&reply_body(reply)).await.map_err(No::for_send)?;
        Ok(Receipt {
            platform_id: wire::platform_id(answer.get("id")),
        })
    }

    pub(super) async fn send_file(
        &self,
        reply: &Outbound,
        file: &OutboundFile,
    ) -> Result<Receipt, SendError> {
        let Some(link) = &file.link else {
            let text =
                "files are fetched from us, and nobody knows where we are: set relay.public_url";
            let text = text.to_owned();
            return Err(SendError::Refused(FailureReason::Refused { text }));
        };
        let mut body = reply_body(reply);
        let KeptFile { name, mime, size } = &file.file.file;
        body["attachments"] = json!([{
            "kind": file.kind, "title": name, "mime": mime, "size": size, "url": link.expose_secret(),
        }]);
        let answer = self.call(&body).await.map_err(No::for_send)?;
        Ok(Receipt {
            platform_id: wire::platform_id(answer.get("id")),
        })
    }

    pub(super) async fn signal(
        &self,
        visitor: &PlatformId,
        signal: Signal,
    ) -> Result<(), SendError> {
        let name = match signal {
            Signal::TypingOn => "typing_on",
            Signal::TypingOff => "typing_off",
            Signal::Seen => "seen",
        };
        let done = self
            .call(&json!({ "type": name, "visitor": visitor }))
            .await;
        done.map(drop).map_err(No::for_send)
    }

    pub(super) async fn profile(
        &self,
        visitor: &PlatformId,
    ) -> Result<Option<Profile>, FetchError> {
        let asked = json!({ "type": "profile", "visitor": visitor });
        match self.call(&asked).await {
            Ok(answer) => {
                let profile = Profile {
                    name: wire::line(answer.get("name")),
                    first_name: wire::line(answer.get("first_name")),
                    photo_url: wire::address(answer.get("photo_url")),
                };
                Ok((profile != Profile::default()).then_some(profile))
            }
            Err(No::Failed(Failed::NotSent(cause) | Failed::Unclear(cause))) => {
                Err(FetchError::Later { cause })
            }
            Err(No::Status(status, _, _)) if status.is_server_error() => Err(FetchError::Later {
                cause: status.to_string(),
            }),
            // Whoever knows no profiles says so with any refusal.
            Err(No::Status(..)) => Ok(None),
        }
    }

    /// Whether somebody is there who knows the secret.
    pub(super) async fn check(&self) -> Result<(), LinkFault> {
        match self.call(&json!({ "type": "ping" })).await {
            Err(No::Failed(Failed::NotSent(cause) | Failed::Unclear(cause))) => Err(LinkFault {
                reason: format!("{} does not answer: {cause}", self.host()),
                is_passing: true,
            }),
            Err(No::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, ..)) => {
                Err(self.secret_fault())
            }
            // Not everybody knows pings.
            Ok(_) | Err(No::Status(..)) => Ok(()),
        }
    }

    async fn call(&self, body: &Value) -> Result<Value, No> {
        let body = body.to_string();
        let request = self
            .client
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(HEADER, self.signature(body.as_bytes()))
            .timeout(CALL_WITHIN)
            .body(body);
        let response = request.send().await.map_err(Failed::from)?;
        let status = response.status();
        let wait = wait_of(response.headers());
        let body = read(response).await?;
        if status.is_success() {
            // An empty answer is a yes without an id.
            return Ok(serde_json::from_slice(&body).unwrap_or(Value::Null));
        }
        let words = serde_json::from_slice::<Value>(&body).ok();
        let words = words.and_then(|answer| wire::line(answer.get("error")));
        Err(No::Status(
            status,
            wait,
            words.unwrap_or_else(|| status.to_string()),
        ))
    }

    fn signature(&self, body: &[u8]) -> String {
        let mac = signed::mac(self.secret.expose_secret(), body);
        format!("{PREFIX}{}", hex(&mac))
    }

    fn host(&self) -> String {
        let host = url::Url::parse(&self.url).ok();
        let host = host.and_then(|url| url.host_str().map(str::to_owned));
        host.unwrap_or_else(|| "api_url".to_owned())
    }

    fn secret_fault(&self) -> LinkFault {
        LinkFault {
            reason: format!(
                "{} turns our calls away: the secret must be the same on both sides",
                self.host()
            ),
            is_passing: false,
        }
    }
}

/// Returns the body of a reply.
pub(super) fn reply_body(reply: &Outbound) -> Value {
    let mut body = json!({
        "type": "reply",
        "key": reply.delivery.to_string(),
        "visitor": reply.visitor,
        "text": reply.text,
    });
    if let Some(quoted) = &reply.quotes {
        body["reply_to"] = quoted.as_str().into();
    }
    body
}
