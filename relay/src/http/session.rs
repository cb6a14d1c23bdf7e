//! Logging in and out (SEC-03). A token is 32 random bytes; the store knows its hash only. An unknown name costs the same
//! time and gets the same answer as a wrong password, and neither can be tried fast (B-14).

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use shared::model::OperatorId;
use shared::protocol::{Login, Session};

use crate::clock::fill_random;
use crate::store::{SessionEntry, TokenHash};

use super::{Site, body, fault};

/// A session lasts so long.
const LASTS: Duration = Duration::from_secs(30 * 86_400);
/// Bytes of a login.
const LOGIN_LIMIT: usize = 16 * 1024;
/// Tries of one address or one name in a row.
const TRIES: NonZeroU32 = NonZeroU32::new(10).expect("ten");
/// After those, so many a minute.
const TRIES_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("ten");
/// Passwords checked at once: each costs memory and a core.
const CHECKS: usize = 2;
/// Addresses and names remembered; then the oldest are let go.
const REMEMBERED: usize = 10_000;

/// Says whether a password is an operator's. Costs the same for a name that does not exist.
pub type PasswordCheck = Arc<dyn Fn(&OperatorId, &str) -> bool + Send + Sync>;

/// Who logs in, and how often.
pub struct Logins {
    check: RwLock<PasswordCheck>,
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    by_name: DefaultKeyedRateLimiter<String>,
    checks: Semaphore,
}

impl Logins {
    /// Returns a door with this lock.
    pub fn new(check: PasswordCheck) -> Self {
        let quota = Quota::per_minute(TRIES_A_MINUTE).allow_burst(TRIES);
        Self {
            check: RwLock::new(check),
            by_address: DefaultKeyedRateLimiter::keyed(quota),
            by_name: DefaultKeyedRateLimiter::keyed(quota),
            checks: Semaphore::new(CHECKS),
        }
    }

    /// Changes the lock: the config was reloaded.
    pub fn replace_check(&self, check: PasswordCheck) {
        *self.check.write().unwrap_or_else(PoisonError::into_inner) = check;
    }

    /// Whether this address may try this name now. Wrong tries elsewhere do not lock a name's owner out: their own
    /// address has its own count, and a name is only slowed down together with the address.
    fn may_try(&self, address: IpAddr, name: &str) -> bool {
        if self.by_address.len() > REMEMBERED {
            self.by_address.retain_recent();
        }
        if self.by_name.len() > REMEMBERED {
            self.by_name.retain_recent();
        }
        let place = format!("{address} {name}");
        self.by_address.check_key(&address).is_ok() && self.by_name.check_key(&place).is_ok()
    }

    async fn is_right(&self, operator: OperatorId, password: String) -> bool {
        let Ok(_turn) = self.checks.acquire().await else {
            return false;
        };
        let check = Arc::clone(&self.check.read().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(move || check(&operator, &password))
            .await
            .unwrap_or(false)
    }
}

/// Returns what the store knows of a token.
pub fn hash_of(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

pub(super) async fn log_in(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let sentence = "A login is a JSON object with login and password.";
    if !is_json(&headers) {
        return fault(StatusCode::BAD_REQUEST, "bad_request", sentence, "");
    }
    let login = match body::read(body, LOGIN_LIMIT).await {
        Ok(body) => serde_json::from_slice::<Login>(&body),
        Err(status) => return fault(status, "bad_request", sentence, ""),
    };
    let Ok(login) = login else {
        return fault(StatusCode::BAD_REQUEST, "bad_request", sentence, "");
    };
    if !site.logins.may_try(peer.ip(), &login.login) {
        tracing::warn!(address = %peer.ip(), "too many logins");
        let sentence = "Too many tries to log in from here.";
        return fault(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_tries",
            sentence,
            "wait a minute",
        );
    }
    let operator = OperatorId(login.login);
    if !site.logins.is_right(operator.clone(), login.password).await {
        metrics::counter!("deskwire_failed_logins_total").increment(1);
        let sentence = "The name or the password is wrong.";
        let hint = "try again, or ask an admin for a new password";
        return fault(StatusCode::UNAUTHORIZED, "wrong_password", sentence, hint);
    }
    match begin(&site, operator, peer.ip()).await {
        Ok(session) => Json(session).into_response(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "could not keep a session"
            );
            let sentence = "The relay cannot write to its store now.";
            fault(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_unavailable",
                sentence,
                "try again in a moment",
            )
        }
    }
}

/// A page of another site can send a form unasked, but not this.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// Begins a session for an operator who has proved who they are.
///
/// # Errors
///
/// When the store cannot keep it.
pub async fn begin(
    site: &Site,
    operator: OperatorId,
    address: IpAddr,
) -> Result<Session, crate::store::StoreError> {
    let mut bytes = [0; 32];
    fill_random(&mut bytes);
    let token = crate::hex::hex(&bytes);
    let now = site.clock.now();
    let expires_at = now.plus(LASTS);
    let entry = SessionEntry {
        hash: hash_of(&token),
        operator,
        created_at: now,
        expires_at,
        used_at: now,
        address: address.to_string(),
    };
    site.store.save_session(entry).await?;
    Ok(Session { token, expires_at })
}

pub(super) async fn log_out(State(site): State<Site>, headers: HeaderMap) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(token) = token else {
        let sentence = "A session is ended by whoever shows its token.";
        return fault(StatusCode::UNAUTHORIZED, "not_logged_in", sentence, "");
    };
    let hash = hash_of(token);
    if site.store.end_session(&hash).await.is_ok() {
        site.hub.session_ended(&hash);
        StatusCode::NO_CONTENT.into_response()
    } else {
        let sentence = "The relay cannot write to its store now.";
        fault(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            sentence,
            "try again in a moment",
        )
    }
}
