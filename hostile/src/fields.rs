//! A body with one field that is not as documented (B-03): every field of a sample, each in every way.

use serde_json::Value;

/// How a field is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Gone.
    Removed,
    /// `null`.
    Nulled,
    /// Under another name.
    Renamed,
    /// There twice: first something else, then itself. Readers take the last.
    Doubled,
    /// Of its own type, and very large.
    Huge,
    /// Of another type.
    Retyped(Kind),
}

/// The types of JSON besides `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true`.
    Bool,
    /// A number that is no whole one.
    Number,
    /// A text that is no number.
    Text,
    /// A list with a list in it.
    List,
    /// An object of no known member.
    Object,
}

/// A member's name or an element's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// In an object.
    Name(String),
    /// In a list.
    Index(usize),
}

/// A sample with one field changed.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The way to the field.
    pub path: Vec<Step>,
    /// What was done to it.
    pub change: Change,
    /// The bytes.
    pub body: Vec<u8>,
}

/// What a huge text, list or object has of characters or members.
pub const HUGE: usize = 8 * 1024;

const KINDS: [Kind; 5] = [
    Kind::Bool,
    Kind::Number,
    Kind::Text,
    Kind::List,
    Kind::Object,
];

/// Returns every mutant of a sample.
pub fn mutants(sample: &Value) -> Vec<Mutant> {
    let mut paths = vec![];
    collect(sample, &mut vec![], &mut paths);
    let mut mutants = vec![];
    for path in paths {
        let kind = find(sample, &path).and_then(kind_of);
        let in_object = matches!(path.last(), Some(Step::Name(_)));
        let retyped = KINDS.into_iter().filter(|other| Some(*other) != kind);
        let changes = [
            Change::Removed,
            Change::Nulled,
            Change::Doubled,
            Change::Huge,
        ]
        .into_iter()
        .chain(in_object.then_some(Change::Renamed))
        .chain(retyped.map(Change::Retyped));
        for change in changes {
            let mut body = vec![];
            write(sample, &path, change, &mut body);
            let path = path.clone();
            mutants.push(Mutant { path, change, body });
        }
    }
    mutants
}

/// Returns a way to a field as people write it.
pub fn shown(path: &[Step]) -> String {
    let parts: Vec<_> = path
        .iter()
        .map(|step| match step {
            Step::Name(name) => name.clone(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    parts.join(".")
}

fn collect(value: &Value, at: &mut Vec<Step>, paths: &mut Vec<Vec<Step>>) {
    let inside: Vec<(Step, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (Step::Name(name.clone()), value))
            .collect(),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, value)| (Step::Index(index), value))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![],
    };
    for (step, value) in inside {
        at.push(step);
        paths.push(at.clone());
        collect(value, at, paths);
        at.pop();
    }
}

fn find<'a>(value: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Name(name) => value.get(name),
        Step::Index(index) => value.get(index),
    })
}

fn kind_of(value: &Value) -> Option<Kind> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(Kind::Bool),
        Value::Number(_) => Some(Kind::Number),
        Value::String(_) => Some(Kind::Text),
        Value::Array(_) => Some(Kind::List),
        Value::Object(_) => Some(Kind::Object),
    }
}

/// Writes `value` with what lies at `path` changed. By hand: no JSON writer doubles a member.
fn write(value: &Value, path: &[Step], change: Change, out: &mut Vec<u8>) {
    let Some((step, rest)) = path.split_first() else {
        out.extend(changed(value, change));
        return;
    };
    let is_last = rest.is_empty();
    match value {
        Value::Object(members) => {
            let parts = members.iter().flat_map(|(name, value)| {
                if *step == Step::Name(name.clone()) {
                    member(name, value, rest, change, is_last)
                } else {
                    vec![named(name, value.to_string().as_bytes())]
                }
            });
            enclose(b'{', parts, b'}', out);
        }
        Value::Array(elements) => {
            let parts = elements.iter().enumerate().flat_map(|(index, value)| {
                if *step == Step::Index(index) {
                    element(value, rest, change, is_last)
                } else {
                    vec![value.to_string().into_bytes()]
                }
            });
            enclose(b'[', parts, b']', out);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.extend(value.to_string().into_bytes());
        }
    }
}

