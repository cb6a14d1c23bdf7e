//! Every secret a marker (B-12, invariant 9): whatever the relay and the desk write, log, show, answer or keep, none is in it.

use std::path::Path;
use std::process::Command;

use sim::messenger::{Fault, Script, Signing};

use shared::protocol::ServerFrame;

use crate::harness::desk::{Desk, log_in, settle};
use crate::harness::relay::{PASSWORD, Relay, Setup, binary, password_hash};
use crate::harness::screen::Screen;
use crate::harness::{PATIENCE, World, eventually};

const PSID: &str = "7412589630147852";
const ACCESS_TOKEN: &str = "EAASimulatedPageToken";
const VERIFY_TOKEN: &str = "verify-me";
const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Everything that was written, with where.
#[derive(Default)]
struct Writings(Vec<(String, Vec<u8>)>);

impl Writings {
    fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    /// Adds what a program said, and its exit code.
    fn add_output(&mut self, arguments: &[&str]) -> String {
        let output = Command::new(binary("deskwire-relay"))
            .args(arguments)
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&said).into_owned();
        assert!(!text.is_empty(), "{arguments:?} says something");
        self.add(format!("the output of {arguments:?}"), said);
        text
    }

    fn add_folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.add_folder(&path);
            } else if path.file_name().is_some_and(|name| name != "config.toml") {
                let bytes = std::fs::read(&path).unwrap();
                self.add(path.display().to_string(), bytes);
            }
        }
    }

    /// Returns where a secret stands.
    fn find(&self, secret: &str) -> Vec<&str> {
        let holds = |bytes: &[u8]| {
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        let places = self.0.iter().filter(|(_, bytes)| holds(bytes));
        places.map(|(place, _)| place.as_str()).collect()
    }
}

/// A desk on a terminal, from its login to its end.
async fn work_on_a_screen(world: &World, home: &Path) -> Vec<u8> {
    let mut screen = Screen::open(&world.relay, "anna", home, 120, 40);
    world.graph.visitor(PSID).writes("Hello?");
    screen.shows("Hello?").await;
    screen.keys("c");
    screen.shows("Reply to").await;
    screen.keys("an answer from the screen\r");
    world.graph.wait_for_sent(1, PATIENCE).await.unwrap();
    screen.keys("\x03");
    crate::harness::relay::pause(std::time::Duration::from_millis(50)).await;
    screen.keys("\x03");
    screen.ends().await;
    screen.bytes()
}

/// What goes wrong in the life of a relay.
async fn let_everything_go_wrong(world: &World, desk: &mut Desk, writings: &mut Writings) {
    for name in [
        "token_expired",
        "token_malformed",
        "permission",
        "appsecret_proof",
        "unknown_1",
        "temporary_2",
    ] {
        world.graph.script(Script::next_message(Fault::error(name)));
        world
            .graph
            .visitor(PSID)
            .writes(&format!("asked before {name}"));
        let chat = desk.chat_saying(&format!("asked before {name}")).await.id;
        // Refused or not: what counts is what is written about it.
        desk.reply(chat, &format!("answer to {name}")).await.ok();
        settle(desk).await;
    }
    for signing in [
        Signing::Wrong,
        Signing::Missing,
        Signing::Verbatim(format!("sha256={APP_SECRET}")),
    ] {
        let status = world.graph.post_raw(b"{}".to_vec(), signing).await.unwrap();
        assert_eq!(status, 403);
    }
    world
        .graph
        .post_raw(b"{".to_vec(), Signing::Right)
        .await
        .unwrap();
    for query in [
        "hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1",
        "hub.verify_token=verify-me",
    ] {
        let answer = reqwest::get(format!("{}?{query}", world.relay.webhook_url()))
            .await
            .unwrap();
        writings.add("an answer to a handshake", answer.bytes().await.unwrap());
    }
    for (login, password) in [("anna", "guess"), ("nobody", PASSWORD), (PASSWORD, "anna")] {
        assert_eq!(log_in(&world.relay, login, password).await.err(), Some(401));
    }
    let client = reqwest::Client::new();
    for body in [
        "{",
        r#"{"login":"anna"}"#,
        r#"{"password":"correct horse battery staple"}"#,
    ] {
        let answer = client
            .post(world.relay.url("/api/v1/session"))
            .body(body)
            .send()
            .await
            .unwrap();
        writings.add("an answer to a login", answer.bytes().await.unwrap());
    }
}

