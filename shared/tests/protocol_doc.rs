//! `docs/protocol.md` never drifts: every example is a frame, word for word, and every frame and command has an example.

#![expect(
    clippy::panic,
    clippy::expect_fun_call,
    reason = "a test that cannot go on says where"
)]

use std::collections::BTreeSet;

use serde_json::Value;

use shared::chat::DeskCommand;
use shared::protocol::{ClientFrame, ServerFrame};

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// Returns the examples of a direction.
fn examples(direction: &str) -> Vec<Value> {
    let mark = format!("```json {direction}\n");
    let blocks = DOCUMENT.split(&mark).skip(1);
    let texts = blocks.map(|block| block.split("```").next().expect("the end of the example"));
    texts
        .map(|text| serde_json::from_str(text).expect("an example is JSON"))
        .collect()
}

fn name(example: &Value) -> String {
    example["type"]
        .as_str()
        .expect("a frame has a type")
        .to_owned()
}

/// Examples may leave out what has a default; nothing may be in them that the frame does not have.
fn assert_holds(frame: &Value, example: &Value, place: &str) {
    match (frame, example) {
        (Value::Object(frame), Value::Object(example)) => {
            for (key, value) in example {
                let found = frame
                    .get(key)
                    .unwrap_or_else(|| panic!("{place}.{key} is not in the frame"));
                assert_holds(found, value, &format!("{place}.{key}"));
            }
        }
        (Value::Array(frame), Value::Array(example)) => {
            assert_eq!(frame.len(), example.len(), "{place}");
            for (number, (frame, example)) in frame.iter().zip(example).enumerate() {
                assert_holds(frame, example, &format!("{place}[{number}]"));
            }
        }
        (frame, example) => assert_eq!(frame, example, "{place}"),
    }
}

#[test]
fn every_example_is_a_frame() {
    for example in examples("client") {
        let frame: ClientFrame = serde_json::from_value(example.clone()).expect(&name(&example));
        assert_eq!(frame.name(), name(&example));
        assert_holds(
            &serde_json::to_value(frame).unwrap(),
            &example,
            &name(&example),
        );
    }
    for example in examples("server") {
        let frame: ServerFrame = serde_json::from_value(example.clone()).expect(&name(&example));
        assert_holds(
            &serde_json::to_value(frame).unwrap(),
            &example,
            &name(&example),
        );
    }
}

/// The variants of an enum, as serde lists them when it meets a name it does not know.
fn variants<T: serde::de::DeserializeOwned>(tag: &str) -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(serde_json::json!({ tag: "?" }))
        .err()
        .expect("no such variant")
        .to_string();
    let (_, list) = error
        .split_once("expected one of ")
        .expect("a list of variants");
    list.split(", ")
        .map(|name| name.trim_matches('`').to_owned())
        .collect()
}

#[test]
fn every_frame_has_an_example() {
    let client: BTreeSet<_> = examples("client").iter().map(name).collect();
    assert_eq!(client, variants::<ClientFrame>("type"));
    let server: BTreeSet<_> = examples("server").iter().map(name).collect();
    assert_eq!(server, variants::<ServerFrame>("type"));
}

#[test]
fn every_command_has_an_example() {
    let mut found = BTreeSet::new();
    for line in DOCUMENT.lines().filter(|line| line.contains("`{\"do\"")) {
        let example = line.split('`').nth(3).expect("an example");
        let command: DeskCommand = serde_json::from_str(example).expect(example);
        let value = serde_json::to_value(command).unwrap();
        found.insert(value["do"].as_str().unwrap().to_owned());
    }
    assert_eq!(found, variants::<DeskCommand>("do"));
}