fn member(name: &str, value: &Value, rest: &[Step], change: Change, is_last: bool) -> Vec<Vec<u8>> {
    let mut inner = vec![];
    match (is_last, change) {
        (true, Change::Removed) => vec![],
        (true, Change::Renamed) => vec![named(
            &format!("{name}_renamed"),
            value.to_string().as_bytes(),
        )],
        (true, Change::Doubled) => vec![
            named(name, b"\"said first\""),
            named(name, value.to_string().as_bytes()),
        ],
        (_, change) => {
            write(value, rest, change, &mut inner);
            vec![named(name, &inner)]
        }
    }
}

fn element(value: &Value, rest: &[Step], change: Change, is_last: bool) -> Vec<Vec<u8>> {
    let mut inner = vec![];
    match (is_last, change) {
        (true, Change::Removed) => vec![],
        (true, Change::Doubled) => vec![value.to_string().into_bytes(); 2],
        (_, change) => {
            write(value, rest, change, &mut inner);
            vec![inner]
        }
    }
}

fn named(name: &str, value: &[u8]) -> Vec<u8> {
    let mut member = Value::from(name).to_string().into_bytes();
    member.push(b':');
    member.extend(value);
    member
}

fn enclose(open: u8, parts: impl Iterator<Item = Vec<u8>>, close: u8, out: &mut Vec<u8>) {
    out.push(open);
    for (index, part) in parts.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend(part);
    }
    out.push(close);
}

fn changed(value: &Value, change: Change) -> Vec<u8> {
    match change {
        Change::Removed | Change::Nulled => b"null".to_vec(),
        Change::Renamed | Change::Doubled => value.to_string().into_bytes(),
        Change::Huge => huge(value),
        Change::Retyped(Kind::Bool) => b"true".to_vec(),
        Change::Retyped(Kind::Number) => b"-1.5e3".to_vec(),
        Change::Retyped(Kind::Text) => "\"\u{202e}no \\u0007 number\"".to_owned().into_bytes(),
        Change::Retyped(Kind::List) => b"[[1],{}]".to_vec(),
        Change::Retyped(Kind::Object) => br#"{"surprise":{"depth":[2]}}"#.to_vec(),
    }
}

fn huge(value: &Value) -> Vec<u8> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => {
            format!("\"{}\"", "Щ".repeat(HUGE / 2)).into_bytes()
        }
        Value::Number(_) => "9".repeat(300).into_bytes(),
        Value::Array(elements) => {
            let element = elements.first().unwrap_or(&Value::Null).to_string();
            let copies = (HUGE / element.len().max(1)).clamp(2, 30);
            format!("[{}]", vec![element; copies].join(",")).into_bytes()
        }
        Value::Object(members) => {
            let mut members = members.clone();
            for number in 0..HUGE / 32 {
                members.insert(format!("surplus_{number}"), number.into());
            }
            Value::Object(members).to_string().into_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_is_changed_in_every_way() {
        let sample = json!({ "a": [1, { "b": "x" }] });
        let all = mutants(&sample);
        let count = |wanted: &str| {
            all.iter()
                .filter(|mutant| shown(&mutant.path) == wanted)
                .count()
        };
        assert_eq!(["a", "a.0", "a.1", "a.1.b"].map(count), [9, 8, 8, 9]);
    }

    #[test]
    fn a_mutant_differs_from_its_sample_at_its_field_only() {
        let sample = json!({ "a": [1, { "b": "x" }], "c": true });
        for mutant in mutants(&sample) {
            let body: Value = serde_json::from_slice(&mutant.body).expect("still JSON");
            let touches_c = mutant.path.first() == Some(&Step::Name("c".into()));
            assert_eq!(
                body.get("c") == Some(&json!(true)),
                !touches_c || mutant.change == Change::Doubled
            );
        }
    }
}
