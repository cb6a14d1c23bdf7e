//! Every field of every sample of a platform, each in every way it may be wrong (B-03): never an error, never a panic,
//! nothing lost: understood, ignored on purpose, or kept raw. What stands beside it in the same body arrives.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Value, json};

use hostile::fields::{Mutant, Step, mutants, shown};
use relay::channels::Received;

use crate::door::{Door, PAGE};

/// Requests under way at once.
const AT_ONCE: usize = 256;
/// The visitor of most samples.
const VISITOR: &str = "7412589630147852";

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Understood,
    Kept,
    Ignored,
    Empty,
}

/// A mutant with ids of its own and a witness beside it.
struct Case {
    name: String,
    witness: String,
    /// The change may take the witness with it: the body is no list of entries any more.
    is_about_all: bool,
    body: Vec<u8>,
}

fn samples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/channels/messenger/fixtures");
    let mut samples = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.starts_with("messenger_") {
            let sample = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            samples.push((name, sample));
        }
    }
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

/// Adds an entry of its own to a sample: whatever is done to the rest must not touch it.
fn with_witness(sample: &Value) -> Option<Value> {
    let mut sample = sample.clone();
    let entries = sample.get_mut("entry")?.as_array_mut()?;
    entries.push(json!({
        "id": PAGE,
        "time": 1_600_000_000_000_i64,
        "messaging": [{
            "sender": { "id": "WITNESS" },
            "recipient": { "id": PAGE },
            "timestamp": 1_600_000_000_000_i64,
            "message": { "mid": "MID", "text": "I saw it" },
        }],
    }));
    Some(sample)
}

fn cases() -> Vec<Case> {
    let mut cases = vec![];
    for (sample_name, sample) in samples() {
        let Some(sample) = with_witness(&sample) else {
            continue;
        };
        let count = sample["entry"].as_array().unwrap().len();
        let of_witness = [Step::Name("entry".to_owned()), Step::Index(count - 1)];
        for mutant in mutants(&sample) {
            if mutant.path.starts_with(&of_witness) {
                continue;
            }
            cases.push(case(&sample_name, &mutant, cases.len()));
        }
    }
    cases
}

fn case(sample: &str, mutant: &Mutant, number: usize) -> Case {
    let witness = format!("m_witness_{number}");
    // Ids of their own, or every mutant would be a repeat of the first; some visitors, so that chats work side by side.
    let body = String::from_utf8(mutant.body.clone())
        .unwrap()
        .replace("\"mid\":\"m_", &format!("\"mid\":\"m_{number}_"))
        .replace(VISITOR, &format!("74125896301{:05}", number % AT_ONCE))
        .replace("\"MID\"", &format!("\"{witness}\""))
        .replace("\"WITNESS\"", &format!("\"9{:04}\"", number % AT_ONCE));
    Case {
        name: format!("{sample}: {} {:?}", shown(&mutant.path), mutant.change),
        witness,
        is_about_all: mutant.path.len() == 1,
        body: body.into_bytes(),
    }
}

/// Says what a channel made of a body, its witness left out.
fn fate(received: &Received, witness: &str) -> Fate {
    let witness = format!("msg:{witness}");
    if !received.unread.is_empty() {
        Fate::Kept
    } else if received
        .inbound
        .iter()
        .any(|inbound| inbound.key != witness)
    {
        Fate::Understood
    } else if received.ignored.is_empty() {
        Fate::Empty
    } else {
        Fate::Ignored
    }
}

/// Whether a body holds nothing that could be lost: its entries have lists of events, all empty, or only an id and a time.
fn holds_nothing(body: &[u8], witness: &str) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let is_empty = |entry: &Value| {
        let is_witness = entry["messaging"][0]["message"]["mid"] == witness;
        let Some(members) = entry.as_object() else {
            return false;
        };
        let lists = ["messaging", "standby", "changes"].map(|name| members.get(name));
        let mut lists = lists.into_iter().flatten().peekable();
        let is_bare = if lists.peek().is_some() {
            lists.all(|list| list.as_array().is_some_and(Vec::is_empty))
        } else {
            members.keys().all(|name| name == "id" || name == "time")
        };
        is_witness || is_bare
    };
    let entries = body["entry"].as_array();
    entries.is_some_and(|entries| entries.iter().all(is_empty))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_field_of_a_body_can_stop_the_relay_or_take_another_event_with_it() {
    let door = Arc::new(Door::open("fields").await);
    let cases = cases();
    let count = cases.len();
    assert!(count > 5_000, "every field of every sample: {count}");
    let checks = cases.into_iter().map(|case| {
        let door = Arc::clone(&door);
        tokio::spawn(async move { check(&door, &case).await })
    });
    let mut counts: BTreeMap<Fate, u64> = BTreeMap::new();
    let mut fates = stream::iter(checks).buffer_unordered(AT_ONCE);
    while let Some(fate) = fates.next().await {
        *counts.entry(fate.unwrap()).or_default() += 1;
    }
    drop(fates);
    println!("{count} bodies: {counts:?}");
    for fate in [Fate::Understood, Fate::Kept, Fate::Ignored] {
        assert!(counts.contains_key(&fate), "some are {fate:?}");
    }
    let strangers = door.count_unread().await;
    assert!(strangers >= counts[&Fate::Kept], "{strangers} are kept raw");
    Arc::into_inner(door).unwrap().close().await;
}

async fn check(door: &Door, case: &Case) -> Fate {
    let name = &case.name;
    assert_eq!(door.post(&case.body).await, 200, "{name}");
    let received = door.read(&case.body);
    let fate = fate(&received, &case.witness);
    if fate == Fate::Empty {
        let body = String::from_utf8_lossy(&case.body);
        assert!(
            holds_nothing(&case.body, &case.witness),
            "{name}: led to nothing at all: {body}"
        );
    }
    let witness = door.find_message(&case.witness).await;
    assert!(
        witness.is_some() || case.is_about_all,
        "{name}: took its neighbour with it"
    );
    fate
}
