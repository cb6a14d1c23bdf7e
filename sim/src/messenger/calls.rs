//! One Graph API call as read from HTTP: where it goes and what it carries. Checks nothing.

use axum::http::{HeaderMap, Method, header};
use serde_json::{Map, Value};

use super::errors::GraphError;
use crate::form::FormFile;

/// The endpoints the sim knows, as scripts and counters name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `POST /{page-id}/messages` with a message.
    Messages,
    /// `POST /{page-id}/messages` with a `sender_action`.
    SenderActions,
    /// `POST /{page-id}/message_attachments`.
    MessageAttachments,
    /// `GET /{psid}`.
    Profile,
    /// `GET /me` and `GET /{page-id}`.
    Page,
    /// `GET /{message-id}`, known by its `m_`.
    Message,
    /// `GET /{conversation-id}`, known by its `t_`.
    Conversation,
    /// `GET /{page-id}/conversations`.
    Conversations,
    /// `GET /{conversation-id}/messages`.
    ConversationMessages,
    /// `GET|POST|DELETE /{page-id}/subscribed_apps`.
    SubscribedApps,
    /// `GET|POST /{app-id}/subscriptions`.
    Subscriptions,
    /// `GET /debug_token`.
    DebugToken,
    /// `POST /{page-id}/pass_thread_control` and its three sisters.
    ThreadControl,
    /// `GET /{page-id}/thread_owner`.
    ThreadOwner,
    /// Anything else; answered with an error.
    Unknown,
}

/// A call with its parameters merged from the query and the body. No `Debug`: it holds the token.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) node: String,
    pub(super) edge: Option<String>,
    pub(super) parameters: Map<String, Value>,
    /// What a form carries.
    pub(super) file: Option<FormFile>,
    bearer: Option<String>,
}

impl Call {
    /// Reads a call; only JSON and form bodies are known (multipart uploads are not simulated).
    pub(super) fn read(
        method: Method,
        node: String,
        edge: Option<String>,
        query: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, GraphError> {
        let mut parameters = read_form(query.as_bytes());
        let content_type = header_text(headers, &header::CONTENT_TYPE).unwrap_or_default();
        let mut file = None;
        if content_type.starts_with("multipart/") {
            let (fields, mut files) = crate::form::read(content_type, body)
                .ok_or_else(|| GraphError::parameter("(#100) the form cannot be read"))?;
            parameters.extend(fields);
            file = files.pop().filter(|file| file.field == "filedata");
        } else if content_type.starts_with("application/x-www-form-urlencoded") {
            parameters.extend(read_form(body));
        } else if !body.is_empty() {
            let object: Map<String, Value> = serde_json::from_slice(body)
                .map_err(|fault| GraphError::parameter(format!("(#100) body: {fault}")))?;
            parameters.extend(object);
        }
        let bearer = header_text(headers, &header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::to_owned);
        Ok(Self {
            method,
            node,
            edge,
            parameters,
            file,
            bearer,
        })
    }

    /// Returns a parameter as text; ids may come as numbers.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.parameters.get(name).and_then(id_text)
    }

    /// Returns the token, the header first.
    pub(super) fn token(&self) -> Option<String> {
        self.bearer.clone().or_else(|| self.text("access_token"))
    }

    /// Returns `recipient.id`, where calls about one visitor carry it.
    pub(super) fn recipient_id(&self) -> Option<String> {
        self.parameters.get("recipient").and_then(|recipient| {
            recipient
                .get("id")
                .map_or_else(|| id_text(recipient), id_text)
        })
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        match (self.node.as_str(), self.edge.as_deref()) {
            (_, Some("messages")) if self.method == Method::POST => {
                if self.parameters.contains_key("sender_action") {
                    Endpoint::SenderActions
                } else {
                    Endpoint::Messages
                }
            }
            (_, Some("messages")) => Endpoint::ConversationMessages,
            (_, Some("message_attachments")) => Endpoint::MessageAttachments,
            (_, Some("conversations")) => Endpoint::Conversations,
            (_, Some("subscribed_apps")) => Endpoint::SubscribedApps,
            (_, Some("subscriptions")) => Endpoint::Subscriptions,
            (_, Some("thread_owner")) => Endpoint::ThreadOwner,
            (_, Some(edge)) if edge.ends_with("_thread_control") => Endpoint::ThreadControl,
            ("debug_token", None) => Endpoint::DebugToken,
            (node, None) if node.starts_with("m_") => Endpoint::Message,
            (node, None) if node.starts_with("t_") => Endpoint::Conversation,
            ("me", None) => Endpoint::Page,
            (_, None) => Endpoint::Profile,
            (_, Some(_)) => Endpoint::Unknown,
        }
    }
}

/// Returns an id given as a string or a number.
pub(super) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Reads a form; nested values travel as JSON text (Meta: *Send API Reference*).
fn read_form(form: &[u8]) -> Map<String, Value> {
    url::form_urlencoded::parse(form)
        .map(|(key, text)| {
            let is_nested = text.starts_with(['{', '[']);
            let nested = is_nested
                .then(|| serde_json::from_str(&text).ok())
                .flatten();
            (
                key.into_owned(),
                nested.unwrap_or_else(|| Value::from(text.into_owned())),
            )
        })
        .collect()
}
