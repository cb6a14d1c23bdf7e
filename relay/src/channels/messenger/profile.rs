//! A visitor's name and picture (meta.md 12, V-01).

use serde_json::Value;

use shared::model::PlatformId;

use crate::channels::{FetchError, Profile};

use super::{CallError, Graph};
use crate::channels::wire;

const FIELDS: &str = "first_name,last_name,name,profile_pic";

/// None: Meta answers with nothing, as it does without the permission.
pub(super) async fn fetch(
    graph: &Graph,
    visitor: &PlatformId,
) -> Result<Option<Profile>, FetchError> {
    let path = super::conversations::path_part(visitor.as_str());
    let answer = graph
        .get(&path, &[("fields", FIELDS)])
        .await
        .map_err(CallError::for_fetch)?;
    Ok(profile_of(&answer))
}

pub(super) fn profile_of(answer: &Value) -> Option<Profile> {
    let first_name = wire::line(answer.get("first_name"));
    let last_name = wire::line(answer.get("last_name"));
    let both = match (&first_name, &last_name) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    let name = wire::line(answer.get("name")).or(both);
    let photo_url = wire::address(answer.get("profile_pic"));
    let profile = Profile {
        name,
        first_name,
        photo_url,
    };
    (profile != Profile::default()).then_some(profile)
}
