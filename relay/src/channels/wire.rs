//! JSON as platforms really send it: ids are strings or numbers, times seconds or milliseconds, numbers or strings, and
//! everything may be missing. Looked at piece by piece, so that one strange event loses nothing but itself.

use std::borrow::Cow;

use serde_json::{Map, Value};

use shared::model::{FilePart, PlatformId, Timestamp};
use shared::text;

/// Below this a time is in seconds (meta.md 1).
const SECONDS_BELOW: u64 = 100_000_000_000;

/// Reads an id: text or a whole number, never through a float. Empty ones are none, and so are those with anything in
/// them that may not be shown: ids go into logs and notices as they are.
pub(in crate::channels) fn id(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if is_id(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::String(_)
        | Value::Number(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}

fn is_id(text: &str) -> bool {
    (1..=1024).contains(&text.len())
        && !text.contains(['\n', '\t'])
        && matches!(text::clean(text), Cow::Borrowed(_))
}

/// Reads the id of a message, a person, an account.
pub(in crate::channels) fn platform_id(value: Option<&Value>) -> Option<PlatformId> {
    id(value).map(PlatformId)
}

/// Reads a time: milliseconds or seconds, a number or a numeric text.
pub(in crate::channels) fn time(value: Option<&Value>) -> Option<Timestamp> {
    let number = match value? {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let millis = if number.unsigned_abs() < SECONDS_BELOW {
        number.checked_mul(1000)?
    } else {
        number
    };
    Some(Timestamp(millis))
}

/// Reads text, cleaned (IN-13).
pub(in crate::channels) fn message_text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    Some(text::clean_message(text).into_owned())
}

/// Reads a name or a title: cleaned, one line, none when nothing is left.
pub(in crate::channels) fn line(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text::clean_line(text),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then(|| text::one_line(&text, 300))
}

/// Reads a number to call: with a plus before bare digits.
pub(in crate::channels) fn phone(value: Option<&Value>) -> Option<String> {
    let number = line(value)?;
    let is_bare = number.bytes().all(|byte| byte.is_ascii_digit());
    Some(if is_bare {
        format!("+{number}")
    } else {
        number
    })
}

/// Reads a place on the map: `59.93910, 30.31587`.
pub(in crate::channels) fn place(
    latitude: Option<&Value>,
    longitude: Option<&Value>,
) -> Option<String> {
    let (latitude, longitude) = (latitude?.as_f64()?, longitude?.as_f64()?);
    Some(format!("{latitude:.5}, {longitude:.5}"))
}

/// Reads the members that are there as one line.
pub(in crate::channels) fn joined(value: &Value, names: &[&str]) -> Option<String> {
    let parts = names.iter().filter_map(|name| line(value.get(name)));
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Reads an address to open: http or https only.
pub(in crate::channels) fn address(value: Option<&Value>) -> Option<String> {
    let text = text::clean_line(value?.as_str()?);
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    (is_web && text.len() <= 4096).then_some(text)
}

/// Reads what is told of a file besides its address; none: nothing.
pub(in crate::channels) fn file(
    handle: Option<String>,
    size: Option<&Value>,
    seconds: Option<&Value>,
) -> Option<FilePart> {
    let part = FilePart {
        id: None,
        handle,
        size: whole(size),
        seconds: whole(seconds).and_then(|seconds| u32::try_from(seconds).ok()),
        mime: None,
    };
    (part != FilePart::default()).then_some(part)
}

/// Reads a count: a number or a numeric text.
fn whole(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Follows names into objects.
pub(in crate::channels) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// Returns the members of a list, or none of them.
pub(in crate::channels) fn list<'a>(object: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    object
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Whether a member says `true`.
pub(in crate::channels) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_never_acts_where_it_is_shown() {
        for (came, read) in [
            (json!("m_wQq2VMlZ-_="), Some("m_wQq2VMlZ-_=")),
            (json!(7_412_589_630_147_852_i64), Some("7412589630147852")),
            (json!("m\u{1b}[2J"), None),
            (json!("a\u{0}\u{202e}b"), None),
            (json!(""), None),
            (json!(1.5), None),
        ] {
            assert_eq!(id(Some(&came)).as_deref(), read, "{came}");
        }
    }

    #[test]
    fn any_number_is_a_time_or_none() {
        for (came, read) in [
            (json!(1_795_190_148), Some(1_795_190_148_000)),
            (json!("1795190148123"), Some(1_795_190_148_123)),
            (json!(-1), Some(-1000)),
            (json!(i64::MAX), Some(i64::MAX)),
            (json!(i64::MIN), Some(i64::MIN)),
            (json!(u64::MAX), None),
            (json!(1.5), None),
        ] {
            let read = read.map(Timestamp);
            assert_eq!(time(Some(&came)), read, "{came}");
        }
    }
}