/// The commands of an admin, on a sound config and on one with a fault beside each secret, which is read while it runs.
async fn run_every_command(relay: &Relay, copy: &Path, writings: &mut Writings) {
    let log_before = relay.log().len();
    relay.rewrite_config(|text| {
        text.replace("page_id = \"104820093344556\"", "page_id = \"none\"")
            .replace("app_secret = ", "app_secrets = ")
            .replace("password_hash = ", "password_hash = 1 # ")
    });
    eventually("the fault is in the log", || {
        let is_told = relay.log()[log_before..].contains("not in force");
        async move { is_told }
    })
    .await;
    let config = relay.config_path();
    let config = config.to_str().unwrap();
    writings.add_output(&["check", "--config", config]);
    writings.add_output(&["serve", "--config", config]);
    restore_config(relay);
    let check = writings.add_output(&["check", "--config", config]);
    let doctor = writings.add_output(&["doctor", "--config", config]);
    assert!(doctor.contains("acme-page"), "{doctor}");
    writings.add_output(&["serve", "--config", config]);
    writings.add_output(&["backup", copy.to_str().unwrap(), "--config", config]);
    assert!(copy.exists(), "{check}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_anywhere_but_where_it_belongs() {
    let mut world = World::start_with(Setup {
        env: vec![
            ("RUST_LOG".to_owned(), "trace".to_owned()),
            ("RUST_BACKTRACE".to_owned(), "full".to_owned()),
        ],
        ..Setup::default()
    })
    .await;
    let mut writings = Writings::default();
    let home = tempfile::tempdir().unwrap();
    let bytes = work_on_a_screen(&world, home.path()).await;
    writings.add("the screen", bytes);
    let mut boris = world.desk("boris").await;
    let mut sofia = world.desk("sofia").await;
    let_everything_go_wrong(&world, &mut sofia, &mut writings).await;
    boris.claim(shared::model::ChatId(1)).await.unwrap_err();

    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.db");
    run_every_command(&world.relay, &copy, &mut writings).await;

    for desk in [&boris, &sofia] {
        let frames = desk.look(|seen| serde_json::to_vec(&seen.frames).unwrap());
        assert!(desk.look(|seen| {
            seen.frames
                .iter()
                .any(|frame| matches!(frame, ServerFrame::Welcome { .. }))
        }));
        writings.add(format!("the frames to {}", desk.login), frames);
    }
    let tokens = [boris.token(), sofia.token()];
    assert!(world.relay.stop().await, "it ends well");
    let log = world.relay.log();
    assert!(
        log.contains("turned away") && log.contains("listening"),
        "it logs"
    );
    writings.add("the log", log);
    writings.add_folder(world.relay.database().parent().unwrap());
    writings.add("the copy", std::fs::read(&copy).unwrap());

    let mut secrets = vec![ACCESS_TOKEN, VERIFY_TOKEN, APP_SECRET, PASSWORD];
    secrets.extend(tokens.iter().map(String::as_str));
    let hash = password_hash();
    secrets.push(hash);
    for secret in secrets {
        let places = writings.find(secret);
        let short: String = secret.chars().take(6).collect();
        assert!(places.is_empty(), "{short}… stands in {places:?}");
    }
    assert!(
        !writings.find("asked before").is_empty(),
        "what is no secret is found"
    );
    // What the desk keeps at home is for its owner alone.
    let kept = files_with(home.path(), "");
    assert!(!kept.is_empty(), "the desk keeps something");
    for (path, mode) in kept {
        assert_eq!(mode & 0o077, 0, "{path}");
    }
}

fn restore_config(relay: &Relay) {
    relay.rewrite_config(|text| {
        text.replace("page_id = \"none\"", "page_id = \"104820093344556\"")
            .replace("app_secrets = ", "app_secret = ")
            .replace("password_hash = 1 # ", "password_hash = ")
    });
}

/// Returns the files under a folder whose text holds a word, and their modes.
fn files_with(folder: &Path, word: &str) -> Vec<(String, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, word));
        } else if std::fs::read(&path)
            .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(word))
        {
            let mode = std::fs::metadata(&path).unwrap().mode();
            found.push((path.display().to_string(), mode));
        }
    }
    found
}
