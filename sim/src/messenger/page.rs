//! Tokens and the Page itself: who may call, `GET /me`, `GET /{page-id}`, `GET /debug_token`, and switching tokens.

use serde_json::{Map, Value, json};

use super::calls::Call;
use super::errors::GraphError;
use super::fields;
use super::graph::Graph;
use super::state::State;
use super::wire;

/// What a token is worth (Meta: *Long-Lived Access Tokens*, *Debug Token*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    Valid,
    /// 190/463.
    Expired,
    /// 190/460: the person changed the password.
    Revoked,
    /// 190/458: the app was removed.
    AppRemoved,
}

impl TokenState {
    fn error(self) -> Option<GraphError> {
        match self {
            Self::Valid => None,
            Self::Expired => Some(GraphError::named("token_expired")),
            Self::Revoked => Some(GraphError::named("token_password_changed")),
            Self::AppRemoved => Some(GraphError::named("token_app_not_installed")),
        }
    }
}

/// Returns the Page a call's token is for, valid or not.
pub(super) fn find_page_of_token(state: &State, call: &Call) -> Option<String> {
    let (page_id, _) = state.tokens.get(&call.token()?)?;
    Some(page_id.clone())
}

/// Checks the token and, where given, its `appsecret_proof`; returns the Page it is for.
pub(super) fn authorize(state: &State, call: &Call) -> Result<String, GraphError> {
    let malformed = || GraphError::named("token_malformed");
    let token = call.token().ok_or_else(malformed)?;
    let (page_id, token_state) = state.tokens.get(&token).ok_or_else(malformed)?;
    if let Some(error) = token_state.error() {
        return Err(error);
    }
    let page = state.load_page(page_id)?;
    match call.text("appsecret_proof") {
        Some(proof) if proof != wire::appsecret_proof(&page.options.app_secret, &token) => Err(
            GraphError::parameter("Invalid appsecret_proof provided in the API argument"),
        ),
        Some(_) | None => Ok(page_id.clone()),
    }
}

/// Answers `GET /me` and `GET /{page-id}`.
pub(super) fn read(state: &State, page_id: &str, call: &Call) -> Result<Value, GraphError> {
    let page = &state.load_page(page_id)?.options;
    let asked = call.text("fields").unwrap_or_else(|| "id,name".into());
    let mut answer = Map::from_iter([("id".to_owned(), json!(page.id))]);
    for field in fields::parse(&asked)? {
        let value = match field.name.as_str() {
            "id" => json!(page.id),
            "name" => json!(page.name),
            "category" => json!("Shop"),
            "access_token" => json!(page.access_token),
            "messaging_feature_status" => {
                json!({ "hop_v2": false, "msgr_multi_app": true, "ig_multi_app": false })
            }
            // Not linked: the real answer leaves the member out.
            "instagram_business_account" => continue,
            _ => return Err(fields::unknown(&field)),
        };
        answer.insert(field.name, value);
    }
    Ok(Value::Object(answer))
}

/// Answers `GET /debug_token`, asked with `{app-id}|{app-secret}` or a valid Page token.
pub(super) fn debug_token(state: &State, call: &Call) -> Result<Value, GraphError> {
    let asker = call.token().unwrap_or_default();
    let is_app = state
        .pages
        .iter()
        .any(|page| app_token(&page.options.app_id, &page.options.app_secret) == asker);
    if !is_app {
        authorize(state, call)?;
    }
    let input = call.text("input_token").unwrap_or_default();
    let Some((page_id, token_state)) = state.tokens.get(&input) else {
        let error = json!({ "code": 190, "message": "Invalid OAuth access token." });
        return Ok(json!({ "data": { "is_valid": false, "scopes": [], "error": error } }));
    };
    let page = &state.load_page(page_id)?.options;
    let scopes = [
        "pages_messaging",
        "pages_manage_metadata",
        "pages_read_engagement",
        "pages_show_list",
    ];
    let mut data = json!({
        "app_id": page.app_id, "type": "PAGE", "application": "Relay", "expires_at": 0,
        "data_access_expires_at": 1_802_966_148, "is_valid": *token_state == TokenState::Valid, "scopes": scopes,
        "granular_scopes": [{ "scope": "pages_messaging", "target_ids": [page_id] }],
        "profile_id": page_id, "user_id": "10001",
    });
    if let (Some(error), Some(data)) = (token_state.error(), data.as_object_mut()) {
        let error =
            json!({ "code": error.code, "subcode": error.subcode, "message": error.message });
        data.insert("error".into(), error);
    }
    Ok(json!({ "data": data }))
}

/// Returns the token an app speaks with for itself.
pub(super) fn app_token(app_id: &str, app_secret: &str) -> String {
    format!("{app_id}|{app_secret}")
}

impl Graph {
    /// Changes what the first Page's newest token is worth.
    pub fn set_token_state(&self, token_state: TokenState) {
        self.set_token_state_of(&self.first_page_id(), token_state);
    }

    /// Changes what a Page's newest token is worth.
    pub fn set_token_state_of(&self, page_id: &str, token_state: TokenState) {
        let mut state = self.site.lock();
        let token = state
            .find_page(page_id)
            .map(|page| page.options.access_token.clone());
        if let Some(entry) = token.and_then(|token| state.tokens.get_mut(&token)) {
            entry.1 = token_state;
        }
    }

    /// Issues a new valid token for a Page. Older ones keep the state they have.
    pub fn issue_token(&self, page_id: &str, token: &str) {
        let mut state = self.site.lock();
        if let Some(page) = state.find_page_mut(page_id) {
            token.clone_into(&mut page.options.access_token);
            state
                .tokens
                .insert(token.to_owned(), (page_id.to_owned(), TokenState::Valid));
        }
    }
}
