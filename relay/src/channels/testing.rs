//! What the tests of every platform share: their samples, and an outline of what a body led to.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Received;

/// The samples of one platform, by the name of its folder.
#[derive(Clone, Copy)]
pub(super) struct Samples(pub(super) &'static str);

impl Samples {
    fn folder(self) -> PathBuf {
        let channels = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/channels");
        channels.join(self.0).join("fixtures")
    }

    pub(super) fn bytes(self, name: &str) -> Vec<u8> {
        fs::read(self.folder().join(name)).unwrap_or_else(|_| panic!("no fixture {name}"))
    }

    pub(super) fn json(self, name: &str) -> Value {
        serde_json::from_slice(&self.bytes(name)).unwrap()
    }

    /// Names of those that begin so, in order.
    pub(super) fn names(self, prefix: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name.starts_with(prefix));
        names.sort();
        names
    }
}

impl Samples {
    /// Returns what every body that begins so led to, by name; asserts that each led to something, and to nothing that acts
    /// on a terminal.
    pub(super) fn outcomes(self, prefix: &str, translate: impl Fn(&[u8]) -> Received) -> String {
        let mut text = String::new();
        for name in self.names(prefix) {
            let received = translate(&self.bytes(&name));
            assert!(!is_nothing(&received), "{name} led to nothing at all");
            assert_inert(&name, &received);
            let lines = outline(&received);
            let lines = lines.lines().map(|line| line.chars().take(600).collect());
            let lines: Vec<String> = lines.collect();
            writeln!(text, "{name}\n{}\n", lines.join("\n")).unwrap();
        }
        text
    }

    /// Asserts that every sample that begins so is held against the code, or named with the reason why it is not.
    pub(super) fn assert_each_is_named(
        self,
        prefixes: &[&str],
        used: &[&str],
        later: &[(&str, &str)],
    ) {
        let is_later = |name: &str| later.iter().any(|(later, _)| *later == name);
        for file in prefixes.iter().flat_map(|prefix| self.names(prefix)) {
            let name = file.trim_end_matches(".json");
            assert!(
                used.contains(&name) != is_later(name),
                "{name} is neither used nor named, or both"
            );
        }
        for name in used.iter().chain(later.iter().map(|(name, _)| name)) {
            assert!(!self.json(&format!("{name}.json")).is_null());
        }
    }
}

/// Whether a body led to nothing, not even to a word about it.
pub(super) fn is_nothing(received: &Received) -> bool {
    received.inbound.is_empty() && received.unread.is_empty() && received.ignored.is_empty()
}

/// One line an event, in words that a reader can check against the body.
pub(super) fn outline(received: &Received) -> String {
    let mut text = String::new();
    for inbound in &received.inbound {
        let key = inbound.key.chars().take(40).collect::<String>();
        writeln!(
            text,
            "  {} {} at {} [{key}]",
            inbound.account, inbound.visitor, inbound.at.0
        )
        .unwrap();
        writeln!(text, "    {:?}", inbound.what).unwrap();
    }
    for reason in &received.unread {
        writeln!(text, "  unread: {reason}").unwrap();
    }
    for reason in &received.ignored {
        writeln!(text, "  ignored: {reason}").unwrap();
    }
    text
}

/// Asserts that nothing which acts on a terminal came through.
pub(super) fn assert_inert(name: &str, received: &Received) {
    for inbound in &received.inbound {
        let text = format!("{:?}", inbound.what);
        for forbidden in [
            "\\u{1b}",
            "\\u{202e}",
            "\\u{2066}",
            "\\u{9b}",
            "\\0",
            "\\u{7f}",
        ] {
            assert!(!text.contains(forbidden), "{name}: {forbidden} in {text}");
        }
    }
}
