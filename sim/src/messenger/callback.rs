//! The callback address: setting it, the verification handshake, and bodies posted by hand.

use bytes::Bytes;

use super::graph::Graph;
use super::webhooks;
use super::wire;

/// How a body posted by hand is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// With the secret of the first Page's app.
    Right,
    /// With another secret.
    Wrong,
    /// No header at all.
    Missing,
    /// This header, as it stands.
    Verbatim(String),
}

/// Why a verification failed or a post got no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    #[error("no callback address is set")]
    NoAddress,
    #[error("could not reach the callback")]
    Unreachable(#[source] reqwest::Error),
    #[error("the callback answered {status} instead of 200")]
    Refused { status: u16 },
    #[error("the callback answered something else than the challenge")]
    WrongChallenge,
}

impl Graph {
    /// Sets where webhooks of all apps go; bodies still queued go there too.
    pub fn set_callback(&self, url: &str) {
        {
            let mut state = self.site.lock();
            let apps: Vec<_> = state
                .pages
                .iter()
                .map(|page| page.options.app_id.clone())
                .collect();
            for app_id in apps {
                state.queue.set_callback(&app_id, url);
            }
        }
        self.site.touch();
    }

    /// Sets where the webhooks of one app go.
    pub fn set_callback_of(&self, app_id: &str, url: &str) {
        self.site.lock().queue.set_callback(app_id, url);
        self.site.touch();
    }

    /// Makes Meta's verification handshake (`hub.challenge`) with the first app's callback.
    pub async fn verify_callback(&self, verify_token: &str) -> Result<(), CallbackError> {
        let url = self.first_callback()?;
        let challenge = self.site.lock().random.digits(10);
        handshake(&self.site.client, &url, verify_token, &challenge).await
    }

    /// Posts exactly these bytes once, signed as told, and returns the HTTP status.
    pub async fn post_raw(
        &self,
        body: impl Into<Bytes>,
        signing: Signing,
    ) -> Result<u16, CallbackError> {
        let url = self.first_callback()?;
        let body = body.into();
        let header = match signing {
            Signing::Right => Some(wire::signature(&self.first_app_secret(), &body)),
            Signing::Wrong => Some(wire::signature("not the secret", &body)),
            Signing::Missing => None,
            Signing::Verbatim(header) => Some(header),
        };
        webhooks::post(&self.site, &url, header.as_deref(), body)
            .await
            .map_err(CallbackError::Unreachable)
    }

    fn first_callback(&self) -> Result<String, CallbackError> {
        let state = self.site.lock();
        let app_id = state.pages.first().map(|page| page.options.app_id.as_str());
        app_id
            .and_then(|app_id| state.queue.find_callback(app_id))
            .map(str::to_owned)
            .ok_or(CallbackError::NoAddress)
    }

    fn first_app_secret(&self) -> String {
        let state = self.site.lock();
        state
            .pages
            .first()
            .map(|page| page.options.app_secret.clone())
            .unwrap_or_default()
    }
}

/// Asks the callback to repeat a challenge.
pub(super) async fn handshake(
    client: &reqwest::Client,
    url: &str,
    verify_token: &str,
    challenge: &str,
) -> Result<(), CallbackError> {
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.verify_token", verify_token),
        ("hub.challenge", challenge),
    ];
    let response = client
        .get(url)
        .query(&query)
        .send()
        .await
        .map_err(CallbackError::Unreachable)?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(CallbackError::Refused { status });
    }
    let body = response.text().await.map_err(CallbackError::Unreachable)?;
    if body == challenge {
        Ok(())
    } else {
        Err(CallbackError::WrongChallenge)
    }
}
