//! The built program on the command line: exit codes, and sentences instead of backtraces.

use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deskwire-relay"))
        .args(arguments)
        .env_remove("DESKWIRE_CONFIG")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn check_accepts_the_example_and_refuses_what_is_broken() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../config.example.toml");
    let output = run(&["check", "--config", example]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));

    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("config.toml");
    std::fs::write(&broken, "[compnay]\nname = 1\n").expect("a file");
    let output = run(&["check", "--config", &broken.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout)
            .contains("config.toml:1:2: unknown key compnay, did you mean company?")
    );
}

#[test]
fn check_with_defaults_tells_every_setting_and_no_secret() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../config.example.toml");
    let output = run(&["check", "--defaults", "--config", example]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    for line in [
        "company.language = \"en\"  # file",
        "relay.allowed_ips = []  # default",
        "channel[acme-page].app_secret = hidden  # file",
        "assignment.mode = \"manual\"  # file",
        "desk.undo_send_secs = 3  # file",
    ] {
        assert!(said.lines().any(|known| known == line), "{line} in\n{said}");
    }
    assert!(
        !said.contains("the app's secret") && !said.contains("$argon2id$"),
        "{said}"
    );
}

#[test]
fn a_missing_config_is_one_line_and_no_backtrace() {
    let output = run(&["serve", "--config", "/nowhere/config.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("/nowhere/config.toml:1:1: could not read the file"),
        "{said}"
    );
    assert!(!said.contains("backtrace"), "{said}");
}

#[test]
fn wrong_usage_is_two() {
    assert_eq!(run(&["dance"]).status.code(), Some(2));
    assert_eq!(run(&[]).status.code(), Some(2));
}

#[test]
fn the_demo_says_that_it_needs_a_terminal() {
    let output = run(&["demo"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("--no-desk"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_help_names_every_command() {
    let help = text(&run(&["--help"]).stdout);
    for command in [
        "serve",
        "check",
        "demo",
        "channel",
        "doctor",
        "hash-password",
        "backup",
        "restore",
    ] {
        assert!(help.contains(command), "{command}");
    }
}

/// Writes a config with no channel, and returns its path.
fn config(folder: &std::path::Path) -> String {
    let hash = run_with_input(&["hash-password"], "a password for tests\n");
    let text = format!(
        "[company]\nname = \"Acme\"\nwebsite = \"https://acme.example\"\ntimezone = \"UTC\"\nlanguage = \"en\"\n\
         [relay]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"{}\"\n[store]\nurl = \"sqlite:desk.db\"\n\
         [[operator]]\nlogin = \"anna\"\nname = \"Anna\"\nemail = \"anna@acme.example\"\nrole = \"operator\"\n\
         departments = []\npassword_hash = \"{hash}\"\n",
        folder.display()
    );
    let path = folder.join("config.toml");
    std::fs::write(&path, text).expect("a file");
    path.to_string_lossy().into_owned()
}

fn run_with_input(arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_deskwire-relay"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it is read");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    text(&output.stdout).trim().to_owned()
}

/// Opens a store as a relay does, with a chat in it if told so.
fn make_store(database: &std::path::Path, with_chat: bool) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = relay::store::sqlite::SqliteStore::open(database).expect("a store");
        store.close().await;
    });
    if with_chat {
        let connection = rusqlite::Connection::open(database).expect("the store");
        let sql = "INSERT INTO chat (id, version, shape, channel, visitor, stage, last_at, number, last_seq, state)
             VALUES (1, 1, 1, 'old-page', 1, 'closed', 0, 1, 1, '{}')";
        connection.execute(sql, []).expect("a chat");
    }
}

#[test]
fn doctor_says_how_the_store_is_and_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let output = run(&["doctor", "--config", &config]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the relay makes it when it starts"), "{said}");

    make_store(&folder.path().join("desk.db"), false);
    let output = run(&["doctor", "--config", &config]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("store: 0 events, 0 chats open"), "{said}");
}

/// CH-14: a channel that has had chats is switched off, not taken out.
#[test]
fn a_relay_does_not_start_without_a_channel_that_has_chats() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    make_store(&folder.path().join("desk.db"), true);
    let output = run(&["serve", "--config", &config]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("channel old-page has chats"), "{said}");
    assert!(said.contains("active = false"), "{said}");
}
