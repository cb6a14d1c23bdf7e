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
        "doctor",
        "hash-password",
        "backup",
        "restore",
    ] {
        assert!(help.contains(command), "{command}");
    }
}
