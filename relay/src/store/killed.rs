//! Point 5 of the contract (`storage.md` 11): a process that writes is killed at a random moment, again and again. What it
//! was told is done is there, whole; what it was not told is there whole or not at all.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use shared::chat::{Chat, Event};
use shared::model::{ChatId, MessageId, Seq};

use super::contract::append;
use super::sqlite::SqliteStore;
use super::{Query, Store};

const ROUNDS: i64 = 50;
const CHATS: i64 = 12;
const TASKS: i64 = 8;
/// Where the child finds its file and its first message id.
const FILE: &str = "DESKWIRE_KILLED_FILE";
const FIRST: &str = "DESKWIRE_KILLED_FIRST";

/// Not a test: the process that is killed. Prints each message that it was told is done.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test below, as a process of its own"]
async fn writer_to_be_killed() {
    let Ok(file) = std::env::var(FILE) else {
        return;
    };
    let first: i64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let store = SqliteStore::open(Path::new(&file)).unwrap();
    let tasks = (0..TASKS).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let id = first + number * TASKS + task;
                append(store.as_ref(), ChatId(id % CHATS + 1), id).await;
                println!("done {id}");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// Runs the writer for a moment, kills it, and returns the messages it was told are done.
fn run_and_kill(file: &Path, first: i64, lives_for: Duration) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::killed::writer_to_be_killed"])
        .args(["--ignored", "--nocapture"])
        .env(FILE, file)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let done = |line: String| line.strip_prefix("done ").and_then(|id| id.parse().ok());
    // The clock starts when it writes.
    let begun = lines.by_ref().map_while(Result::ok).find_map(done);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(lives_for);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let rest = lines.map_while(Result::ok).filter_map(done);
    let all = begun.into_iter().chain(rest).collect();
    killer.join().unwrap();
    all
}

/// Looks at everything there is: returns where each message is, and how often it is there.
async fn look(store: &SqliteStore) -> BTreeMap<MessageId, usize> {
    let mut found = BTreeMap::new();
    let mut numbers = vec![];
    for id in (1..=CHATS).map(ChatId) {
        let events = store.timeline(id, None, u32::MAX).await.unwrap();
        let versions: Vec<i64> = events.iter().map(|stored| stored.version.0).collect();
        assert!(
            versions
                .iter()
                .copied()
                .eq(1..=i64::try_from(events.len()).unwrap())
        );
        assert_eq!(
            Chat::replay(id, &events),
            store.find_chat(id).await.unwrap(),
            "the row is what the events add up to"
        );
        for stored in &events {
            if let Event::Received { message, .. } = &stored.event {
                *found.entry(message.id).or_default() += 1;
            }
        }
        numbers.extend(events.iter().map(|stored| stored.seq));
    }
    numbers.sort_unstable();
    let head = store.head().await.unwrap();
    assert!(
        numbers.into_iter().eq((1..=head.seq.0).map(Seq)),
        "no holes"
    );
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_a_kill_is_there_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.db");
    let mut told = vec![];
    let mut kills_at_work = 0;
    for round in 0..ROUNDS {
        let lives_for = Duration::from_millis(u64::try_from(round * 37 % 60).unwrap());
        let done = run_and_kill(&file, round * 1_000_000 + 1, lives_for);
        kills_at_work += i64::from(!done.is_empty());
        told.extend(done);
        let store = SqliteStore::open(&file).unwrap();
        let found = look(&store).await;
        for id in &told {
            assert_eq!(
                found.get(&MessageId(*id)),
                Some(&1),
                "round {round}: message {id}"
            );
        }
        let last = told.last().copied().unwrap_or_default();
        let name = (&"acme-page".into(), &format!("m_{last}").as_str().into());
        let message = store.find_message(name.0, name.1).await.unwrap();
        assert_eq!(message.map(|message| message.id), Some(MessageId(last)));
        let query = Query::parse(&format!("text {last}")).unwrap();
        assert_eq!(
            store.search(&query, None, 10).await.unwrap().len(),
            1,
            "{last}"
        );
        append(store.as_ref(), ChatId(1), -round - 1).await;
        told.push(-round - 1);
        store.close().await;
    }
    assert_eq!(
        kills_at_work, ROUNDS,
        "every round was killed while it wrote"
    );
}
