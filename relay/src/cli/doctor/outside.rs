//! What shows only beside somebody else: whether the clock is right, and whether the public address leads to a relay, with a
//! certificate that the public trusts.

use std::error::Error as _;
use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::DATE;

use shared::model::Timestamp;

/// For one answer.
const WITHIN: Duration = Duration::from_secs(10);
/// What others say of the time is whole seconds, and was on its way: less is no fault.
const TOLERATED: Duration = Duration::from_secs(10);

/// Says by how much the clock differs from that of whoever serves an address; none: they do not tell.
pub(super) async fn clock(
    client: &reqwest::Client,
    address: &str,
    now: impl Fn() -> Timestamp,
) -> Option<Result<String, String>> {
    let response = client.head(address).timeout(WITHIN).send().await.ok()?;
    let date = response.headers().get(DATE)?.to_str().ok()?;
    let theirs = httpdate::parse_http_date(date).ok()?;
    let theirs = theirs.duration_since(UNIX_EPOCH).ok()?;
    let theirs = Timestamp(i64::try_from(theirs.as_millis()).ok()?);
    let host = response.url().host_str()?.to_owned();
    Some(compare(now(), theirs, &host))
}

fn compare(ours: Timestamp, theirs: Timestamp, host: &str) -> Result<String, String> {
    // One of the two is zero.
    let (ahead, behind) = (ours.since(theirs), theirs.since(ours));
    let (by, side) = if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    };
    if by <= TOLERATED {
        return Ok(format!("clock: as that of {host}"));
    }
    Err(format!(
        "clock: {} s {side} that of {host}: let this machine set its clock by NTP; reply windows and times are wrong until then",
        by.as_secs()
    ))
}

/// Says whether a relay answers at the public address. From within a network it may not, and from outside all the same.
pub(super) async fn public_address(
    client: &reqwest::Client,
    public_url: &str,
) -> Result<String, String> {
    let public_url = public_url.trim_end_matches('/');
    let asked = client
        .get(format!("{public_url}/healthz"))
        .timeout(WITHIN)
        .send()
        .await;
    match asked {
        Ok(answer) if answer.status().is_success() => {
            Ok(format!("public address: a relay answers at {public_url}"))
        }
        Ok(answer) => Err(format!(
            "public address: {public_url} answers {}, as no relay does: does the proxy lead here, and does the relay run?",
            answer.status()
        )),
        Err(error) => Err(format!(
            "public address: {public_url} is not reached from this machine ({}); platforms need it reachable from outside, over \
             https with a certificate that the public trusts",
            innermost(&error)
        )),
    }
}

/// The first cause is the one that helps.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut words = error.to_string();
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_795_190_400_000);

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    #[test]
    fn a_clock_that_is_wrong_is_told_with_its_side() {
        let told = |ours: Timestamp| compare(ours, NOON, "api.example");
        assert_eq!(
            told(NOON.plus(TOLERATED)).unwrap(),
            "clock: as that of api.example"
        );
        let ahead = told(NOON.plus(minutes(5))).unwrap_err();
        assert!(
            ahead.contains("300 s ahead of that of api.example"),
            "{ahead}"
        );
        let behind = told(NOON.minus(minutes(1))).unwrap_err();
        assert!(behind.contains("60 s behind that of"), "{behind}");
    }

    #[tokio::test]
    async fn an_address_where_nobody_is_is_told_with_its_cause() {
        let client = reqwest::Client::new();
        let told = public_address(&client, "http://127.0.0.1:1/")
            .await
            .unwrap_err();
        assert!(told.contains("http://127.0.0.1:1 is not reached"), "{told}");
        assert!(told.contains("refused"), "{told}");
        assert_eq!(clock(&client, "http://127.0.0.1:1/", || NOON).await, None);
    }
}
