//! Both layers of subscribing: `/{app-id}/subscriptions` and `/{page-id}/subscribed_apps` (Meta: *Page Reference*).

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};

use super::callback;
use super::calls::Call;
use super::errors::GraphError;
use super::graph::{Graph, PAGE_FIELDS, Site};
use super::page::app_token;
use super::state::State;

/// Fields the Page edge accepts besides [`PAGE_FIELDS`] (abridged).
const OTHER_FIELDS: &[&str] = &[
    "feed",
    "mention",
    "inbox_labels",
    "message_context",
    "messaging_account_linking",
    "messaging_feedback",
    "messaging_optouts",
    "response_feedback",
    "send_cart",
    "leadgen",
];

/// Answers `GET|POST|DELETE /{page-id}/subscribed_apps`; a POST replaces the former list.
pub(super) fn of_page(state: &mut State, page_id: &str, call: &Call) -> Result<Value, GraphError> {
    let page = state
        .find_page_mut(page_id)
        .ok_or_else(|| GraphError::named("object_missing"))?;
    if call.method == Method::POST {
        page.subscribed = wanted_fields(call)?;
        return Ok(json!({ "success": true }));
    }
    if call.method == Method::DELETE {
        page.subscribed.clear();
        return Ok(json!({ "success": true }));
    }
    if page.subscribed.is_empty() {
        return Ok(json!({ "data": [] }));
    }
    Ok(json!({ "data": [{
        "category": "Business", "link": "https://relay.example/", "name": "Relay",
        "id": page.options.app_id, "subscribed_fields": page.subscribed,
    }] }))
}

fn wanted_fields(call: &Call) -> Result<BTreeSet<String>, GraphError> {
    let wanted: Vec<String> = match call.parameters.get("subscribed_fields") {
        Some(Value::Array(fields)) => fields
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::String(fields)) => fields
            .split(',')
            .map(|field| field.trim().to_owned())
            .collect(),
        Some(_) | None => Vec::new(),
    };
    if wanted.is_empty() {
        return Err(GraphError::parameter(
            "(#100) The parameter subscribed_fields is required",
        ));
    }
    let is_known = |field: &&str| PAGE_FIELDS.contains(field) || OTHER_FIELDS.contains(field);
    match wanted.iter().position(|field| !is_known(&field.as_str())) {
        Some(index) => Err(GraphError::parameter(format!(
            "(#100) Param subscribed_fields[{index}] must be one of {{{}}}",
            PAGE_FIELDS.join(", ")
        ))),
        None => Ok(wanted.into_iter().collect()),
    }
}

/// Answers `GET|POST /{app-id}/subscriptions`; a POST makes the verification handshake before it answers.
pub(super) async fn of_app(site: &Site, call: &Call) -> Result<Value, GraphError> {
    let app_id = call.node.clone();
    let challenge = {
        let mut state = site.lock();
        let secret = state.find_app_secret(&app_id);
        let is_ours = secret.is_some_and(|secret| call.token() == Some(app_token(&app_id, secret)));
        if !is_ours {
            return Err(GraphError::named("token_malformed"));
        }
        if call.method == Method::GET {
            let callback_url = state.queue.find_callback(&app_id);
            return Ok(
                json!({ "data": [{ "object": "page", "callback_url": callback_url, "active": true }] }),
            );
        }
        state.random.digits(10)
    };
    let (Some(url), Some(verify_token)) = (call.text("callback_url"), call.text("verify_token"))
    else {
        return Err(GraphError::parameter(
            "(#100) callback_url and verify_token are required",
        ));
    };
    callback::handshake(&site.client, &url, &verify_token, &challenge)
        .await
        .map_err(|fault| {
            GraphError::parameter(format!("(#2200) Callback verification failed: {fault}"))
        })?;
    site.lock().queue.set_callback(&app_id, &url);
    Ok(json!({ "success": true }))
}

impl Graph {
    /// Unsubscribes the first Page, as Meta does after an hour of failed webhooks.
    pub fn unsubscribe(&self) {
        let page_id = self.first_page_id();
        if let Some(page) = self.site.lock().find_page_mut(&page_id) {
            page.subscribed.clear();
        }
    }

    /// Returns the fields the first Page is subscribed to.
    pub fn subscribed_fields(&self) -> Vec<String> {
        let state = self.site.lock();
        let page = state.pages.first();
        page.map(|page| page.subscribed.iter().cloned().collect())
            .unwrap_or_default()
    }
}
