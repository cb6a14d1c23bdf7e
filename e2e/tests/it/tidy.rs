//! The shape of the tree: what a reader may rely on.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

/// Returns every Rust file of the crates.
fn sources() -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders: Vec<_> = ["shared", "relay", "tui", "sim", "hostile", "e2e", "fuzz"]
        .map(|name| root().join(name))
        .into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() && entry.file_name().is_some_and(|name| name != "target") {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.push(entry);
            }
        }
    }
    assert!(found.len() > 50, "the sources are found");
    found
}

#[test]
fn every_file_opens_with_what_lives_in_it() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("a source");
        assert!(
            text.starts_with("//!"),
            "{} does not open with //!",
            path.display()
        );
    }
}

#[test]
fn every_platform_has_the_same_files() {
    let channels = root().join("relay/src/channels");
    for entry in fs::read_dir(channels)
        .expect("the channels")
        .map(|entry| entry.expect("an entry").path())
    {
        // What all of Meta's platforms share is no platform.
        if !entry.is_dir() || entry.ends_with("meta") {
            continue;
        }
        for file in ["mod.rs", "receive.rs", "send.rs", "errors.rs", "tests.rs"] {
            assert!(
                entry.join(file).exists(),
                "{} has no {file}",
                entry.display()
            );
        }
        assert!(
            entry.join("fixtures").is_dir(),
            "{} has no fixtures",
            entry.display()
        );
    }
}

#[test]
fn the_core_knows_no_clock_and_no_outside() {
    for path in sources()
        .into_iter()
        .filter(|path| path.starts_with(root().join("shared/src")))
    {
        let text = fs::read_to_string(&path).expect("a source");
        for forbidden in [
            "SystemTime",
            "Instant::now",
            "std::fs",
            "std::net",
            "std::env",
            "tokio",
            "getrandom",
        ] {
            // The random tests are told from outside how many to try.
            let is_asked = path
                .components()
                .any(|part| part.as_os_str() == "properties")
                && forbidden == "std::env";
            assert!(
                is_asked || !text.contains(forbidden),
                "{} knows {forbidden}",
                path.display()
            );
        }
    }
}

#[test]
fn only_the_store_speaks_sql() {
    for path in sources()
        .into_iter()
        .filter(|path| path.starts_with(root().join("relay/src")))
    {
        let text = fs::read_to_string(&path).expect("a source");
        let is_store = path.components().any(|part| part.as_os_str() == "sqlite");
        assert!(
            is_store || !text.contains("rusqlite"),
            "{} speaks SQL",
            path.display()
        );
    }
}

/// Where a secret is compared with what somebody sent.
const COMPARE_SECRETS: [&str; 5] = [
    "channels/signed.rs",
    "vk/receive.rs",
    "vk/setup.rs",
    "handshake.rs",
    "config/channels/mod.rs",
];

#[test]
fn secrets_are_compared_in_constant_time_only() {
    let has = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
    let mut compared = 0;
    for path in sources()
        .into_iter()
        .filter(|path| path.starts_with(root().join("relay/src")))
    {
        let text = fs::read_to_string(&path).expect("a source");
        let is_one = COMPARE_SECRETS.iter().any(|place| path.ends_with(place));
        assert!(
            !is_one || text.contains(".ct_eq("),
            "{} compares with subtle",
            path.display()
        );
        compared += usize::from(is_one);
        // Anything else stops at the first difference, and so tells how much was right.
        for line in text.lines() {
            let is_secret = has(
                line,
                &[
                    "expose_secret",
                    "verify_token",
                    "app_secret",
                    "access_token",
                ],
            ) || (is_one && has(line, &["expected", "claimed", "mac.", "token"]));
            let is_compared = has(
                line,
                &[
                    "==",
                    "!=",
                    ".eq(",
                    ".ne(",
                    ".cmp(",
                    "starts_with",
                    "matches!",
                ],
            );
            assert!(
                !(is_secret && is_compared),
                "{} compares a secret: {line}",
                path.display()
            );
        }
    }
    assert_eq!(compared, COMPARE_SECRETS.len(), "every place is there");
}

#[test]
fn no_crate_may_be_unsafe() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    for member in ["shared", "relay", "tui", "sim", "e2e", "fuzz/targets"] {
        assert!(workspace.contains(&format!("\"{member}\"")), "{member}");
        let manifest = fs::read_to_string(root().join(member).join("Cargo.toml"));
        let manifest = manifest.expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member}");
    }
    let programs = root().join("fuzz/src/bin");
    for source in sources()
        .into_iter()
        .filter(|path| path.starts_with(&programs))
    {
        let text = fs::read_to_string(&source).expect("a source");
        assert!(
            text.contains("#![forbid(unsafe_code)]"),
            "{}",
            source.display()
        );
    }
}
