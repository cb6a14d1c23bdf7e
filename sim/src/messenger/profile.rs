//! `GET /{psid}`: names and photos of visitors, or the ways they are withheld (Meta: *User Profile API*).

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::calls::Call;
use super::errors::GraphError;
use super::fields;
use super::state::State;
use crate::picture::PICTURE;

/// What asking for a visitor's profile gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileAnswer {
    Known(Profile),
    /// `{}` with 200: the app lacks profile access.
    Empty,
    /// 100/2018218 or another error.
    Refused(GraphError),
}

/// A visitor as other people see them. Invented, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub first_name: String,
    pub last_name: String,
    pub has_photo: bool,
}

impl Profile {
    /// Builds a profile with a photo.
    pub fn new(first_name: &str, last_name: &str) -> Self {
        Self {
            first_name: first_name.into(),
            last_name: last_name.into(),
            has_photo: true,
        }
    }

    /// Returns both names, the way Meta joins them.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
            .trim()
            .to_owned()
    }
}

/// Answers `GET /{psid}?fields=…`.
pub(super) fn read(state: &State, call: &Call) -> Result<Value, GraphError> {
    let psid = &call.node;
    let is_known = state.conversations.keys().any(|(_, known)| known == psid);
    let profile = match state.profiles.get(psid) {
        Some(ProfileAnswer::Known(profile)) => profile.clone(),
        Some(ProfileAnswer::Empty) => return Ok(json!({})),
        Some(ProfileAnswer::Refused(error)) => return Err(error.clone()),
        None if is_known => Profile::new("Sample", "Customer"),
        None => return Err(GraphError::named("object_missing")),
    };
    let asked = call
        .text("fields")
        .unwrap_or_else(|| "first_name,last_name,profile_pic".into());
    let mut answer = Map::from_iter([("id".to_owned(), json!(psid))]);
    for field in fields::parse(&asked)? {
        let value = match field.name.as_str() {
            "id" => json!(psid),
            "first_name" => json!(profile.first_name),
            "last_name" => json!(profile.last_name),
            "name" => json!(profile.full_name()),
            "profile_pic" if profile.has_photo => json!(photo_url(state, psid)),
            // Need permissions of their own; without them the members are missing.
            "profile_pic" | "locale" | "timezone" | "gender" => continue,
            _ => return Err(fields::unknown(&field)),
        };
        answer.insert(field.name, value);
    }
    Ok(Value::Object(answer))
}

/// Returns where the photo of `name` is served, for profiles and attachments.
pub(super) fn photo_url(state: &State, name: &str) -> String {
    format!("{}/media/{name}.png", state.url)
}

/// Serves the one picture there is: a single orange pixel.
pub(super) async fn photo() -> Response {
    ([(header::CONTENT_TYPE, "image/png")], PICTURE).into_response()
}
