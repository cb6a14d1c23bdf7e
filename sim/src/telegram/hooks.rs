//! Updates sent to a callback: one after the other, again and again until it takes them (telegram.md 2.2).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::bot::Site;
use super::state::Hook;

/// The longest wait between tries.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// For an answer.
const WITHIN: Duration = Duration::from_secs(60);
/// Looked for updates at least so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(site: Arc<Site>, mut stopping: watch::Receiver<bool>) {
    tokio::select! {
        () = call_for_ever(&site) => {}
        // An error means that whoever could tell is gone: that is a stop as well.
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}

async fn call_for_ever(site: &Site) {
    let mut wait = site.options.retry_after;
    loop {
        let deadline = Instant::now() + LOOK_EVERY;
        let has_work =
            |state: &super::state::State| state.hook.is_some() && !state.updates.is_empty();
        if !site.until(has_work, deadline).await {
            continue;
        }
        if call_once(site).await {
            wait = site.options.retry_after;
        } else {
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        site.changed.notify_waiters();
    }
}

/// Offers the oldest update; returns whether it was taken.
async fn call_once(site: &Site) -> bool {
    let (hook, number, update) = {
        let state = site.lock();
        match (state.hook.clone(), state.updates.front()) {
            (Some(mut hook), Some((number, update))) => {
                hook.url = state.places.find(&hook.url).unwrap_or(hook.url);
                (hook, *number, update.to_string())
            }
            (None, _) | (_, None) => return false,
        }
    };
    let outcome = post(site, &hook, update).await;
    let mut state = site.lock();
    match outcome {
        Ok(()) => {
            state.updates.retain(|(waiting, _)| *waiting != number);
            true
        }
        Err(words) => {
            if let Some(hook) = &mut state.hook {
                hook.last_error = Some(words);
            }
            false
        }
    }
}

async fn post(site: &Site, hook: &Hook, update: String) -> Result<(), String> {
    let mut request = site
        .client
        .post(&hook.url)
        .header("content-type", "application/json")
        .timeout(WITHIN)
        .body(update);
    if let Some(secret) = &hook.secret {
        request = request.header("x-telegram-bot-api-secret-token", secret);
    }
    match request.send().await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(format!(
            "Wrong response from the webhook: {}",
            response.status()
        )),
        Err(_) => Err("Connection refused".to_owned()),
    }
}
